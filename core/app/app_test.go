package app

import (
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"vpm/core"
	"vpm/core/autoinstall"
	"vpm/core/config"
	"vpm/core/httpapi"
	"vpm/core/store"
	"vpm/core/virtual"
)

// TestBrokenTellsTheReason: of settings that cannot be used every door says why, and none opens.
func TestBrokenTellsTheReason(t *testing.T) {
	t.Parallel()
	a := broken(&config.Config{}, zerolog.New(io.Discard), core.Errorf(core.CodeUnavailable, "cannot use the setting VPM_MODE"))
	for _, c := range []struct{ method, name, body string }{
		{"GET", "setup", ""}, {"POST", "setup", `{"code":"x","username":"root","password":"correct horse"}`}, {"POST", "setup", `{"try":true,"code":"x"}`},
		{"GET", "reset", ""}, {"POST", "reset", `{"code":"x","username":"root","password":"correct horse"}`},
		{"GET", "instances/list", ""}, {"POST", "auth/login", `{"username":"root","password":"x"}`},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, "/api/"+c.name+".php", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Auth-Token", "x")
		a.API.ServeHTTP(w, r)
		if w.Code != 503 || !strings.Contains(w.Body.String(), "VPM_MODE") {
			t.Errorf("%s %s: %d %s", c.method, c.name, w.Code, w.Body)
		}
	}
	if _, err := a.Tick(t.Context()); core.CodeOf(err) != core.CodeUnavailable { // the timer's log is to say it too
		t.Errorf("the tick says %v", err)
	}
}

// TestDatabaseOfTheServer: an upload of which the server has taken over the database says so, and not that its own is lost.
func TestDatabaseOfTheServer(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{autoinstall.ServerData: "cannot reach vpm's server", filepath.Join(t.TempDir(), "data"): "cannot find the database"} {
		a, err := New(&config.Config{DBDriver: config.SQLite, DataDir: dir}, zerolog.New(io.Discard), 1)
		must(t, err)
		for _, name := range []string{"setup", "instances/list"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/api/"+name+".php", nil)
			r.Header.Set("X-Auth-Token", "x")
			a.API.ServeHTTP(w, r)
			if w.Code != 503 || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s of %s: %d %s", name, dir, w.Code, w.Body)
			}
		}
	}
}

// TestSettingsThatChangeBeforeTheDatabaseIsOpened, as while a request is slow to arrive: an installation may have moved the
// database since, and what is stored in the old one nobody finds again.
func TestSettingsThatChangeBeforeTheDatabaseIsOpened(t *testing.T) {
	t.Parallel()
	account, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	place := config.Place{WebRoot: account + "/public_html", Docroot: account + "/public_html", ProgramDir: account + "/public_html/api"}
	must(t, os.MkdirAll(place.ProgramDir, 0o755))
	save := func() {
		t.Helper()
		must(t, (&config.Config{Place: place}).Save(account, core.DatabaseChoice{Driver: config.SQLite}))
	}
	save()
	file := filepath.Join(account, "vpm.sqlite")
	must(t, store.CreateSQLite(t.Context(), file))
	db, err := store.Open(store.Options{SQLite: file})
	must(t, err)
	defer db.Close()
	_, err = db.Migrate(t.Context())
	must(t, err)
	ask := func(a *App) (int, string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/api/instances/list.php", nil)
		r.Header.Set("X-Auth-Token", "x")
		a.API.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	slow, soon := load(place, io.Discard, 1), load(place, io.Discard, 1)
	if status, said := ask(soon); status != 401 {
		t.Errorf("before: %d %s", status, said)
	}
	save()
	if status, said := ask(slow); status != 503 || !strings.Contains(said, "settings have changed") {
		t.Errorf("of one that had not opened the database: %d %s", status, said)
	}
	if status, said := ask(soon); status != 401 { // whoever moves the database waits for it
		t.Errorf("of one that has it open: %d %s", status, said)
	}
	if status, said := ask(load(place, io.Discard, 1)); status != 401 {
		t.Errorf("of the next: %d %s", status, said)
	}
}

// TestTickBeforeSetUp: the timer of a new server has nothing to do and nothing to complain of.
func TestTickBeforeSetUp(t *testing.T) {
	t.Parallel()
	a, err := New(&config.Config{}, zerolog.New(io.Discard), 1)
	must(t, err)
	if report, err := a.Tick(t.Context()); err != nil || report.Ran || report.Seen != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestDatabaseOfASiteThatIsNoMySQL is not looked into: which file it is would be the site's word.
func TestDatabaseOfASiteThatIsNoMySQL(t *testing.T) {
	t.Parallel()
	base, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	path := filepath.Join(base, "one", "configuration.php")
	must(t, os.Mkdir(filepath.Dir(path), 0o755))
	s := &sites{config: &config.Config{InstancesDir: base}, rt: &virtual.Runtime{Base: base, Allowed: []string{base}}}
	in := core.Instance{InstanceID: "one", CMSType: "joomla"}
	for driver, want := range map[string]core.Code{"mysqli": "", "pgsql": core.CodeNotFound} {
		must(t, os.WriteFile(path, []byte("<?php class JConfig { public $dbtype = '"+driver+"'; public $host = 'localhost'; public $db = 'd'; public $user = 'u'; public $password = 'p'; public $dbprefix = 'x_'; }"), 0o600))
		if login, err := s.login(in); core.CodeOf(err) != want || (login.Name == "d") != (want == "") {
			t.Errorf("%s: %v", driver, err)
		}
	}
	s.rt.Allowed = nil
	if _, err := s.login(in); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("of a site that is none of ours: %v", err)
	}
}

// TestDatabaseOfANewSite: a host is localhost unless people say otherwise, and the panel's own login is never taken.
func TestDatabaseOfANewSite(t *testing.T) {
	t.Parallel()
	n := core.NewInstance{CMSType: "wordpress", DatabaseName: "wp"}
	for asked, want := range map[string]string{"": "localhost", "db.example:3307": "db.example:3307"} {
		d, err := database(n, httpapi.Layout{DatabaseUser: "u", DatabasePassword: "p", DatabaseHost: asked})
		if err != nil || d.Host != want || d.Prefix != "wp_" || d.User != "u" {
			t.Errorf("%q: %+v, %v", asked, d, err)
		}
	}
	if d, err := database(n, httpapi.Layout{}); d != nil || err != nil {
		t.Errorf("of nobody: %+v, %v", d, err)
	}
	if _, err := database(n, httpapi.Layout{DatabaseHost: "db.example"}); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("of a host alone: %v", err)
	}
}
