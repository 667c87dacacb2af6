package move

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/provision"
	"vpm/core/store"
	"vpm/core/systemd"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newMover has a database, and no systemd.
func newMover(t *testing.T, ids ...string) (*Mover, *store.DB) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "vpm.sqlite")
	must(t, os.WriteFile(file, nil, 0o600))
	db, err := store.Open(store.Options{SQLite: file})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Migrate(t.Context())
	must(t, err)
	for _, id := range ids {
		in := core.Instance{InstanceID: id, Name: id, CMSType: "wordpress", Status: core.StatusActive}
		must(t, db.CreateInstance(t.Context(), in, core.Run{VirtualPID: "vpid_" + id, Status: core.RunRunning}, core.Event{At: time.Now(), Action: core.ActionCreate, Result: core.ResultOK}))
	}
	paths := provision.Paths{Results: dir, Requests: dir}
	return &Mover{Manager: &core.Manager{Store: db, Now: time.Now, Base: dir}, Units: db, Client: provision.Client{Paths: paths, Units: systemd.NewUnits("unix:path=" + dir + "/none")}}, db
}

// TestNamesOfTheirOwn: a slug names a user and his files, so no two instances get one, whatever their ids have in common.
func TestNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	m, db := newMover(t, "my-shop", "myshop", "my_shop")
	slugOf := func(id string) (string, core.Instance) {
		t.Helper()
		r, err := m.Manager.Record(t.Context(), id)
		must(t, err)
		slug, moved, err := m.slug(t.Context(), r.Instance)
		if err != nil || moved {
			t.Fatalf("%s: moved %t, %v", id, moved, err)
		}
		return slug, r.Instance
	}
	first, in := slugOf("my-shop")
	must(t, db.AssignSlug(t.Context(), in, first))
	second, _ := slugOf("myshop")
	if first != "myshop" || second == first {
		t.Errorf("the names are %s and %s", first, second)
	}
	// What was provisioned for one that is not registered any more is nobody else's.
	must(t, os.WriteFile(filepath.Join(m.Manager.Base, second+".json"), []byte(`{"instance": "of old"}`), 0o600))
	if third, _ := slugOf("my_shop"); third == first || third == second {
		t.Errorf("the third is %s, after %s and %s", third, first, second)
	}
}

// TestWhatDoesNotGoTogether is refused before root is asked.
func TestWhatDoesNotGoTogether(t *testing.T) {
	t.Parallel()
	m, db := newMover(t, "here", "moved")
	r, err := m.Manager.Record(t.Context(), "moved")
	must(t, err)
	must(t, db.AssignSlug(t.Context(), r.Instance, "moved"))
	by := core.Actor{Name: "ann"}
	for says, do := range map[string]func() error{
		"has no process of its own": func() error { _, err := m.Finish(t.Context(), by, "here"); return err },
		"it is finished":            func() error { _, err := m.Undo(t.Context(), by, "moved"); return err },
		"undo the move first":       func() error { _, err := m.Remove(t.Context(), by, "moved"); return err },
	} {
		if err := do(); core.CodeOf(err) != core.CodeConflict || !strings.Contains(core.Sentence(err), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(m.Manager.Base, "*.json")); err != nil || len(left) > 0 {
		t.Errorf("root is asked: %v, %v", left, err)
	}
}

// TestUploadsRunNoPHP: the directories that the CMSs let people upload to, where there are such.
func TestUploadsRunNoPHP(t *testing.T) {
	t.Parallel()
	m := &Mover{Shared: func(host string) bool { return host == "shop.example" }}
	from := t.TempDir()
	for _, dir := range []string{"wp-content/uploads", "sites/default/files"} {
		must(t, os.MkdirAll(filepath.Join(from, dir), 0o755))
	}
	must(t, os.WriteFile(filepath.Join(from, "images"), nil, 0o600))
	in := core.Instance{InstanceID: "shop", Config: new(`{"url": "http://shop.example/blog/"}`)}
	q := m.request(in, from)
	if !slices.Equal(q.Uploads, []string{"wp-content/uploads", "sites/default/files"}) || q.CopyFrom != from {
		t.Errorf("uploads are %v, of a copy of %s", q.Uploads, q.CopyFrom)
	}
	if !q.Serve || q.Path != "/blog" || q.Host != "" {
		t.Errorf("served is %+v", q)
	}
	in.Config = new(`{"url": "http://other.example"}`)
	if q = m.request(in, ""); q.Host != "other.example" || q.Path != "/" || len(q.Uploads) > 0 {
		t.Errorf("at a host of its own: %+v", q)
	}
}

// TestCopyThatIsFresh is gone on with; one that visitors' changes are missing from is made anew.
func TestCopyThatIsFresh(t *testing.T) {
	t.Parallel()
	m, _ := newMover(t, "shop")
	now := time.Now()
	m.Manager.Now = func() time.Time { return now }
	for name, c := range map[string]struct {
		state, operation string
		age              time.Duration
		fresh            bool
	}{
		"fresh": {"done", "provision", copyGoodFor - time.Second, true}, "old": {"done", "provision", copyGoodFor, false}, "under way": {"running", "provision", time.Hour, true},
		"failed": {"failed", "provision", time.Second, false}, "undone": {"done", "undo", time.Second, false}, "taken away": {"done", "deprovision", time.Hour, true},
	} {
		must(t, os.WriteFile(filepath.Join(m.Manager.Base, "shop.json"), []byte(`{"instance": "shop", "state": "`+c.state+`", "operation": "`+c.operation+`", "ended_at": "`+
			now.Add(-c.age).Format(time.RFC3339Nano)+`"}`), 0o600))
		// Removing it fails without systemd.
		if err := m.clear(t.Context(), core.Actor{}, "shop", "shop"); (err == nil) != c.fresh {
			t.Errorf("%s: %v", name, err)
		}
	}
}
