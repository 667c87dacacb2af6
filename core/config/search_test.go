package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

func TestNothingConfigured(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	c := load(t, p)
	if c.Configured() || c.File != "" || c.SessionTTL != 24*time.Hour || c.RequestTimeout != 15*time.Second ||
		c.LogLevel != "info" || c.InstancesDir != filepath.Join(account, "instances") {
		t.Errorf("the settings are %+v", c)
	}
}

// TestOrderOfTheSearch adds what wins over all before it. It changes the environment and so runs alone.
func TestOrderOfTheSearch(t *testing.T) {
	account, p := newPlace(t)
	level := func(file, name string) {
		t.Helper()
		if c := load(t, p); c.File != file || c.DBName != name {
			t.Errorf("%s is read, with the database %q; want %s and %q", c.File, c.DBName, file, name)
		}
	}
	env := filepath.Join(account, ".env")
	write(t, env, "DB_DATABASE=dotenv\nDB_USERNAME=u\n", 0o600)
	level(env, "dotenv")
	denied := filepath.Join(p.ProgramDir, "vpm.env")
	write(t, filepath.Join(p.ProgramDir, ".htaccess"), "Require all denied\n", 0o644)
	write(t, denied, "VPM_DB_DRIVER=mysql\nVPM_DB_NAME=beside the program\n", 0o600)
	level(denied, "beside the program")
	own := filepath.Join(account, "vpm.env")
	write(t, own, "VPM_DB_DRIVER=mysql\nVPM_DB_NAME=own\nVPM_LOG_LEVEL=warn", 0o600)
	level(own, "own")
	named := filepath.Join(account, "elsewhere")
	write(t, named, "VPM_DB_DRIVER=mysql\nVPM_DB_NAME=named\n", 0o600)
	t.Setenv("VPM_CONFIG", named)
	level(named, "named")
	t.Setenv("VPM_DB_NAME", "environment")
	level(named, "environment")
	if _, there := os.LookupEnv("VPM_DB_DRIVER"); there {
		t.Error("a setting of the file was left in the environment")
	}
	t.Setenv("VPM_CONFIG", filepath.Join(account, "none"))
	wantRefusal(t, p, "", "VPM_CONFIG", filepath.Join(account, "none"))
	t.Setenv("VPM_CONFIG", "vpm.env")
	wantRefusal(t, p, "", "VPM_CONFIG", "absolute")
}

func TestOwnFileIsTightened(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	path := filepath.Join(account, "vpm.env")
	for _, perm := range []os.FileMode{0o644, 0o640, 0o604, 0o666, 0o600} {
		write(t, path, "VPM_LOG_LEVEL=warn\n", perm)
		if c := load(t, p); c.LogLevel != "warn" {
			t.Errorf("the level is %q", c.LogLevel)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("with %o the permissions are now %v, %v; want 600", perm, info.Mode(), err)
		}
	}
}

func TestFileOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	path := filepath.Join(account, "vpm.env")
	write(t, path, "VPM_DB_PASSWORD=s3cret\n", 0o644)
	must(t, os.Chown(path, 65534, 65534))
	wantRefusal(t, p, "s3cret", path, "permissions 600")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("another user's file was changed to %v, %v", info.Mode(), err)
	}
	must(t, os.Chmod(path, 0o600)) // its owner mended it
	load(t, p)
}

// TestFileVisitorsCouldFetchIsRefused for every directory that is served, addon domains among them.
func TestFileVisitorsCouldFetchIsRefused(t *testing.T) {
	account := t.TempDir()
	root := filepath.Join(account, "public_html")
	addon := filepath.Join(root, "addon.example")
	must(t, os.MkdirAll(filepath.Join(addon, "api"), 0o755))
	p := locate(filepath.Join(addon, "api"), addon)
	if p.Docroot != addon || p.WebRoot != root {
		t.Fatalf("the place is %+v", p)
	}
	for _, dir := range []string{root, addon, filepath.Join(addon, "api")} {
		path := filepath.Join(dir, "vpm.env")
		write(t, path, "VPM_DB_PASSWORD=s3cret\n", 0o600)
		t.Setenv("VPM_CONFIG", path)
		wantRefusal(t, p, "s3cret", path, "visitors", filepath.Join(account, "vpm.env"))
		must(t, os.Remove(path))
	}
	t.Setenv("VPM_CONFIG", "")
	write(t, filepath.Join(account, "vpm.env"), "VPM_LOG_LEVEL=warn\n", 0o600)
	if c := load(t, p); c.LogLevel != "warn" {
		t.Error("the file beside the outer document root is not found from an addon domain")
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	account := t.TempDir()
	for _, dir := range []string{"public_html/api", "public_html/addon/api", "www/api", "link"} {
		must(t, os.MkdirAll(filepath.Join(account, dir), 0o755))
	}
	must(t, os.Symlink(filepath.Join(account, "public_html"), filepath.Join(account, "alias")))
	for name, c := range map[string]struct{ program, said, docroot, webroot string }{
		"usual":              {"public_html/api", "public_html", "public_html", "public_html"},
		"not said":           {"public_html/api", "", "public_html", "public_html"},
		"said by a symlink":  {"public_html/api", "alias", "public_html", "public_html"},
		"another directory":  {"public_html/api", "www", "public_html", "public_html"},
		"a sibling's prefix": {"public_html/api", "public", "public_html", "public_html"},
		"missing":            {"www/api", "none", "www", "www"},
		"addon":              {"public_html/addon/api", "public_html/addon", "public_html/addon", "public_html"},
		"below the docroot":  {"public_html/addon/api", "public_html", "public_html", "public_html"},
	} {
		at := func(s string) string {
			if s == "" {
				return ""
			}
			return filepath.Join(account, s)
		}
		want := Place{ProgramDir: at(c.program), Docroot: at(c.docroot), WebRoot: at(c.webroot)}
		got := locate(at(c.program), at(c.said))
		if got.Named != "" && got.Named != at(c.said) {
			t.Errorf("%s: the server's name of the docroot is %q", name, got.Named)
		}
		if got.Named = ""; got != want {
			t.Errorf("%s: the place is %+v; want %+v", name, got, want)
		}
	}
	p := Place{WebRoot: "/home/a/public_html"}
	for path, want := range map[string]bool{"/home/a/public_html": true, "/home/a/public_html/x": true, "/home/a/public_html2/x": false, "/home/a/vpm.env": false} {
		if p.Served(path) != want {
			t.Errorf("Served(%s) is %v", path, !want)
		}
	}
}

func TestForeignFileAtAnyPermissionsWithAWarning(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	path := filepath.Join(account, ".env")
	text := "APP_KEY=x\nnot a line at all\nDB_HOST=db.example\nDB_PORT=3307\nDB_DATABASE=cms\nDB_USERNAME=cms_user\nDB_PASSWORD='p$#\"'\nDB_CHARSET=utf8mb4\nVPM_LOG_LEVEL=debug\n"
	for perm, warnings := range map[os.FileMode]int{0o644: 1, 0o600: 0} {
		write(t, path, text, perm)
		c := load(t, p)
		if c.DBDriver != MySQL || c.DBHost != "db.example" || c.DBPort != 3307 || c.DBName != "cms" || c.DBUser != "cms_user" || c.DBPassword != `p$#"` || c.LogLevel != "info" {
			t.Errorf("the settings are %+v", c)
		}
		if len(c.Warnings) != warnings || strings.Contains(strings.Join(c.Warnings, ""), `p$#"`) {
			t.Errorf("with %o the warnings are %q; want %d", perm, c.Warnings, warnings)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != perm {
			t.Errorf("another program's file was changed from %o to %v, %v", perm, info.Mode(), err)
		}
	}
	write(t, path, "APP_KEY=x\n", 0o600) // one without a database is none of ours
	if c := load(t, p); c.Configured() || c.File != "" {
		t.Errorf("the settings are %+v", c)
	}
}

func TestSaveKeepsOtherSettings(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	path := filepath.Join(account, "vpm.env")
	write(t, path, "# note\nVPM_LOG_LEVEL=warn\nVPM_DB_NAME=old\nVPM_TRUSTED_ORIGINS='https://a.example'\nVPM_ALERT_SENDMAIL=\n", 0o644)
	c := load(t, p)
	for _, secret := range secrets {
		choice := core.DatabaseChoice{Driver: MySQL, Host: "h", Port: 3307, Socket: "/s", Name: "n", User: "u", Password: secret}
		must(t, c.Save(account+"/data dir", choice))
		for _, got := range []*Config{c, load(t, p)} {
			if got.DBPassword != secret || got.DBDriver != MySQL || got.DBHost != "h" || got.DBPort != 3307 || got.DBSocket != "/s" ||
				got.DBName != "n" || got.DBUser != "u" || got.DataDir != account+"/data dir" || got.LogLevel != "warn" || len(got.TrustedOrigins) != 1 || got.AlertSendmail != "" {
				t.Errorf("%q came back in %+v", secret, got)
			}
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the permissions are %v, %v; want 600", info.Mode(), err)
		}
	}
	must(t, c.Save(account, core.DatabaseChoice{Driver: SQLite}))
	if got := load(t, p); got.DBPassword != "" || got.DBName != "" || got.DBDriver != SQLite {
		t.Errorf("the old choice is left: %+v", got)
	}
}

// TestSaveLeavesTheForeignFileAlone: after a take-over the choice goes into a file of ours, which then wins.
// TestSaveWritesNothingThatVisitorsCouldFetch: not even where no other place is left.
func TestSaveWritesNothingThatVisitorsCouldFetch(t *testing.T) {
	t.Parallel()
	_, p := newPlace(t)
	routing := filepath.Join(p.ProgramDir, ".htaccess")
	own := filepath.Join(p.ProgramDir, "vpm.env")
	c := &Config{Place: p, File: own}
	choice := core.DatabaseChoice{Driver: MySQL, Name: "d", User: "u", Password: "s3cret"}
	err := c.Save("/data", choice)
	if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "visitors could fetch "+own) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Lstat(own); !os.IsNotExist(err) || c.DBName != "" {
		t.Errorf("the file is there: %v, and the settings are %+v", err, c)
	}
	write(t, routing, "Require all denied\n", 0o644)
	must(t, c.Save("/data", choice))
	if c := load(t, p); c.File != own || c.DBPassword != "s3cret" {
		t.Errorf("from %s is read %q", c.File, c.DBName)
	}
}

// TestSettingsThatCannotBeOpened: a file that is no file is not passed over, or a panel would begin anew beside its own.
func TestSettingsThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	file := filepath.Join(account, "vpm.env")
	must(t, os.Symlink(file, file)) // round and round
	wantRefusal(t, p, "", "cannot read the settings in "+file)
}

func TestSaveLeavesTheForeignFileAlone(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	env := filepath.Join(account, ".env")
	const text = "DB_DATABASE=cms\nDB_USERNAME=u\n"
	write(t, env, text, 0o644)
	must(t, load(t, p).Save(account, core.DatabaseChoice{Driver: SQLite}))
	if after, err := os.ReadFile(env); err != nil || string(after) != text {
		t.Errorf(".env is now %q, %v", after, err)
	}
	if c := load(t, p); c.File != filepath.Join(account, "vpm.env") || c.DBDriver != SQLite {
		t.Errorf("the settings are %+v", c)
	}
}
