package move

import (
	"context"
	"encoding/json"
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
	"vpm/core/virtual"
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
	paths := provision.Paths{Results: dir, Requests: dir, Sites: filepath.Join(dir, "srv")}
	rt := &virtual.Runtime{Now: time.Now, Base: dir, Allowed: []string{dir}, Instances: func(context.Context) ([]core.Instance, error) { return nil, nil }}
	return &Mover{Manager: &core.Manager{Store: db, Runtime: rt, Now: time.Now, Base: dir}, Units: db, Client: provision.Client{Paths: paths, Units: systemd.NewUnits("unix:path=" + dir + "/none")}}, db
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
	copied := filepath.Join(m.Client.Paths.Sites, "moved", provision.Docroot)
	must(t, os.MkdirAll(copied, 0o755))
	must(t, m.settle(t.Context(), by, "moved", core.InstanceUpdate{Path: &copied}))
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

// cutOff has an instance whose original and copy are there, and gives their document roots.
func cutOff(t *testing.T) (m *Mover, db *store.DB, original, copied string) {
	t.Helper()
	m, db = newMover(t, "shop")
	original, copied = filepath.Join(m.Manager.Base, "shop"), filepath.Join(m.Client.Paths.Sites, "shop", provision.Docroot)
	must(t, os.MkdirAll(original, 0o755))
	must(t, os.MkdirAll(copied, 0o755))
	return m, db, original, copied
}

func record(t *testing.T, m *Mover) core.Record {
	t.Helper()
	r, err := m.Manager.Record(t.Context(), "shop")
	must(t, err)
	return r
}

// TestMoveCutOffAfterItsName: the instance has its slug, and where it is now was not stored. What the next move asks for is
// still a copy of the original, with what visitors have changed there, and there is a way back.
func TestMoveCutOffAfterItsName(t *testing.T) {
	t.Parallel()
	m, db, original, copied := cutOff(t)
	must(t, db.AssignSlug(t.Context(), record(t, m).Instance, "shop"))
	if _, err := m.Move(t.Context(), core.Actor{Name: "ann"}, "shop"); err == nil { // without systemd
		t.Fatal("it is moved")
	}
	text, err := os.ReadFile(filepath.Join(m.Client.Paths.Requests, "shop.json"))
	must(t, err)
	var q provision.Request
	must(t, json.Unmarshal(text, &q))
	if q.CopyFrom != original || q.Serve { // visitors are not sent to what is not stored
		t.Errorf("asked is %+v", q)
	}
	in := record(t, m).Instance
	if from, home, unstored := m.origin(in, "shop", true); from != original || home != "" || !unstored {
		t.Errorf("the original is %q, %q, %t", from, home, unstored)
	}
	must(t, m.settle(t.Context(), core.Actor{}, "shop", core.InstanceUpdate{Path: &copied})) // as a finished one is
	if from, _, unstored := m.origin(record(t, m).Instance, "shop", true); from != "" || unstored {
		t.Errorf("of a finished one the original is %q, %t", from, unstored)
	}
}

// TestUndoCutOff: the process is gone, and that the instance is where it was is not stored. Whatever is asked for next
// completes it.
func TestUndoCutOff(t *testing.T) {
	t.Parallel()
	by := core.Actor{Name: "ann"}
	for name, next := range map[string]func(*Mover) (provision.Result, error){
		"undo":   func(m *Mover) (provision.Result, error) { return m.Undo(t.Context(), by, "shop") },
		"move":   func(m *Mover) (provision.Result, error) { return m.Move(t.Context(), by, "shop") },
		"remove": func(m *Mover) (provision.Result, error) { return m.Remove(t.Context(), by, "shop") },
	} {
		m, _, original, copied := cutOff(t)
		must(t, m.settle(t.Context(), by, "shop", core.InstanceUpdate{Path: &copied, MovedFrom: &original}))
		must(t, os.WriteFile(filepath.Join(m.Client.Paths.Results, "shop.json"), []byte(`{"instance": "shop", "state": "running", "operation": "undo"}`), 0o600))
		if _, err := next(m); (err == nil) != (name == "undo") { // the others need systemd
			t.Errorf("%s: %v", name, err)
		}
		if in := record(t, m).Instance; in.Docroot(m.Manager.Base) != original || in.MovedFrom() != "" {
			t.Errorf("%s: the instance is in %s, moved from %q", name, in.Docroot(m.Manager.Base), in.MovedFrom())
		}
	}
}

// overtaken has another request give the instance its slug while this one looks for a free one.
type overtaken struct {
	*store.DB
	in core.Instance
}

func (o overtaken) Slugs(ctx context.Context) (map[int64]string, error) {
	if err := o.DB.AssignSlug(ctx, o.in, "shop"); err != nil {
		return nil, err
	}
	return o.DB.Slugs(ctx)
}

// TestMoveOfAnotherRequestStays: of two that move an instance at once, the one that fails takes nothing of the other's away.
func TestMoveOfAnotherRequestStays(t *testing.T) {
	t.Parallel()
	m, db, _, _ := cutOff(t)
	m.Units = overtaken{db, record(t, m).Instance}
	if _, err := m.Move(t.Context(), core.Actor{Name: "ann"}, "shop"); err == nil { // without systemd
		t.Fatal("it is moved")
	}
	if slug, _, err := db.Unit(t.Context(), record(t, m).Instance); err != nil || slug != "shop" {
		t.Errorf("the slug is %q, %v", slug, err)
	}
}
