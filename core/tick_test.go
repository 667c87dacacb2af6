package core_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vpm/core"
)

// ticking is a fixture with instances, whose examinations it decides.
type ticking struct {
	*fixture
	tick core.Tick

	mu       sync.Mutex
	examined []string
	healthy  map[string]bool // those that are not there are
	judged   []core.Watch
}

func newTicking(t *testing.T, ids ...string) *ticking {
	t.Helper()
	k := &ticking{fixture: newManager(t), healthy: map[string]bool{}}
	for _, id := range ids {
		must(t, os.MkdirAll(filepath.Join(k.base, id), 0o755))
		_, err := k.Create(t.Context(), by, site(id))
		must(t, err)
	}
	k.Examine = k.examine
	k.tick = core.Tick{Manager: k.Manager, Workers: 1, Judge: func(before core.Watch, r core.Record, h core.Health, a core.Attention) (core.Watch, []core.Alert) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.judged = append(k.judged, before)
		return before, nil
	}}
	return k
}

func (k *ticking) examine(_ context.Context, r core.Record) core.Health {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := r.Instance.InstanceID
	k.examined = append(k.examined, id)
	healthy, told := k.healthy[id]
	healthy = healthy || !told
	return core.Health{Healthy: &healthy, Wanted: r.Wanted(k.now), CheckedAt: k.now, Checks: []core.Check{
		{Name: core.CheckHTTP, Result: core.CheckOK, Details: map[string]any{"ttfb_ms": 12.5}}}}
}

func (k *ticking) run(t *testing.T) core.TickReport {
	t.Helper()
	r, err := k.tick.Run(t.Context(), time.Minute)
	must(t, err)
	k.now = k.now.Add(time.Minute)
	return r
}

// events are the actions that the history has of an instance, oldest first.
func (k *ticking) events(t *testing.T, id string) string {
	t.Helper()
	list, err := k.Watch.Events(t.Context(), id, 0, 100)
	must(t, err)
	slices.Reverse(list)
	var actions []string
	for _, e := range list {
		actions = append(actions, e.Action)
	}
	return strings.Join(actions, " ")
}

// TestTickTakesOutAnEndedGate: one that came back out of a copy closes nothing, and would once the clock is set back.
func TestTickTakesOutAnEndedGate(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "one")
	_, err := k.Stop(t.Context(), by, "one", core.Stop{Until: k.now.Add(time.Hour)})
	must(t, err)
	file := filepath.Join(k.base, "one", ".htaccess")
	gate, err := os.ReadFile(file)
	must(t, err)
	_, err = k.Start(t.Context(), by, "one", "")
	must(t, err)
	k.now = k.now.Add(2 * time.Hour)
	must(t, os.WriteFile(file, gate, 0o644))
	if r := k.run(t); fmt.Sprint(r.Completed) != "[one]" || len(r.Repaired)+len(r.Disputed)+len(r.Failed) > 0 {
		t.Errorf("the report is %+v", r)
	}
	if left, err := os.ReadFile(file); !os.IsNotExist(err) {
		t.Errorf("the file still is %q, %v", left, err)
	}
	if got := k.events(t, "one"); got != "create stop start" {
		t.Errorf("the history is %s", got)
	}
	if r := k.run(t); len(r.Completed) > 0 {
		t.Errorf("a tick after it reports %+v", r)
	}
}

func TestTickSeesEachInstance(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "one", "two", "three")
	k.healthy["two"] = false
	r := k.run(t)
	if !r.Ran || r.Seen != 3 || r.Left || fmt.Sprint(r.Unhealthy) != "[two]" || len(r.Failed) > 0 {
		t.Errorf("the report is %+v", r)
	}
	for _, id := range []string{"one", "two", "three"} {
		rec, err := k.Record(t.Context(), id)
		must(t, err)
		if rec.Usage.DiskUsage == 0 || rec.Watch.SeenAt.IsZero() || rec.Watch.Health.Healthy == nil || *rec.Watch.Health.Healthy != (id != "two") {
			t.Errorf("stored of %s is %+v, %+v", id, rec.Usage, rec.Watch)
		}
		if healthy, known := rec.Healthy(k.now); healthy != (id != "two") || !known {
			t.Errorf("%s is healthy: %v, known: %v", id, healthy, known)
		}
		samples, err := k.Watch.Samples(t.Context(), rec.Instance, k.now.Add(-time.Hour), k.now, 0)
		must(t, err)
		if len(samples) != 1 || samples[0].DiskUsage == nil || *samples[0].DiskUsage != rec.Usage.DiskUsage || samples[0].Probe == nil ||
			*samples[0].Probe != 12500*time.Microsecond || samples[0].Memory != nil {
			t.Errorf("the history of %s is %+v", id, samples)
		}
	}
	if r = k.run(t); r.Seen != 3 { // a minute later
		t.Errorf("the next report is %+v", r)
	}
	// Judged is by what was known before: of the first tick nothing, of the second what the first found.
	for i, before := range k.judged {
		if first := i < 3; first != before.Health.CheckedAt.IsZero() || !first && !before.Health.CheckedAt.Equal(k.now.Add(-2*time.Minute)) {
			t.Errorf("judgement %d is given %+v", i, before.Health)
		}
	}
}

// TestTickFinishes what a killed process, a planned stop and somebody with a file manager have left.
func TestTickFinishes(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "cut-off", "ended", "opened")
	k.spy.settleErr = core.Errorf(core.CodeNotEffective, "cannot write it")
	_, err := k.stop(t.Context(), by, "cut-off", "")
	wantCode(t, err, core.CodeNotEffective)
	k.spy.settleErr = nil
	_, err = k.Stop(t.Context(), by, "ended", core.Stop{Until: k.now.Add(time.Second)})
	must(t, err)
	_, err = k.stop(t.Context(), by, "opened", "")
	must(t, err)
	gate := func(id string) string { return filepath.Join(k.base, id, ".htaccess") }
	must(t, os.Remove(gate("opened")))
	k.now = k.now.Add(time.Minute)
	r := k.run(t)
	if fmt.Sprint(r.Completed, r.Repaired, r.Disputed, r.Failed) != "[cut-off ended] [opened] [] []" {
		t.Errorf("the report is %+v", r)
	}
	for id, closed := range map[string]bool{"cut-off": true, "ended": false, "opened": true} {
		if _, err := os.Stat(gate(id)); (err == nil) != closed {
			t.Errorf("%s: closed is %v; want %v", id, err == nil, closed)
		}
	}
	if got := k.events(t, "ended"); got != "create stop expire" {
		t.Errorf("the history of the stop that ended is %q", got)
	}
	rec, err := k.Record(t.Context(), "ended")
	if err != nil || !rec.Running() || rec.Gate.Pending() {
		t.Errorf("stored is %+v, %v", rec, err)
	}

	// Whoever opens it again at once is fighting: that shows, and is not put right until it is a new cause.
	must(t, os.Remove(gate("opened")))
	for range 2 {
		if r = k.run(t); fmt.Sprint(r.Repaired, r.Disputed) != "[] [opened]" {
			t.Errorf("in a fight the report is %+v", r)
		}
	}
	rec, err = k.Status(t.Context(), "opened")
	if err != nil || rec.Gate.Evidence.Observed != core.ObservedRunning || rec.Wanted(k.now) != core.ObservedStopped {
		t.Errorf("in a fight the status is %+v, %v", rec.Gate, err)
	}
	k.now = k.now.Add(time.Hour)
	if r = k.run(t); fmt.Sprint(r.Repaired) != "[opened]" {
		t.Errorf("an hour later the report is %+v", r)
	}
	if got := k.events(t, "opened"); got != "create stop repair repair" {
		t.Errorf("the history is %q", got)
	}
}

// TestTickReportsWhatItCannotAttendTo: of an instance that cannot be attended to nothing else is said.
func TestTickReportsWhatItCannotAttendTo(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "away", "fine")
	k.spy.settleErr = core.Errorf(core.CodeUnavailable, "cannot keep a copy")
	_, err := k.stop(t.Context(), by, "away", "")
	wantCode(t, err, core.CodeUnavailable)
	r := k.run(t)
	if len(r.Failed) != 1 || r.Failed[0].InstanceID != "away" || !strings.Contains(r.Failed[0].Reason, "cannot keep a copy") || fmt.Sprint(k.examined) != "[fine]" {
		t.Errorf("the report is %+v, and examined was %q", r, k.examined)
	}
}

// TestTickRetriesAStopWithoutEffect until a probe sees it closed.
func TestTickRetriesAStopWithoutEffect(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "one")
	sees := core.ObservedRunning
	k.Probe = func(context.Context, core.Record) (core.Evidence, string) {
		return core.Evidence{Observed: sees, How: core.HowProbe, Seen: "GET / answered", At: k.now}, "A cause."
	}
	_, err := k.Stop(t.Context(), by, "one", core.Stop{Verify: true})
	wantCode(t, err, core.CodeNotEffective)
	k.now = k.now.Add(time.Minute)
	if r := k.run(t); len(r.Failed) != 1 || r.Failed[0].InstanceID != "one" || !strings.Contains(r.Failed[0].Reason, "cannot close the site") || r.Seen != 1 {
		t.Errorf("while it is open the report is %+v", r)
	}
	sees = core.ObservedStopped
	if r := k.run(t); fmt.Sprint(r.Completed) != "[one]" || len(r.Failed) > 0 {
		t.Errorf("once it is closed the report is %+v", r)
	}
	if rec, err := k.Record(t.Context(), "one"); err != nil || rec.Gate.Pending() || rec.Gate.Evidence.Observed != core.ObservedStopped {
		t.Errorf("stored is %+v, %v", rec.Gate, err)
	}
}

// TestTickRetriesARepairWithoutEffect too: what the probe saw is not covered up by the gate that stands.
func TestTickRetriesARepairWithoutEffect(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "one")
	sees := core.ObservedStopped
	k.Probe = func(context.Context, core.Record) (core.Evidence, string) {
		return core.Evidence{Observed: sees, How: core.HowProbe, Seen: "GET / answered", At: k.now}, "A cause."
	}
	_, err := k.Stop(t.Context(), by, "one", core.Stop{Verify: true})
	must(t, err)
	must(t, os.Remove(filepath.Join(k.base, "one", ".htaccess")))
	sees = core.ObservedRunning
	for range 2 {
		k.now = k.now.Add(time.Minute)
		if r := k.run(t); len(r.Failed) != 1 || !strings.Contains(r.Failed[0].Reason, "cannot close the site") {
			t.Errorf("while it is open the report is %+v", r)
		}
		if rec, err := k.Status(t.Context(), "one"); err != nil || !rec.Gate.Pending() || rec.Gate.Evidence.Observed != core.ObservedRunning {
			t.Errorf("while it is open stored is %+v, %v", rec.Gate, err)
		}
	}
	sees = core.ObservedStopped
	if r := k.run(t); fmt.Sprint(r.Completed) != "[one]" || len(r.Failed) > 0 {
		t.Errorf("once it is closed the report is %+v", r)
	}
	if got := k.events(t, "one"); got != "create stop repair" {
		t.Errorf("the history is %q", got)
	}
}

// TestTickSurvives an instance that hangs and one that panics, and sees the others.
func TestTickSurvives(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "hangs", "panics", "fine", "fine-too")
	var hung atomic.Int64
	answer := make(chan struct{})
	k.tick.Workers, k.tick.Patience = 2, 5*time.Second
	k.Examine = func(ctx context.Context, r core.Record) core.Health {
		switch r.Instance.InstanceID {
		case "hangs":
			hung.Add(1)
			<-answer
			return core.Health{}
		case "panics":
			panic("what a check did not expect")
		}
		return k.examine(ctx, r)
	}
	for range 2 {
		r := k.run(t)
		if r.Seen != 4 || len(r.Failed) != 2 {
			t.Errorf("the report is %+v", r)
		}
		for _, f := range r.Failed {
			if f.InstanceID != "hangs" && f.InstanceID != "panics" || f.InstanceID == "hangs" && !strings.Contains(f.Reason, "no answer") {
				t.Errorf("failed is %+v", f)
			}
		}
	}
	if rec, err := k.Record(t.Context(), "fine"); err != nil || rec.Watch.Health.Healthy == nil {
		t.Errorf("of the others is stored %+v, %v", rec.Watch, err)
	}
	if n := hung.Load(); n != 1 { // or each tick would leave one more behind
		t.Errorf("%d looks hang", n)
	}
	close(answer)
	for r := k.run(t); len(r.Failed) != 1; r = k.run(t) { // until it has come back
		if t.Context().Err() != nil {
			t.Fatalf("once it has an answer the report is %+v", r)
		}
	}
}

// TestAlarmsWaitForAChannel: what nobody could be told of is not marked as told.
func TestAlarmsWaitForAChannel(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "one")
	k.tick.Judge = func(before core.Watch, r core.Record, _ core.Health, _ core.Attention) (core.Watch, []core.Alert) {
		var alerts []core.Alert
		if !before.Alarms.Unhealthy {
			alerts = append(alerts, core.Alert{ID: "1", Kind: core.AlertUnhealthy, InstanceID: r.Instance.InstanceID, At: k.now})
		}
		before.Alarms = core.Alarms{Unhealthy: true, Disk: true, Drift: 1}
		return before, alerts
	}
	for i, step := range []struct {
		channels []string
		told     bool
		waiting  int
	}{{nil, false, 0}, {nil, false, 0}, {[]string{core.AlertMail}, true, 1}, {[]string{core.AlertMail}, true, 1}} {
		k.tick.Channels = step.channels
		k.run(t)
		rec, err := k.Record(t.Context(), "one")
		must(t, err)
		waiting, err := k.Watch.Deliveries(t.Context(), k.now, 10)
		must(t, err)
		if told := rec.Watch.Alarms != (core.Alarms{}); told != step.told || len(waiting) != step.waiting {
			t.Errorf("tick %d: alarms %+v, deliveries %+v", i, rec.Watch.Alarms, waiting)
		}
	}
}

// broken is a store that cannot do some of what a tick needs.
type broken struct{ core.WatchStore }

func (broken) Unseen(context.Context, time.Time, time.Time, int) ([]core.Record, error) {
	return nil, core.Errorf(core.CodeInternal, "cannot read the instances")
}

func (broken) ThinSamples(context.Context, time.Time) (int, error) {
	return 0, core.Errorf(core.CodeInternal, "cannot thin the history")
}

// TestAlertsGoOutWhateverFails before them.
func TestAlertsGoOutWhateverFails(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "one")
	k.Watch = broken{k.Watch}
	k.tick.Deliver = func(context.Context) (sent, failed int, err error) { return 2, 1, nil }
	r, err := k.tick.Run(t.Context(), time.Minute)
	if r.Sent != 2 || r.Unsent != 1 || err == nil || !strings.Contains(err.Error(), "read the instances") || !strings.Contains(err.Error(), "thin the history") {
		t.Errorf("the report is %+v, %v", r, err)
	}
}

func TestTicksDoNotOverlap(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "one")
	entered, leave := make(chan struct{}), make(chan struct{})
	k.Examine = func(ctx context.Context, r core.Record) core.Health {
		close(entered)
		<-leave
		return k.examine(ctx, r)
	}
	first := make(chan core.TickReport)
	go func() {
		r, _ := k.tick.Run(t.Context(), time.Minute)
		first <- r
	}()
	<-entered
	if r, err := k.tick.Run(t.Context(), time.Minute); err != nil || r.Ran {
		t.Errorf("a tick during another: %+v, %v", r, err)
	}
	close(leave)
	if r := <-first; !r.Ran || r.Seen != 1 {
		t.Errorf("the first reports %+v", r)
	}
	k.Examine = k.examine
	if r, err := k.tick.Run(t.Context(), time.Minute); err != nil || !r.Ran {
		t.Errorf("a tick after it: %+v, %v", r, err)
	}
}

// TestTickGoesOnWhereTheLastStopped: those that the time did not suffice for come first next time.
func TestTickGoesOnWhereTheLastStopped(t *testing.T) {
	t.Parallel()
	k := newTicking(t, "a-1", "a-2", "a-3", "a-4")
	budget := 400 * time.Millisecond
	over := make(chan struct{})
	k.Examine = func(ctx context.Context, r core.Record) core.Health {
		if len(k.examined) == 1 { // the second takes what is left of the time
			deadline, _ := ctx.Deadline()
			time.AfterFunc(time.Until(deadline)-budget/20, func() { close(over) })
			<-over
		}
		return k.examine(ctx, r)
	}
	r, err := k.tick.Run(t.Context(), budget)
	if err != nil || !r.Left || r.Seen >= 4 {
		t.Errorf("the report is %+v, %v", r, err)
	}
	first := slices.Clone(k.examined)
	k.examined, k.Examine = nil, k.examine
	k.now = k.now.Add(time.Minute)
	k.run(t)
	if want := []string{"a-1", "a-2", "a-3", "a-4"}; len(k.examined) != 4 || !slices.Equal(k.examined[:4-len(first)], want[len(first):]) {
		t.Errorf("first were seen %v, then %v", first, k.examined)
	}
}
