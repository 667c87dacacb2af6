package core

import (
	"cmp"
	"context"
	"errors"
	"time"
	"unicode/utf8"
)

// Manager owns the rules of changing and reporting instances, so that both modes and both transports behave
// alike. All its methods may be called by many goroutines and many processes at once.
//
// A change goes in three steps: what is wanted is committed, then it is carried out, then what came of it is
// stored. Whatever dies in between, the next request for the instance completes it.
type Manager struct {
	Store   Store
	Runtime Runtime
	// Base is the directory below which an instance's own directory is looked for; see Instance.Path.
	Base string
	// Watch keeps what was found between changes.
	Watch WatchStore
	// Measure measures an instance's usage; it keeps to the deadline of its context and then reports what it has,
	// and from where the walk through its tree goes on (nil: it is complete).
	Measure func(ctx context.Context, in Instance, from []byte) (u Usage, position []byte)
	// Examine makes the checks of an instance's health.
	Examine func(ctx context.Context, r Record) Health
	// Probe asks a site that has just been stopped, as a visitor does. cause says, where it still answers,
	// why that is likely so.
	Probe func(ctx context.Context, r Record) (e Evidence, cause string)
	// Now is the clock.
	Now func() time.Time
}

// Result is what a change led to.
type Result struct {
	InstanceID string
	Process    Process
	Changed    bool // false: everything was as asked before
	Wanted     Observed
	Evidence   Evidence
	Stop       Stop     // of a stop
	Spared     []string // sites nested below that stay open though nobody registered them
}

// decision is what a change makes of the record that it finds.
type decision struct {
	kind        ChangeKind
	pid         PID
	stop        Stop
	bypass      string
	bypassUntil time.Time
	instance    Instance // of a ChangeUpdate
	told        string   // for the history, where nobody gave a reason
}

// Start makes the instance wanted running, begins a run and opens the site. A running one stays as it is, with its
// PID.
func (m *Manager) Start(ctx context.Context, by Actor, id, reason string) (Result, error) {
	return m.change(ctx, by, id, ActionStart, reason, false, func(r Record) (decision, error) {
		if r.Running() {
			return decision{}, nil
		}
		pid, err := m.Runtime.Start(ctx, r.Instance)
		return decision{kind: ChangeStart, pid: pid}, err
	})
}

// Stop makes the instance wanted stopped, ends its run and closes the site. A stopped one stays as it is, unless
// it is to be stopped for another time or reason. CodeNotEffective means that it is wanted stopped and visitors
// still reach it.
func (m *Manager) Stop(ctx context.Context, by Actor, id string, stop Stop) (Result, error) {
	switch now := m.Now(); {
	case stop.Until.IsZero():
	case !stop.Until.After(now):
		return Result{}, Errorf(CodeInvalid, "cannot stop until a time that is over")
	case stop.Until.After(now.Add(LongestStop)): // refused here, as a gate cannot be written for any time whatever
		return Result{}, Errorf(CodeInvalid, "cannot stop until then: a stop that ends by itself lasts ten years at most")
	}
	return m.change(ctx, by, id, ActionStop, stop.Reason, stop.Verify, func(r Record) (decision, error) {
		if r.Stopped() && r.Gate.Until.Equal(stop.Until) && r.Gate.Reason == stop.Reason && r.Gate.IncludeNested == stop.IncludeNested {
			return decision{}, nil
		}
		return decision{kind: ChangeStop, pid: PID{Virtual: r.Run.VirtualPID}, stop: stop}, nil
	})
}

// Restart ends the instance's run, if it has one, and begins another.
func (m *Manager) Restart(ctx context.Context, by Actor, id, reason string) (Result, error) {
	return m.change(ctx, by, id, ActionRestart, reason, false, func(r Record) (decision, error) {
		pid, err := m.Runtime.Start(ctx, r.Instance)
		return decision{kind: ChangeStart, pid: pid}, err
	})
}

// Delete forgets an instance, and opens its site first where vpm has closed it. Its files, its database and its
// history of events are not touched.
func (m *Manager) Delete(ctx context.Context, by Actor, id, reason string) (Result, error) {
	if err := checkReason(reason); err != nil {
		return Result{}, err
	}
	ctx, unlock, err := m.turn(ctx, id)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	r, err := m.Store.Record(ctx, id)
	if err != nil {
		return Result{}, err
	}
	was, err := m.Runtime.Process(ctx, r)
	if err != nil {
		return Result{}, err
	}
	if r.Gate.Generation > 0 && r.Wanted(m.Now()) == ObservedStopped {
		// Where this is cut off below, the site is open and wanted closed: the next request sees that to its end.
		if err := m.Store.SaveGate(ctx, r.Instance, r.Gate.Generation, false, r.Gate.Entry, r.Gate.Evidence); err != nil {
			return Result{}, err
		}
	}
	if err := m.Runtime.Release(ctx, r); err != nil {
		return Result{}, err
	}
	res, _, err := m.commit(ctx, by, id, ActionDelete, reason, func(r Record) (decision, error) {
		return decision{kind: ChangeDelete, pid: PID{Virtual: r.Run.VirtualPID}}, nil
	})
	res.Process = was
	return res, err
}

// turn waits for an instance's turn. Another process may have changed the instance meanwhile: what counts is read
// afterwards.
func (m *Manager) turn(ctx context.Context, id string) (turn context.Context, unlock func() error, err error) {
	r, err := m.Record(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	return m.Runtime.Lock(ctx, r)
}

func (m *Manager) change(ctx context.Context, by Actor, id, action, reason string, verify bool, decide func(Record) (decision, error)) (Result, error) {
	if err := checkReason(reason); err != nil {
		return Result{}, err
	}
	ctx, unlock, err := m.turn(ctx, id)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	ctx = Insist(ctx)
	res, r, err := m.commit(ctx, by, id, action, reason, decide)
	if err != nil {
		return Result{}, err
	}
	if res, err = m.carryOut(ctx, by, res, r, verify); err != nil {
		return Result{}, err
	}
	res.Process, err = m.Runtime.Process(ctx, r)
	return res, err
}

// commit locks the instance, has decide say what to do, and writes rows and event in one transaction.
func (m *Manager) commit(ctx context.Context, by Actor, id, action, reason string, decide func(Record) (decision, error)) (res Result, found Record, err error) {
	try := func() error {
		return m.Store.ChangeInstance(ctx, id, func(r Record) (Change, error) {
			if r.Expired(m.Now()) && action != ActionExpire {
				return Change{}, errExpired
			}
			d, err := decide(r)
			if err != nil {
				return Change{}, err
			}
			res = Result{InstanceID: r.Instance.InstanceID, Changed: d.kind != ChangeNothing, Stop: d.stop}
			found = d.after(r)
			if d.kind == ChangeNothing {
				res.Stop = r.Gate.Stop
			}
			c := Change{Kind: d.kind, PID: d.pid.Virtual, Stop: d.stop, Bypass: d.bypass, BypassUntil: d.bypassUntil, Instance: d.instance, Event: Event{
				At: m.Now(), InstanceID: r.Instance.InstanceID, Action: action, Actor: by,
				Reason: cmp.Or(reason, Cut(d.told, MaxReason)), Result: ResultOK, PID: d.pid.Virtual,
			}}
			if action == ActionExpire { // as of that time
				c.At, c.Event.At = r.Gate.Until, r.Gate.Until
			}
			return c, nil
		})
	}
	err = try()
	if errors.Is(err, errExpired) {
		if err := m.expire(ctx, id); err != nil {
			return Result{}, Record{}, err
		}
		err = try()
	}
	return res, found, err
}

// errExpired tells that the end of a stop is to be written down before anything else.
var errExpired = errors.New("the stop has ended and the rows do not say so")

// expire writes down that a stop has ended by itself, as of the time it did.
func (m *Manager) expire(ctx context.Context, id string) error {
	_, _, err := m.commit(ctx, Actor{Name: "vpm"}, id, ActionExpire, "the planned stop ended", func(r Record) (decision, error) {
		if !r.Expired(m.Now()) { // another request was first
			return decision{}, nil
		}
		return decision{kind: ChangeStart, pid: PID{Virtual: r.expiryPID()}}, nil
	})
	return err
}

// after is the record as the change leaves it.
func (d decision) after(r Record) Record {
	switch d.kind {
	case ChangeStart:
		r.Instance.Status = StatusActive
		r.Run = Run{VirtualPID: d.pid.Virtual, Status: RunRunning}
		r.Gate.Bypass, r.Gate.BypassUntil = "", time.Time{}
	case ChangeUpdate:
		r.Instance = d.instance
	case ChangeBypass:
		r.Gate.Bypass, r.Gate.BypassUntil = d.bypass, d.bypassUntil
	case ChangeStop:
		r.Instance.Status = StatusInactive
		r.Run.Status = RunStopped
	default:
		return r
	}
	r.Gate.Generation++
	r.Gate.Stop = d.stop
	r.Gate.Evidence = Evidence{} // what was seen before says nothing of it
	return r
}

func checkReason(reason string) error {
	if utf8.RuneCountInString(reason) > MaxReason {
		return Errorf(CodeInvalid, "cannot use this reason: it is longer than %d characters", MaxReason)
	}
	return nil
}
