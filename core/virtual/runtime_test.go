package virtual

import (
	"regexp"
	"testing"
	"time"

	"vpm/core"
)

func TestVirtualPIDs(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^v1795403510\d{9}$`) // v, seconds, digits: 20 characters, as the column has
	rt := &Runtime{Now: func() time.Time { return time.Unix(1795403510, 999) }}
	seen := map[string]bool{}
	for range 2000 { // runs begun in one second
		pid, err := rt.Start(t.Context(), core.Instance{})
		if err != nil || !form.MatchString(pid.Virtual) || pid.Real != 0 {
			t.Fatalf("the PID is %+v, %v", pid, err)
		}
		seen[pid.Virtual] = true
	}
	if len(seen) < 1999 { // two alike among so many: once in 500 times
		t.Errorf("%d of 2000 PIDs differ", len(seen))
	}
}

// TestProcess goes through every state that rows written by anybody may be in.
func TestProcess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		instance core.InstanceStatus
		run      core.RunStatus
		want     core.RunStatus
	}{
		{core.StatusActive, core.RunRunning, core.RunRunning},
		{core.StatusActive, core.RunStopped, core.RunStopped},
		{core.StatusActive, core.RunError, core.RunError},
		{core.StatusActive, "", core.RunStopped},
		{core.StatusInactive, core.RunRunning, core.RunStopped},
		{core.StatusInactive, core.RunStopped, core.RunStopped},
		{core.StatusInactive, "", core.RunStopped},
		{core.StatusMaintenance, core.RunRunning, core.RunStopped},
		{core.StatusError, core.RunRunning, core.RunError},
		{core.StatusError, "", core.RunError},
		{"", "", core.RunStopped},
	} {
		p, err := (&Runtime{}).Process(t.Context(), core.Record{Instance: core.Instance{Status: c.instance},
			Run: core.Run{VirtualPID: "v1", Status: c.run, StartedAt: "2026-11-23 03:11:51"}})
		running := c.want == core.RunRunning
		if err != nil || p.Status != c.want || p.Mode != core.ModeVirtual || p.Socket != nil || (p.PID.Virtual == "v1") != running || (p.StartedAt != "") != running {
			t.Errorf("%s, %s: the process is %+v; want %s", c.instance, c.run, p, c.want)
		}
	}
}
