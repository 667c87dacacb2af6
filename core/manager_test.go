package core_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
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
	asked []string
	err   error
}

func (s *spy) Start(ctx context.Context, in core.Instance) (core.PID, error) {
	s.asked = append(s.asked, "start")
	pid, err := s.Runtime.Start(ctx, in)
	return pid, errors.Join(err, s.err)
}

func (s *spy) Stop(ctx context.Context, in core.Instance) error {
	s.asked = append(s.asked, "stop")
	return errors.Join(s.Runtime.Stop(ctx, in), s.err)
}

type fixture struct {
	*core.Manager
	spy      *spy
	now      time.Time
	measured int
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
	f := &fixture{now: time.Unix(1795403510, 0)}
	f.spy = &spy{Runtime: virtual.Runtime{Now: func() time.Time { return f.now }}}
	f.Manager = &core.Manager{Store: db, Runtime: f.spy, Base: "/base", Now: func() time.Time { return f.now },
		Measure: func(ctx context.Context, in core.Instance) core.Usage {
			f.measured++
			return core.Usage{DiskUsage: int64(f.measured)}
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
		{m.Restart, true, true, true, "stop start"},
		{m.Start, false, true, false, ""},
		{m.Stop, true, false, false, "stop"},
		{m.Stop, false, false, false, ""},
		{m.Restart, true, true, true, "start"},
		{m.Stop, true, false, false, "stop"},
		{m.Start, true, true, true, "start"},
		{m.Delete, true, true, false, ""},
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
		"start": m.Start, "stop": m.Stop, "restart": m.Restart, "delete": m.Delete} {
		for id, code := range map[string]core.Code{"": core.CodeInvalid, "../one": core.CodeInvalid, "none": core.CodeNotFound} {
			if _, err := act(t.Context(), by, id, ""); core.CodeOf(err) != code {
				t.Errorf("%s of %q: %v; want %s", name, id, err, code)
			}
		}
		_, err := act(t.Context(), by, "one", strings.Repeat("ä", core.MaxReason+1))
		wantCode(t, err, core.CodeInvalid)
	}
	m.spy.err = errors.New("the runtime failed")
	for _, act := range []func(context.Context, core.Actor, string, string) (core.Result, error){m.Stop, m.Restart} {
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
	if _, err := m.Stop(t.Context(), by, "one", strings.Repeat("ä", core.MaxReason)); err != nil {
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
		{time.Hour, false, func(ctx context.Context, id string, _ bool) (core.Record, error) { return m.Monitor(ctx, id) }, 1},
		{0, false, m.Resources, 2}, // the first is an hour old
		{core.UsageMaxAge, false, m.Resources, 2},
		{time.Second, false, m.Resources, 3},
		{0, true, m.Resources, 4},
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
