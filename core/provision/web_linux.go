package provision

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

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
	if w.Workers == "" {
		return systemctl(ctx, "reload", w.Unit)
	}
	old, err := w.workers(ctx)
	if err == nil {
		err = systemctl(ctx, "reload", w.Unit)
	}
	if err != nil {
		return err
	}
	return w.replaced(ctx, old)
}

// reloadWait is how long a server may take to start its new workers.
const reloadWait = 10 * time.Second

// replaced waits until the workers with the old configuration take no more requests: nginx's own command only asks the
// master, and a site that was stopped would go on for a moment.
func (w WebServer) replaced(ctx context.Context, old []int) error {
	deadline := time.Now().Add(reloadWait)
	for slices.ContainsFunc(old, w.takesRequests) {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return core.Errorf(core.CodeNotEffective, "cannot see %s take up its new configuration", w.Name)
		}
		time.Sleep(5 * time.Millisecond) // the kernel tells nobody but the master
	}
	return nil
}

// workers are the processes that take requests now.
func (w WebServer) workers(ctx context.Context) ([]int, error) {
	main, err := exec.CommandContext(ctx, "/bin/systemctl", "show", "--property=MainPID", "--value", w.Unit).Output()
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot find the process of %s: %w", w.Unit, err)
	}
	pid := strings.TrimSpace(string(main))
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		return nil, err
	}
	var pids []int
	for field := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil && w.takesRequests(pid) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// takesRequests goes by a worker's title, which says more once it is shutting down.
func (w WebServer) takesRequests(pid int) bool {
	title, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.TrimRight(string(title), "\x00 ") == w.Workers
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
