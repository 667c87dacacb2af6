package layout

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
)

// hostile are values that end a string, a comment or the script where they are not quoted.
var hostile = []string{"", "'", "\\", "\\'", "'\\", "\\\\", "a\\", "?>", "<?php", "'); system('id'); //", "*/", "//", "#", "$x {$x} ${x}", "\"", "\n", "\r\n", "a\nb", "\t",
	"\x01\x7f\xff\xfe", "é 日本", "\xef\xbb\xbf", "%s %d", "<<<E\nE;\n", "__halt_compiler();", "\\n\\x41\\101", "\x1b[0m", " ", "'\n?>\n<?php '"}

// TestQuote has PHP give back the very bytes.
func TestQuote(t *testing.T) {
	t.Parallel()
	values := append([]string{}, hostile...)
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b := make([]byte, r.IntN(12))
		for i := range b {
			if b[i] = `'\?>$"/*`[r.IntN(8)]; r.IntN(3) == 0 {
				b[i] = byte(r.IntN(256))
			}
		}
		values = append(values, string(b))
	}
	var script, want strings.Builder
	script.WriteString("<?php\n")
	for _, v := range values {
		fmt.Fprintf(&script, "echo bin2hex(%s), \"\\n\";\n", quote(v))
		want.WriteString(hex.EncodeToString([]byte(v)) + "\n")
	}
	path := filepath.Join(t.TempDir(), "values.php")
	must(t, os.WriteFile(path, []byte(script.String()), 0o600))
	out, err := exec.Command("php", "-n", path).CombinedOutput()
	if err != nil || string(out) != want.String() {
		t.Errorf("PHP reads other values (%v): %.2000s", err, out)
	}
}

// TestConfiguration runs the file as a host does, by php-cgi, and sees that it sets what it should and says nothing.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	salts := map[string]bool{}
	for i, v := range []string{"plain", hostile[8] + hostile[1], strings.Join(hostile, ""), "a\\"} {
		dir := t.TempDir()
		d := Database{Name: v, User: v + "1", Password: v + "2", Host: v + "3", Prefix: "wp_"}
		must(t, os.WriteFile(filepath.Join(dir, "wp-config.php"), []byte(configuration(d)), 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "wp-settings.php"), []byte(`<?php foreach ([DB_NAME, DB_USER, DB_PASSWORD, DB_HOST, DB_CHARSET, DB_COLLATE, $table_prefix, ABSPATH] as $v) echo bin2hex($v), "\n";
			foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $n) echo constant($n), "\n";`), 0o600))
		out, err := exec.Command("php-cgi", "-n", "-q", filepath.Join(dir, "wp-config.php")).CombinedOutput()
		lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if err != nil || len(lines) != 16 {
			t.Fatalf("php-cgi says %v %s", err, out)
		}
		for j, want := range []string{d.Name, d.User, d.Password, d.Host, "utf8mb4", "", "wp_", dir + "/"} {
			if lines[j] != hex.EncodeToString([]byte(want)) {
				t.Errorf("value %d is %s, want %q", j, lines[j], want)
			}
		}
		for _, salt := range lines[8:] {
			if salts[salt] || len(salt) != 64 {
				t.Errorf("configuration %d has the salt %q", i, salt)
			}
			salts[salt] = true
		}
		if lint, err := exec.Command("php", "-n", "-l", filepath.Join(dir, "wp-config.php")).CombinedOutput(); err != nil {
			t.Errorf("php -l: %v %s", err, lint)
		}
	}
}

func TestCheckDatabase(t *testing.T) {
	t.Parallel()
	good := Database{Name: "n", User: "o'brien", Password: "two\nlines", Host: "localhost:/run/my.sock", Prefix: "wp_9"}
	must(t, good.Check())
	for field, change := range map[string]func(*Database){
		"database_user":     func(d *Database) { d.User = "a\nb" },
		"database_host":     func(d *Database) { d.Host = strings.Repeat("h", 256) },
		"database_password": func(d *Database) { d.Password = "hunter2\x00" },
		"database_prefix":   func(d *Database) { d.Prefix = "wp-" },
	} {
		d := good
		change(&d)
		err := d.Check()
		if core.CodeOf(err) != core.CodeInvalid || !strings.Contains(err.Error(), field) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
