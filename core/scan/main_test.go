package scan

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/cms"
	"vpm/core/store"
	"vpm/core/virtual"
)

var by = core.Actor{UserID: 1, Name: "ann", Address: "192.0.2.1"}

const host = "a.example:8080"

// account is a home directory with sites, and a Finder that knows of their configurations what the test says.
type account struct {
	*Finder
	t       *testing.T
	home    string
	details map[string]Details // by directory below the home
	mayNot  bool               // change what is registered
}

func newAccount(t *testing.T) *account {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	path := filepath.Join(t.TempDir(), "vpm.sqlite")
	must(t, store.CreateSQLite(t.Context(), path))
	db, err := store.Open(store.Options{SQLite: path})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Migrate(t.Context())
	must(t, err)
	a := &account{t: t, home: home, details: map[string]Details{}}
	base := filepath.Join(home, "instances")
	rt := &virtual.Runtime{Now: time.Now, Base: base, Allowed: []string{home}, Instances: func(context.Context) ([]core.Instance, error) { return nil, nil }}
	a.Finder = &Finder{
		Manager:  &core.Manager{Store: db, Watch: db, Runtime: rt, Base: base, Now: time.Now},
		Roots:    []string{base, home},
		Docroot:  filepath.Join(home, "public_html"),
		Find:     func(ctx context.Context, root string) ([]string, bool) { return virtual.FindSites(ctx, root, 10_000) },
		Identify: cms.Identify,
		Details: func(_ context.Context, dir string, _ core.CMS) Details {
			below, err := filepath.Rel(home, dir)
			if err != nil {
				t.Error(err)
			}
			return a.details[below]
		},
	}
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code core.Code) {
	t.Helper()
	if core.CodeOf(err) != code {
		t.Errorf("the error is %v; want one of code %q", err, code)
	}
}

// wordPress puts one into a directory below the home.
func (a *account) wordPress(below string) (dir string) {
	a.t.Helper()
	return a.files(below, map[string]string{"wp-config.php": "<?php", "wp-load.php": "<?php", "wp-includes/version.php": "<?php $wp_version = '6.4.2';"})
}

func (a *account) files(below string, files map[string]string) (dir string) {
	a.t.Helper()
	dir = filepath.Join(a.home, below)
	for name, text := range files {
		must(a.t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(a.t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

// register makes an instance of what lies in a directory.
func (a *account) register(id string, n core.NewInstance) {
	a.t.Helper()
	n.InstanceID, n.Name, n.CMSType = id, "Site", "wordpress"
	if n.DatabaseName == "" {
		n.DatabaseName = "-"
	}
	_, err := a.Manager.Create(a.t.Context(), by, n)
	must(a.t, err)
}

// scan gives what is found by the directory below the home.
func (a *account) scan() map[string]core.FoundSite {
	a.t.Helper()
	found, err := a.Scan(a.t.Context(), host)
	must(a.t, err)
	if !found.Complete {
		a.t.Error("the search was cut off")
	}
	sites := map[string]core.FoundSite{}
	for _, s := range found.Sites {
		below, err := filepath.Rel(a.home, s.Dir)
		must(a.t, err)
		if _, twice := sites[below]; twice {
			a.t.Errorf("%s is found twice", below)
		}
		sites[below] = s
	}
	return sites
}

// adopt registers directories below the home.
func (a *account) adopt(list ...Adoption) []Adopted {
	a.t.Helper()
	for i := range list {
		list[i].MayRepair = !a.mayNot
		if !filepath.IsAbs(list[i].Dir) {
			list[i].Dir = filepath.Join(a.home, list[i].Dir)
		}
	}
	out, err := a.Adopt(a.t.Context(), by, host, list)
	must(a.t, err)
	if len(out) != len(list) {
		a.t.Fatalf("of %d there are %d answers", len(list), len(out))
	}
	return out
}

func (a *account) instance(id string) core.Instance {
	a.t.Helper()
	r, err := a.Manager.Record(a.t.Context(), id)
	must(a.t, err)
	return r.Instance
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
