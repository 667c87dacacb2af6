package store

import (
	"fmt"
	"testing"
	"time"

	"vpm/core"
)

// TestUpdateStoresWhatIsRegistered, and nothing else of the instance: not whether it runs, nor how it is stopped.
func TestUpdateStoresWhatIsRegistered(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		until := time.Unix(at.Unix(), 0)
		must(t, db.ChangeInstance(t.Context(), "one", func(r core.Record) (core.Change, error) {
			return core.Change{Kind: core.ChangeStop, Stop: core.Stop{Reason: "works", Until: until, IncludeNested: true}, Event: event("one", core.ActionStop, "")}, nil
		}))
		must(t, db.ChangeInstance(t.Context(), "one", func(r core.Record) (core.Change, error) {
			return core.Change{Kind: core.ChangeBypass, Bypass: "Secret", BypassUntil: until, Event: event("one", core.ActionBypass, "")}, nil
		}))
		before, neighbour := record(t, db, "one"), record(t, db, "two")
		must(t, db.SaveGate(t.Context(), before.Instance, before.Gate.Generation, true, "/srv/one", core.Evidence{Observed: core.ObservedStopped, How: core.HowGate, Seen: "closed", At: at}))
		update := func(in core.Instance) core.Record {
			t.Helper()
			must(t, db.ChangeInstance(t.Context(), "one", func(r core.Record) (core.Change, error) {
				return core.Change{Kind: core.ChangeUpdate, Instance: in, Stop: core.Stop{Reason: "not of an update"}, Event: event("one", core.ActionUpdate, "")}, nil
			}))
			return record(t, db, "one")
		}
		in := before.Instance
		in.Name, in.Domain, in.PathPrefix, in.DatabaseName, in.DatabasePrefix = "Größe 😀", text("b.example"), text("/x/"), "d2", text("x_")
		in.Config, in.Resources = text(`{"path":"/srv/größe"}`), text(`{"memory_limit":1}`)
		// What no update may touch, whatever it is told.
		in.InstanceID, in.CMSType, in.CMSVersion, in.Status = "renamed", "joomla", text("9"), core.StatusActive
		r := update(in)
		want := before
		want.Instance.Name, want.Instance.Domain, want.Instance.PathPrefix, want.Instance.DatabaseName = in.Name, in.Domain, in.PathPrefix, in.DatabaseName
		want.Instance.DatabasePrefix, want.Instance.Config, want.Instance.Resources = in.DatabasePrefix, in.Config, in.Resources
		want.Gate.Generation++
		want.Gate.Applied, want.Gate.Entry = before.Gate.Generation, "/srv/one"
		if got, want := withoutMoments(r), withoutMoments(want); got != want {
			t.Errorf("stored is\n%s\nwant\n%s", got, want)
		}
		in.Domain, in.PathPrefix, in.DatabasePrefix, in.Config, in.Resources = nil, nil, nil, nil, nil
		if r = update(in); r.Instance.Domain != nil || r.Instance.PathPrefix != nil || r.Instance.DatabasePrefix != nil || r.Instance.Config != nil || r.Instance.Resources != nil {
			t.Errorf("of nothing is stored %+v", r.Instance)
		}
		if got, want := withoutMoments(record(t, db, "two")), withoutMoments(neighbour); got != want {
			t.Errorf("the other one is %s, was %s", got, want)
		}
		// A site that was never started has no run.
		execute(t, db, `DELETE FROM virtual_processes WHERE instance_id = 'one'`)
		in.Name = "without a run"
		if r = update(in); r.Instance.Name != in.Name || r.Run != (core.Run{}) {
			t.Errorf("without a run it is %+v", r)
		}
		wantValue(t, db, "create stop bypass update update update", historyOf(db), "one")
	})
}

// withoutMoments is everything of a record but its moments.
func withoutMoments(r core.Record) string {
	in := r.Instance
	p := func(s *string) string {
		if s == nil {
			return "NULL"
		}
		return *s
	}
	return fmt.Sprintln(in.ID, in.InstanceID, in.Name, in.CMSType, p(in.CMSVersion), p(in.Domain), p(in.PathPrefix), in.DatabaseName, p(in.DatabasePrefix),
		in.Status, p(in.Config), p(in.Resources), in.CreatedAt, in.ActivatedAt, r.Run, r.Gate)
}
