package store

import (
	"context"
	"testing"
	"time"

	"vpm/core"
)

func TestSeenIsNotedOfEach(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		for _, id := range []string{"one", "two", "other"} {
			create(t, db, id)
		}
		must(t, db.Mute(t.Context(), instance(t, db, "two"), at)) // which its row keeps
		one, two := record(t, db, "one"), record(t, db, "two")
		must(t, db.Seen(t.Context(), nil, at))
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_watch`)
		gone := core.Record{Instance: core.Instance{ID: 999}}
		for _, moment := range []time.Time{at, at.Add(time.Minute)} {
			must(t, db.Seen(t.Context(), []core.Record{one, gone, two, one}, moment))
			for _, id := range []string{"one", "two"} {
				if w := record(t, db, id).Watch; w.SeenAt.UnixMicro() != moment.UnixMicro() || w.MutedUntil.IsZero() != (id == "one") {
					t.Errorf("the watch of %s is %+v", id, w)
				}
			}
		}
		wantValue(t, db, "2", `SELECT COUNT(*) FROM vpm_watch`)
		must(t, db.Seen(t.Context(), []core.Record{one}, time.Time{})) // given back to the next tick, as never seen
		unseen, err := db.Unseen(t.Context(), at, at.Add(time.Hour), 5)
		if err != nil || len(unseen) != 2 || unseen[0].Instance.InstanceID != "one" || unseen[1].Instance.InstanceID != "other" {
			t.Errorf("unseen are %+v, %v", unseen, err)
		}
	})
}

// TestSeenWhileAnInstanceIsForgotten leaves no row of one that is not there.
func TestSeenWhileAnInstanceIsForgotten(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		records := []core.Record{record(t, db, "one"), record(t, db, "two")}
		other := open(t, o)
		release := held(t, func(inside func()) error {
			return other.ChangeInstance(context.Background(), "one", func(r core.Record) (core.Change, error) {
				inside()
				return forget(r)
			})
		})
		noted := make(chan error, 1)
		go func() { noted <- db.Seen(t.Context(), records, at) }()
		for o.SQLite == "" && waiting(t, o)+len(noted) == 0 { // the test's own limit ends it
			time.Sleep(time.Millisecond)
		}
		release()
		must(t, <-noted)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_watch`)
		if w := record(t, db, "two").Watch; w.SeenAt.UnixMicro() != at.UnixMicro() {
			t.Errorf("of the other one is noted %+v", w)
		}
	})
}
