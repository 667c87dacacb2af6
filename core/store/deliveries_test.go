package store

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

func TestDeliveriesWaitForTheirTime(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		for _, id := range []string{"two", "one"} {
			must(t, db.SaveWatch(t.Context(), instance(t, db, id), found(at), nil, []core.Alert{alert(id), alert(id + "-again")}, channels))
		}
		due := func(now time.Time, limit int) (list []core.Delivery, told string) {
			t.Helper()
			list, err := db.Deliveries(t.Context(), now, limit)
			must(t, err)
			var words []string
			for _, d := range list {
				words = append(words, fmt.Sprintf("%s:%s:%d", d.Channel, strings.TrimPrefix(d.Alert.ID, "alert-"), d.Attempts))
			}
			return list, strings.Join(words, " ")
		}
		wantDue := func(now time.Time, limit int, want string) {
			t.Helper()
			if _, told := due(now, limit); told != want {
				t.Errorf("due are %q; want %q", told, want)
			}
		}
		wantDue(at.Add(-time.Second), 10, "")
		list, _ := due(at, 10)
		wantDue(at, 10, "webhook:two:0 mail:two:0 webhook:two-again:0 mail:two-again:0 webhook:one:0 mail:one:0 webhook:one-again:0 mail:one-again:0")
		wantDue(at, 2, "webhook:two:0 mail:two:0")
		wantDue(time.UnixMicro(math.MaxInt64), 1, "webhook:two:0") // as whoever wants all asks
		if got := list[5].Alert; !reflect.DeepEqual(got, alert("one")) {
			t.Errorf("the alert came back as %+v", got)
		}
		must(t, db.PostponeDelivery(t.Context(), list[0].ID, 4, at.Add(time.Minute), strings.Repeat("ö", 600)))
		must(t, db.EndDelivery(t.Context(), list[1].ID))
		must(t, db.EndDelivery(t.Context(), list[1].ID)) // which another tick did
		wantDue(at, 2, "webhook:two-again:0 mail:two-again:0")
		wantDue(at.Add(time.Minute), 2, "webhook:two:4 webhook:two-again:0")
		wantValue(t, db, strings.Repeat("ö", 500), `SELECT reason FROM vpm_deliveries WHERE id = ?`, list[0].ID)
		again, _ := due(at.Add(time.Minute), 1)
		if !again[0].NextAt.Equal(time.UnixMicro(at.Add(time.Minute).UnixMicro())) {
			t.Errorf("it is due at %s", again[0].NextAt)
		}

		// What was sent is never taken for what came after it.
		last := list[len(list)-1].ID
		must(t, db.EndDelivery(t.Context(), last))
		must(t, db.SaveWatch(t.Context(), instance(t, db, "one"), found(at), nil, []core.Alert{alert("new")}, channels[:1]))
		list, _ = due(at, 10)
		if got := list[len(list)-1]; got.ID <= last || got.Alert.ID != "alert-new" {
			t.Errorf("the new delivery is %d; the one that was ended %d", got.ID, last)
		}
	})
}

func TestEventsArePaged(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		must(t, db.ChangeInstance(t.Context(), "one", stop))
		must(t, db.RecordEvent(t.Context(), core.Event{At: at, Action: core.ActionMigrate, Result: core.ResultOK}))
		must(t, db.ChangeInstance(t.Context(), "one", start("v2")))
		told := func(id string, before int64, limit int) (string, []core.Event) {
			t.Helper()
			events, err := db.Events(t.Context(), id, before, limit)
			must(t, err)
			var words []string
			for _, e := range events {
				words = append(words, e.Action+":"+e.InstanceID)
			}
			return strings.Join(words, " "), events
		}
		all, events := told("", 0, 10)
		if want := "start:one migrate: stop:one create:two create:one"; all != want {
			t.Errorf("the history is %q; want %q", all, want)
		}
		for _, c := range []struct {
			id     string
			before int64
			limit  int
			want   string
		}{
			{"one", 0, 10, "start:one stop:one create:one"}, {"one", 0, 2, "start:one stop:one"}, {"one", events[2].ID, 2, "create:one"},
			{"", events[1].ID, 2, "stop:one create:two"}, {"two", events[4].ID, 5, ""}, {"none", 0, 5, ""}, {"", 0, 0, ""},
		} {
			if got, _ := told(c.id, c.before, c.limit); got != c.want {
				t.Errorf("%+v gives %q", c, got)
			}
		}
		want := event("one", core.ActionStart, "v2")
		want.ID, want.At = events[0].ID, events[0].At
		if events[0] != want || !events[0].At.Equal(at) || events[0].ID <= events[1].ID {
			t.Errorf("the event is %+v; want %+v", events[0], want)
		}
		want = core.Event{ID: events[1].ID, At: events[1].At, Action: core.ActionMigrate, Result: core.ResultOK}
		if events[1] != want {
			t.Errorf("the event is %+v; want %+v", events[1], want)
		}
	})
}

func TestActivityOnlyAdvances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		in := instance(t, db, "one")
		execute(t, db, `UPDATE virtual_processes SET last_activity = NULL, updated_at = '2020-01-02 03:04:05'`)
		now := time.Now().Truncate(time.Second)
		for _, c := range []struct{ hours, want int }{
			{-5, -5}, {-7, -5}, {-3, -3}, {48, -3}, {200 * 365 * 24, -3},
		} {
			must(t, db.Active(t.Context(), in, now.Add(time.Duration(c.hours)*time.Hour)))
			zone, layout := time.FixedZone("", 5*3600), time.DateTime // serverZone
			if db.name == "sqlite" {
				zone = time.UTC
			}
			want := now.Add(time.Duration(c.want) * time.Hour).In(zone).Format(layout)
			wantValue(t, db, want, `SELECT last_activity FROM virtual_processes`)
		}
		wantValue(t, db, "2020-01-02 03:04:05", `SELECT updated_at FROM virtual_processes`)
		execute(t, db, `DELETE FROM virtual_processes`)
		must(t, db.Active(t.Context(), in, now))
		wantValue(t, db, "0", `SELECT COUNT(*) FROM virtual_processes`)
	})
}
