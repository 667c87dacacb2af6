package core_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/store"
	"vpm/core/virtual"
)

var by = core.Actor{UserID: 1, Name: "ann", Address: "192.0.2.1"}

// spy is the virtual runtime with a list of what it was asked for, and errors where told.
type spy struct {
	virtual.Runtime
	asked     []string
	err       error // of Start
	settleErr error
	lockErr   error
}

func (s *spy) Lock(ctx context.Context, r core.Record) (context.Context, func() error, error) {
	if s.lockErr != nil {
		return nil, nil, s.lockErr
	}
	return s.Runtime.Lock(ctx, r)
}

func (s *spy) Start(ctx context.Context, in core.Instance) (core.PID, error) {
	s.asked = append(s.asked, "start")
	pid, err := s.Runtime.Start(ctx, in)
	return pid, errors.Join(err, s.err)
}

func (s *spy) Settle(ctx context.Context, r core.Record) (core.Settled, error) {
	s.asked = append(s.asked, "settle")
	if s.settleErr != nil {
		return core.Settled{}, s.settleErr
	}
	return s.Runtime.Settle(ctx, r)
}

func (s *spy) Release(ctx context.Context, r core.Record) error {
	s.asked = append(s.asked, "release")
	return s.Runtime.Release(ctx, r)
}

// stop is Stop with a reason only.
func (f *fixture) stop(ctx context.Context, by core.Actor, id, reason string) (core.Result, error) {
	return f.Stop(ctx, by, id, core.Stop{Reason: reason})
}

type fixture struct {
	*core.Manager
	spy      *spy
	base     string
	now      time.Time
	measured atomic.Int64
}

func newManager(t *testing.T) *fixture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vpm.sqlite")
	must(t, store.CreateSQLite(t.Context(), path))
	db, err := store.Open(store.Options{SQLite: path})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Migrate(t.Context())
	must(t, err)
	f := &fixture{now: time.Unix(1795403510, 0), base: t.TempDir()}
	must(t, os.Mkdir(filepath.Join(f.base, "one"), 0o755))
	f.spy = &spy{Runtime: virtual.Runtime{Now: func() time.Time { return f.now }, Base: f.base, Allowed: []string{f.base},
		Instances: func(context.Context) ([]core.Instance, error) { return nil, nil },
		History: func(ctx context.Context, in core.Instance) ([]core.Event, error) {
			return db.Events(ctx, in.InstanceID, 0, 5)
		}}}
	f.Manager = &core.Manager{Store: db, Watch: db, Runtime: f.spy, Base: f.base, Now: func() time.Time { return f.now },
		Measure: func(ctx context.Context, in core.Instance, from []byte) (core.Usage, []byte) {
			return core.Usage{DiskUsage: f.measured.Add(1), Evidence: core.UsageEvidence{Disk: "measured"}}, nil
		}}
	return f
}

func site(id string) core.NewInstance {
	return core.NewInstance{InstanceID: id, Name: "Site", CMSType: "wordpress", DatabaseName: "wp"}
}

func TestCreateBeginsARun(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	r, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	in := r.Instance
	if !r.Running() || !regexp.MustCompile(`^v1795403510\d{9}$`).MatchString(r.Run.VirtualPID) {
		t.Errorf("the run is %+v", r.Run)
	}
	if in.Domain != nil || *in.PathPrefix != "/" || *in.DatabasePrefix != "" || *in.Resources != `{"memory_limit":256}` ||
		*in.Config != `{"memory_limit":"256M","max_execution_time":60,"max_children":5}` {
		t.Errorf("stored is %+v, %s, %s", in, *in.Config, *in.Resources)
	}
	_, err = m.Create(t.Context(), by, site("one"))
	wantCode(t, err, core.CodeConflict)
	if err.(*core.Error).Message != "Instance ID already exists" {
		t.Errorf("the message is %v", err)
	}
}

// TestChangesAndNoChanges walks one instance through its life: what is as asked changes nothing.
func TestChangesAndNoChanges(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	r, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	pid := r.Run.VirtualPID
	seen := map[string]bool{pid: true}
	for i, step := range []struct {
		act          func(context.Context, core.Actor, string, string) (core.Result, error)
		changed, run bool // whether it changes, and runs afterwards
		fresh        bool // with a new PID
		asked        string
	}{
		{m.Start, false, true, false, ""},
		{m.Restart, true, true, true, "start settle"},
		{m.Start, false, true, false, ""},
		{m.stop, true, false, false, "settle"},
		{m.stop, false, false, false, ""},
		{m.Restart, true, true, true, "start settle"},
		{m.stop, true, false, false, "settle"},
		{m.Start, true, true, true, "start settle"},
		{m.Delete, true, true, false, "release"},
	} {
		m.spy.asked = nil
		res, err := step.act(t.Context(), by, "one", "a reason")
		must(t, err)
		if got := strings.Join(m.spy.asked, " "); got != step.asked || res.Changed != step.changed || res.InstanceID != "one" {
			t.Errorf("step %d: %+v, the runtime was asked %q; want %q", i, res, got, step.asked)
		}
		if running := res.Process.Status == core.RunRunning; running != step.run || running != (res.Process.PID.Virtual != "") {
			t.Errorf("step %d: the process is %+v", i, res.Process)
		}
		if step.fresh {
			if pid = res.Process.PID.Virtual; seen[pid] {
				t.Errorf("step %d: the PID %s was given before", i, pid)
			}
			seen[pid] = true
		} else if step.run && res.Process.PID.Virtual != pid {
			t.Errorf("step %d: the PID is %s; want that of the run, %s", i, res.Process.PID.Virtual, pid)
		}
		if stored, err := m.Record(t.Context(), "one"); err == nil && (stored.Running() != step.run || stored.Run.VirtualPID != pid) {
			t.Errorf("step %d: stored is %s, %+v", i, stored.Instance.Status, stored.Run)
		}
	}
	_, err = m.Record(t.Context(), "one")
	wantCode(t, err, core.CodeNotFound)
}

func TestChangesAreRefused(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	r, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	for name, act := range map[string]func(context.Context, core.Actor, string, string) (core.Result, error){
		"start": m.Start, "stop": m.stop, "restart": m.Restart, "delete": m.Delete} {
		for id, code := range map[string]core.Code{"": core.CodeInvalid, "../one": core.CodeInvalid, "none": core.CodeNotFound} {
			if _, err := act(t.Context(), by, id, ""); core.CodeOf(err) != code {
				t.Errorf("%s of %q: %v; want %s", name, id, err, code)
			}
		}
		_, err := act(t.Context(), by, "one", strings.Repeat("ä", core.MaxReason+1))
		wantCode(t, err, core.CodeInvalid)
	}
	m.spy.err = errors.New("the runtime failed")
	for _, act := range []func(context.Context, core.Actor, string, string) (core.Result, error){m.Restart} {
		if _, err := act(t.Context(), by, "one", ""); !errors.Is(err, m.spy.err) {
			t.Errorf("the error is %v", err)
		}
	}
	_, err = m.Create(t.Context(), by, site("two"))
	if !errors.Is(err, m.spy.err) {
		t.Errorf("the error is %v", err)
	}
	after, err := m.Record(t.Context(), "one")
	if err != nil || !after.Running() || after.Run.VirtualPID != r.Run.VirtualPID {
		t.Errorf("after what failed it is %+v, %v", after.Run, err)
	}
	m.spy.err = nil
	if _, err := m.stop(t.Context(), by, "one", strings.Repeat("ä", core.MaxReason)); err != nil {
		t.Error(err)
	}
}

func TestUsageIsMeasuredNowAndThen(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	for i, step := range []struct {
		later time.Duration
		fresh bool
		read  func(context.Context, string, bool) (core.Record, error)
		want  int64
	}{
		{0, false, func(ctx context.Context, id string, _ bool) (core.Record, error) { return m.Monitor(ctx, id) }, 1},
		{core.UsageMaxAge, false, func(ctx context.Context, id string, _ bool) (core.Record, error) { return m.Monitor(ctx, id) }, 1},
		{time.Second, false, func(ctx context.Context, id string, _ bool) (core.Record, error) { return m.Monitor(ctx, id) }, 2},
		{0, false, m.Resources, 2},
		{core.UsageMaxAge, false, m.Resources, 2},
		{time.Second, false, m.Resources, 3},
		{0, true, m.Resources, 4},
		{-24 * time.Hour, false, m.Resources, 5}, // the clock was set back
		{-24 * time.Hour, false, func(ctx context.Context, id string, _ bool) (core.Record, error) { return m.Monitor(ctx, id) }, 6},
	} {
		m.now = m.now.Add(step.later)
		r, err := step.read(t.Context(), "one", step.fresh)
		if err != nil || r.Usage.DiskUsage != step.want {
			t.Errorf("step %d: measurement %d, %v; want %d", i, r.Usage.DiskUsage, err, step.want)
		}
	}
	_, err = m.Resources(t.Context(), "none", true)
	wantCode(t, err, core.CodeNotFound)
	_, err = m.Monitor(t.Context(), "a/b")
	wantCode(t, err, core.CodeInvalid)
}

// TestBypassOfAnAddress: the link is of the site's address as people registered it, with what that has already.
func TestBypassOfAnAddress(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	_, err = m.stop(t.Context(), by, "one", "")
	must(t, err)
	for address, want := range map[string]string{"": "", "https://a.example": "https://a.example/?vpm_bypass=", "https://a.example/blog?x=1": "https://a.example/blog?vpm_bypass="} {
		_, err := m.Update(t.Context(), by, "one", core.InstanceUpdate{URL: &address})
		must(t, err)
		link, _, err := m.Bypass(t.Context(), by, "one", time.Hour)
		if want != "" {
			want += link.Secret
		}
		if strings.HasSuffix(address, "?x=1") {
			want += "&x=1"
		}
		if err != nil || link.URL != want {
			t.Errorf("of %q the link is %q, %v; want %q", address, link.URL, err, want)
		}
	}
}

// TestChangeSeenByAWholeWalkIsKept: a part of the tree says nothing of what was changed in the rest.
func TestChangeSeenByAWholeWalkIsKept(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	noon := time.Unix(1795400000, 0)
	for i, pass := range []struct {
		disk     string
		position []byte
		changed  time.Time
		want     time.Time
	}{
		{"measured", nil, noon, noon},
		{"partial: the walk goes on", []byte("here"), noon.Add(-time.Hour), noon},
		{"partial: the walk goes on", []byte("here"), noon.Add(time.Hour), noon.Add(time.Hour)},
	} {
		m.Measure = func(context.Context, core.Instance, []byte) (core.Usage, []byte) {
			return core.Usage{ChangedAt: pass.changed, Evidence: core.UsageEvidence{Disk: pass.disk}}, pass.position
		}
		r, err := m.Resources(t.Context(), "one", true)
		if err != nil || !r.Usage.ChangedAt.Equal(pass.want) {
			t.Errorf("pass %d: changed at %v, %v; want %v", i, r.Usage.ChangedAt, err, pass.want)
		}
	}
}

// TestWalkInSeveralPasses: the whole that was seen before is reported until the walk is complete, and then what it came to.
func TestWalkInSeveralPasses(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	const partial, unreadable, late = "partial: the walk goes on", "partial: 1 directory could not be read", "unknown: the time for it was over"
	whole := "measured at " + m.now.UTC().Format(time.RFC3339)
	for i, step := range []struct {
		found          int64
		disk           string
		position       []byte
		shown          int64
		evidence, walk string
	}{
		{40, partial, []byte("here"), 40, partial, partial},
		{100, "measured", nil, 100, "measured", ""},
		{30, partial, []byte("here"), 100, whole, partial},
		{0, late, []byte{}, 100, whole, late},
		{90, unreadable, nil, 90, unreadable, ""},
		{80, unreadable, nil, 80, unreadable, ""},
		{0, "unknown: the directory does not exist", nil, 0, "unknown: the directory does not exist", ""},
	} {
		m.Measure = func(context.Context, core.Instance, []byte) (core.Usage, []byte) {
			return core.Usage{DiskUsage: step.found, Evidence: core.UsageEvidence{Disk: step.disk}}, step.position
		}
		_, err := m.Resources(t.Context(), "one", true)
		must(t, err)
		r, err := m.Record(t.Context(), "one")
		if u := r.Usage; err != nil || u.DiskUsage != step.shown || u.Evidence.Disk != step.evidence || u.Evidence.Walk != step.walk {
			t.Errorf("pass %d: %d, %+v, %v", i, u.DiskUsage, u.Evidence, err)
		}
	}
}

func TestNewInstancesAreChecked(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	for i, spoil := range []func(*core.NewInstance){
		func(n *core.NewInstance) { n.InstanceID = "" },
		func(n *core.NewInstance) { n.InstanceID = "ab" },
		func(n *core.NewInstance) { n.InstanceID = strings.Repeat("x", 51) },
		func(n *core.NewInstance) { n.InstanceID = "-abc" },
		func(n *core.NewInstance) { n.InstanceID = "abc-" },
		func(n *core.NewInstance) { n.InstanceID = "Abc" },
		func(n *core.NewInstance) { n.InstanceID = "a_c" },
		func(n *core.NewInstance) { n.InstanceID = "a.c" },
		func(n *core.NewInstance) { n.InstanceID = "../c" },
		func(n *core.NewInstance) { n.InstanceID = "abc\n" },
		func(n *core.NewInstance) { n.InstanceID = "äbc" },
		func(n *core.NewInstance) { n.Name = " " },
		func(n *core.NewInstance) { n.Name = strings.Repeat("ä", 256) },
		func(n *core.NewInstance) { n.Name = "a\x00b" },
		func(n *core.NewInstance) { n.Name = "a\nb" },
		func(n *core.NewInstance) { n.Name = "a\xffb" },
		func(n *core.NewInstance) { n.CMSType = "" },
		func(n *core.NewInstance) { n.CMSType = "typo3" },
		func(n *core.NewInstance) { n.CMSType = "WordPress" },
		func(n *core.NewInstance) { n.DatabaseName = "" },
		func(n *core.NewInstance) { n.DatabaseName = strings.Repeat("x", 65) },
		func(n *core.NewInstance) { n.DatabasePrefix = strings.Repeat("x", 21) },
		func(n *core.NewInstance) { n.PathPrefix = strings.Repeat("x", 101) },
		func(n *core.NewInstance) { n.Domain = "http://a.example" },
		func(n *core.NewInstance) { n.Domain = "a.example/x" },
		func(n *core.NewInstance) { n.Domain = "u@a.example" },
		func(n *core.NewInstance) { n.Domain = strings.Repeat("x", 256) },
		func(n *core.NewInstance) { n.MaxExecutionTime = -1 },
		func(n *core.NewInstance) { n.MaxExecutionTime = 86401 },
		func(n *core.NewInstance) { n.MaxChildren = -1 },
		func(n *core.NewInstance) { n.MaxChildren = 1001 },
	} {
		n := site("abc")
		spoil(&n)
		if _, err := m.Create(t.Context(), by, n); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%d: %+v: the error is %v; want invalid", i, n, err)
		}
	}
	for name, n := range map[string]core.NewInstance{"instance_id": {}, "instance_name": {InstanceID: "abc"},
		"cms_type": {InstanceID: "abc", Name: "n"}, "database_name": {InstanceID: "abc", Name: "n", CMSType: "native"}} {
		_, err := m.Create(t.Context(), by, n)
		if e, ok := err.(*core.Error); !ok || e.Message != "Field '"+name+"' is required" {
			t.Errorf("the error is %v", err)
		}
	}
	for _, id := range []string{"abc", "0-0", "a--b", strings.Repeat("x", 50)} {
		n := site(id)
		n.Domain, n.Name = "a.example:8080", strings.Repeat("ä", 255)
		if _, err := m.Create(t.Context(), by, n); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestMemoryLimits(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	i := 0
	create := func(limit string) (core.Record, error) {
		n := site(fmt.Sprint("site-", i))
		i++
		n.MemoryLimit = limit
		return m.Create(t.Context(), by, n)
	}
	for limit, megabytes := range map[string]string{"": "256", "256M": "256", "1g": "1024", "2G": "2048", "131072k": "128", "268435456": "256", "1": "1", "1K": "1",
		"8589934591G": "8796093021184"} {
		r, err := create(limit)
		if want := `{"memory_limit":` + megabytes + `}`; err != nil || *r.Instance.Resources != want {
			t.Errorf("%q is stored as %v, %v; want %s", limit, r.Instance.Resources, err, want)
		}
	}
	for _, limit := range []string{"M", "0", "0M", "-1", "+1M", "256MB", "1.5G", " 256M", "256 M", "256M\n", "1e9", "0x10", "99999999999G", "２５６M", "'"} {
		_, err := create(limit)
		wantCode(t, err, core.CodeInvalid)
	}
}

func (f *fixture) htaccess() string {
	text, _ := os.ReadFile(filepath.Join(f.base, "one", ".htaccess"))
	return string(text)
}

// TestCutOffStopIsCompleted: what is wanted is committed before the gate is put in place, and whoever looks next
// puts it there.
func TestCutOffStopIsCompleted(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	m.spy.settleErr = core.Errorf(core.CodeNotEffective, "cannot write it")
	_, err = m.stop(t.Context(), by, "one", "")
	wantCode(t, err, core.CodeNotEffective)
	r, err := m.Record(t.Context(), "one")
	if err != nil || !r.Stopped() || !r.Gate.Pending() || m.htaccess() != "" {
		t.Fatalf("after a stop that could not be carried out: %+v, %v, file %q", r, err, m.htaccess())
	}
	m.spy.settleErr = nil
	r, err = m.Status(t.Context(), "one")
	if err != nil || r.Gate.Pending() || r.Gate.Evidence.Observed != core.ObservedStopped || m.htaccess() == "" {
		t.Errorf("the next look leaves %+v, %v, file %q", r, err, m.htaccess())
	}
	_, err = m.Start(t.Context(), by, "one", "")
	if must(t, err); m.htaccess() != "" {
		t.Errorf("start leaves the file %q", m.htaccess())
	}
}

// TestStatusWhileItIsChanged: a look in between reports what is stored and carries nothing out, for that is another's turn;
// and where the panel itself cannot go on, the look says so.
func TestStatusWhileItIsChanged(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	m.spy.settleErr = core.Errorf(core.CodeUnavailable, "cannot keep a copy")
	_, err = m.stop(t.Context(), by, "one", "")
	wantCode(t, err, core.CodeUnavailable)
	_, err = m.Status(t.Context(), "one")
	wantCode(t, err, core.CodeUnavailable)
	m.spy.settleErr = nil
	m.spy.asked, m.spy.lockErr = nil, core.Errorf(core.CodeBusy, "cannot change it: another change is under way")
	r, err := m.Status(t.Context(), "one")
	if err != nil || !r.Stopped() || !r.Gate.Pending() || r.Gate.Evidence.Observed != core.ObservedRunning || len(m.spy.asked) != 0 {
		t.Errorf("while it is changed: %+v, %v; the runtime was asked %q", r.Gate, err, m.spy.asked)
	}
	r, err = m.Record(t.Context(), "one")
	must(t, err)
	if _, did, err := m.Attend(t.Context(), r); err != nil || did != (core.Attention{}) || len(m.spy.asked) != 0 {
		t.Errorf("a tick while it is changed: %+v, %v; the runtime was asked %q", did, err, m.spy.asked)
	}
	m.spy.lockErr = nil
	if _, did, err := m.Attend(t.Context(), r); err != nil || !did.Completed || m.htaccess() == "" {
		t.Errorf("a tick after that: %+v, %v, file %q", did, err, m.htaccess())
	}
}

// TestStopEndsByItself: reads compute it, and the next change writes it down as of that time.
func TestStopEndsByItself(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	for _, until := range []time.Time{m.now.Add(-time.Second), m.now, m.now.Add(core.LongestStop + time.Second), m.now.AddDate(5000, 0, 0)} {
		_, err = m.Stop(t.Context(), by, "one", core.Stop{Until: until})
		wantCode(t, err, core.CodeInvalid)
		if r, err := m.Record(t.Context(), "one"); err != nil || !r.Running() {
			t.Errorf("a stop until %v that is refused leaves %+v, %v", until, r.Run, err)
		}
	}
	res, err := m.Stop(t.Context(), by, "one", core.Stop{Until: m.now.Add(time.Hour), Reason: "works"})
	if err != nil || res.Wanted != core.ObservedStopped || res.Evidence.Observed != core.ObservedStopped {
		t.Fatalf("%+v %v", res, err)
	}
	m.now = m.now.Add(time.Hour)
	r, err := m.Status(t.Context(), "one")
	if err != nil || !r.Running() || r.Gate.Evidence.Observed != core.ObservedRunning {
		t.Errorf("after its time: %+v %v", r, err)
	}
	pid := r.Run.VirtualPID
	m.now = m.now.Add(time.Minute)
	res, err = m.Start(t.Context(), by, "one", "")
	if err != nil || res.Changed || res.Process.PID.Virtual != pid {
		t.Errorf("a start after its time: %+v, %v; want no change of the run %s", res, err, pid)
	}
	if r, err = m.Record(t.Context(), "one"); err != nil || r.Run.VirtualPID != pid || string(r.Run.StartedAt) != m.now.Add(-time.Minute).UTC().Format(time.DateTime) {
		t.Errorf("stored is %+v, %v", r.Run, err)
	}
	if m.htaccess() != "" {
		t.Errorf("the file is %q", m.htaccess())
	}
}

// TestDriftIsRepaired: a gate that somebody took out shows, and the next stop puts it back, with an event.
func TestDriftIsRepaired(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	_, err = m.stop(t.Context(), by, "one", "")
	must(t, err)
	gate := m.htaccess()
	must(t, os.Remove(filepath.Join(m.base, "one", ".htaccess")))
	if r, err := m.Status(t.Context(), "one"); err != nil || r.Gate.Evidence.Observed != core.ObservedRunning {
		t.Errorf("drift is seen as %+v, %v", r.Gate.Evidence, err)
	}
	res, err := m.stop(t.Context(), by, "one", "")
	if err != nil || res.Changed || m.htaccess() != gate {
		t.Errorf("the next stop: %+v %v, file %q", res, err, m.htaccess())
	}
}

// TestStopEndsWhileItIsProbed: visitors who are let in then are no sign that the gate has no effect where it stands.
func TestStopEndsWhileItIsProbed(t *testing.T) {
	t.Parallel()
	m, ctx := newManager(t), t.Context()
	_, err := m.Create(ctx, by, site("one"))
	must(t, err)
	m.Probe = func(context.Context, core.Record) (core.Evidence, string) {
		m.now = m.now.Add(3 * time.Second)
		return core.Evidence{Observed: core.ObservedRunning, How: core.HowProbe, Seen: "GET / answered 200", At: m.now}, ""
	}
	if _, err := m.Stop(ctx, by, "one", core.Stop{Verify: true, Until: m.now.Add(2 * time.Second)}); err != nil {
		t.Errorf("a stop that ended while visitors were asked for: %v", err)
	}
	r, err := m.Store.Record(ctx, "one")
	must(t, err)
	if r.Gate.Pending() || r.Gate.Entry != filepath.Join(m.base, "one") || r.Gate.Evidence.Observed != core.ObservedStopped {
		t.Errorf("the gate is %+v; want it where it was and carried out", r.Gate)
	}
}

// TestProbeDecides: a stop that visitors do not meet is not effective, and stays wanted.
func TestProbeDecides(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	sees := core.ObservedRunning
	m.Probe = func(context.Context, core.Record) (core.Evidence, string) {
		return core.Evidence{Observed: sees, How: core.HowProbe, Seen: "GET / answered 200", At: m.now}, "AllowOverride is missing."
	}
	_, err = m.Stop(t.Context(), by, "one", core.Stop{Verify: true})
	wantCode(t, err, core.CodeNotEffective)
	if r, err := m.Record(t.Context(), "one"); err != nil || !r.Stopped() || !r.Gate.Pending() || r.Gate.Evidence.Observed != core.ObservedRunning {
		t.Errorf("stored is %+v, %v", r.Gate, err)
	}
	for _, sees = range []core.Observed{core.ObservedUnknown, core.ObservedStopped} {
		res, err := m.Stop(t.Context(), by, "one", core.Stop{Verify: true})
		if err != nil || res.Evidence.Observed != sees {
			t.Errorf("when the probe sees %s: %+v, %v", sees, res.Evidence, err)
		}
	}
}
