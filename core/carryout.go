package core

import (
	"context"
)

// carryOut makes what visitors meet agree with what was committed, and stores what came of it. Where nothing was
// changed it still looks: a gate that somebody has taken out is put back.
func (m *Manager) carryOut(ctx context.Context, by Actor, res Result, r Record, verify bool) (Result, error) {
	res.Wanted, res.Evidence = r.Wanted(m.Now()), r.Gate.Evidence
	if !res.Changed && !r.Gate.Pending() {
		seen := m.Runtime.Observe(ctx, r)
		agrees := seen.Observed == res.Wanted || seen.Observed == ObservedUnknown && res.Wanted == ObservedRunning
		if agrees && !seen.Ended {
			return m.verify(ctx, res, Settled{Record: r, Entry: r.Gate.Entry, Evidence: seen}, verify)
		}
		if !agrees { // an ended gate was in nobody's way
			if err := m.beginRepair(ctx, by, r, seen); err != nil {
				return Result{}, err
			}
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
	s, err := m.Runtime.Settle(ctx, r)
	if err != nil {
		e := Evidence{Observed: ObservedError, How: HowGate, Seen: Sentence(err), At: m.Now()}
		// The generation stays open, so that the next request tries again; that error is the one to report.
		_ = m.Store.SaveGate(ctx, r.Instance, r.Gate.Generation, false, r.Gate.Entry, e)
		return Settled{}, err
	}
	return s, m.Store.SaveGate(ctx, s.Record.Instance, s.Record.Gate.Generation, true, s.Entry, s.Evidence)
}

// verify asks a site that is wanted stopped, if it is to, and reports a stop that is not effective. Where visitors
// still reach the site, the gate is tried in the other place before that.
func (m *Manager) verify(ctx context.Context, res Result, s Settled, ask bool) (Result, error) {
	if !ask || m.Probe == nil || res.Wanted != ObservedStopped {
		return res, nil
	}
	e, cause := m.probe(ctx, s)
	if s.Record.Wanted(m.Now()) != ObservedStopped {
		return res, nil // the stop ended meanwhile: what visitors meet then says nothing of the gate
	}
	if e.Observed == ObservedRunning && s.Alternative != "" {
		first := s
		var err error
		if s, err = m.move(ctx, first, first.Alternative); err == nil {
			e, _ = m.probe(ctx, s)
		}
		if err != nil || e.Observed == ObservedRunning { // neither: back to the site's own directory
			if s, err = m.move(ctx, first, first.Entry); err != nil {
				return Result{}, err
			}
		}
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

// move puts the gate into another place.
func (m *Manager) move(ctx context.Context, s Settled, entry string) (Settled, error) {
	s.Record.Gate.Entry = entry
	return m.settle(ctx, s.Record)
}

// probe asks the site. Where it cannot be asked, the gate is all the evidence there is.
func (m *Manager) probe(ctx context.Context, s Settled) (e Evidence, cause string) {
	s.Record.Gate.Entry = s.Entry
	e, cause = m.Probe(ctx, s.Record)
	if e.Observed == ObservedUnknown {
		e.Seen = s.Evidence.Seen + "; " + e.Seen
	}
	return e, cause
}

// beginRepair opens what was carried out again before the event, so that a repair that is cut off after it is completed and
// not told twice.
func (m *Manager) beginRepair(ctx context.Context, by Actor, r Record, seen Evidence) error {
	if err := m.Store.SaveGate(ctx, r.Instance, r.Gate.Generation, false, r.Gate.Entry, seen); err != nil {
		return err
	}
	return m.Store.RecordEvent(ctx, Event{At: m.Now(), InstanceID: r.Instance.InstanceID, Action: ActionRepair, Actor: by,
		Reason: "wanted " + string(r.Wanted(m.Now())) + ", and " + seen.Seen, Result: ResultOK, PID: r.Run.VirtualPID})
}

// Status reads one instance with what is to be seen of it now. A change that was cut off is completed first.
func (m *Manager) Status(ctx context.Context, id string) (Record, error) {
	r, err := m.Record(ctx, id)
	if err != nil {
		return Record{}, err
	}
	// A stop that a probe saw to have no effect is carried out as far as it goes; looking again changes nothing.
	seen := r.Gate.Evidence
	if r.Gate.Pending() && !(seen.How == HowProbe && seen.Observed == ObservedRunning) {
		if r, err = m.complete(ctx, r); err != nil {
			return Record{}, err
		}
	}
	return m.Observed(ctx, r), nil
}

// complete carries out a change that was cut off. Where that is not possible now the record says so.
func (m *Manager) complete(ctx context.Context, r Record) (Record, error) {
	id := r.Instance.InstanceID
	ctx, unlock, err := m.Runtime.Lock(ctx, r)
	if CodeOf(err) == CodeBusy { // it is being carried out
		return r, nil
	}
	if err != nil {
		return Record{}, err
	}
	defer unlock()
	if r, err = m.Store.Record(ctx, id); err != nil || !r.Gate.Pending() {
		return r, err
	}
	if _, err := m.settle(ctx, r); CodeOf(err) == CodeUnavailable {
		return Record{}, err
	}
	return m.Store.Record(ctx, id)
}

// Observed gives the record as of now, with what its gate or its unit shows. While the gate stands, what a probe met there
// says more than the file does; of a unit that is down though it is wanted, what a probe met earlier says nothing.
func (m *Manager) Observed(ctx context.Context, r Record) Record {
	seen := m.Runtime.Observe(ctx, r)
	stands := seen.Observed == ObservedStopped && (seen.How == HowGate || r.Wanted(m.Now()) == ObservedStopped)
	if r.Gate.Evidence.How != HowProbe || !stands {
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

// Sentence is the part of an error that people may see.
func Sentence(err error) string {
	if e := asError(err); e != nil {
		return e.Message
	}
	return "it failed"
}
