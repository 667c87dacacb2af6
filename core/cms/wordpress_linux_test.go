package cms_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core/cms"
	"vpm/core/store"
	"vpm/scripts/lab"
)

// installer runs WordPress's own installer with the configuration of a site.
const installer = `<?php
$_SERVER['HTTP_HOST'] = 'wp.test';
define('WP_INSTALLING', true);
define('ABSPATH', '/usr/share/wordpress/');
require getenv('SITE') . '/wp-config.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('A site', 'admin', 'admin@example.com', true, '', 'password');
echo "\ninstalled";
`

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wordPress installs the distribution's WordPress in a directory, with WordPress's own sample configuration.
func wordPress(t *testing.T, db *lab.MariaDB, name, user, password, prefix string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, part := range []string{"wp-includes", "wp-load.php", "wp-settings.php"} {
		must(t, os.Symlink("/usr/share/wordpress/"+part, filepath.Join(dir, part)))
	}
	sample, err := os.ReadFile("/usr/share/wordpress/wp-config-sample.php")
	must(t, err)
	config := strings.NewReplacer("database_name_here", name, "username_here", user, "password_here", password,
		"'localhost'", "'localhost:"+db.Socket+"'", "'wp_'", "'"+prefix+"'").Replace(string(sample))
	must(t, os.WriteFile(filepath.Join(dir, "wp-config.php"), []byte(config), 0o600))
	script := filepath.Join(t.TempDir(), "install.php")
	must(t, os.WriteFile(script, []byte(installer), 0o600))
	cmd := exec.Command("php-cgi", "-q", "-d", "sendmail_path=/bin/true", script)
	cmd.Env = []string{"SITE=" + dir, "PATH=" + os.Getenv("PATH")}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "installed") {
		t.Fatalf("cannot install WordPress: %v\n%s", err, out)
	}
	return dir
}

func number(t *testing.T, db *lab.MariaDB, query string) (n int64) {
	t.Helper()
	out, err := db.Exec(query)
	must(t, err)
	_, err = fmt.Sscan(out, &n)
	must(t, err)
	return n
}

// TestRealWordPress has two real sites in one database, which vpm's user sees nothing of: what their own configurations
// lead to is compared with what root sees, and with what was put in.
func TestRealWordPress(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t)
	const name = "shared"
	user, password, err := db.CreateDatabase(name)
	must(t, err)
	one, two := wordPress(t, db, name, user, password, "wp_"), wordPress(t, db, name, user, password, "wpx")
	const payload = 200 * 10_000 // bytes
	_, err = db.Exec("USE " + name + "; INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT 1, 'k', REPEAT('x', 10000) FROM seq_1_to_200")
	must(t, err)
	list, err := db.Exec("SELECT GROUP_CONCAT(table_name) FROM information_schema.tables WHERE table_schema = '" + name + "'")
	must(t, err)
	_, err = db.Exec("USE " + name + "; ANALYZE TABLE " + list) // so that the server does not do it between two looks
	must(t, err)
	sizes := map[string]int64{}
	for prefix, dir := range map[string]string{"wp_": one, "wpx": two} {
		d, err := cms.DatabaseOf(dir, "wordpress")
		must(t, err)
		size, tables, err := store.MeasureSite(t.Context(), store.SiteLogin{Host: d.Host, Port: d.Port, Socket: d.Socket, Name: d.Name,
			User: d.User, Password: d.Password.Reveal(), Prefix: d.Prefix})
		must(t, err)
		where := fmt.Sprintf("FROM information_schema.tables WHERE table_schema = '%s' AND LEFT(table_name, 3) = '%s'", name, prefix)
		if want := number(t, db, "SELECT SUM(data_length + index_length) "+where); size != want {
			t.Errorf("%s is %d bytes; root sees %d", prefix, size, want)
		}
		if tables != 12 { // those of a fresh WordPress since 4.4
			t.Errorf("%s has %d tables; a fresh WordPress has 12", prefix, tables)
		}
		sizes[prefix] = size
		if found, ok := cms.Identify(dir); !ok || found.Type != "wordpress" || found.Version == "" {
			t.Errorf("%s is %+v", prefix, found)
		}
	}
	if more := sizes["wp_"] - sizes["wpx"]; more < payload || more > 4*payload {
		t.Errorf("%d bytes of rows make a site %d bytes larger", payload, more)
	}
}
