package virtual

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/htaccess"
)

// stoppedPage is the page an instance may have for its visitors while it is stopped.
const stoppedPage = "vpm-stopped.html"

// nestedBudget bounds the search for sites nested below one that is being closed.
const nestedBudget = 500 * time.Millisecond

// heldKey is the key of the directory that a turn holds, in its context.
type heldKey struct{}

// Lock locks the site's own directory, wherever its gate stands: that may move to the docroot in somebody's turn, and
// who waits for the next one must wait for the same. Where a site has no such directory the docroot is locked, and one
// without either has nothing to take turns about.
func (rt *Runtime) Lock(ctx context.Context, r core.Record) (turn context.Context, unlock func() error, err error) {
	dir, err := rt.own(r.Instance)
	if err != nil {
		shared, ok := rt.shared(r.Instance)
		if !ok {
			return ctx, func() error { return nil }, nil
		}
		dir = shared.dir
	}
	unlock, err = lock(ctx, dir)
	return context.WithValue(ctx, heldKey{}, dir), unlock, err
}

// change puts a gate into the .htaccess of dir in the instance's turn, or takes it out where closed is nil. A directory
// that the turn does not hold is locked for it: other instances may have their gates there.
func (rt *Runtime) change(ctx context.Context, in core.Instance, dir string, closed *htaccess.Gate) error {
	edit, err := editing(in, closed)
	if err != nil {
		return err
	}
	if held, _ := ctx.Value(heldKey{}).(string); held != dir {
		if as, err := rt.isAs(dir, edit); err != nil || as {
			return err
		}
		unlock, err := lock(ctx, dir)
		if err != nil {
			return err
		}
		defer unlock()
	}
	if rt.Change == nil {
		return rt.edit(in, dir, edit)
	}
	if f, err := rt.read(dir); err == nil { // whoever changes it may read more than we
		if err := rt.backUp(in, f); err != nil {
			return err
		}
	}
	return rt.Change(ctx, in, dir, closed)
}

// isAs tells whether an edit would leave the .htaccess of dir as it is.
func (rt *Runtime) isAs(dir string, edit func([]byte, bool) ([]byte, bool)) (bool, error) {
	f, err := rt.read(dir)
	if err != nil {
		return false, err
	}
	data, exists := edit(f.data, f.info != nil)
	return exists == (f.info != nil) && bytes.Equal(data, f.data), nil
}

// openAt tells whether dir has no gate of the instance's.
func (rt *Runtime) openAt(in core.Instance, dir string) bool {
	as, err := rt.isAs(dir, open(in))
	return err == nil && as
}

// editing is what closes an .htaccess, or opens it. The gates of other instances that it may have stay.
func editing(in core.Instance, closed *htaccess.Gate) (func([]byte, bool) ([]byte, bool), error) {
	if closed == nil {
		return open(in), nil
	}
	block, err := closed.Render()
	if err != nil {
		return nil, core.Errorf(core.CodeNotEffective, "cannot close the site: %w", err)
	}
	return func(data []byte, exists bool) ([]byte, bool) { return htaccess.CloseShared(data, exists, block), true }, nil
}

// Settle closes or opens the site as is wanted. The gate goes to the place that r.Gate.Entry names; every other place
// is cleared, whatever an interrupted change has left there.
func (rt *Runtime) Settle(ctx context.Context, r core.Record) (core.Settled, error) {
	stopped := r.Wanted(rt.Now()) == core.ObservedStopped
	p, err := rt.choose(r)
	if err != nil {
		if stopped || errors.Is(err, fs.ErrPermission) { // a gate may stand there
			return core.Settled{}, err
		}
		// Nothing of ours can close a site whose directory is not there.
		return core.Settled{Record: r, Evidence: rt.evidence(core.ObservedUnknown, message(err))}, nil
	}
	if held, _ := ctx.Value(heldKey{}).(string); held != p.dir {
		atomicfile.Sweep(filepath.Join(p.dir, htaccessFile)) // of what the turn holds the edit does that
	}
	for _, dir := range rt.places(r) {
		if stopped && (dir == p.dir || rt.Change != nil && rt.openAt(r.Instance, dir)) {
			continue
		}
		if err := rt.change(ctx, r.Instance, dir, nil); err != nil {
			return core.Settled{}, err
		}
	}
	if !stopped {
		r.Gate.Entry = p.dir
		return core.Settled{Record: r, Entry: p.dir, Evidence: rt.Observe(ctx, r)}, nil
	}
	return rt.closeSite(ctx, r, p)
}

// open takes the gate of an instance out, and leaves those of others that the file may have.
func open(in core.Instance) func([]byte, bool) ([]byte, bool) {
	return func(data []byte, exists bool) ([]byte, bool) {
		if !exists {
			return nil, false
		}
		return htaccess.OpenShared(data, in.InstanceID)
	}
}

func (rt *Runtime) closeSite(ctx context.Context, r core.Record, p place) (core.Settled, error) {
	gate, spared, complete, err := rt.gate(ctx, r, p)
	if err != nil {
		return core.Settled{}, err
	}
	if err := rt.change(ctx, r.Instance, p.dir, &gate); err != nil {
		return core.Settled{}, err
	}
	r.Gate.Entry = p.dir
	e := rt.Observe(ctx, r)
	if !complete {
		e.Seen += "; the search for other sites below was cut off, and those it did not come to are closed too"
	}
	return core.Settled{Record: r, Entry: p.dir, Evidence: e, Spared: spared, Alternative: rt.alternative(r.Instance, p)}, nil
}

// gate says what closes the site: everything below its place but the panel, other instances, and, unless they are to
// be closed too, sites that nobody registered.
func (rt *Runtime) gate(ctx context.Context, r core.Record, p place) (g htaccess.Gate, spared []string, complete bool, err error) {
	dir := p.dir
	others, err := rt.Instances(ctx)
	if err != nil {
		return htaccess.Gate{}, nil, false, err
	}
	links := rt.links(dir, r.Instance.Docroot(rt.Base))
	open := &openDirs{tops: aliases(dir, links), links: links}
	open.add(rt.Panel...)
	for _, other := range others {
		if d := rt.resolved(other); other.ID != r.Instance.ID && d != dir {
			open.add(d, other.Docroot(rt.Base))
		}
	}
	complete = true
	if !r.Gate.IncludeNested {
		limited, cancel := context.WithTimeout(ctx, nestedBudget)
		defer cancel()
		var found []string
		found, complete = NestedSites(limited, dir)
		for _, d := range found {
			if !open.has(d) {
				spared = append(spared, d)
			}
		}
		open.add(spared...)
	}
	g = htaccess.Gate{Instance: r.Instance.InstanceID, Reason: r.Gate.Reason, Until: r.Gate.Until,
		Bypass: r.Gate.Bypass, BypassUntil: r.Gate.BypassUntil, OpenPaths: rt.OpenPaths, OpenDirs: open.names, Host: p.host, Path: p.path}
	if !r.Gate.BypassUntil.After(rt.Now()) {
		g.Bypass, g.BypassUntil = "", time.Time{}
	}
	if info, err := os.Stat(filepath.Join(dir, stoppedPage)); err == nil && info.Mode().IsRegular() && p.host == "" {
		g.Page, g.PagePath = stoppedPage, path.Join(urlPath(r.Instance), stoppedPage)
	}
	return g, spared, complete, nil
}

// Observe looks into the .htaccess where the gate stands or would.
func (rt *Runtime) Observe(_ context.Context, r core.Record) core.Evidence {
	p, err := rt.choose(r)
	if err != nil {
		return rt.evidence(core.ObservedUnknown, message(err))
	}
	f, err := rt.read(p.dir)
	if err != nil {
		return rt.evidence(core.ObservedUnknown, message(err))
	}
	switch until, found := htaccess.Standing(f.data, r.Instance.InstanceID); {
	case found == htaccess.None:
		return rt.evidence(core.ObservedRunning, "no gate is in "+f.path)
	case found == htaccess.Damaged:
		return rt.evidence(core.ObservedError, "a damaged gate is in "+f.path)
	case !until.IsZero() && !rt.Now().Before(until):
		e := rt.evidence(core.ObservedRunning, "the gate in "+f.path+" has ended")
		e.Ended = true
		return e
	default:
		return rt.evidence(core.ObservedStopped, "the gate is in "+f.path)
	}
}

func (rt *Runtime) evidence(o core.Observed, seen string) core.Evidence {
	return core.Evidence{Observed: o, How: core.HowGate, Seen: seen, At: rt.Now()}
}

// Due tells whether drift is to be put right now: once, until it is a new cause.
func (rt *Runtime) Due(ctx context.Context, r core.Record, _ core.Evidence) (bool, error) {
	events, err := rt.History(ctx, r.Instance)
	return err == nil && !core.RepairedLately(events, rt.Now()), err
}

// Release opens the site, in its turn.
func (rt *Runtime) Release(ctx context.Context, r core.Record) error {
	for _, dir := range rt.places(r) {
		if err := rt.change(ctx, r.Instance, dir, nil); err != nil {
			return core.Errorf(core.CodeConflict, "cannot forget a site that vpm has closed: %s", message(err))
		}
	}
	return nil
}

func message(err error) string {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
