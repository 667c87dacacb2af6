package relocate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
)

const settingsOfYou = `# Settings of vpm
VPM_DATA_DIR="/home/you/vpm-data"
VPM_DB_DRIVER="mysql"
VPM_DB_HOST="sql.host.example"
VPM_DB_PORT="3307"
VPM_DB_NAME="you_panel"
VPM_DB_USER="you_panel"
VPM_DB_PASSWORD="pa$$ 'word'"
VPM_LOG_FILE="/home/you/logs/vpm.log"
VPM_SESSION_TTL="48h"
`

func restored(t *testing.T, settings string) (home string) {
	t.Helper()
	home = filepath.Join(t.TempDir(), "shop")
	write(t, home, map[string]string{"vpm.env": settings, "public_html/api/vpm.cgi": "", "vpm-data/setup-code": "", ".trash/public_html/api/vpm.cgi": "",
		"public_html/blog/wp-config.php": `<?php define('DB_NAME', 'you_wp'); define('DB_USER', 'you_wp'); define('DB_PASSWORD', 's'); define('DB_HOST', 'localhost'); $table_prefix = 'wp_'; require ABSPATH . 'wp-settings.php';`,
		"public_html/blog/wp-load.php":   "<?php", "public_html/blog/wp-settings.php": "<?php", "public_html/blog/index.php": "<?php require __DIR__ . '/wp-blog-header.php';",
		"public_html/blog/wp-includes/version.php": "<?php $wp_version = '6.1';", "public_html/blog/wp-blog-header.php": "<?php",
		"shared-cores/wordpress/wp-load.php": "<?php", "shared-cores/wordpress/wp-includes/version.php": "<?php $wp_version = '6.1';", "shared-cores/wordpress/index.php": "<?php"})
	return home
}

// TestAccountIsFound by whatever directory of it was named.
func TestAccountIsFound(t *testing.T) {
	home := restored(t, settingsOfYou)
	for _, from := range []string{home, filepath.Dir(home), filepath.Join(home, "public_html"), filepath.Join(home, "public_html", "api")} {
		a, err := findAccount(t.Context(), Options{From: from})
		must(t, err)
		if a.home != home || a.was != "/home/you" || a.settings.Place.ProgramDir != filepath.Join(home, "public_html", "api") {
			t.Errorf("in %s is found %+v", from, a)
		}
		if len(a.sites) != 1 || a.sites[0].dir != filepath.Join(home, "public_html", "blog") || a.sites[0].database.Name != "you_wp" {
			t.Errorf("in %s are found the sites %+v", from, a.sites)
		}
		for path, want := range map[string]string{"/home/you": home, "/home/you/public_html/blog": home + "/public_html/blog", "/home/yours": "/home/yours",
			"": "", "/srv/x": "/srv/x", home + "/public_html": home + "/public_html"} {
			if got := a.now(path); got != want {
				t.Errorf("%q is now %q, want %q", path, got, want)
			}
		}
	}
}

func TestTwoUploadsAreNotChosenBetween(t *testing.T) {
	home := restored(t, settingsOfYou)
	write(t, home, map[string]string{"public_html/second/api/vpm.cgi": ""})
	if _, err := findAccount(t.Context(), Options{From: home}); core.CodeOf(err) != core.CodeInvalid || !strings.Contains(core.Sentence(err), "second/api") {
		t.Errorf("two uploads: %v", err)
	}
	if _, err := findAccount(t.Context(), Options{From: t.TempDir()}); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("no upload: %v", err)
	}
}

// TestSettingsAreMapped: what names the shared host names this machine, and all else stays byte for byte.
func TestSettingsAreMapped(t *testing.T) {
	home := restored(t, settingsOfYou)
	a, err := findAccount(t.Context(), Options{From: home})
	must(t, err)
	p := &Plan{account: a}
	must(t, p.settingsStep())
	if len(p.steps) != 1 || strings.Contains(p.steps[0].detail, "word") {
		t.Fatalf("the steps are %+v", p.steps)
	}
	must(t, p.steps[0].do(t.Context()))
	text, err := os.ReadFile(filepath.Join(home, "vpm.env"))
	must(t, err)
	want := strings.NewReplacer("/home/you", home, "sql.host.example", "localhost", "VPM_DB_PORT=\"3307\"\n", "").Replace(settingsOfYou)
	if string(text) != want {
		t.Errorf("the settings are\n%s\nwant\n%s", text, want)
	}
	if a, err = findAccount(t.Context(), Options{From: home}); err != nil || a.was != "" {
		t.Errorf("found again: %+v, %v", a, err)
	}
	p = &Plan{account: a}
	if err := p.settingsStep(); err != nil || len(p.steps) != 0 {
		t.Errorf("the second time: %+v, %v", p.steps, err)
	}
}

// TestDatabasesOfNoAccount are not made for one: a configuration may name anything.
func TestDatabasesOfNoAccount(t *testing.T) {
	for _, c := range []struct{ name, user, says string }{{"mysql", "you", "database"}, {"a`b", "you", "database"}, {"you_wp", "root", "user"}, {"you_wp", "mariadb.sys", "user"}, {"you_wp", "", "user"}} {
		home := restored(t, settingsOfYou)
		config := fmt.Sprintf(`<?php define('DB_NAME', %q); define('DB_USER', %q); define('DB_PASSWORD', 's'); define('DB_HOST', 'localhost'); $table_prefix = 'wp_';`, c.name, c.user)
		write(t, home, map[string]string{"public_html/blog/wp-config.php": config})
		a, err := findAccount(t.Context(), Options{From: home})
		must(t, err)
		p := &Plan{account: a}
		if list, err := p.neededDatabases(); core.CodeOf(err) != core.CodeConflict || !strings.Contains(core.Sentence(err), c.says) {
			t.Errorf("%+v: %v, %v", c, list, err)
		}
	}
}

// TestForeignDatabaseServer is left to the site, which may reach it from here too.
func TestForeignDatabaseServer(t *testing.T) {
	home := restored(t, settingsOfYou)
	write(t, home, map[string]string{"public_html/blog/wp-config.php": `<?php define('DB_NAME', 'you_wp'); define('DB_USER', 'you_wp'); define('DB_PASSWORD', 's'); define('DB_HOST', 'db.host.example'); $table_prefix = 'wp_';`})
	a, err := findAccount(t.Context(), Options{From: home})
	must(t, err)
	p := &Plan{account: a}
	list, err := p.neededDatabases()
	if err != nil || len(list) != 1 || list[0].name != "you_panel" || list[0].users[0].host != "localhost" {
		t.Errorf("the databases are %+v, %v", list, err)
	}
	if len(p.notes) != 1 || !strings.Contains(p.notes[0], "db.host.example") {
		t.Errorf("the notes are %q", p.notes)
	}
}

// TestDumpsAreFound by the names of the databases, and not chosen between.
func TestDumpsAreFound(t *testing.T) {
	home := restored(t, settingsOfYou)
	a, err := findAccount(t.Context(), Options{From: home})
	must(t, err)
	p := &Plan{options: Options{From: home}, account: a}
	d := &database{name: "you_wp", usedBy: []string{"a site"}}
	if err := p.findDump(d, nil); core.CodeOf(err) != core.CodeInvalid || !strings.Contains(core.Sentence(err), "--dump you_wp=FILE") {
		t.Errorf("without a dump: %v", err)
	}
	write(t, home, map[string]string{"mysql/you_wp.sql": "", "elsewhere.sql.gz": "", "you_wp_2.sql": ""})
	write(t, filepath.Dir(home), map[string]string{"you_wp.sql": ""}) // of another account
	if err := p.findDump(d, nil); err != nil || d.dump != home+"/mysql/you_wp.sql" {
		t.Errorf("with one: %q, %v", d.dump, err)
	}
	write(t, home, map[string]string{"you_wp.sql.gz": ""})
	if err := p.findDump(d, nil); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("with two: %v", err)
	}
	p.options.Dumps = []string{"you_wp=" + home + "/elsewhere.sql.gz", home + "/you_wp_2.sql"}
	named, err := p.dumps()
	must(t, err)
	if err := p.findDump(d, named); err != nil || d.dump != home+"/elsewhere.sql.gz" || named["you_wp_2"] != home+"/you_wp_2.sql" {
		t.Errorf("with a named one: %q, %v, %v", d.dump, named, err)
	}
}
