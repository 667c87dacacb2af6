package core

import (
	"context"
	"time"
	"unicode/utf8"
)

// Manager owns the rules of changing and reporting instances, so that both modes and both transports behave
// alike. All its methods may be called by many goroutines and many processes at once.
type Manager struct {
	Store   Store
	Runtime Runtime
	// Base is the directory below which an instance's own directory is looked for; see Instance.Path.
	Base string
	// Measure measures an instance's usage; it keeps to the deadline of its context and then reports what
	// it has.
	Measure func(ctx context.Context, in Instance) Usage
	// Now is the clock.
	Now func() time.Time
}

// Result is what a change led to.
type Result struct {
	InstanceID string
	Process    Process
	Changed    bool // false: everything was as asked before
}

// Start makes the instance wanted running and begins a run. A running one stays as it is, with its PID.
func (m *Manager) Start(ctx context.Context, by Actor, id, reason string) (Result, error) {
	return m.change(ctx, by, id, ActionStart, reason, func(r Record) (ChangeKind, PID, error) {
		if r.Running() {
			return ChangeNothing, PID{}, nil
		}
		pid, err := m.Runtime.Start(ctx, r.Instance)
		return ChangeStart, pid, err
	})
}

// Stop makes the instance wanted stopped and ends its run. A stopped one stays as it is.
func (m *Manager) Stop(ctx context.Context, by Actor, id, reason string) (Result, error) {
	return m.change(ctx, by, id, ActionStop, reason, func(r Record) (ChangeKind, PID, error) {
		if r.Stopped() {
			return ChangeNothing, PID{}, nil
		}
		return ChangeStop, PID{Virtual: r.Run.VirtualPID}, m.Runtime.Stop(ctx, r.Instance)
	})
}

// Restart ends the instance's run, if it has one, and begins another.
func (m *Manager) Restart(ctx context.Context, by Actor, id, reason string) (Result, error) {
	return m.change(ctx, by, id, ActionRestart, reason, func(r Record) (ChangeKind, PID, error) {
		if !r.Stopped() {
			if err := m.Runtime.Stop(ctx, r.Instance); err != nil {
				return ChangeNothing, PID{}, err
			}
		}
		pid, err := m.Runtime.Start(ctx, r.Instance)
		return ChangeStart, pid, err
	})
}

// Delete forgets an instance. Its files, its database and its history of events are not touched.
func (m *Manager) Delete(ctx context.Context, by Actor, id, reason string) (Result, error) {
	return m.change(ctx, by, id, ActionDelete, reason, func(r Record) (ChangeKind, PID, error) {
		return ChangeDelete, PID{Virtual: r.Run.VirtualPID}, nil
	})
}

// change locks the instance, lets act do its work, and has rows and event written in one transaction.
func (m *Manager) change(ctx context.Context, by Actor, id, action, reason string,
	act func(Record) (ChangeKind, PID, error)) (Result, error) {
	if err := CheckID(id); err != nil {
		return Result{}, err
	}
	if err := checkReason(reason); err != nil {
		return Result{}, err
	}
	var res Result
	err := m.Store.ChangeInstance(ctx, id, func(r Record) (Change, error) {
		kind, pid, err := act(r)
		if err != nil {
			return Change{}, err
		}
		res = Result{InstanceID: r.Instance.InstanceID, Changed: kind != ChangeNothing}
		switch kind {
		case ChangeStart:
			r.Instance.Status = StatusActive
			r.Run = Run{VirtualPID: pid.Virtual, Status: RunRunning}
		case ChangeStop:
			r.Instance.Status = StatusInactive
			r.Run.Status = RunStopped
		}
		res.Process = m.Runtime.Process(r)
		return Change{Kind: kind, PID: pid.Virtual, Event: Event{
			At: m.Now(), InstanceID: r.Instance.InstanceID, Action: action, Actor: by,
			Reason: reason, Result: ResultOK, PID: pid.Virtual,
		}}, nil
	})
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

func checkReason(reason string) error {
	if utf8.RuneCountInString(reason) > MaxReason {
		return Errorf(CodeInvalid, "cannot use this reason: it is longer than %d characters", MaxReason)
	}
	return nil
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
