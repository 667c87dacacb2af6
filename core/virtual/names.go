package virtual

import (
	"os"
	"path/filepath"
	"slices"

	"vpm/core"
)

// Apache names a file as it was led to it: by the document root as its configuration has it, and through the links on
// the way. A gate compares names, so that what stays open has to be known under all of them.

// maxAliases bounds the names of one directory.
const maxAliases = 32

// link is another name of a directory.
type link struct{ name, target string }

// links are the links that may lead to or into a site in dir, a directory with links resolved: those in the
// configured paths, and those that lie in dir and in the directories around it (as the "private_html" and "www" of
// hosting panels beside a "public_html").
func (rt *Runtime) links(dir string, configured ...string) (found []link) {
	add := func(name string) {
		target, err := filepath.EvalSymlinks(name)
		if l := (link{filepath.Clean(name), target}); err == nil && l.name != target && !slices.Contains(found, l) {
			found = append(found, l)
		}
	}
	for _, name := range slices.Concat(configured, rt.Roots, []string{rt.Base}) {
		if filepath.IsAbs(name) {
			add(name)
		}
	}
	for at := dir; ; at = filepath.Dir(at) {
		for _, name := range linksIn(at) {
			add(filepath.Join(at, name))
		}
		if at == filepath.Dir(at) {
			return found
		}
	}
}

// linksIn lists the symbolic links in a directory. One that may not be read, as that of a host's accounts, has none.
func linksIn(dir string) (names []string) {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxNames) // what could be read will do
	for _, entry := range entries {
		if entry.Type()&os.ModeSymlink != 0 {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names
}

// aliases are all names of a directory, the given one first.
func aliases(dir string, links []link) []string {
	names := []string{dir}
	for i := 0; i < len(names); i++ {
		for _, l := range links {
			if !core.Within(names[i], l.target) || core.Within(names[i], l.name) {
				continue
			}
			name := filepath.Join(l.name, names[i][len(l.target):])
			if !slices.Contains(names, name) && len(names) < maxAliases {
				names = append(names, name)
			}
		}
	}
	return names
}

// openDirs gathers what stays open below a site, under all its names.
type openDirs struct {
	tops  []string // the names of the site's own directory
	links []link
	names []string
}

// add opens directories, as far as they lie below the site.
func (o *openDirs) add(dirs ...string) {
	for _, d := range dirs {
		for _, name := range aliases(d, o.links) {
			inside := slices.ContainsFunc(o.tops, func(top string) bool { return core.Within(name, top) })
			if inside && !slices.Contains(o.names, name) {
				o.names = append(o.names, name)
			}
		}
	}
}

// has tells whether a directory is open.
func (o *openDirs) has(dir string) bool {
	return slices.ContainsFunc(o.names, func(open string) bool { return core.Within(dir, open) })
}
