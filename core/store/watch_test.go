package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

var (
	healthy, unhealthy = true, false
	channels           = []string{core.AlertWebhook, core.AlertMail}
)

// found is what a tick may find of an instance.
func found(seen time.Time) core.Watch {
	return core.Watch{SeenAt: seen, Failures: 3, Alarms: core.Alarms{Unhealthy: true, Disk: true, Drift: 7},
		Health: core.Health{Healthy: &unhealthy, CheckedAt: seen.Add(-time.Second), Checks: []core.Check{
			{Name: "front page", Result: core.CheckFailed, Reason: "it answers 500 “Größe”", Duration: core.Milliseconds(1500 * time.Microsecond),
				Details: map[string]any{"status": 500.0}},
			{Name: "disk", Result: core.CheckOK},
		}}}
}

func record(t *testing.T, db *DB, id string) core.Record {
	t.Helper()
	r, err := db.Record(t.Context(), id)
	must(t, err)
	return r
}

func instance(t *testing.T, db *DB, id string) core.Instance {
	t.Helper()
	return record(t, db, id).Instance
}

func alert(id string) core.Alert {
	return core.Alert{ID: "alert-" + id, Kind: core.AlertUnhealthy, InstanceID: id, Name: "Größe 😀", URL: "https://a.example/", At: at.UTC(),
		Subject: "It is down", Text: strings.Repeat("What to do.\n", 8000)}
}

func TestWatchIsRemembered(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		in := instance(t, db, "one")
		if w := record(t, db, "one").Watch; !reflect.DeepEqual(w, core.Watch{}) {
			t.Errorf("before any tick the watch is %+v", w)
		}
		until := time.Unix(at.Unix()+3600, 0)
		must(t, db.Mute(t.Context(), in, until))
		want := found(time.UnixMicro(at.UnixMicro()))
		must(t, db.SaveWatch(t.Context(), in, core.Watch{SeenAt: at.AddDate(-1, 0, 0)}, nil, nil, nil))
		must(t, db.SaveWatch(t.Context(), in, want, nil, nil, channels))
		want.MutedUntil = until // which a tick leaves alone
		if got := record(t, db, "one").Watch; !reflect.DeepEqual(got, want) {
			t.Errorf("the watch is\n%+v; want\n%+v", got, want)
		}
		user(t, db, "ann", "admin", "active", nil)
		_, err := db.CreateSession(t.Context(), 1, "key", time.Hour)
		must(t, err)
		_, r, err := db.SessionReading(t.Context(), "one", "key")
		if err != nil || !reflect.DeepEqual(r.Watch, want) {
			t.Errorf("along with the session the watch is\n%+v, %v; want\n%+v", r, err, want)
		}

		h := core.Health{Healthy: &healthy, CheckedAt: time.UnixMicro(at.UnixMicro() + 5)}
		must(t, db.SaveHealth(t.Context(), in, h))
		must(t, db.Mute(t.Context(), in, time.Time{}))
		want.Health, want.MutedUntil = h, time.Time{}
		if got := record(t, db, "one").Watch; !reflect.DeepEqual(got, want) {
			t.Errorf("after another check the watch is\n%+v; want\n%+v", got, want)
		}
		must(t, db.SaveWatch(t.Context(), in, core.Watch{}, nil, nil, nil))
		if got := record(t, db, "one").Watch; !reflect.DeepEqual(got, core.Watch{}) {
			t.Errorf("of nothing it remembers %+v", got)
		}
	})
}

func TestListHasNoChecks(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		in := instance(t, db, "two")
		w := found(time.UnixMicro(at.UnixMicro()))
		must(t, db.SaveWatch(t.Context(), in, w, nil, nil, nil))
		must(t, db.Mute(t.Context(), in, time.Unix(at.Unix(), 0)))
		records, _, err := db.Records(t.Context(), core.Query{Limit: 10})
		must(t, err)
		want := core.Watch{Health: core.Health{Healthy: &unhealthy, CheckedAt: w.Health.CheckedAt}, Failures: 3, MutedUntil: time.Unix(at.Unix(), 0)}
		if !reflect.DeepEqual(records[0].Watch, core.Watch{}) || !reflect.DeepEqual(records[1].Watch, want) {
			t.Errorf("the list has\n%+v\n%+v; want\n%+v", records[0].Watch, records[1].Watch, want)
		}
	})
}

// TestUnseenComeFirst in the order in which they were seen, those that never were before all.
func TestUnseenComeFirst(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := seeded(t, o)
		for id, minutes := range map[string]int{"alpha": 10, "beta": 30, "delta": 20} {
			must(t, db.SaveWatch(t.Context(), instance(t, db, id), found(at.Add(-time.Duration(minutes)*time.Minute)), nil, nil, nil))
		}
		must(t, db.SaveHealth(t.Context(), instance(t, db, "gamma"), core.Health{})) // gives it a row and is no tick
		for _, c := range []struct {
			before time.Duration
			limit  int
			want   string
			lasts  time.Duration // zero: an hour
		}{
			{0, 10, "gamma beta delta alpha", 0}, {0, 2, "gamma beta", 0}, {-10 * time.Minute, 10, "gamma beta delta", 0},
			{-30 * time.Minute, 10, "gamma", 0}, {0, 0, "", 0},
			{-24 * time.Hour, 10, "gamma beta delta alpha", 0},                 // the clock was set back
			{-15 * time.Minute, 10, "gamma beta delta alpha", 4 * time.Minute}, // by little
		} {
			records, err := db.Unseen(t.Context(), at.Add(c.before), at.Add(c.before+cmp.Or(c.lasts, time.Hour)), c.limit)
			must(t, err)
			var ids []string
			for _, r := range records {
				ids = append(ids, r.Instance.InstanceID)
			}
			if got := strings.Join(ids, " "); got != c.want {
				t.Errorf("unseen since %s are %q; want %q", c.before, got, c.want)
			}
		}
		records, err := db.Unseen(t.Context(), at, at.Add(time.Hour), 2)
		if err != nil || !reflect.DeepEqual(records[1].Watch, record(t, db, "beta").Watch) || records[1].Watch.Alarms.Drift != 7 {
			t.Errorf("the watch is %+v, %v", records, err)
		}
	})
}

// ownRows counts the rows of an instance in each of our tables.
func ownRows(t *testing.T, db *DB, in core.Instance) string {
	t.Helper()
	var counts []string
	for _, table := range []string{"vpm_gates", "vpm_usage", "vpm_watch", "vpm_samples", "vpm_walks", "vpm_deliveries"} {
		counts = append(counts, value(t, db, `SELECT COUNT(*) FROM `+table+` WHERE instance_row = ?`, in.ID))
	}
	return strings.Join(counts, " ")
}

// fillInstance gives an instance rows in every table.
func fillInstance(ctx context.Context, db *DB, in core.Instance) error {
	return errors.Join(db.SaveUsage(ctx, in.InstanceID, core.Usage{MeasuredAt: at}),
		db.SaveWatch(ctx, in, found(at), &core.Sample{At: at, Ticks: 1}, []core.Alert{alert(in.InstanceID)}, channels),
		db.SaveHealth(ctx, in, core.Health{}), db.SaveWalk(ctx, in, []byte("here")))
}

func TestForgottenInstanceLeavesNoRow(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		one, two := instance(t, db, "one"), instance(t, db, "two")
		must(t, fillInstance(t.Context(), db, one))
		must(t, fillInstance(t.Context(), db, two))
		if got := ownRows(t, db, one); got != "1 1 1 1 1 2" {
			t.Errorf("there are %s rows", got)
		}
		must(t, db.ChangeInstance(t.Context(), "one", forget))
		must(t, fillInstance(t.Context(), db, one)) // by a tick that had read it before
		wantCode(t, db.Mute(t.Context(), one, at), core.CodeNotFound)
		if got := ownRows(t, db, one) + ", " + ownRows(t, db, two); got != "0 0 0 0 0 0, 1 1 1 1 1 2" {
			t.Errorf("there are %s rows; want none of the first instance", got)
		}
	})
}

// TestForgottenAmidATick lets ticks and changes of several instances meet: none has rows without its instance, and
// none waits for another in a circle.
func TestForgottenAmidATick(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		const n = 6
		db := ready(t, o)
		ended := make(chan error)
		var all []core.Instance
		for i := range n {
			id := fmt.Sprint("site-", i)
			create(t, db, id)
			all = append(all, instance(t, db, id))
		}
		for _, in := range all {
			ticks, people := open(t, o), open(t, o)
			go func() { ended <- fillInstance(t.Context(), ticks, in) }()
			go func() { ended <- people.ChangeInstance(t.Context(), in.InstanceID, forget) }()
		}
		for range 2 * n {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		for _, in := range all {
			if got := ownRows(t, db, in); got != "0 0 0 0 0 0" {
				t.Errorf("of a forgotten instance there are %s rows", got)
			}
		}
	})
}

// TestFirstTicksAtOnce has many instances get their first rows together, whose locks overlap in MySQL.
func TestFirstTicksAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		const n = 8
		db := ready(t, o)
		ended := make(chan error)
		for i := range n {
			create(t, db, fmt.Sprint("site-", i))
		}
		for i := range n {
			in := instance(t, db, fmt.Sprint("site-", i))
			for range 2 { // and twice the same
				own := open(t, o)
				go func() { ended <- fillInstance(t.Context(), own, in) }()
			}
		}
		for range 2 * n {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		wantValue(t, db, fmt.Sprint(n), `SELECT COUNT(*) FROM vpm_watch WHERE failures = 3`)
		wantValue(t, db, fmt.Sprint(n), `SELECT COUNT(*) FROM vpm_samples`)
		wantValue(t, db, fmt.Sprint(4*n), `SELECT COUNT(*) FROM vpm_deliveries`)
	})
}

func TestWalkGoesOn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		in := instance(t, db, "one")
		long := []byte(strings.Repeat("\x00\xff'\\", 16<<10))
		for _, position := range [][]byte{nil, []byte("a"), long, nil} {
			must(t, db.SaveWalk(t.Context(), in, position))
			got, err := db.Walk(t.Context(), in)
			if err != nil || !reflect.DeepEqual(got, position) {
				t.Errorf("the walk goes on at %d bytes, %v; want %d", len(got), err, len(position))
			}
		}
		wantCode(t, db.SaveWalk(t.Context(), in, append(long, 0)), core.CodeInvalid)
		for age, want := range map[time.Duration]string{positionKept - time.Minute: "a", positionKept + time.Minute: ""} {
			must(t, db.SaveWalk(t.Context(), in, []byte("a")))
			_, err := db.exec(t.Context(), `UPDATE vpm_walks SET updated_at = updated_at - ?`, age.Microseconds())
			must(t, err)
			if got, err := db.Walk(t.Context(), in); err != nil || string(got) != want {
				t.Errorf("after %v the walk goes on at %q, %v; want %q", age, got, err, want)
			}
		}
	})
}
