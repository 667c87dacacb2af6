package systemd

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"time"

	"vpm/core"
	"vpm/htaccess"
)

// Runtime starts and stops instances as processes. Names of instances to systemd are slugs.
type Runtime struct {
	Units   *Units
	Wanted  Wanted
	Cgroups Cgroups
	Journal Journal
	// Slug gives the slug of an instance, CodeUnavailable for one that was not provisioned.
	Slug func(ctx context.Context, in core.Instance) (string, error)
	// Gate has the web server answer for an instance with 503, or opens it again where closed is nil. A stopped pool
	// alone does not close a site: static files are the web server's.
	Gate func(ctx context.Context, slug string, closed *htaccess.Gate) error
	// Limit has what an instance may use be what its config says, without a restart. nil: it is as it was
	// provisioned.
	Limit func(ctx context.Context, slug string, in core.Instance) error
	// Queries counts the statements in a database, and says which those are. nil: nobody does.
	Queries func(ctx context.Context, database string) (n int64, from string, err error)
	// Memory keeps what ticks remember.
	Memory Memory
	// Pools has the PHP-FPM configuration of each instance, SLUG.conf; Sockets a directory for each, SLUG.
	Pools, Sockets string
	// Timestamp writes a time as the database has them.
	Timestamp func(time.Time) core.Timestamp
	Now       func() time.Time
}

// Mode is core.ModeReal.
func (*Runtime) Mode() core.Mode { return core.ModeReal }

// Start names a new run, and starts nothing: it is called in a transaction, and Settle comes after that is committed. The
// run's name is that of a virtual one, for the row has no place for another; people are shown the master's PID.
func (rt *Runtime) Start(context.Context, core.Instance) (core.PID, error) {
	var b [8]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return core.PID{Virtual: core.VirtualPID(rt.Now(), binary.BigEndian.Uint64(b[:]))}, nil
}

// Process reports the master as systemd has it now.
func (rt *Runtime) Process(ctx context.Context, r core.Record) (core.Process, error) {
	slug, err := rt.Slug(ctx, r.Instance)
	if err != nil {
		return core.Process{}, err
	}
	if s, ok := standing(ctx, slug); ok {
		return rt.processOf(slug, s), nil
	}
	d, err := rt.glance(ctx, slug)
	if err != nil {
		return core.Process{}, err
	}
	p := core.Process{Status: core.RunStopped, Mode: core.ModeReal}
	switch o, _ := rt.observed(d, r.Wanted(rt.Now())); {
	case d.up():
		socket := rt.Socket(slug)
		p.Status, p.PID.Real, p.Socket = core.RunRunning, d.MainPID, &socket
		p.StartedAt = rt.Timestamp(d.ActiveSince)
	case o == core.ObservedError:
		p.Status = core.RunError
	}
	return p, nil
}

// processOf is the process in a list: all but its time of start, which would be a call for each.
func (rt *Runtime) processOf(slug string, s Standing) core.Process {
	p := core.Process{Status: core.RunStopped, Mode: core.ModeReal}
	switch {
	case s.Unit.up():
		socket := rt.Socket(slug)
		p.Status, p.PID.Real, p.Socket = core.RunRunning, s.PID, &socket
	case s.Unit.Active == "failed":
		p.Status = core.RunError
	}
	return p
}

// Socket is where an instance's pool takes requests.
func (rt *Runtime) Socket(slug string) string { return filepath.Join(rt.Sockets, slug, "php.sock") }

// StatusSocket is where it tells its status.
func (rt *Runtime) StatusSocket(slug string) string {
	return filepath.Join(rt.Sockets, slug, "status.sock")
}

// Observe asks systemd.
func (rt *Runtime) Observe(ctx context.Context, r core.Record) core.Evidence {
	slug, err := rt.Slug(ctx, r.Instance)
	if err != nil {
		return rt.evidence(core.ObservedUnknown, message(err))
	}
	d, err := rt.glance(ctx, slug)
	if err != nil {
		return rt.evidence(core.ObservedUnknown, message(err))
	}
	return rt.evidence(rt.observed(d, r.Wanted(rt.Now())))
}

// glanceKey is that of a glance at a slug's unit under core.Reading.
type glanceKey string

// glance asks systemd once for a request that only reads.
func (rt *Runtime) glance(ctx context.Context, slug string) (Detail, error) {
	return core.Recall(ctx, glanceKey(slug), func() (Detail, error) { return rt.Units.Glance(ctx, slug) })
}

func (rt *Runtime) evidence(o core.Observed, seen string) core.Evidence {
	return core.Evidence{Observed: o, How: core.HowUnit, Seen: seen, At: rt.Now()}
}

// observed says what the state of a unit is for people. A failed unit runs nothing, which is well where the instance is
// wanted stopped.
func (rt *Runtime) observed(d Detail, wanted core.Observed) (core.Observed, string) {
	stopped := d.Active == "inactive" || d.Active == "failed"
	switch {
	case d.up():
		return core.ObservedRunning, d.Seen()
	case stopped && wanted == core.ObservedStopped:
		return core.ObservedStopped, d.Seen()
	case stopped && !rt.provisioned(d.Slug):
		return core.ObservedError, d.Name + " has no PHP-FPM configuration: provision the instance"
	case d.Active == "failed", d.Sub == "auto-restart":
		return core.ObservedError, d.Seen()
	case d.Active == "inactive":
		return core.ObservedStopped, d.Seen()
	}
	return core.ObservedUnknown, d.Seen() // on its way from one to the other
}

// provisioned tells whether an instance has a pool. A file that may not be looked at is taken to be there.
func (rt *Runtime) provisioned(slug string) bool {
	_, err := os.Stat(filepath.Join(rt.Pools, slug+".conf"))
	return !errors.Is(err, os.ErrNotExist)
}

// Standing is an instance in an Overview.
type Standing struct {
	Unit  Unit
	PID   int    // of the master; 0: none, or not known
	Group string // the control group, for Cgroups; "" while nothing runs
}

// Overview gives all instances that systemd has loaded, in one call to it; PIDs come from the files of the kernel. One
// that is missing is stopped.
func (rt *Runtime) Overview(ctx context.Context) (map[string]Standing, error) {
	units, err := rt.Units.List(ctx)
	if err != nil {
		return nil, err
	}
	top, err := rt.Units.ControlGroup(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Standing, len(units))
	for slug, u := range units {
		s := Standing{Unit: u}
		if u.up() {
			s.Group = filepath.Join(top, slice, UnitName(slug))
			s.PID, _ = rt.Cgroups.MainPID(s.Group)
		}
		all[slug] = s
	}
	return all, nil
}

// Exits says how the master of an instance ended lately, oldest first, at most n times.
func (rt *Runtime) Exits(ctx context.Context, slug string, n int) ([]string, error) {
	log, err := rt.Journal.Last(ctx, UnitName(slug), maxLines, time.Time{})
	if err != nil {
		return nil, err
	}
	exits := Exits(log)
	return exits[max(0, len(exits)-n):], nil
}

// slice is the cgroup that the template puts all instances into.
const slice = "/vpm.slice"

// asError gives the first core.Error of a chain.
func asError(err error) (*core.Error, bool) { return errors.AsType[*core.Error](err) }
