package virtual

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vpm/core"
	"vpm/htaccess"
)

// stoppedPage is the page an instance may have for its visitors while it is stopped.
const stoppedPage = "vpm-stopped.html"

// nestedBudget bounds the search for sites nested below one that is being closed.
const nestedBudget = 500 * time.Millisecond

// Settle closes or opens the site as is wanted once the directory's lock is held.
func (rt *Runtime) Settle(ctx context.Context, r core.Record, read func(context.Context) (core.Record, error)) (core.Settled, error) {
	dir, err := rt.entry(r.Instance)
	if err != nil {
		if r.Wanted(rt.Now()) == core.ObservedStopped {
			return core.Settled{}, err
		}
		// Nothing of ours can close a site whose directory is not there.
		return core.Settled{Record: r, Evidence: rt.evidence(core.ObservedUnknown, message(err))}, nil
	}
	unlock, err := lock(ctx, dir)
	if err != nil {
		return core.Settled{}, err
	}
	defer unlock()
	if r, err = read(ctx); err != nil {
		return core.Settled{}, err
	}
	if old := r.Gate.Entry; old != "" && old != dir {
		if err := rt.edit(r.Instance, old, open(r.Instance)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return core.Settled{}, err
		}
	}
	if r.Wanted(rt.Now()) == core.ObservedRunning {
		if err := rt.edit(r.Instance, dir, open(r.Instance)); err != nil {
			return core.Settled{}, err
		}
		return core.Settled{Record: r, Evidence: rt.Observe(r)}, nil
	}
	return rt.closeSite(ctx, r, dir)
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

func (rt *Runtime) closeSite(ctx context.Context, r core.Record, dir string) (core.Settled, error) {
	gate, spared, complete, err := rt.gate(ctx, r, dir)
	if err != nil {
		return core.Settled{}, err
	}
	block, err := gate.Render()
	if err != nil {
		return core.Settled{}, core.Errorf(core.CodeNotEffective, "cannot close the site: %w", err)
	}
	err = rt.edit(r.Instance, dir, func(data []byte, exists bool) ([]byte, bool) {
		return htaccess.CloseShared(data, exists, block), true
	})
	if err != nil {
		return core.Settled{}, err
	}
	r.Gate.Entry = dir
	e := rt.Observe(r)
	if !complete {
		e.Seen += "; the search for other sites below was cut off, and those it did not come to are closed too"
	}
	return core.Settled{Record: r, Entry: dir, Evidence: e, Spared: spared}, nil
}

// gate says what closes the site: everything below dir but the panel, other instances, and, unless they are to be
// closed too, sites that nobody registered.
func (rt *Runtime) gate(ctx context.Context, r core.Record, dir string) (g htaccess.Gate, spared []string, complete bool, err error) {
	g = htaccess.Gate{Instance: r.Instance.InstanceID, Reason: r.Gate.Reason, Until: r.Gate.Until, OpenPaths: rt.OpenPaths}
	for _, panel := range rt.Panel {
		if within(panel, dir) {
			g.OpenDirs = append(g.OpenDirs, panel)
		}
	}
	others, err := rt.Instances(ctx)
	if err != nil {
		return htaccess.Gate{}, nil, false, err
	}
	for _, other := range others {
		if d := rt.resolved(other); other.ID != r.Instance.ID && d != dir && within(d, dir) {
			g.OpenDirs = append(g.OpenDirs, d)
		}
	}
	complete = true
	if !r.Gate.IncludeNested {
		limited, cancel := context.WithTimeout(ctx, nestedBudget)
		defer cancel()
		var found []string
		found, complete = NestedSites(limited, dir)
		for _, d := range found {
			if !slices.ContainsFunc(g.OpenDirs, func(open string) bool { return within(d, open) }) {
				spared = append(spared, d)
			}
		}
		g.OpenDirs = append(g.OpenDirs, spared...)
	}
	if info, err := os.Stat(filepath.Join(dir, stoppedPage)); err == nil && info.Mode().IsRegular() {
		g.Page, g.PagePath = stoppedPage, path.Join(urlPath(r.Instance), stoppedPage)
	}
	return g, spared, complete, nil
}

func urlPath(in core.Instance) string {
	u, err := url.Parse(in.URL())
	if err != nil || u.Path == "" {
		return "/"
	}
	return path.Clean(u.Path)
}

// entry is the directory where the site's requests enter, with links resolved.
func (rt *Runtime) entry(in core.Instance) (string, error) {
	dir := rt.resolved(in)
	info, err := os.Stat(dir)
	switch {
	case err != nil || !info.IsDir():
		return "", core.Errorf(core.CodeNotEffective, "cannot find the directory of the site, %s: set \"path\" or \"docroot\" in the instance's config", dir)
	case !rt.allowed(dir):
		return "", core.Errorf(core.CodeNotEffective, "cannot close a site in %s: it lies outside the directories of the sites", dir)
	}
	return dir, nil
}

func (rt *Runtime) resolved(in core.Instance) string {
	dir := in.Docroot(rt.Base)
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// Observe looks into the .htaccess where the site's requests enter.
func (rt *Runtime) Observe(r core.Record) core.Evidence {
	dir, err := rt.entry(r.Instance)
	if err != nil {
		return rt.evidence(core.ObservedUnknown, message(err))
	}
	f, err := rt.read(dir)
	if err != nil {
		return rt.evidence(core.ObservedUnknown, message(err))
	}
	switch until, found := htaccess.Standing(f.data, r.Instance.InstanceID); {
	case found == htaccess.None:
		return rt.evidence(core.ObservedRunning, "no gate is in "+f.path)
	case found == htaccess.Damaged:
		return rt.evidence(core.ObservedError, "a damaged gate is in "+f.path)
	case !until.IsZero() && !rt.Now().Before(until):
		return rt.evidence(core.ObservedRunning, "the gate in "+f.path+" has ended")
	default:
		return rt.evidence(core.ObservedStopped, "the gate is in "+f.path)
	}
}

func (rt *Runtime) evidence(o core.Observed, seen string) core.Evidence {
	return core.Evidence{Observed: o, How: core.HowGate, Seen: seen, At: rt.Now()}
}

// Release opens the site.
func (rt *Runtime) Release(ctx context.Context, r core.Record) error {
	for _, dir := range []string{rt.resolved(r.Instance), r.Gate.Entry} {
		if _, err := os.Stat(dir); dir == "" || err != nil {
			continue
		}
		unlock, err := lock(ctx, dir)
		if err != nil {
			return err
		}
		err = rt.edit(r.Instance, dir, open(r.Instance))
		unlock()
		if err != nil {
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

// within tells whether path is dir or lies below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
