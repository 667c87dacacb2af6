package core

import (
	"cmp"
	"context"
)

// Attention is what a tick found to do about an instance's gate.
type Attention struct {
	Completed bool   // a change that was cut off, or a stop whose time is over
	Repaired  string // what was seen before it was put right, "" nothing
	Disputed  string // what was seen and left, as it was put right only just before; "" nothing
}

// Attend sees to an instance between requests: the end of a stop is written down, changes that were cut off and stops
// that had no effect are carried out, drift is put right, once per cause, and an ended gate that came back is taken out. It
// gives the record as it is then.
func (m *Manager) Attend(ctx context.Context, r Record) (Record, Attention, error) {
	now := m.Now()
	wanted := r.Wanted(now)
	if seen := m.Runtime.Observe(ctx, r); !r.Expired(now) && !r.Gate.Pending() && !seen.Ended && !drifted(wanted, seen) {
		return r, Attention{}, nil
	}
	id := r.Instance.InstanceID
	turn, unlock, err := m.Runtime.Lock(ctx, r)
	if CodeOf(err) == CodeBusy { // it is being changed
		return r, Attention{}, nil
	}
	if err != nil {
		return r, Attention{}, err
	}
	defer unlock()
	if r, err = m.Store.Record(ctx, id); err != nil {
		return r, Attention{}, err
	}
	done, err := m.attend(turn, r)
	// Also after a failure: what came of it is stored, and is not to be written over with what was known before.
	is, rerr := m.Store.Record(ctx, id)
	if rerr == nil {
		r = is
	}
	return r, done, cmp.Or(err, rerr)
}

// attend does so in the instance's turn, with what is stored now.
func (m *Manager) attend(ctx context.Context, r Record) (Attention, error) {
	var done Attention
	if r.Expired(m.Now()) {
		if err := m.expire(ctx, r.Instance.InstanceID); err != nil {
			return done, err
		}
		var err error
		if r, err = m.Store.Record(ctx, r.Instance.InstanceID); err != nil {
			return done, err
		}
	}
	if seen := m.Runtime.Observe(ctx, r); r.Gate.Pending() || seen.Ended && !drifted(r.Wanted(m.Now()), seen) {
		done.Completed = true
	} else {
		if !drifted(r.Wanted(m.Now()), seen) {
			return done, nil
		}
		due, err := m.Runtime.Due(ctx, r, seen)
		if err != nil {
			return done, err
		}
		if !due {
			done.Disputed = seen.Seen
			return done, m.Store.SaveGate(ctx, r.Instance, r.Gate.Generation, true, r.Gate.Entry, seen)
		}
		done.Repaired = seen.Seen
	}
	if _, err := m.carryOut(Insist(ctx), Actor{Name: "vpm"}, Result{}, r, true); err != nil {
		return Attention{}, err
	}
	return done, nil
}

// drifted tells whether what was seen is not what is wanted. Where nobody has looked yet nothing was.
func drifted(wanted Observed, seen Evidence) bool {
	return seen.Observed != "" && seen.Observed != ObservedUnknown && seen.Observed != wanted
}
