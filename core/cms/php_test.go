package cms

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// runner has PHP say what a file makes of $x: its type and its bytes.
const runner = `<?php
ini_set('display_errors', '0');
define('ABSPATH', '/site/');
function report() { global $x; echo "\n@", gettype($x), ' ', bin2hex(is_array($x) ? json_encode($x) : (string)$x), "\n"; }
register_shutdown_function('report');
include getenv('CASE');
`

// byPHP runs a file and gives $x as PHP has it at the end.
func byPHP(t *testing.T, path string) string {
	t.Helper()
	cmd := exec.Command("php-cgi", "-q", "-n", write(t, filepath.Join(t.TempDir(), "runner.php"), runner))
	cmd.Env = []string{"CASE=" + path, "PATH=" + os.Getenv("PATH")}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cannot run PHP: %v\n%s", err, out)
	}
	s := string(out)
	at := strings.LastIndex(s, "\n@")
	if at < 0 {
		t.Fatalf("PHP did not report: %s", s)
	}
	return strings.TrimSpace(s[at+2:])
}

// byUs reads the same file, in the form of byPHP.
func byUs(t *testing.T, path string) string {
	t.Helper()
	src, err := os.ReadFile(path)
	must(t, err)
	m := newMachine(nil)
	m.read = func(path string) (string, error) { return readOwn(filepath.Dir(path), path) }
	m.exists = exists
	m.preset("ABSPATH", "/site/")
	if !m.run(path, string(src)) {
		return "gave up"
	}
	v := m.get(place{name: "x"})
	switch v.kind {
	case kindNull:
		return "NULL"
	case kindBoolean:
		s, _ := v.text()
		return strings.TrimSpace("boolean " + hex.EncodeToString([]byte(s)))
	case kindInteger:
		return "integer " + hex.EncodeToString(fmt.Append(nil, v.n))
	case kindText:
		return strings.TrimSpace("string " + hex.EncodeToString([]byte(v.s)))
	case kindList:
		return "array"
	}
	return "unknown"
}

// sameAsPHP are pieces of PHP of which nothing may stay unknown.
var sameAsPHP = []string{
	// strings
	`$x = 'it\'s \\ \n \\\' $y';`, `$x = '';`, `$x = "";`, `$x = "a\tb\n\r\v\e\f\\\$y \"q\" \'s \q";`,
	`$x = "\0\7\08\101\1011\777\x4\x41\x411\xZ\u{1F600}\u{41}";`, `$x = "$";`, `$x = "pa$$word";`, `$x = "a $ b $1 {x} { $";`,
	`$y = 'v'; $x = "a$y-{$y}-${y}b\n";`, `$y = 'v'; $x = "$yz";`, `$y = 7; $x = "\$y $y\\$y";`, `$x = "# // /* no comment";`,
	"$x = <<<EOT\nline \"one\"\n \\\"two\\\" \\t\\x41\nEOT;", "$x = <<<'EOT'\nraw \\n $y {$z}\nEOT;", "$y = 1;\n$x = <<<\"A\"\n  a$y\n    b\n  A . 'c';",
	"$x = <<<EOT\nEOT;", "$x = <<<EOT\n  EOTX\n  EOT;", "$x = <<<E\r\na\r\nb\r\nE;\r\n",
	`$y = ['k' => ['v' => 'deep']]; $z = "{$y["k"]["v"]} $y[k]"; $x = 'after';`, "$x = `true` ? 'a' : 'a';",
	// comments and tags
	"// $x = 1; ?>\n<?php $x = 2; # $x = 3;\n /* $x = 4; // */ $x .= 'a'; /** $x = 5; */", "$x = 1; // it's\n$x = 2; # \"\n$x = 3;", "$x = 1; ?> $x = 2; <?= 'x' ?>\n<?PHP $x .= 'b';",
	"$x = 'a' // c\n . 'b' # d\n . /* e */ 'c';", "$x = 1; #[Attribute] class A {} $x = 2;", "#[A(['x' => ']'])]\nfunction f() {} $x = 1;",
	"$x = 'kept'; __halt_compiler(); $x = 'lost';", "$x = 1 ?>",
	// operators
	`$x = 'a' . 'b' . 1 . true . null . false;`, `$x = true ? 'a' : 'b';`, `$x = '' ?: 'b';`, `$x = '0' ?: 'b';`, `$x = null ?? 'c' ?? 'd';`, `$x = $nope ?? 'd';`,
	`$x = false or true;`, `$x = false || true;`, `$x = !true && true;`, `$x = ! defined('ABSPATH') || false;`, `$x = 1 === 1;`, `$x = '1' === 1;`, `$x = 'a' == 'a';`, `$x = 'a' != 'b';`,
	`$x = null == false;`, `$x = 0 == null;`, `$x = '' == null;`, `$x = (string) 12;`, `$x = ( bool ) 'a';`, `$x = (int) '33';`, `$x = -5;`, `$x = 0x1F;`, `$x = 0b11;`, `$x = 017;`, `$x = 1_000;`,
	`$x = (('a') . ("b"));`, `$a = $b = 'c'; $x = $a . $b;`, `$x ??= 'n'; $x ??= 'm';`, `$x = 'a'; $x .= 'b' . 'c';`, `$x = @$nope['k'] ?? 'n';`, `$x = true ? (false ? 1 : 2) : 3;`,
	`$x = 'a' . (true ? 'b' : 'c') . 'd';`, `true && $x = 'set';`, `false && $x = 'set';`, `$x = 'abc' and $y = 1;`, `if (!$y = '') $x = 'neg';`, `$x = true xor true;`,
	// arrays
	`$a = array('k' => 'v', 2 => 'two', 'x'); $x = $a['k'] . $a[2] . $a[3];`, `$a = ['a', 'b', '5' => 'c', 'd',]; $x = $a[0] . $a[1] . $a['5'] . $a[6];`,
	`$a['p']['q'] = 'r'; $a['p']['s'] = 't'; $x = $a['p']['q'] . $a['p']['s'];`, `$a = ['k' => 1]; $b = $a; $b['k'] = 2; $x = $a['k'];`, `$a[] = 'p'; $a[] = 'q'; $x = $a[1];`,
	`$x = ['a' => ['b' => 'c']]['a']['b'];`, `$a = [true => 'y', null => 'z']; $x = $a[1] . $a[''];`, `$a = ['k' => 'v']; unset($a['k']); $x = isset($a['k']) ? 1 : 2;`, `$GLOBALS['x'] = 'global';`,
	`$y = 'k'; $x = [$y => 'v'][$y]; `, `[$a, $b] = ['p', 'q']; $x = 'r';`, `$x = isset($a, $b);`, `$a = ''; $x = empty($a);`, `$x = array() ? 1 : 2;`,
	// constants
	`define('A', 'one'); define('A', 'two'); $x = A;`, `const A = 'one', B = A . 'two'; $x = B;`, `defined('A') || define('A', 'x'); $x = A;`, `defined('ABSPATH') or die('no'); $x = ABSPATH;`,
	`if (!defined('A')) { define("A", 'x'); } if (!defined('A')) define('A', 'y'); $x = constant('A');`, `\define('A', 'x'); $x = \A;`, `$x = __DIR__ . '/' . dirname(__FILE__) . dirname(__DIR__, 2) . DIRECTORY_SEPARATOR;`,
	`# define('A', 'lost');` + "\n" + `// define('A', 'lost');` + "\n" + `/* define('A', 'lost'); */ define('A', 'kept'); $x = A;`, `DEFINE('A', TRUE); $x = A;`,
	// control flow
	`if (true) $x = 1; else $x = 2;`, `if (false) { $x = 1; } elseif (true) { $x = 2; } else { $x = 3; }`, `if (false): $x = 1; elseif (false): $x = 2; else: $x = 3; endif; $y = 4;`,
	`if (false) $x = 1; else if (false) $x = 2; else $x = 3;`, `if (true) { if (false) { $x = 1; } else { $x = 2; } } else { $x = 3; }`, `$x = 1; if (true) return; $x = 2;`, `$x = 1; exit; $x = 2;`,
	`$x = 1; if (false) exit; $x = 2;`, `$x = 1; { $x = 2; }`, `try { $x = 1; } catch (\Exception $e) { } finally { $y = 2; }`, `goto end; end: $x = 3;`, `declare(strict_types=1); $x = 1;`,
	`namespace A\B; use C\D as E; use F\{G, H}; const I = 'j'; $x = I;`, `if (PHP_VERSION_ID > 1) $y = 1; $x = 2;`, `foreach (['a', 'b'] as $k => $v) { define($v, $k); } $x = 'kept';`,
	`switch (1) { case 2: $y = 1; break; default: $y = 2; } $x = 3;`, `for ($i = 0; $i < 3; $i++) : $y = $i; endfor; $x = 4;`, `while (false): $x = 1; endwhile; do { $y = 1; } while (false); $x = 5;`,
	`if (rand() > -1) { $y = 1; } $x = 6;`, `$x = 'same'; if (rand(0, 1)) { $x = 'same'; }`, `static $x = 'st', $y = 1; echo 'a', 'b'; print 'c';`,
	// declarations and calls that are passed over
	`function define2($a = ')', $b = ['}']) { define('A', "}"); return <<<X` + "\n}\nX;\n}" + ` $x = defined('A') ? 1 : 2;`, `$f = function () use (&$x): ?int { $x = 1; return 2; }; $x = 3;`, `$f = fn($a) => $a . 'b'; $x = 4;`,
	`$f = static fn(int|string $a = 5): string => "x$a"; $x = 4;`, `$o = new class(1) { public $x = 2; function f() { return 3; } }; $x = 5;`, `$o = new stdClass; $o->x = 1; $o->{'y'} = 2; $x = 6;`, `$x = 1; strlen(string: 'a}'); $y = match(1) { 1, 2 => 'a', default => 'b' }; $x .= 2;`,
	`abstract class P { abstract function f(); final const A = 1; } final class Q extends P { use T { a as b; } public ?int $p = 1, $q = 2; function f() { return $this->p; } } $x = 7;` + "\n" + `trait T { function a() {} }`,
	`enum S: string { case A = 'a'; const B = 1; public static function f() { return self::A; } } interface I { const C = 1; function g(); } $x = 8;`, `$a = 'x'; $$a = 'y'; $z = 1; $x = 9;`,
	`function getenv_docker($n, $d) { return $d; } $x = getenv_docker('NO_SUCH_VARIABLE', 'fallback');`, `$x = getenv('NO_SUCH_VARIABLE') ?: 'fallback';`, `$x = $_ENV['NO_SUCH_VARIABLE'] ?? 'fallback';`,
	`$x = $_SERVER['NO_SUCH_VARIABLE'] ?? "fall" . 'back';`, `$x = getenv('NO_SUCH_VARIABLE') !== false ? getenv('NO_SUCH_VARIABLE') : 'fallback';`, `$x = isset($_ENV['NO_SUCH_VARIABLE']) ? $_ENV['NO_SUCH_VARIABLE'] : 'fallback';`,
	`if (($y = getenv('NO_SUCH_VARIABLE')) === false) { $y = 'fallback'; } $x = $y;`, `$_SERVER['HTTPS'] = 'on'; $x = $_SERVER['HTTPS'];`, `if (getenv('NO_SUCH_VARIABLE') == 'true') { $x = 1; } else { $x = 2; }`,
	// what is rare in configurations
	`$y = 2 ** 3; $o = new stdClass; $z = $o instanceof stdClass; $x = 'after';`, `$a = ['k' => 1]; $b = $a; $x = $a === $b;`, `$x = ((array) ['k' => 'v'])['k'];`, `$x = 1; return $x = 2;`,
	`$x = 1; if (false) return; $x = 2;`, `$x = 1; if (false) return 5; $x = 2;`, `$c = 'stdClass'; $o = new $c; $o = new $c(1); $x = 3;`, `$y = 1; ++$y; --$y; $x = 4;`, `$x = (int) 7; $x = $x . (int) '8';`,
	`$x = realpath(__DIR__ . '/no.php') ?: 'fallback';`, `$x = realpath(__DIR__ . '/more/../more/inc.php');`, `$x = realpath(__DIR__ . '/link');`,
	// files
	`file_put_contents(__DIR__ . '/made.php', '<?php $x = "' . 'unseen' . '";'); $x = 'seen'; if (file_exists(__DIR__ . '/no.php')) { include __DIR__ . '/no.php'; $x = 1; }`,
	`if (is_readable(__FILE__)) $x = 2;`, `@include __DIR__ . '/no.php'; $x = 3;`, `require_once(__DIR__ . "/more/inc.php"); $x .= 'main';`, `include 'more/inc.php';`, `$x = (include dirname(__FILE__) . '/more/inc.php') ? $x : $x;`,
}

func TestSameAsPHP(t *testing.T) {
	t.Parallel()
	for i, src := range sameAsPHP {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "more", "inc.php"), "<?php $x = 'included'; if (true) return; $x = 'not';")
			must(t, os.Symlink("more", filepath.Join(dir, "link")))
			path := write(t, filepath.Join(dir, "case.php"), "<?php\n"+src)
			want, got := byPHP(t, path), byUs(t, path)
			if strings.HasPrefix(want, "array") {
				want = "array"
			}
			if got != want {
				t.Errorf("%s\nis %s; PHP says %s", src, got, want)
			}
		})
	}
}

// notToTell are pieces of PHP whose $x only a running site knows.
var notToTell = []string{
	`$x = getenv('NO_SUCH_VARIABLE');`, `$x = 'a' . getenv('NO_SUCH_VARIABLE');`, `$x = "a{$_ENV['NO_SUCH_VARIABLE']}";`, `$x = $_SERVER['HTTP_HOST'];`, `$x = $_SERVER['HTTP_HOST'] ?? 'a';`,
	`$x = $_GET['x'] ?? 'a';`, `$x = md5('a');`, `$x = rand(0, 1) ? 'a' : 'b';`, `if ($_SERVER['SERVER_NAME'] === 'a') { $x = 'a'; } else { $x = 'b'; }`, `if (rand(0, 1)) $x = 'a';`,
	`$x = 'a'; if (rand(0, 1)) $x = 'b';`, `$x = 'a'; foreach ([1] as $v) { $x = 'b'; }`, `switch ($_SERVER['HTTP_HOST']) { case 'a': $x = 'a'; break; default: $x = 'b'; }`, `foreach (['a'] as $x) {}`,
	`include rand(0, 1) . '.php'; $x = defined('A') ? 'a' : 'b';`, `eval('$x = 1;');`, `[$x] = [1];`, `list('a' => $x) = ['a' => 1];`, `$y = 1; $x = &$y; $y = 2;`, `$x = 1; $x++;`, `$x = 1; $x += 2;`,
	`$x = base64_decode('YQ==');`, "$x = `echo a`;", `$x = new stdClass;`, `$x = Foo::BAR;`, `$x = fn() => 1;`, `if (rand(0, 1)) { return; } $x = 'a';`, `for ($x = 0; $x < 2; ) { $x++; }`,
	`if (rand(0, 1)) { define('A', 1); } define('A', 2); $x = A;`, `if (rand(0, 1)) { define('A', 1); } if (!defined('A')) { define('A', 2); } $x = A;`, `$GLOBALS['x'] = rand();`, `$k = rand(); $x = [$k => 1];`,
	`$x = strtolower($_SERVER['HTTP_HOST']) == 'a' && 'b' == 'b';`, `$x = ['a' => 1] + ['b' => 2];`, `try { f(); } catch (\Error $e) { $x = 1; }`, `$x = NOT_DEFINED;`,
	`$x = 1; ++$x;`, `$x = 1; --$x;`, `$x = dirname('/a/b', 0);`, `$x = dirname('/a/b', '1');`, `$x = realpath('relative');`, `$x = 2 ** 3;`, `$x = $o instanceof P;`, `$x = (array) 'a';`, `$x = [1] === [1];`,
	`$x = 'unended;`, `$x = (object) ['a' => 1];`, `$x = f(1 2});`, `$x = -'a';`,
}

func TestNotToTell(t *testing.T) {
	t.Parallel()
	for _, src := range notToTell {
		path := write(t, filepath.Join(t.TempDir(), "case.php"), "<?php "+src)
		if got := byUs(t, path); got != "unknown" {
			// What stands for an unset variable of the environment may take part, but is no answer.
			m := newMachine(nil)
			m.run(path, "<?php "+src)
			if s, known := m.get(place{name: "x"}).text(); known {
				t.Errorf("%s\nis %s (%q)", src, got, s)
			}
		}
	}
}

// TestHooksOfProperties are of PHP 8.4, which is newer than the labs' PHP.
func TestHooksOfProperties(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "case.php"), "<?php class P { public $a = 1 { get => $this->a; set { $x = 9; } } public $b = 2; } $x = 5;")
	if got := byUs(t, path); got != "integer 35" {
		t.Errorf("behind a class with hooks $x is %s", got)
	}
}

// TestBoundsLeaveItUnknown: where reading on would take too long, nothing is taken for what a site has.
func TestBoundsLeaveItUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files int
		src   string
	}{
		"deep":     {maxIncludes + 2, "<?php $x = 'before'; include __DIR__ . '/0.php';"},
		"elements": {0, "<?php $x = 'a'; " + "$y = [" + strings.Repeat("1,", maxElements) + "]; $y[] = 1; $x = $y[0];"},
	} {
		dir := t.TempDir()
		for i := range c.files {
			write(t, filepath.Join(dir, fmt.Sprint(i, ".php")), fmt.Sprintf("<?php include __DIR__ . '/%d.php';", i+1))
		}
		write(t, filepath.Join(dir, fmt.Sprint(c.files, ".php")), "<?php $z = 'after';")
		path := write(t, filepath.Join(dir, "case.php"), c.src)
		src, err := os.ReadFile(path)
		must(t, err)
		m := newMachine(nil)
		m.read = func(path string) (string, error) { return readOwn(filepath.Dir(path), path) }
		m.exists = exists
		if !m.run(path, string(src)) {
			t.Errorf("%s: it gave up", name)
		}
		if name == "deep" && !m.blind {
			t.Errorf("%s: what was not read may set nothing", name)
		}
		if v := m.get(place{name: "x"}); name == "elements" && v.kind != kindUnknown {
			t.Errorf("%s: it is %+v", name, v)
		}
	}
}

// TestRequestsAreNotTheEnvironment: what a visitor sends must not become part of a configuration.
func TestRequestsAreNotTheEnvironment(t *testing.T) {
	t.Parallel()
	m := newMachine(func(name string) (string, bool) { return "from " + name, true })
	m.run("/site/c.php", `<?php $x = getenv('HTTP_X_DB'); $y = $_SERVER['DB']; $z = getenv_docker('P', 'q');`)
	for name, want := range map[string]string{"x": "", "y": "from DB", "z": ""} {
		if got, _ := m.get(place{name: name}).text(); got != want {
			t.Errorf("$%s is %q; want %q", name, got, want)
		}
	}
}

// TestHostileText must end, and soon: the test's time limit tells.
func TestHostileText(t *testing.T) {
	t.Parallel()
	const n = 250_000
	for name, src := range map[string]string{
		"brackets":    strings.Repeat("(", n),
		"arrays":      "$x = " + strings.Repeat("[", n),
		"braces":      strings.Repeat("{", n),
		"ifs":         strings.Repeat("if (1) ", n/2),
		"negations":   "$x = " + strings.Repeat("!", n),
		"ternaries":   "$x = " + strings.Repeat("1 ? ", n),
		"coalescing":  "$x = " + strings.Repeat("$y ?? ", n),
		"templates":   `$x = ` + strings.Repeat(`"{$a[`, n),
		"attributes":  strings.Repeat("#[", n),
		"heredocs":    strings.Repeat("<<<A\n", n/2),
		"comments":    strings.Repeat("/*", n),
		"assignments": strings.Repeat("$x[] = 1;", n/2),
		"nested sets": strings.Repeat("$x[1][2][3][] = $x;", n/8),
		"growth":      "$x = 'aaaaaaaa';" + strings.Repeat("$x .= $x;", n/2),
		"copies":      "$x = [" + strings.Repeat("1,", 900) + "];" + strings.Repeat("$x[0] = 1;", n/4),
		"includes":    strings.Repeat("include __FILE__;", n/10),
		"ends":        strings.Repeat("}", n),
		"classes":     strings.Repeat("class A {", n/9),
		"new":         "$x = " + strings.Repeat("new ", n),
		"functions":   strings.Repeat("function(", n/9),
		"else":        "if (1) {}" + strings.Repeat("else if (1) {}", n/14),
		"destructs":   "$x = " + strings.Repeat("[", 90) + strings.Repeat("$a]=", 90) + strings.Repeat("[$a]=", n/5),
		"references":  "$x" + strings.Repeat("[$x", n/3),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(nil)
			m.run("/site/c.php", "<?php "+src)
			m.run("/site/d.php", "<?php "+src)
		})
	}
}

func fromHex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	must(t, err)
	return string(b)
}
