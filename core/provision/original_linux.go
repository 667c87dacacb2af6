package provision

import (
	"context"
	"errors"
	"os"

	"vpm/core"
	"vpm/htaccess"
)

// setOriginal closes a site that was not provisioned, or opens it: in the .htaccess of its directory, and where nginx runs
// in its configuration too. The directory is its owner's, who may be changing it all the time.
func (p Paths) setOriginal(ctx context.Context, slug string, q gateRequest) error {
	at := *q.Original
	if err := errors.Join(checkSource(at.Dir), checkHost(at.Host), checkHost(at.Only), core.CheckID(q.Gate.Instance)); err != nil {
		return err
	}
	if err := p.checkSourceAllowed(at.Dir); err != nil {
		return core.Errorf(core.CodeNotEffective, "cannot change %s/.htaccess: %s", at.Dir, message(err)).Because(err)
	}
	var closed *htaccess.Gate
	if q.Closed {
		g := htaccess.Gate(q.Gate)
		closed = &g
	}
	if err := p.editOriginal(slug, at.Dir, closed, q.Gate.Instance); err != nil {
		return err
	}
	if !p.Nginx.used(ctx) {
		return nil
	}
	return p.exclusively(ctx, func() error { return p.setNginx(ctx, slug, at, closed) })
}

// setNginx writes nginx's form of the gate, and takes away what an earlier address of the site has left.
func (p Paths) setNginx(ctx context.Context, slug string, at original, closed *htaccess.Gate) error {
	files := map[string]string{}
	for _, old := range p.nginxGates(slug) {
		files[old] = ""
	}
	if closed != nil {
		g := *closed
		g.Host, g.Path = at.Only, at.Path
		text, err := g.RenderNginx()
		if err != nil {
			return core.Errorf(core.CodeNotEffective, "cannot write the gate: %w", err)
		}
		// Without the directory it is not its host, or it knows nothing of vpm; whether visitors are let in is for a probe to see.
		if info, err := os.Stat(p.Nginx.dir(at.Host)); err == nil && info.IsDir() {
			files[p.Nginx.gate(at.Host, slug)] = text
		}
	}
	if len(files) == 0 {
		return nil
	}
	return p.setGates(ctx, files)
}
