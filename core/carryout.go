package core

import (
	"context"
)

// carryOut makes what visitors meet agree with what was committed, and stores what came of it. Where nothing was
// changed it still looks: a gate that somebody has taken out is put back.
func (m *Manager) carryOut(ctx context.Context, by Actor, res Result, r Record, verify bool) (Result, error) {
	res.Wanted, res.Evidence = r.Wanted(m.Now()), r.Gate.Evidence
	if !res.Changed && !r.Gate.Pending() {
		seen := m.Runtime.Observe(r)
		if seen.Observed == res.Wanted || seen.Observed == ObservedUnknown && res.Wanted == ObservedRunning {
			return m.verify(ctx, res, Settled{Record: r, Entry: r.Gate.Entry, Evidence: seen}, verify)
		}
		if err := m.recordRepair(ctx, by, r, seen); err != nil {
			return Result{}, err
		}
	}
	s, err := m.settle(ctx, r)
	if err != nil {
		return Result{}, err
	}
	res.Evidence, res.Spared = s.Evidence, s.Spared
	return m.verify(ctx, res, s, verify)
}

// settle carries out what is wanted and stores how far it came.
func (m *Manager) settle(ctx context.Context, r Record) (Settled, error) {
	id := r.Instance.InstanceID
	s, err := m.Runtime.Settle(ctx, r, func(ctx context.Context) (Record, error) { return m.Store.Record(ctx, id) })
	if err != nil {
		e := Evidence{Observed: ObservedError, How: HowGate, Seen: sentence(err), At: m.Now()}
		// The generation stays open, so that the next request tries again; that error is the one to report.
		_ = m.Store.SaveGate(ctx, r.Instance, r.Gate.Generation, false, r.Gate.Entry, e)
		return Settled{}, err
	}
	return s, m.Store.SaveGate(ctx, s.Record.Instance, s.Record.Gate.Generation, true, s.Entry, s.Evidence)
}

// verify asks a site that is wanted stopped, if it is to, and reports a stop that is not effective.
func (m *Manager) verify(ctx context.Context, res Result, s Settled, ask bool) (Result, error) {
	if !ask || m.Probe == nil || res.Wanted != ObservedStopped {
		return res, nil
	}
	s.Record.Gate.Entry = s.Entry
	e, cause := m.Probe(ctx, s.Record)
	if e.Observed == ObservedUnknown { // the gate is all the evidence there is
		e.Seen = s.Evidence.Seen + "; " + e.Seen
	}
	res.Evidence = e
	done := e.Observed != ObservedRunning
	if err := m.Store.SaveGate(ctx, s.Record.Instance, s.Record.Gate.Generation, done, s.Entry, e); err != nil {
		return Result{}, err
	}
	if !done {
		return Result{}, Errorf(CodeNotEffective, "cannot close the site to visitors: %s. %s", e.Seen, cause)
	}
	return res, nil
}

func (m *Manager) recordRepair(ctx context.Context, by Actor, r Record, seen Evidence) error {
	return m.Store.RecordEvent(ctx, Event{At: m.Now(), InstanceID: r.Instance.InstanceID, Action: ActionRepair, Actor: by,
		Reason: "wanted " + string(r.Wanted(m.Now())) + ", and " + seen.Seen, Result: ResultOK, PID: r.Run.VirtualPID})
}

// Status reads one instance with what is to be seen of it now. A change that was cut off is completed first.
func (m *Manager) Status(ctx context.Context, id string) (Record, error) {
	r, err := m.Record(ctx, id)
	if err != nil {
		return Record{}, err
	}
	if r.Gate.Pending() {
		if _, err := m.settle(ctx, r); err == nil {
			if r, err = m.Store.Record(ctx, id); err != nil {
				return Record{}, err
			}
		}
	}
	return m.Observed(r), nil
}

// Observed gives the record as of now, with what its gate shows. While the gate stands, what a probe met there says
// more than the file does.
func (m *Manager) Observed(r Record) Record {
	seen := m.Runtime.Observe(r)
	if r.Gate.Evidence.How != HowProbe || seen.Observed != ObservedStopped {
		r.Gate.Evidence = seen
	}
	return r.AsOf(m.Now())
}

// Record reads one instance, or gives the record that ctx carries of it.
func (m *Manager) Record(ctx context.Context, id string) (Record, error) {
	if err := CheckID(id); err != nil {
		return Record{}, err
	}
	if read, ok := ctx.Value(readKey{}).(alreadyRead); ok && read.id == id {
		return read.record, nil
	}
	return m.Store.Record(ctx, id)
}

// readKey is the key of an alreadyRead in a context.
type readKey struct{}

type alreadyRead struct {
	id     string
	record Record
}

// WithRecord gives a context for the rest of a request that has read the instance id already, along with its
// session; a Manager's reads then need no round trip. Changes read anew, under their lock.
func WithRecord(ctx context.Context, id string, r Record) context.Context {
	return context.WithValue(ctx, readKey{}, alreadyRead{id, r})
}

// sentence is the part of an error that people may see.
func sentence(err error) string {
	if e := asError(err); e != nil {
		return e.Message
	}
	return "it failed"
}
