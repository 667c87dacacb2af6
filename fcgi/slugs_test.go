package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/store"
)

// TestUnitsAhead: after one query no instance of a list costs another, whether it has a process or not.
func TestUnitsAhead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "vpm.sqlite")
	must(t, store.CreateSQLite(ctx, path))
	db, err := store.Open(store.Options{SQLite: path})
	must(t, err)
	_, err = db.Migrate(ctx)
	must(t, err)
	var instances []core.Instance
	for _, id := range []string{"moved", "other", "stays"} {
		in := core.Instance{InstanceID: id, Name: id, CMSType: "wordpress", DatabaseName: id, Status: core.StatusActive}
		must(t, db.CreateInstance(ctx, in, core.Run{VirtualPID: core.VirtualPID(time.Now(), 1)}, core.Event{InstanceID: id, Action: core.ActionCreate}))
		r, err := db.Record(ctx, id)
		must(t, err)
		instances = append(instances, r.Instance)
	}
	must(t, db.AssignSlug(ctx, instances[0], "moved-slug"))
	must(t, db.AssignSlug(ctx, instances[1], "other-slug"))

	ahead, err := unitsAhead(ctx, db)
	must(t, err)
	must(t, db.Close()) // what asks from now on fails
	for i, want := range []string{"moved-slug", "other-slug", ""} {
		if got, err := unitOf(ahead, db, instances[i]); err != nil || got != want {
			t.Errorf("the slug of %s is %q (%v), want %q", instances[i].InstanceID, got, err, want)
		}
	}
	if _, err := unitOf(ctx, db, instances[0]); err == nil {
		t.Error("a closed database gives a slug: the test shows nothing")
	}
}
