package systemd

import (
	"testing"
	"time"
)

func TestCrashPlan(t *testing.T) {
	t.Parallel()
	begin := time.Unix(1_700_000_000, 0)
	now := begin
	failed := func() Detail {
		return Detail{Unit: Unit{Active: "failed"}, ChangedAt: now, Restarts: known(5)}
	}
	var c Crashes
	for i, minutes := range []int{1, 2, 5, 10, 10, 10} {
		d, due := failed(), now.Add(time.Duration(minutes)*time.Minute)
		for ; now.Before(due); now = now.Add(30 * time.Second) {
			var action Action
			if c, action = c.Next(d, true, now); action != ActNothing {
				t.Fatalf("failure %d: %s after %s, want %d minutes", i, action, now.Sub(d.ChangedAt), minutes)
			}
			if !c.NextAt.Equal(due) {
				t.Fatalf("failure %d: next at %s, want %s", i, c.NextAt, due)
			}
		}
		var action Action
		if c, action = c.Next(d, true, now); action != ActRetry || c.Attempts != i+1 {
			t.Fatalf("failure %d: %q after %d minutes, %+v", i, action, minutes, c)
		}
	}
	if c.Total != 6*5+6 { // systemd's restarts, and ours
		t.Errorf("%d restarts in all", c.Total)
	}
	// A short while up ends the wait and not the plan; a long one ends both.
	up := Detail{Unit: Unit{Active: "active"}, ActiveSince: now, Restarts: known(0)}
	c, action := c.Next(up, true, now.Add(time.Minute))
	if action != ActNothing || c.Attempts != 6 || !c.NextAt.IsZero() {
		t.Errorf("a minute up: %q, %+v", action, c)
	}
	if c, _ = c.Next(up, true, now.Add(goodAfter)); c.Attempts != 0 {
		t.Errorf("up for good: %+v", c)
	}
}

func TestCrashCounts(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	up := func(restarts Figure) Detail {
		return Detail{Unit: Unit{Active: "active"}, ActiveSince: now, Restarts: restarts}
	}
	var c Crashes
	for i, step := range []struct {
		restarts Figure
		total    int64
	}{{known(0), 0}, {known(2), 2}, {known(2), 2}, {Figure{}, 2}, {known(3), 3}, {known(0), 3} /* started by a person */, {known(1), 4}} {
		if c, _ = c.Next(up(step.restarts), true, now); c.Total != step.total {
			t.Errorf("step %d: %d restarts, want %d", i, c.Total, step.total)
		}
	}
	if c, _ = c.Started().Next(up(known(1)), true, now); c.Total != 5 { // the same number, and another restart
		t.Errorf("after a person's start: %d", c.Total)
	}
}

func TestCrashActions(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	for name, c := range map[string]struct {
		active, job string
		wanted      bool
		want        Action
	}{
		"runs":                         {"active", "", true, ActNothing},
		"reloads":                      {"reloading", "", true, ActNothing},
		"starts":                       {"activating", "job", true, ActNothing},
		"was ended":                    {"inactive", "", true, ActDrift},
		"waits for its start":          {"inactive", "job", true, ActNothing},
		"runs and is not wanted":       {"active", "", false, ActDrift},
		"is being stopped":             {"active", "job", false, ActNothing},
		"is stopped":                   {"inactive", "", false, ActNothing},
		"has failed and is not wanted": {"failed", "", false, ActNothing},
	} {
		after, got := Crashes{Attempts: 2, NextAt: now}.Next(Detail{Unit: Unit{Active: c.active, Job: c.job}, ActiveSince: now}, c.wanted, now)
		if got != c.want || !c.wanted && after.Attempts != 0 {
			t.Errorf("one that %s: %q, %+v", name, got, after)
		}
	}
	// A clock that was set back, or a time that is not known, does not keep it waiting for ever.
	for _, at := range []time.Time{{}, now.Add(time.Hour)} {
		if c, _ := (Crashes{}).Next(Detail{Unit: Unit{Active: "failed"}, ChangedAt: at}, true, now); !c.NextAt.Equal(now.Add(time.Minute)) {
			t.Errorf("failed at %s: next at %s", at, c.NextAt)
		}
	}
}
