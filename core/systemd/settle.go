package systemd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
	"vpm/htaccess"
)

// Lock waits for the instance's turn, in all processes.
func (rt *Runtime) Lock(ctx context.Context, r core.Record) (turn context.Context, unlock func() error, err error) {
	slug, err := rt.Slug(ctx, r.Instance)
	if err != nil {
		return nil, nil, err
	}
	unlock, err = rt.Wanted.Lock(ctx, slug)
	return ctx, unlock, err
}

// Settle makes the instance's process agree with what is wanted, in its turn. Done twice, or again after it was cut off
// anywhere, it comes to the same, and restarts nothing that it has restarted.
func (rt *Runtime) Settle(ctx context.Context, r core.Record) (core.Settled, error) {
	slug, err := rt.Slug(ctx, r.Instance)
	if err != nil {
		return core.Settled{}, err
	}
	r = r.AsOf(rt.Now())
	var d Detail
	if r.Wanted(rt.Now()) == core.ObservedStopped {
		d, err = rt.stop(ctx, slug, closing(r))
		if err == nil {
			_, err = rt.limit(ctx, slug, r.Instance)
		}
	} else {
		var changed bool
		if changed, err = rt.limit(ctx, slug, r.Instance); err == nil {
			d, err = rt.start(ctx, slug, r.Run.VirtualPID, changed)
		}
	}
	if err != nil {
		return core.Settled{}, err
	}
	e := rt.evidence(rt.observed(d, r.Wanted(rt.Now())))
	return core.Settled{Record: r, Entry: r.Gate.Entry, Evidence: e}, nil
}

// limit sets what the instance may use, and tells whether its pool is another than before.
func (rt *Runtime) limit(ctx context.Context, slug string, in core.Instance) (changed bool, err error) {
	if rt.Limit == nil {
		return false, nil
	}
	pool := filepath.Join(rt.Pools, slug+".conf")
	before, _ := os.ReadFile(pool) // one that is missing is for a start to tell of
	if err := rt.Limit(ctx, slug, in); err != nil {
		return false, err
	}
	after, _ := os.ReadFile(pool)
	return string(before) != string(after), nil
}

// closing is the gate of a stopped instance.
func closing(r core.Record) *htaccess.Gate {
	return &htaccess.Gate{Instance: r.Instance.InstanceID, Reason: r.Gate.Reason, Until: r.Gate.Until,
		Bypass: r.Gate.Bypass, BypassUntil: r.Gate.BypassUntil}
}

// start brings the instance up as the run of this name: it starts it, restarts it where it is up as another run, and
// leaves it where it is up as this one; changed has that one read its configuration again. The gate opens last, when there
// is somebody to answer.
func (rt *Runtime) start(ctx context.Context, slug, run string, changed bool) (Detail, error) {
	d, err := rt.Units.Detail(ctx, slug)
	if err != nil {
		return Detail{}, err
	}
	note, wanted, err := rt.Wanted.Read(slug)
	if err != nil {
		return Detail{}, err
	}
	if !wanted || note.Run != run {
		note = Note{Run: run}
		if d.up() && wanted {
			note.Replaces = d.Invocation
		}
		if err := rt.Wanted.Write(slug, note); err != nil {
			return Detail{}, err
		}
	}
	switch {
	case d.up() && d.Invocation != note.Replaces:
		if changed || rt.outdated(d) {
			if _, err := rt.Units.Reload(ctx, d.Name); err != nil {
				return Detail{}, err
			}
		}
	case d.Active == "failed" && !core.Insists(ctx):
		return Detail{}, core.Errorf(core.CodeNotEffective, "cannot run %s: %s; it is tried again by and by", slug, d.Seen())
	default:
		if d, err = rt.bringUp(ctx, d); err != nil {
			return Detail{}, err
		}
	}
	return d, rt.Gate(ctx, slug, nil)
}

// outdated tells whether the pool was written after the unit last changed its state, as a reload does: whoever wrote it was
// cut off before he had it read.
func (rt *Runtime) outdated(d Detail) bool {
	pool, err := os.Stat(filepath.Join(rt.Pools, d.Slug+".conf"))
	return err == nil && pool.ModTime().After(d.ChangedAt)
}

// bringUp starts or restarts a unit. What systemd holds against it from before is forgotten: after five starts in a
// minute it would refuse a person's too.
func (rt *Runtime) bringUp(ctx context.Context, d Detail) (Detail, error) {
	if d.Active == "failed" || core.Insists(ctx) {
		if err := rt.Units.ResetFailed(ctx, d.Name); err != nil {
			return Detail{}, err
		}
	}
	drive := rt.Units.Start
	if d.up() {
		drive = rt.Units.Restart
	}
	begin := time.Now()
	result, err := drive(ctx, d.Name)
	if core.CodeOf(err) == core.CodeNotEffective {
		return Detail{}, rt.failure(ctx, d.Name, begin, err)
	}
	return result.Unit, err
}

// stop takes the instance down, for good before anything else: whoever dies after the first step leaves one that no boot
// and no tick brings back. Visitors are turned away before their requests would fail.
func (rt *Runtime) stop(ctx context.Context, slug string, closed *htaccess.Gate) (Detail, error) {
	if err := rt.Wanted.Remove(slug); err != nil {
		return Detail{}, err
	}
	if err := rt.Gate(ctx, slug, closed); err != nil {
		return Detail{}, err
	}
	d, err := rt.Units.Detail(ctx, slug)
	if err != nil {
		return Detail{}, err
	}
	if d.Active != "inactive" || d.Job != "" {
		result, err := rt.Units.Stop(ctx, d.Name)
		if err != nil {
			return Detail{}, err
		}
		d = result.Unit
	}
	if d.Active != "failed" { // which outlasts a stop
		return d, nil
	}
	if err := rt.Units.ResetFailed(ctx, d.Name); err != nil {
		return Detail{}, err
	}
	return rt.Units.Detail(ctx, slug)
}

// Release takes an instance's process down and opens its gate, before the instance is forgotten. Its files and its user
// are for deprovisioning.
func (rt *Runtime) Release(ctx context.Context, r core.Record) error {
	slug, err := rt.Slug(ctx, r.Instance)
	if err != nil {
		if core.CodeOf(err) == core.CodeUnavailable { // it never had a process
			return nil
		}
		return err
	}
	if _, err := rt.stop(ctx, slug, closing(r)); err != nil {
		return err
	}
	return rt.Gate(ctx, slug, nil)
}

// shown is how many lines of the journal an answer has.
const shown = 8

// failure is the error of a start, with the reason and the last lines that the journal has of it. Those come a little
// later than systemd tells of the end, and FPM's later than systemd's, so the journal is asked until it says why.
func (rt *Runtime) failure(ctx context.Context, unit string, begin time.Time, err error) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var log []string
	for {
		if last, err := rt.Journal.Last(ctx, unit, 50, begin); err == nil {
			log = withoutOutput(last)
		}
		if reason := Reason(log); reason != "" && reason != onlyStatus || ctx.Err() != nil {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	said := message(err)
	if reason := Reason(log); reason != "" {
		said = fmt.Sprintf("cannot start %s: %s", unit, reason)
	}
	if len(log) > 0 {
		said += ". Its journal ends with: " + strings.Join(log[max(0, len(log)-shown):], " | ")
	}
	return core.Errorf(core.CodeNotEffective, "%s", said).Because(err)
}
