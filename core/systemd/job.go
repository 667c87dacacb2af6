package systemd

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"vpm/core"
)

const (
	// jobLimit is for one job: TimeoutStopSec and TimeoutStartSec of the unit, and some for systemd's own work.
	jobLimit = 3 * time.Minute
	// lookEvery is how often a job is asked about whose end ought to be told.
	lookEvery = 5 * time.Second
)

// job queues a job and waits for its end. Who gives up waiting for a start is told so, and the start goes on: it keeps its
// place until it has ended, or has taken too long. Should the instance be stopped meanwhile, its condition does not hold any more.
func (u *Units) job(ctx context.Context, verb, method, unit string) (Result, error) {
	if err := checkUnit(unit); err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, jobLimit)
	defer cancel()
	if verb != "start" && verb != "restart" {
		return u.carryOut(ctx, verb, method, unit)
	}
	select {
	case u.starts <- struct{}{}:
	case <-ctx.Done():
		return Result{}, core.Errorf(core.CodeBusy, "cannot %s %s: too many others are being started, try again in a moment", verb, unit)
	}
	type ended struct {
		Result
		error
	}
	end := make(chan ended, 1)
	go func() {
		defer func() { <-u.starts }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobLimit)
		defer cancel()
		result, err := u.carryOut(ctx, verb, method, unit)
		end <- ended{result, err}
	}()
	select {
	case e := <-end:
		return e.Result, e.error
	case <-ctx.Done():
		return Result{}, unseen(verb, unit, ctx.Err())
	}
}

func unseen(verb, unit string, err error) error {
	return core.Errorf(core.CodeBusy, "cannot see the %s of %s end: it is still under way", verb, unit).Because(err)
}

func (u *Units) carryOut(ctx context.Context, verb, method, unit string) (Result, error) {
	doing := verb + " " + unit
	conn, err := u.bus(ctx)
	if err != nil && !passing(err) {
		return Result{}, busError(doing, err)
	}
	var signals chan *dbus.Signal
	if conn != nil { // listening before the job is there, or its end could be missed
		signals = make(chan *dbus.Signal, 16)
		conn.Signal(signals)
		defer conn.RemoveSignal(signals)
	}
	var job dbus.ObjectPath
	// A start or a stop may be asked for twice; a second restart would cut off what the first began.
	err = u.change(ctx, verb == "restart", method, []any{unit, "replace"}, []any{&job})
	if u.mayAsk(err) {
		return u.bySudo(ctx, verb, unit, err)
	}
	if err != nil {
		return Result{}, busError(doing, err)
	}
	outcome, err := u.wait(ctx, signals, job)
	if err != nil {
		return Result{}, unseen(verb, unit, err)
	}
	after, err := u.detail(ctx, unit)
	if err != nil {
		return Result{Outcome: outcome}, err
	}
	return Result{outcome, after}, judge(verb, unit, outcome, after)
}

// wait waits for a job's end and says how systemd says it ended. Where nobody told that, because the connection was lost
// meanwhile, the outcome is "".
func (u *Units) wait(ctx context.Context, signals <-chan *dbus.Signal, job dbus.ObjectPath) (outcome string, err error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case signal, open := <-signals:
			if !open { // the connection is lost: the job can only be asked about
				signals = nil
				look.Reset(100 * time.Millisecond)
				continue
			}
			if path, outcome := jobRemoved(signal); path == job {
				return outcome, nil
			}
		case <-look.C:
			_, err := u.property(ctx, job, "Job", "State")
			if name := errorName(err); name == "org.freedesktop.DBus.Error.UnknownObject" || name == "org.freedesktop.DBus.Error.UnknownMethod" {
				return "", nil
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// jobRemoved reads a JobRemoved signal: JobRemoved(u id, o job, s unit, s result).
func jobRemoved(s *dbus.Signal) (job dbus.ObjectPath, outcome string) {
	var id uint32
	var unit string
	if s.Name != managerPrefix+"JobRemoved" || dbus.Store(s.Body, &id, &job, &unit, &outcome) != nil {
		return "", ""
	}
	return job, outcome
}

// judge says whether a job did what it was for. That it is done is not enough: a unit whose condition does not hold is
// skipped, and one may end right after it has started.
func judge(verb, unit, outcome string, after Detail) error {
	_, isInstance := SlugOf(unit)
	switch {
	case outcome == "assert":
		return core.Errorf(core.CodeNotEffective, "cannot %s %s: its PHP-FPM configuration is missing; provision the instance", verb, unit)
	case outcome == "canceled":
		return core.Errorf(core.CodeConflict, "cannot %s %s: somebody has asked for something else meanwhile", verb, unit)
	case outcome != "done" && outcome != "":
		return core.Errorf(core.CodeNotEffective, "cannot %s %s: it ended as %q (%s)", verb, unit, outcome, after.Seen())
	case !isInstance:
		return nil
	case verb == "stop" && after.up():
		return core.Errorf(core.CodeConflict, "cannot stop %s: somebody has started it again", unit)
	case verb != "stop" && !after.up() && !after.ConditionMet:
		return core.Errorf(core.CodeNotEffective, "cannot %s %s: its file in the directory of wanted instances is missing", verb, unit)
	case verb != "stop" && !after.up():
		return core.Errorf(core.CodeNotEffective, "cannot %s %s: it ended right after (%s)", verb, unit, after.Seen())
	}
	return nil
}
