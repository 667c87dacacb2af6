package core_test

import (
	"testing"
	"time"

	"vpm/core"
)

// TestWanted goes through the states that rows written by anybody may be in.
func TestWanted(t *testing.T) {
	t.Parallel()
	now := time.Unix(1795403510, 0)
	for _, c := range []struct {
		status core.InstanceStatus
		run    core.RunStatus
		until  time.Time
		want   core.Observed
	}{
		{core.StatusActive, core.RunRunning, time.Time{}, core.ObservedRunning},
		{core.StatusActive, core.RunStopped, time.Time{}, core.ObservedRunning},
		{core.StatusInactive, core.RunStopped, time.Time{}, core.ObservedStopped},
		{core.StatusInactive, core.RunRunning, time.Time{}, core.ObservedStopped},
		{core.StatusInactive, "", time.Time{}, core.ObservedStopped},
		{core.StatusInactive, core.RunStopped, now.Add(time.Second), core.ObservedStopped},
		{core.StatusInactive, core.RunStopped, now, core.ObservedRunning},
		// What other programs note of a site that nobody stopped does not close it, nor of a stopped one open it.
		{core.StatusMaintenance, core.RunRunning, time.Time{}, core.ObservedRunning},
		{core.StatusMaintenance, "", time.Time{}, core.ObservedRunning},
		{core.StatusMaintenance, core.RunStopped, time.Time{}, core.ObservedStopped},
		{core.StatusError, core.RunRunning, time.Time{}, core.ObservedRunning},
		{core.StatusError, core.RunError, time.Time{}, core.ObservedRunning},
		{core.StatusError, core.RunStopped, time.Time{}, core.ObservedStopped},
	} {
		r := core.Record{Instance: core.Instance{Status: c.status}, Run: core.Run{Status: c.run}, Gate: core.Gate{Stop: core.Stop{Until: c.until}}}
		if got := r.Wanted(now); got != c.want {
			t.Errorf("%q with the run %q and the end %v: wanted is %s; want %s", c.status, c.run, c.until, got, c.want)
		}
	}
}

// listed is an instance as a list has it, which looks at nothing itself.
func (f *fixture) listed(t *testing.T) core.Record {
	t.Helper()
	records, _, err := f.Store.Records(t.Context(), core.Query{})
	if err != nil || len(records) != 1 {
		t.Fatalf("listed are %+v, %v", records, err)
	}
	return records[0].AsOf(f.now)
}

// TestNobodyHasLookedYet at an instance that was just created: that makes it no worse.
func TestNobodyHasLookedYet(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	if healthy, known := m.listed(t).Healthy(m.now); !healthy || known {
		t.Errorf("healthy is %v, known %v", healthy, known)
	}
}

// TestEndedStopInTheList: what was seen during the stop is no drift after it, and the run has begun when the stop ended.
func TestEndedStopInTheList(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	_, err = m.Stop(t.Context(), by, "one", core.Stop{Until: m.now.Add(time.Hour)})
	must(t, err)
	if r := m.listed(t); r.Gate.Evidence.Observed != core.ObservedStopped {
		t.Errorf("during the stop the evidence is %+v", r.Gate.Evidence)
	}
	m.now = m.now.Add(time.Hour + 5*time.Second)
	r := m.listed(t)
	if healthy, _ := r.Healthy(m.now); !r.Running() || r.Gate.Evidence != (core.Evidence{}) || !healthy {
		t.Errorf("after it: %+v, %+v, healthy %v", r.Run, r.Gate.Evidence, healthy)
	}
	read, err := time.Parse(time.DateTime, string(r.ReadAt))
	must(t, err)
	if want := core.Timestamp(read.Add(-5 * time.Second).Format(time.DateTime)); r.Run.StartedAt != want || r.Instance.ActivatedAt != want {
		t.Errorf("the run began at %s, %s; want %s", r.Run.StartedAt, r.Instance.ActivatedAt, want)
	}
}

// TestRepairedLately: within the hour before, and nobody has decided anew since.
func TestRepairedLately(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	event := func(ago time.Duration, action string) core.Event {
		return core.Event{At: now.Add(-ago), Action: action}
	}
	for _, c := range []struct {
		what   string
		events []core.Event // newest first
		want   bool
	}{
		{"nothing happened", nil, false},
		{"a minute ago", []core.Event{event(time.Minute, core.ActionRepair)}, true},
		{"an hour ago", []core.Event{event(time.Hour, core.ActionRepair)}, false},
		{"and stopped since", []core.Event{event(time.Minute, core.ActionStop), event(2*time.Minute, core.ActionRepair)}, false},
		{"by a clock that is a little ahead", []core.Event{event(-time.Minute, core.ActionRepair)}, true},
		{"before the clock was set back by a day", []core.Event{event(-24*time.Hour, core.ActionRepair)}, false},
	} {
		if got := core.RepairedLately(c.events, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}
