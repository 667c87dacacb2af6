package provision

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"vpm/core"
	"vpm/core/fault"
)

// used tells whether the web server is one that this machine runs, and not only has.
func (w WebServer) used(ctx context.Context) bool {
	if _, err := os.Stat(w.Test[0]); err != nil {
		return false
	}
	return systemctl(ctx, "--quiet", "is-active", w.Unit) == nil || systemctl(ctx, "--quiet", "is-enabled", w.Unit) == nil
}

// reload has the web server read its configuration again, after a test: a server that is told to load one with an error
// goes on with the old one, and would not come back after the next boot.
func (w WebServer) reload(ctx context.Context) error {
	if err := command(ctx, w.Test[0], w.Test[1:]...); err != nil {
		return err
	}
	fault.Point("web server tested")
	if systemctl(ctx, "--quiet", "is-active", w.Unit) != nil {
		return nil
	}
	if !w.Slow {
		return systemctl(ctx, "reload", w.Unit)
	}
	old := w.workers(ctx)
	err := systemctl(ctx, "reload", w.Unit)
	if err == nil {
		w.awaitTakeover(ctx, old)
	}
	return err
}

// serve puts the instance's fragment where the web servers of this machine read it, or takes it away where it is not to
// be served.
func (r *run) serve() error {
	r.result.Servers = nil
	for _, w := range []WebServer{r.Apache, r.Nginx} {
		if !w.used(r.ctx) {
			continue
		}
		files, err := r.fragments(w)
		if err == nil {
			err = r.exclusively(func() error { return r.activate(w, files) })
		}
		if err != nil {
			return err
		}
		if r.request.Serve {
			r.result.Servers = append(r.result.Servers, w.Name)
		}
	}
	if r.request.Serve && len(r.result.Servers) == 0 {
		return core.Errorf(core.CodeUnavailable, "cannot serve the instance: neither Apache nor nginx runs here")
	}
	return nil
}

// fragments are the texts of the instance for a web server by the paths of their files, "" for those that have to go.
func (r *run) fragments(w WebServer) (map[string]string, error) {
	files := map[string]string{}
	for _, pattern := range []string{"*-" + r.slug + ".conf", "*/*-" + r.slug + ".conf", r.slug + ".rules"} {
		found, err := filepath.Glob(w.Fragments + "/" + pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			if !r.request.Serve || filepath.Base(path) != filepath.Base(w.gate("", r.slug)) {
				files[path] = ""
			}
		}
	}
	if !r.request.Serve {
		return files, nil
	}
	if err := r.fragmentDir(w); err != nil {
		return nil, err
	}
	fragment := r.request.fragment(r.slug)
	path := w.fragment(r.request.Host, r.request.Path, r.slug)
	if w.Name == r.Apache.Name {
		text, err := fragment.Apache()
		files[path] = text + apacheRules(r.Sites+"/"+r.slug+"/"+Docroot, r.state.Rules)
		return files, err
	}
	text, err := fragment.Nginx()
	files[path] = text
	rules, left := nginxRules(r.request.Path, r.state.Rules)
	if rules != "" {
		files[w.Fragments+"/"+r.slug+".rules"] = rules
	}
	for _, l := range left {
		l.Why = "nginx has no such setting that is the same"
		if l.File != "" && len(r.result.LeftOut) < maxListed {
			r.result.LeftOut = append(r.result.LeftOut, l)
		}
	}
	return files, err
}

// fragmentDir makes the directory of fragments. That of a host is the administrator's to make, for without a host that
// includes it the instance would be served nowhere.
func (r *run) fragmentDir(w WebServer) error {
	if err := os.Mkdir(w.Fragments, 0o755); err == nil {
		if err := os.Chmod(w.Fragments, 0o755); err != nil {
			return err
		}
	} else if !errors.Is(err, os.ErrExist) {
		return err
	}
	if info, err := os.Stat(w.dir(r.request.Host)); err != nil || !info.IsDir() {
		return core.Errorf(core.CodeUnavailable, "cannot serve %s: make the directory %s, and include its *.conf in the configuration of that host",
			r.request.Host, w.dir(r.request.Host))
	}
	return nil
}

func (r *run) activate(w WebServer, files map[string]string) error {
	changed := false
	for path, text := range files {
		if err := r.note(undo{Kind: undoWeb, Name: w.Name}); err != nil {
			return err
		}
		did, err := r.install(path, text)
		if err != nil {
			return err
		}
		changed = changed || did
		fault.Point("fragment written")
	}
	if !changed {
		return nil
	}
	// A gate that was set before may be for another path now.
	if err := remove(r.Results + "/" + r.slug + ".gate"); err != nil {
		return err
	}
	return w.reload(r.ctx)
}
