package alert

import (
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// tick is what one tick finds in a test.
type tick struct {
	health  string // "ok", "bad" or "" not known
	stopped bool   // is what people want
	muted   bool
	drift   bool
	change  bool  // somebody stopped or started the site since
	disk    int64 // MB
	partial bool  // the disk was measured in part
}

// judged runs ticks five minutes apart and gives the kinds of alert of each, "-" for none.
func judged(t *testing.T, diskLimit, generation int64, ticks []tick) []string {
	t.Helper()
	var w core.Watch
	var told []string
	now := start
	for _, one := range ticks {
		r := core.Record{Instance: core.Instance{InstanceID: "wp-test-001", Name: "Test site", Status: core.StatusActive},
			Gate: core.Gate{Generation: generation}, Usage: core.Usage{DiskUsage: one.disk << 20, MeasuredAt: now}}
		r.Usage.Evidence.Disk = "measured"
		if one.partial {
			r.Usage.Evidence.Disk = "partial: the time was over"
		}
		if one.disk == 0 {
			r.Usage.Evidence.Disk = "unknown: no directory"
		}
		if one.stopped {
			r.Instance.Status = core.StatusInactive
		}
		if one.change {
			generation++
			r.Gate.Generation = generation
		}
		w.MutedUntil = time.Time{}
		if one.muted {
			w.MutedUntil = now.Add(time.Minute)
		}
		h := core.Health{CheckedAt: now}
		if one.health != "" {
			healthy := one.health == "ok"
			h.Healthy = &healthy
		}
		var drift core.Attention
		if one.drift {
			drift.Repaired = "The block was gone."
		}
		muted := w.MutedUntil
		var alerts []core.Alert
		w, alerts = Judge(w, r, h, drift, diskLimit, now)
		if !w.SeenAt.Equal(now) || !w.Health.CheckedAt.Equal(now) || !w.MutedUntil.Equal(muted) {
			t.Errorf("remembered %+v", w)
		}
		var kinds []string
		for _, a := range alerts {
			kinds = append(kinds, string(a.Kind))
			if len(a.ID) != 32 || !a.At.Equal(now) || a.InstanceID != "wp-test-001" || a.Subject == "" || a.Text == "" {
				t.Errorf("made %+v", a)
			}
		}
		if kinds == nil {
			kinds = []string{"-"}
		}
		told = append(told, strings.Join(kinds, "+"))
		now = now.Add(5 * time.Minute)
	}
	return told
}

func TestJudge(t *testing.T) {
	t.Parallel()
	ok, bad, unknown := tick{health: "ok"}, tick{health: "bad"}, tick{}
	closed, open := tick{health: "ok", stopped: true}, tick{health: "bad", stopped: true}
	muted := func(one tick) tick { one.muted = true; return one }
	drift := func(one tick) tick { one.drift = true; return one }
	change := func(one tick) tick { one.change = true; return one }
	disk := func(mb int64) tick { return tick{health: "ok", disk: mb} }
	part := func(mb int64) tick { return tick{health: "ok", disk: mb, partial: true} }
	stop := func(one tick) tick { one.stopped = true; return one }
	for name, c := range map[string]struct {
		ticks []tick
		want  string
	}{
		"healthy":                             {[]tick{ok, ok, ok}, "- - -"},
		"one failure":                         {[]tick{ok, bad, ok, bad, ok}, "- - - - -"},
		"told once, and of the end once":      {[]tick{bad, bad, bad, bad, ok, ok, bad, bad}, "- unhealthy - - healthy - - unhealthy"},
		"unknown is no failure":               {[]tick{bad, unknown, unknown, ok}, "- - - -"},
		"unknown is no recovery":              {[]tick{bad, unknown, bad, unknown, bad, ok}, "- - unhealthy - - healthy"},
		"unhealthy past the end of a mute":    {[]tick{muted(bad), muted(bad), muted(bad), bad, bad, ok}, "- - - unhealthy - healthy"},
		"unhealthy while muted only":          {[]tick{muted(bad), muted(bad), muted(ok), ok, ok}, "- - - - -"},
		"recovers in a mute, quietly":         {[]tick{bad, bad, muted(bad), muted(ok), ok, bad, bad}, "- unhealthy - - - - unhealthy"},
		"told before the mute, not again":     {[]tick{bad, bad, muted(bad), bad, ok}, "- unhealthy - - healthy"},
		"a planned stop":                      {[]tick{ok, closed, closed, ok}, "- - - -"},
		"a stop ends the alarm quietly":       {[]tick{bad, bad, closed, closed, ok}, "- unhealthy - - -"},
		"a stop that is not effective":        {[]tick{ok, open, open, open, closed}, "- - unhealthy - -"},
		"drift, once in a generation":         {[]tick{ok, drift(ok), drift(ok), ok, change(ok), drift(ok)}, "- drift - - - drift"},
		"drift of a stopped site":             {[]tick{drift(closed), closed}, "drift -"},
		"drift in a mute, not marked as told": {[]tick{muted(drift(ok)), ok, drift(ok)}, "- - drift"},
		"drift and failure together":          {[]tick{bad, drift(bad)}, "- unhealthy+drift"},

		"disk at the limit":              {[]tick{disk(100), disk(100)}, "- -"},
		"disk above, and below again":    {[]tick{disk(101), disk(102), disk(99), disk(96), disk(94), disk(93), disk(101)}, "disk - - - disk_ok - disk"},
		"disk about the limit":           {[]tick{disk(101), disk(99), disk(101), disk(95), disk(101)}, "disk - - - -"},
		"disk not known":                 {[]tick{disk(101), disk(0), disk(0), disk(101)}, "disk - - -"},
		"a part is above":                {[]tick{part(101)}, "disk"},
		"a part is never below":          {[]tick{disk(101), part(10), disk(101), disk(10)}, "disk - - disk_ok"},
		"disk above past the mute":       {[]tick{muted(disk(101)), disk(101)}, "- disk"},
		"disk below in a mute, quietly":  {[]tick{disk(101), muted(disk(10)), disk(10), disk(101)}, "disk - - disk"},
		"disk above past a planned stop": {[]tick{stop(disk(101)), disk(101)}, "- disk"},
	} {
		for _, generation := range []int64{0, 7} {
			if got := strings.Join(judged(t, 100<<20, generation, c.ticks), " "); got != c.want {
				t.Errorf("%s: told %s, want %s", name, got, c.want)
			}
		}
	}
}

func TestNoDiskLimit(t *testing.T) {
	t.Parallel()
	if got := judged(t, 0, 1, []tick{{health: "ok", disk: 1 << 20}}); got[0] != "-" {
		t.Errorf("told %s", got)
	}
	// A limit that was taken away ends the alarm, and there is nothing to tell.
	w := core.Watch{Alarms: core.Alarms{Disk: true}}
	after, alerts := Judge(w, core.Record{Instance: core.Instance{Status: core.StatusActive}}, core.Health{}, core.Attention{}, 0, start)
	if after.Alarms.Disk || len(alerts) > 0 {
		t.Errorf("remembered %+v, told %+v", after, alerts)
	}
}

func TestIDsDiffer(t *testing.T) {
	t.Parallel()
	if a, b := newID(), newID(); a == b {
		t.Errorf("%s twice", a)
	}
}
