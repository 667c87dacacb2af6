package relocate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
)

// TestAccountWithoutSettings is not taken in: nothing says which panel it is.
func TestAccountWithoutSettings(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{"empty": "", "not set up": "VPM_LOG_LEVEL=warn\n"} {
		home := restored(t, settings)
		if _, err := findAccount(t.Context(), Options{From: home}); core.CodeOf(err) != core.CodeInvalid || !strings.Contains(core.Sentence(err), filepath.Join(home, "vpm.env")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSettingsOfAnotherProgram stay as they are: it reads them as well.
func TestSettingsOfAnotherProgram(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]core.Code{"localhost": "", "sql.host.example": core.CodeConflict} {
		home := restored(t, "VPM_LOG_LEVEL=warn\n")
		write(t, home, map[string]string{".env": "DB_HOST=" + host + "\nVPM_LOG_FILE=/home/you/log\nDB_DATABASE=you_panel\nDB_USERNAME=you\nDB_PASSWORD=s\n"})
		must(t, os.Remove(filepath.Join(home, "vpm.env")))
		a, err := findAccount(t.Context(), Options{From: home, Was: "/home/you"})
		must(t, err)
		p := &Plan{account: a}
		if err := p.settingsStep(); core.CodeOf(err) != want || len(p.steps) > 0 {
			t.Errorf("with %s: %v, and the steps %+v", host, err, p.steps)
		}
	}
}

// TestNotes say what a person has to look at, and no note is a reason to stop.
func TestNotes(t *testing.T) {
	t.Parallel()
	home := restored(t, settingsOfYou)
	write(t, home, map[string]string{
		"public_html/blog/.htaccess": "# mine\nAuthUserFile /home/you/.htpasswd\n",
		"public_html/blog/.user.ini": "include_path = /home/yours\n",
		"elsewhere/wp-config.php":    "<?php define('DB_NAME', getenv('NAME')); define('DB_USER', 'u'); define('DB_PASSWORD', 's'); $table_prefix = 'wp_';",
		"elsewhere/wp-settings.php":  "<?php", "elsewhere/wp-load.php": "<?php", "elsewhere/wp-includes/version.php": "<?php $wp_version = '6.1';", "elsewhere/index.php": "<?php",
		"public_html/drupal/core/lib/Drupal.php":             "<?php class Drupal { const VERSION = '11.0.0'; }",
		"public_html/drupal/index.php":                       "<?php",
		"public_html/drupal/sites/default/settings.php":      `<?php $databases['default']['default'] = ['driver' => 'sqlite', 'database' => 'sites/default/files/.sqlite'];`,
		"public_html/drupal/core/includes/bootstrap.inc":     "<?php",
		"public_html/drupal/core/core.services.yml":          "",
		"public_html/drupal/core/modules/system/system.info": "",
	})
	a, err := findAccount(t.Context(), Options{From: home})
	must(t, err)
	p := &Plan{account: a}
	p.noteUncopied()
	p.notePaths()
	list, err := p.neededDatabases()
	if err != nil || len(list) != 2 || list[0].name != "you_panel" || list[1].name != "you_wp" {
		t.Errorf("the databases are %+v, %v", list, err)
	}
	notes := strings.Join(p.notes, "\n")
	for _, want := range []string{home + "/public_html/blog/.htaccess, line 2, names", home + "/elsewhere will not be moved", home + "/elsewhere: ", "its database is not brought here"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q", want)
		}
	}
	if len(p.notes) != 3 || len(a.sites) != 3 {
		t.Errorf("of the sites %+v the notes are\n%s", a.sites, notes)
	}
}

// TestDatabaseUsers: those whom configurations name are made once, for where they connect from, and with one password.
func TestDatabaseUsers(t *testing.T) {
	t.Parallel()
	home := restored(t, strings.Replace(settingsOfYou, `USER="you_panel"`, `USER="you"`, 1))
	for password, want := range map[string]core.Code{`pa$$ \'word\'`: "", "another": core.CodeConflict} {
		write(t, home, map[string]string{"public_html/blog/wp-config.php": `<?php define('DB_NAME', 'you_wp'); define('DB_USER', 'you'); define('DB_PASSWORD', '` + password + `');
			define('DB_HOST', '127.0.0.1'); $table_prefix = 'wp_';`})
		a, err := findAccount(t.Context(), Options{From: home})
		must(t, err)
		list, err := (&Plan{account: a}).neededDatabases()
		if core.CodeOf(err) != want {
			t.Errorf("with %s: %v", password, err)
		}
		if want == "" && (len(list) != 2 || len(list[0].users) != 1 || len(list[1].users) != 2 || list[1].users[1].host != "127.0.0.1") {
			t.Errorf("the databases are %+v", list)
		}
	}
}

// TestOptionsOfNoUse are refused before anything is looked at.
func TestOptionsOfNoUse(t *testing.T) {
	t.Parallel()
	skipUnlessRoot(t)
	for name, o := range map[string]Options{"a relative home": {Was: "you"}, "no such user": {Owner: "nobody-of-this-name"}} {
		o.From = t.TempDir()
		if err := o.complete(); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
