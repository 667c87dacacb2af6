package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// TestUnreachable: what has a process of its own that this program cannot reach is neither changed nor reported as seen, and
// what has none is driven as ever. Where that cannot be told, nothing is touched either.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	r, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	r.Instance.Status, r.Run.Status = core.StatusInactive, core.RunStopped // wanted is a gate
	away := errors.New("the database is away")
	var moved bool
	var unknown error
	u := &core.Unreachable{Runtime: m.spy, Why: "it is another user's", Now: func() time.Time { return m.now },
		Moved: func(context.Context, core.Instance) (bool, error) { return moved, unknown }}
	errs := func() []error {
		_, unlock, lerr := u.Lock(t.Context(), r)
		if lerr == nil {
			lerr = unlock()
		}
		_, serr := u.Settle(t.Context(), r)
		return []error{lerr, serr, u.Release(t.Context(), r)}
	}

	moved = true
	for i, err := range errs() {
		if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), u.Why) {
			t.Errorf("change %d of one out of reach: %v", i, err)
		}
	}
	if e := u.Observe(t.Context(), r); e.Observed != core.ObservedUnknown || !strings.Contains(e.Seen, u.Why) || !e.At.Equal(m.now) {
		t.Errorf("of one out of reach is seen %+v", e)
	}
	if p, err := u.Process(t.Context(), r); err != nil || p != (core.Process{Status: core.RunError, Mode: core.ModeReal}) {
		t.Errorf("its process is %+v, %v", p, err)
	}
	if due, err := u.Due(t.Context(), r, core.Evidence{}); err != nil || due {
		t.Errorf("it is to be repaired: %t, %v", due, err)
	}

	unknown, moved = away, false
	for i, err := range errs() {
		if !errors.Is(err, away) {
			t.Errorf("change %d of one that may be out of reach: %v", i, err)
		}
	}
	if e := u.Observe(t.Context(), r); e.Observed != core.ObservedUnknown {
		t.Errorf("of one that may be out of reach is seen %+v", e)
	}
	if _, err := u.Process(t.Context(), r); !errors.Is(err, away) {
		t.Errorf("its process: %v", err)
	}
	if due, err := u.Due(t.Context(), r, core.Evidence{}); !errors.Is(err, away) || due {
		t.Errorf("it is to be repaired: %t, %v", due, err)
	}
	if len(m.spy.asked) != 1 || m.htaccess() != "" { // by Create
		t.Errorf("what is out of reach was changed: %q, the file is %q", m.spy.asked, m.htaccess())
	}

	unknown = nil
	turn, unlock, err := u.Lock(t.Context(), r)
	must(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := u.Lock(ended, r); err == nil {
		t.Error("two have their turn at once")
	}
	s, err := u.Settle(turn, r)
	if err != nil || s.Evidence.Observed != core.ObservedStopped || m.htaccess() == "" {
		t.Errorf("one within reach is closed: %+v, %v", s, err)
	}
	must(t, unlock())
	if e := u.Observe(t.Context(), r); e.Observed != core.ObservedStopped || e.How != core.HowGate {
		t.Errorf("of one within reach is seen %+v", e)
	}
	if p, err := u.Process(t.Context(), r); err != nil || p.Mode != core.ModeVirtual || p.Status != core.RunStopped {
		t.Errorf("its process is %+v, %v", p, err)
	}
	if due, err := u.Due(t.Context(), r, core.Evidence{}); err != nil || !due {
		t.Errorf("it is to be repaired: %t, %v", due, err)
	}
	if must(t, u.Release(t.Context(), r)); m.htaccess() != "" {
		t.Errorf("released, its file is %q", m.htaccess())
	}
}
