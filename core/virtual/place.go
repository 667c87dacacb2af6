package virtual

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"

	"vpm/core"
)

// place is where a gate stands: in the site's own directory, or, where Apache reads nothing there, in the panel's
// docroot, with the host name and the path that lead to the site.
type place struct {
	dir        string
	host, path string // "" in the site's own directory
}

// choose gives the place that r.Gate.Entry names: the docroot, once a probe has shown that requests enter there, else
// the site's own directory, or the docroot where that is not there. What people say of it counts for more than what was
// found out before they did.
func (rt *Runtime) choose(r core.Record) (place, error) {
	own, err := rt.own(r.Instance)
	shared, ok := rt.shared(r.Instance)
	found := r.Gate.Entry == shared.dir && !r.Instance.HasDocroot()
	switch {
	case errors.Is(err, fs.ErrPermission) && ok && !core.Within(rt.resolved(r.Instance), shared.dir):
		return place{}, err // requests do not pass the docroot on their way there
	case ok && own != shared.dir && (err != nil || found):
		return shared, nil
	case err != nil:
		return place{}, err
	}
	return place{dir: own}, nil
}

// alternative is where a gate may stand instead of p, "" where there is nothing else to try. A host may have changed
// since the other place was found out to be the one.
func (rt *Runtime) alternative(in core.Instance, p place) string {
	own, err := rt.own(in)
	shared, ok := rt.shared(in)
	switch {
	case err != nil || !ok || own == shared.dir || in.HasDocroot():
		return ""
	case p.dir == shared.dir:
		return own
	}
	return shared.dir
}

// places are all directories where a gate of the instance may stand.
func (rt *Runtime) places(r core.Record) []string {
	var dirs []string
	add := func(dir string) {
		if info, err := os.Stat(dir); err == nil && info.IsDir() && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if own, err := rt.own(r.Instance); err == nil {
		add(own)
	}
	if r.Gate.Entry != "" && rt.allowed(r.Gate.Entry) {
		add(r.Gate.Entry)
	}
	if shared, ok := rt.shared(r.Instance); ok {
		add(shared.dir)
	}
	return dirs
}

// own is the directory of the site's own, with links resolved.
func (rt *Runtime) own(in core.Instance) (string, error) {
	dir := rt.resolved(in)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "", core.Errorf(core.CodeNotEffective, "cannot look into the directory of the site, %s: the user that vpm runs as may not pass %s; "+
			"let it, on a server with setfacl -m u:vpmd:x %s", dir, barred(dir), barred(dir)).Because(err)
	case err != nil || !info.IsDir():
		return "", core.Errorf(core.CodeNotEffective, "cannot find the directory of the site, %s: set \"path\" or \"docroot\" in the instance's config", dir)
	case !rt.allowed(dir):
		return "", core.Errorf(core.CodeNotEffective, "cannot close a site in %s: it lies outside the directories of the sites", dir)
	}
	return dir, nil
}

// barred is the directory above dir that this process may not pass.
func barred(dir string) string {
	for above := filepath.Dir(dir); ; above = filepath.Dir(above) {
		if _, err := os.Lstat(above); err == nil || above == filepath.Dir(above) {
			return above
		}
	}
}

func (rt *Runtime) resolved(in core.Instance) string {
	return resolve(in.Docroot(rt.Base))
}

// resolve follows the links in a path, and gives the path as it is where it leads nowhere.
func resolve(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// shared is the place in the panel's docroot, for a site that has an address to know its requests by.
func (rt *Runtime) shared(in core.Instance) (place, bool) {
	u, err := url.Parse(in.URL())
	if rt.Docroot == "" || err != nil || u.Hostname() == "" {
		return place{}, false
	}
	return place{rt.Docroot, u.Hostname(), urlPath(in)}, true
}

// urlPath is the path below which the site's addresses lie.
func urlPath(in core.Instance) string {
	u, err := url.Parse(in.URL())
	if err != nil || u.Path == "" {
		return "/"
	}
	return path.Clean(u.Path)
}

// KeptOpen gives what stays open below a docroot whatever site of it is closed: the panel, and the paths that people
// configured.
func (rt *Runtime) KeptOpen(docroot string) []string {
	kept := slices.Clone(rt.Panel)
	for _, p := range rt.OpenPaths {
		kept = append(kept, filepath.Join(docroot, filepath.FromSlash(p)))
	}
	return kept
}
