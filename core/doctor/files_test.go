package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/store"
)

// account is a home with an upload in it, as somebody else than root has it.
type account struct{ home, docroot, api, program, data, settings string }

const customer = 12345

func newAccount(t *testing.T) account {
	t.Helper()
	home := t.TempDir()
	docroot := filepath.Join(home, "public_html")
	api := filepath.Join(docroot, "api")
	a := account{home, docroot, api, filepath.Join(api, "vpm.cgi"), filepath.Join(home, "vpm-data"), filepath.Join(home, "vpm.env")}
	must(t, errors.Join(os.MkdirAll(api, 0o755), os.Mkdir(a.data, 0o700),
		os.WriteFile(a.program, []byte("#!/bin/true\n"), 0o755),
		os.WriteFile(a.settings, []byte("VPM_DB_DRIVER=sqlite\nVPM_DATA_DIR="+a.data+"\n"), 0o600)))
	return a
}

func (a account) place() config.Place {
	return config.Place{ProgramDir: a.api, Docroot: a.docroot, WebRoot: a.docroot}
}

func (a account) panel(t *testing.T) *Panel {
	t.Helper()
	c, err := config.Load(a.place())
	must(t, err)
	return &Panel{Config: c, Now: time.Now}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFiles: what was uploaded, the settings and the data, and what may be wrong with each.
func TestFiles(t *testing.T) {
	t.Parallel()
	program := func(p *Panel) Finding { return p.program(context.Background()) }
	settings := func(p *Panel) Finding { return p.settings(context.Background()) }
	data := func(p *Panel) Finding { return p.dataDirectory(context.Background()) }
	for name, c := range map[string]struct {
		harm  func(a account, p *Panel) error
		check func(*Panel) Finding
		want  core.CheckResult
		says  string
	}{
		"the program":          {nil, program, core.CheckOK, "vpm.cgi may be run"},
		"the settings":         {nil, settings, core.CheckOK, "every setting in "},
		"the data":             {nil, data, core.CheckOK, "can be written"},
		"no program":           {func(a account, _ *Panel) error { return os.Remove(a.program) }, program, core.CheckFailed, "is missing"},
		"a directory":          {func(a account, _ *Panel) error { return errors.Join(os.Remove(a.program), os.Mkdir(a.program, 0o755)) }, program, core.CheckFailed, "is not a file"},
		"not to be run":        {func(a account, _ *Panel) error { return os.Chmod(a.program, 0o644) }, program, core.CheckFailed, "cannot be run (0644)"},
		"written by a group":   {func(a account, _ *Panel) error { return os.Chmod(a.program, 0o775) }, program, core.CheckWarning, "vpm.cgi (0775)"},
		"in an open directory": {func(a account, _ *Panel) error { return os.Chmod(a.api, 0o757) }, program, core.CheckWarning, "api (0757)"},
		"another's program":    {func(a account, _ *Panel) error { return os.Chown(a.program, customer, -1) }, program, core.CheckWarning, "belongs to the user 12345 and its directory to 0"},
		"read by others":       {func(a account, _ *Panel) error { return os.Chmod(a.settings, 0o640) }, settings, core.CheckWarning, "others may read"},
		"no settings":          {func(a account, _ *Panel) error { return os.Remove(a.settings) }, settings, core.CheckFailed, "cannot be found any more"},
		"the environment":      {func(_ account, p *Panel) error { p.Config.File = ""; return nil }, settings, core.CheckOK, "from the environment"},
		"another's data":       {func(a account, _ *Panel) error { return os.Chown(a.data, customer, -1) }, data, core.CheckFailed, "belongs to the user 12345"},
		"no data":              {func(a account, _ *Panel) error { return os.Remove(a.data) }, data, core.CheckFailed, "is missing"},
		"nowhere":              {func(_ account, p *Panel) error { p.Config.DataDir = ""; return nil }, data, core.CheckSkipped, "no data directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t)
			p := a.panel(t)
			if c.harm != nil {
				must(t, c.harm(a, p))
			}
			f := c.check(p)
			if f.Result != c.want || !strings.Contains(f.Reason, c.says) || (f.Fix == "") != (c.want == core.CheckOK || c.want == core.CheckSkipped) {
				t.Errorf("%+v; want %s and %q", f, c.want, c.says)
			}
		})
	}
}

// TestForeignSettings: those of another program are warned of, and not found fault with for more.
func TestForeignSettings(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	must(t, errors.Join(os.Remove(a.settings), os.WriteFile(filepath.Join(a.home, ".env"), []byte("DB_DATABASE=shop\nDB_USERNAME=shop\nDB_PASSWORD=secret\n"), 0o644)))
	if f := a.panel(t).settings(t.Context()); f.Result != core.CheckWarning || !strings.Contains(f.Reason, "other users may read it") || strings.Contains(f.Reason, "secret") {
		t.Errorf("%+v", f)
	}
}

// TestCutShort: a check that could not look at all of it does not say that all is well.
func TestCutShort(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	p := a.panel(t)
	p.records = []core.Record{{Instance: core.Instance{InstanceID: "shop"}}}
	left := filepath.Join(a.data, ".vpm.env.vpm-tmp-1")
	must(t, os.WriteFile(left, nil, 0o600))
	old := time.Now().Add(-2 * forgotten)
	must(t, os.Chtimes(left, old, old))
	if f := p.leftovers(t.Context()); f.Result != core.CheckWarning || !strings.Contains(f.Reason, left) {
		t.Errorf("%+v", f)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, check := range map[string]func(context.Context) Finding{"leftovers": p.leftovers, "instances": p.instances} {
		if f := check(ended); f.Result != core.CheckUnknown || !strings.Contains(f.Reason, "took too long") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestSpace: the disk with the least room counts, and one that is not there does not.
func TestSpace(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	if f := Space("", none); f.Result != core.CheckUnknown {
		t.Errorf("of no disk: %+v", f)
	}
	var st syscall.Statfs_t
	must(t, syscall.Statfs("/proc", &st))
	if st.Bavail != 0 {
		t.Fatalf("/proc has room for %d blocks", st.Bavail)
	}
	if f := Space(none, t.TempDir(), "/proc"); f.Result != core.CheckFailed || !strings.Contains(f.Reason, "/proc has 0 MB") {
		t.Errorf("of a disk without room: %+v", f)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]string{90 * time.Second: "90 s ahead of this machine's", -time.Hour: "3600 s behind this machine's"} {
		if got := apart(ahead); got != want {
			t.Errorf("%s is %q; want %q", ahead, got, want)
		}
	}
	for list, want := range map[string]string{"a": "a", "a b c d e": "a, b, c, d, e", "a b c d e f g": "a, b, c, d, e and 2 more"} {
		if got := some(strings.Fields(list)); got != want {
			t.Errorf("%q is %q; want %q", list, got, want)
		}
	}
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vpm.sqlite")
	must(t, store.CreateSQLite(t.Context(), path))
	db, err := store.Open(store.Options{SQLite: path})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Migrate(t.Context())
	must(t, err)
	p := &Panel{DB: db, Channels: []string{"mail", "webhook"}}
	if f := p.alerts(t.Context()); f.Result != core.CheckOK || f.Reason != "alerts go out by mail and webhook" {
		t.Errorf("%+v", f)
	}
}
