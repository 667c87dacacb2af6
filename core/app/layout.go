package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/cms"
	"vpm/core/httpapi"
	"vpm/core/layout"
)

// creation is the making of one instance. As the runtime of that instance it lays the directory out before the first run:
// by then the instance is known to be in order, and it is not stored yet.
type creation struct {
	core.Runtime
	sites *sites
	store core.Store

	plan plan
	laid *layout.Laid
	made bool // an empty directory
	next string
}

// creator gives the door by which instances are created.
func (s *sites) creator(m *core.Manager) func(context.Context, core.Actor, core.NewInstance, httpapi.Layout) (core.Record, httpapi.LaidOut, error) {
	return func(ctx context.Context, by core.Actor, n core.NewInstance, l httpapi.Layout) (core.Record, httpapi.LaidOut, error) {
		c := &creation{Runtime: m.Runtime, sites: s, store: m.Store, plan: s.plan(n, l)}
		if c.plan.database != nil {
			n.DatabasePrefix = c.plan.database.Prefix
		}
		if c.plan.kind == fromCore {
			is, _ := cms.Identify(c.plan.core.Dir)
			n.CMSVersion = is.Version
		}
		creating := *m
		creating.Runtime = c
		r, err := creating.Create(ctx, by, n)
		if err != nil {
			return r, httpapi.LaidOut{}, errors.Join(err, c.undo(ctx, n.InstanceID))
		}
		if c.laid != nil {
			c.laid.Keep()
		}
		return r, c.answer(ctx, r.Instance), nil
	}
}

// Start lays out, and names the run.
func (c *creation) Start(ctx context.Context, in core.Instance) (core.PID, error) {
	_, err := c.store.Record(ctx, in.InstanceID)
	switch {
	case err == nil:
		return core.PID{}, core.Errorf(core.CodeConflict, "Instance ID already exists")
	case core.CodeOf(err) != core.CodeNotFound:
		return core.PID{}, err
	}
	if err := c.lay(ctx); err != nil {
		return core.PID{}, err
	}
	return c.Runtime.Start(ctx, in)
}

func (c *creation) lay(ctx context.Context) (err error) {
	p := c.plan
	if p.err != nil {
		return p.err
	}
	switch p.kind {
	case asItIs:
		return nil
	case emptyDirectory:
		if c.made, err = makeEmpty(p.dir); err != nil && !p.insists {
			c.next = core.Sentence(err)
			return nil
		}
		return err
	}
	ctx, cancel := shorter(ctx)
	defer cancel()
	c.laid, err = layout.Lay(ctx, layout.Site{Dir: p.dir, Core: p.core, Database: p.database})
	return err
}

// shorter leaves a quarter of what time a request has for taking a half-made tree away and for what comes after.
func shorter(ctx context.Context) (context.Context, context.CancelFunc) {
	end, bounded := ctx.Deadline()
	if !bounded {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-time.Until(end)/4))
}

// undo takes away what was made for an instance that could not be stored. Where the database does not say for certain that
// no instance of that name has this directory, everything stays: the next call for it goes on.
func (c *creation) undo(ctx context.Context, id string) error {
	if c.laid == nil && !c.made {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	r, err := c.store.Record(ctx, id)
	elsewhere := core.CodeOf(err) == core.CodeNotFound
	if err == nil { // another request was first: for this directory, or with another
		real, _ := filepath.EvalSymlinks(r.Instance.Path(c.sites.config.InstancesDir))
		elsewhere = real != c.plan.dir
	}
	switch {
	case c.laid != nil && elsewhere:
		return c.laid.Undo()
	case c.laid != nil:
		c.laid.Leave()
	case elsewhere:
		return os.Remove(c.plan.dir)
	}
	return nil
}

// makeEmpty makes the directory of a site whose files come later, and tells whether it was not there.
func makeEmpty(dir string) (bool, error) {
	err := os.Mkdir(dir, 0o755)
	switch {
	case errors.Is(err, os.ErrExist):
		return false, nil
	case err != nil:
		return false, core.Errorf(core.CodeUnavailable, "cannot make the directory %s: %w", dir, err)
	}
	return true, os.Chmod(dir, 0o755)
}

// answer says what was done, and what is to be done now.
func (c *creation) answer(ctx context.Context, in core.Instance) httpapi.LaidOut {
	p, out := c.plan, httpapi.LaidOut{Created: c.laid != nil || c.made, Steps: []string{}, Next: c.next}
	if p.note != "" && p.kind == asItIs {
		out.Steps = append(out.Steps, p.note)
	}
	switch {
	case c.laid != nil:
		out.Steps = append(out.Steps, c.laid.Steps...)
		out.Next = "Let the address of the site lead to " + p.dir + " where it does not yet, and open " + address(in, c.laid.Installer) +
			" at once: whoever opens it first sets the site up"
		if p.database != nil {
			c.askDatabase(ctx, in, &out)
		}
	case p.kind == emptyDirectory && out.Next == "":
		if c.made {
			out.Steps = append(out.Steps, "made the empty directory "+p.dir)
		}
		out.Next = "Upload your site to " + p.dir
		if p.core.Dir != "" {
			out.Next += ". To have such sites laid out: " + p.note
		}
	}
	return out
}

// askDatabase tries the settings that the site has now, as the site will read them.
func (c *creation) askDatabase(ctx context.Context, in core.Instance, out *httpapi.LaidOut) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := c.sites.ping(ctx, in)
	// A database that has no table of the site is what is to be; of one that does not exist, its server's error is the cause.
	e, ok := errors.AsType[*core.Error](err)
	if err != nil && (!ok || e.Code != core.CodeNotFound || e.Err != nil) {
		out.Next = "Put the database settings in " + filepath.Join(c.plan.dir, "wp-config.php") + " right (" + core.Sentence(err) + "). " + out.Next
		return
	}
	out.Steps = append(out.Steps, "reached the database with these settings")
	if err == nil {
		out.Next = "The database already has tables of that prefix: WordPress will show the site that they hold. " + out.Next
	}
}

func address(in core.Instance, page string) string {
	if u := in.URL(); u != "" {
		return strings.TrimRight(u, "/") + "/" + page
	}
	return page + " of the site"
}
