package cms

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/core"
)

// tree writes files below a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	return dir
}

// plain is a Database in the form in which tests compare them.
func plain(d Database) string {
	return fmt.Sprintf("%s %s %d %s name=%s user=%s password=%s prefix=%s", d.Driver, d.Host, d.Port, d.Socket, d.Name, d.User, d.Password.Reveal(), d.Prefix)
}

func wantDatabase(t *testing.T, dir, cmsType, want string) {
	t.Helper()
	d, err := DatabaseOf(dir, cmsType)
	if err != nil || plain(d) != want {
		t.Errorf("it is\n%s, %v; want\n%s", plain(d), err, want)
	}
}

// wantError checks that an error is of the code and that its message has the words, and no secret.
func wantError(t *testing.T, err error, code core.Code, words string) {
	t.Helper()
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Code != code || !strings.Contains(e.Message, words) || strings.Contains(e.Error(), "s3cret") {
		t.Errorf("the error is %v; want one of code %q with %q", err, code, words)
	}
}

// stock is WordPress's own sample as its installer fills it in.
func stock(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/usr/share/wordpress/wp-config-sample.php")
	must(t, err)
	return strings.NewReplacer("database_name_here", "wp_db", "username_here", "ann", "password_here", `p\'a$s"s\\`, "localhost", "127.0.0.1:3307", "'wp_'", "'w1_'").Replace(string(b))
}

const stockDatabase = `mysql 127.0.0.1 3307  name=wp_db user=ann password=p'a$s"s\ prefix=w1_`

func TestWordPressStock(t *testing.T) {
	t.Parallel()
	config := stock(t)
	wantDatabase(t, tree(t, map[string]string{"wp-config.php": config}), "wordpress", stockDatabase)
	wantDatabase(t, tree(t, map[string]string{"wp-config.php": strings.ReplaceAll(config, "\n", "\r\n")}), "wordpress", stockDatabase)
	wantDatabase(t, tree(t, map[string]string{"wp-config.php": "\xef\xbb\xbf" + config}), "wordpress", stockDatabase)
}

// TestWordPressPlaces has the rule of wp-load.php, WordPress in a directory of its own, and Bedrock's.
func TestWordPressPlaces(t *testing.T) {
	t.Parallel()
	config, header := stock(t), "<?php require __DIR__ . '/wp/wp-blog-header.php';"
	version := "<?php $wp_version = '6.4.3';"
	dir := tree(t, map[string]string{"wp-config.php": config, "site/wp-load.php": "", "site/wp-includes/version.php": version})
	wantDatabase(t, filepath.Join(dir, "site"), "wordpress", stockDatabase)

	dir = tree(t, map[string]string{"index.php": header, "wp/wp-load.php": "", "wp/wp-includes/version.php": version, "wp-config.php": config})
	wantDatabase(t, dir, "wordpress", stockDatabase)
	dir = tree(t, map[string]string{"index.php": header, "wp/wp-load.php": "", "wp/wp-includes/version.php": version, "wp/wp-config.php": config})
	wantDatabase(t, dir, "wordpress", stockDatabase)
	dir = tree(t, map[string]string{"web/index.php": header, "web/wp/wp-load.php": "", "web/wp/wp-includes/version.php": version, "web/wp-config.php": config})
	wantDatabase(t, dir, "wordpress", stockDatabase)

	dir = tree(t, map[string]string{"wp-config.php": config, "wp-settings.php": "", "blog/wp-load.php": "", "blog/wp-includes/version.php": version})
	_, err := DatabaseOf(filepath.Join(dir, "blog"), "wordpress") // the one above belongs to the WordPress above
	wantError(t, err, core.CodeNotFound, filepath.Join(dir, "blog", "wp-config.php"))
	dir = tree(t, map[string]string{"wp-config.php": config, "site/index.html": ""})
	_, err = ConfigFile(filepath.Join(dir, "site"), "wordpress") // nor is it WordPress that is in site
	wantError(t, err, core.CodeNotFound, filepath.Join(dir, "site", "wp-config.php"))
}

const head = "<?php define('DB_NAME', 'n'); define('DB_USER', 'u'); define('DB_HOST', 'localhost'); $table_prefix = 'wp_'; "

func TestWordPressForms(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		head + "// define('DB_PASSWORD', 'old');\ndefine( \"DB_PASSWORD\" , 'p' ); define('DB_PASSWORD', 'later');":                          "mysql localhost 0  name=n user=u password=p prefix=wp_",
		head + "const DB_PASSWORD = 'p' . 'q'; $table_prefix = 'x_';":                                                                        "mysql localhost 0  name=n user=u password=pq prefix=x_",
		head + "define('DB_PASSWORD', getenv('DB_PASSWORD_OF_NOBODY') ?: ''); require ABSPATH . 'wp-settings.php'; $table_prefix = 'late_';": "mysql localhost 0  name=n user=u password= prefix=wp_",
		"<?php include __DIR__ . '/local.php'; $table_prefix = 'wp_';":                                                                       "mysql  0 /run/db.sock name=l user=lu password=lp prefix=wp_",
		"<?php define('DB_ENGINE', 'sqlite'); $table_prefix = 'wp_'; define('DB_DIR', '/data'); define('DB_FILE', 'x.sqlite');":              "sqlite  0  name=/data/x.sqlite user= password= prefix=wp_",
	} {
		dir := tree(t, map[string]string{"wp-config.php": config,
			"local.php": "<?php define('DB_NAME', 'l'); define('DB_USER', 'lu'); define('DB_PASSWORD', 'lp'); define('DB_HOST', 'localhost:/run/db.sock');"})
		wantDatabase(t, dir, "wordpress", want)
	}
	dir := tree(t, map[string]string{"wp-config.php": stock(t), "wp-content/db.php": "<?php define( 'SQLITE_DB_DROPIN_VERSION', '1.8.0' );"})
	wantDatabase(t, dir, "wordpress", "sqlite  0  name="+dir+"/wp-content/database/.ht.sqlite user= password= prefix=w1_")
}

func TestWordPressInDocker(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"wp-config.php": `<?php
if (!function_exists('getenv_docker')) {
	function getenv_docker($env, $default) {
		if ($fileEnv = getenv($env . '_FILE')) { return rtrim(file_get_contents($fileEnv), "\r\n"); }
		else if (($val = getenv($env)) !== false) { return $val; }
		else { return $default; }
	}
}
define( 'DB_NAME', getenv_docker('WORDPRESS_DB_NAME', 'wordpress') );
define( 'DB_USER', getenv_docker('WORDPRESS_DB_USER', 'example username') );
define( 'DB_PASSWORD', getenv_docker('WORDPRESS_DB_PASSWORD', 'example password') );
define( 'DB_HOST', getenv_docker('WORDPRESS_DB_HOST', 'mysql') );
$table_prefix = getenv_docker('WORDPRESS_TABLE_PREFIX', 'wp_');
if ($configExtra = getenv_docker('WORDPRESS_CONFIG_EXTRA', '')) { eval($configExtra); }
`})
	wantDatabase(t, dir, "wordpress", "mysql mysql 0  name=wordpress user=example username password=example password prefix=wp_")
	env := map[string]string{"WORDPRESS_DB_HOST": "db:3307", "WORDPRESS_DB_PASSWORD_FILE": "/run/secrets/s3cret"}
	d, err := Reader{Env: func(name string) (string, bool) { v, set := env[name]; return v, set }}.DatabaseOf(dir, "wordpress")
	wantError(t, err, core.CodeNotFound, "database password: DB_PASSWORD depends on")
	if got := plain(d); got != "mysql db 3307  name=wordpress user=example username password= prefix=wp_" {
		t.Error("the other settings are", got)
	}
}

func TestSettingsThatCannotBeTold(t *testing.T) {
	t.Parallel()
	const known = "<?php define('DB_USER', 'u'); define('DB_HOST', 'h'); define('DB_PASSWORD', 's3cret'); $table_prefix = 'p_'; "
	for config, words := range map[string]string{
		known + "define('DB_NAME', $_SERVER['HTTP_HOST'] . 's3cret');":                                   "database name: DB_NAME depends on",
		known + "// define('DB_NAME', 'old');":                                                           "database name: DB_NAME is not set in",
		known + "if ($_SERVER['HTTP_HOST'] == 'a') define('DB_NAME', 'a'); else define('DB_NAME', 'b');": "database name: DB_NAME depends on",
		known + "require $_SERVER['DOCUMENT_ROOT'] . '/db.php';":                                         "database name: DB_NAME depends on",
		known + "define('DB_NAME', '1'); $table_prefix = getenv('NO_SUCH_VARIABLE');":                    "table prefix: $table_prefix depends on",
		strings.ReplaceAll(known, "'h'", "'s3cret\\n'") + "define('DB_NAME', 'n');":                      "database host: DB_HOST",
		strings.ReplaceAll(known, "'h'", "'h:99999'") + "define('DB_NAME', 'n');":                        "database host: DB_HOST in",
		"s3cret": "database name: DB_NAME is not set",
	} {
		_, err := DatabaseOf(tree(t, map[string]string{"wp-config.php": config}), "wordpress")
		wantError(t, err, core.CodeNotFound, words)
	}
	content := known + "define('DB_NAME', 'n'); define('DB_ENGINE', 'sqlite'); define('WP_CONTENT_DIR', '/elsewhere');"
	wantDatabase(t, tree(t, map[string]string{"wp-config.php": content}), "wordpress", "sqlite  0  name=/elsewhere/database/.ht.sqlite user= password= prefix=p_")
	_, err := DatabaseOf(t.TempDir(), "native")
	wantError(t, err, core.CodeNotFound, "WordPress, Joomla and Drupal only")
	_, err = DatabaseOf(tree(t, map[string]string{"wp-config.php": head + strings.Repeat("[", 10_000)}), "wordpress")
	wantError(t, err, core.CodeUnavailable, "too long or too deeply nested")
}

const joomla = `<?php
class JConfig {
	public $offline = false;
	public $offline_message = 'This site is down for maintenance.<br>Please check back again soon.';
	public $dbtype = 'mysqli';
	public $host = 'localhost';
	public $user = 'j_user';
	public $password = 'p\'w{}$;"';
	public $db = 'j_db';
	public $dbprefix = 'abc12_';
	public $dbencryption = 0;
	public $secret = 'abcdefgh';
}
`

func TestJoomla(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"configuration.php": joomla})
	wantDatabase(t, dir, "joomla", `mysql localhost 0  name=j_db user=j_user password=p'w{}$;" prefix=abc12_`)
	old := strings.NewReplacer("public", "var", "'mysqli'", "'mysql'", "'localhost'", "'db.example.com:3307'").Replace(joomla) + "?>"
	wantDatabase(t, tree(t, map[string]string{"configuration.php": old}), "joomla", `mysql db.example.com 3307  name=j_db user=j_user password=p'w{}$;" prefix=abc12_`)
	postgres := strings.NewReplacer("'mysqli'", "'pgsql'").Replace(joomla)
	wantDatabase(t, tree(t, map[string]string{"configuration.php": postgres}), "joomla", `pgsql localhost 0  name=j_db user=j_user password=p'w{}$;" prefix=abc12_`)

	for from, to := range map[string]string{"$secret = 'abcdefgh';": "$x; function __construct() { $this->db = 's3cret'; }", "$db = 'j_db'": "$db = S3CRET . 's3cret'"} {
		_, err := DatabaseOf(tree(t, map[string]string{"configuration.php": strings.Replace(joomla, from, to, 1)}), "joomla")
		wantError(t, err, core.CodeNotFound, "database name: $db depends on")
	}
	lite := strings.NewReplacer("'mysqli'", "'sqlite'", "'j_db'", "'/site/j.sqlite'").Replace(joomla)
	wantDatabase(t, tree(t, map[string]string{"configuration.php": lite}), "joomla", "sqlite  0  name=/site/j.sqlite user= password= prefix=abc12_")
	for what, config := range map[string]string{
		"database name: $db": strings.Replace(joomla, "class JConfig {", "class JConfig { function f() { $this->db = 's3cret'; }", 1), // in front of it
		"database host: $host": "<?php if ($_SERVER['HTTP_HOST'] == 'a') {" + strings.Replace(joomla[5:], "'localhost'", "'s3cret'", 1) + "} else {" +
			strings.Replace(joomla[5:], "public $host = 'localhost';", "", 1) + "}",
		"database user: $user": "<?php if ($_SERVER['HTTP_HOST'] == 'a') {" + joomla[5:] + "} else {" + strings.Replace(joomla[5:], "'j_user'", "'s3cret'", 1) + "}",
	} {
		_, err := DatabaseOf(tree(t, map[string]string{"configuration.php": config}), "joomla")
		wantError(t, err, core.CodeNotFound, what+" depends on")
	}
	_, err := DatabaseOf(tree(t, map[string]string{"configuration.php": "<?php $s3cret = 1;"}), "joomla")
	wantError(t, err, core.CodeNotFound, "no class JConfig")
	_, err = DatabaseOf(tree(t, map[string]string{"configuration.php": strings.Replace(joomla, "'mysqli'", "'s3cret'", 1)}), "joomla")
	wantError(t, err, core.CodeNotFound, "database type: $dbtype")
	_, err = DatabaseOf(t.TempDir(), "joomla")
	wantError(t, err, core.CodeNotFound, "configuration.php")
}

const drupal = `<?php
// phpcs:ignoreFile
$databases = [];
/* $databases['default']['default'] = ['database' => 'sample']; */
# $databases['default']['default'] = ['database' => 'sample'];
$settings['hash_salt'] = 'salt';
$settings['update_free_access'] = FALSE;
$settings['container_yamls'][] = $app_root . '/' . $site_path . '/services.yml';
if (file_exists($app_root . '/' . $site_path . '/settings.local.php')) {
  include $app_root . '/' . $site_path . '/settings.local.php';
}
`

func TestDrupal(t *testing.T) {
	t.Parallel()
	installed := drupal + `$databases['default']['default'] = array (
  'database' => 'd_db',
  'username' => 'd_user',
  'password' => 'p\'w',
  'prefix' => '',
  'host' => 'localhost',
  'port' => '3306',
  'namespace' => 'Drupal\\mysql\\Driver\\Database\\mysql',
  'driver' => 'mysql',
  'autoload' => 'core/modules/mysql/src/Driver/Database/mysql/',
);
`
	at := "sites/default/settings.php"
	want := "mysql localhost 3306  name=d_db user=d_user password=p'w prefix="
	wantDatabase(t, tree(t, map[string]string{at: installed}), "drupal", want)
	wantDatabase(t, tree(t, map[string]string{"web/" + at: installed}), "drupal", want)
	wantDatabase(t, tree(t, map[string]string{"docroot/" + at: installed}), "drupal", want)
	local := "<?php $databases['default']['default'] = ['driver' => 'mysql', 'database' => 'l', 'username' => 'u', 'password' => 'p', 'host' => '[::1]', 'port' => 3307, 'prefix' => ['default' => 'x_', 'users' => 'shared_']];"
	wantDatabase(t, tree(t, map[string]string{at: drupal, "sites/default/settings.local.php": local}), "drupal",
		"mysql ::1 3307  name=l user=u password=p prefix=x_")
	wantDatabase(t, tree(t, map[string]string{at: strings.ReplaceAll(drupal, "$app_root . '/' . $site_path", "__DIR__"), "sites/default/settings.local.php": local}), "drupal",
		"mysql ::1 3307  name=l user=u password=p prefix=x_")
	wantDatabase(t, tree(t, map[string]string{at: installed + "$databases['default']['default']['host'] = 'db';\n$databases['default']['default']['prefix'] = 'y_';" +
		"$databases['default']['default']['port'] = '';"}), "drupal",
		"mysql db 0  name=d_db user=d_user password=p'w prefix=y_")
	wantDatabase(t, tree(t, map[string]string{at: installed + "$databases['default']['default']['unix_socket'] = '/run/d.sock';"}), "drupal",
		"mysql  3306 /run/d.sock name=d_db user=d_user password=p'w prefix=")
	dir := tree(t, map[string]string{at: drupal + "$databases['default']['default'] = ['driver' => 'sqlite', 'database' => 'sites/default/files/.ht.sqlite'];"})
	wantDatabase(t, dir, "drupal", "sqlite  0  name="+dir+"/sites/default/files/.ht.sqlite user= password= prefix=")

	for more, words := range map[string]string{
		"$databases['default']['default']['password'] = getenv('S3CRET');":     "database password: $databases['default']['default']['password'] depends on",
		"if (rand()) $databases['default']['default']['database'] = 's3cret';": "database name: $databases['default']['default']['database'] depends on",
		"$databases = json_decode('s3cret', TRUE);":                            "depends on",
		"unset($databases['default']['default']['username']);":                 "database user: $databases['default']['default']['username'] is not set",
		"$databases['default']['default']['port'] = 's3cret';":                 "database port",
		"$databases['default']['default']['driver'] = 's3cret';":               "database type",
	} {
		_, err := DatabaseOf(tree(t, map[string]string{at: installed + more}), "drupal")
		wantError(t, err, core.CodeNotFound, words)
	}
	_, err := DatabaseOf(tree(t, map[string]string{at: drupal}), "drupal")
	wantError(t, err, core.CodeNotFound, "is not set in")
	_, err = DatabaseOf(t.TempDir(), "drupal")
	wantError(t, err, core.CodeNotFound, "sites/default/settings.php")
}

func TestFilesThatAreNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "wp-config.php")
	must(t, syscall.Mkfifo(config, 0o644))
	done := make(chan error)
	go func() {
		_, err := DatabaseOf(dir, "wordpress")
		done <- err
	}()
	select {
	case err := <-done:
		wantError(t, err, core.CodeUnavailable, "no regular file")
	case <-time.After(time.Minute):
		t.Fatal("a FIFO holds the reader up")
	}
	must(t, os.Remove(config))
	write(t, config, head+strings.Repeat(" ", maxFile))
	_, err := DatabaseOf(dir, "wordpress")
	wantError(t, err, core.CodeUnavailable, "larger than 1 MB")
	must(t, os.Remove(config))
	must(t, os.Mkdir(config, 0o755))
	_, err = DatabaseOf(dir, "wordpress")
	wantError(t, err, core.CodeUnavailable, "no regular file")
}

// TestFilesOfOthers: a site may lead to files of its owner, by a link as by an include, and to nobody else's.
func TestFilesOfOthers(t *testing.T) {
	t.Parallel()
	outside := tree(t, map[string]string{"mine.php": head + "define('DB_PASSWORD', 'p');", "theirs.php": head + "define('DB_PASSWORD', 's3cret');"})
	mine, theirs := filepath.Join(outside, "mine.php"), filepath.Join(outside, "theirs.php")
	if os.Geteuid() == 0 {
		must(t, os.Chown(theirs, 65534, 65534))
	} else {
		theirs = "/etc/passwd" // root's, and no PHP at all: what matters is that it is refused
	}
	const want = "mysql localhost 0  name=n user=u password=p prefix=wp_"
	linked := func(target string) string {
		dir := t.TempDir()
		must(t, os.Symlink(target, filepath.Join(dir, "wp-config.php")))
		return dir
	}
	including := func(target string) string {
		return tree(t, map[string]string{"wp-config.php": "<?php require '" + target + "';"})
	}
	wantDatabase(t, linked(mine), "wordpress", want)
	wantDatabase(t, including(mine), "wordpress", want)
	_, err := DatabaseOf(linked(theirs), "wordpress")
	wantError(t, err, core.CodeUnavailable, "belongs to somebody else")
	_, err = DatabaseOf(including(theirs), "wordpress")
	wantError(t, err, core.CodeNotFound, "DB_NAME depends on")
}

func TestSecretShowsItselfToNobody(t *testing.T) {
	t.Parallel()
	s := NewSecret("s3cret")
	d := Database{Password: s}
	inside := struct{ d Database }{d}
	encoded, err := json.Marshal(d)
	must(t, err)
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("said", "password", s, "database", d)
	for _, shown := range []string{logged.String(), fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), fmt.Sprintf("%v %+v %#v", d, d, &d),
		fmt.Sprintf("%v %+v %#v", inside, inside, &inside), s.String(), s.GoString(), string(encoded)} {
		if strings.Contains(shown, "s3cret") || strings.Contains(shown, "733363726574") {
			t.Errorf("it shows in %s", shown)
		}
	}
	if !strings.Contains(string(encoded), `"Password":"***"`) || s.Reveal() != "s3cret" || (Secret{}).Reveal() != "" {
		t.Errorf("as JSON it is %s, revealed %q", encoded, s.Reveal())
	}
}
