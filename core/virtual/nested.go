package virtual

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The bounds of a search: shared hosts count inodes and I/O.
const (
	maxDepth   = 5
	maxEntries = 20_000
	readChunk  = 256 // entries read at once, between looks at the clock
)

// NestedSites finds the sites below dir that are not dir's own: directories, at most five levels down, that hold
// a WordPress, Joomla or Drupal of their own. It gives up at the deadline of ctx or after maxEntries directory
// entries and then says so with complete=false, as it does when it may not read a directory. Symbolic links are
// not followed. The paths begin with dir, are sorted, and none lies in another.
func NestedSites(ctx context.Context, dir string) (sites []string, complete bool) {
	return (&search{left: maxEntries}).nestedSites(ctx, dir)
}

// search reads directories until it has seen as many entries as it may.
type search struct{ left int }

var errGaveUp = errors.New("too many entries")

// nestedSites works level by level, for sites lie near the top and the entries may run out.
func (s *search) nestedSites(ctx context.Context, dir string) (sites []string, complete bool) {
	complete = true
	own := ownWordPress(dir)
	level := []string{dir}
	for depth := 0; len(level) > 0; depth++ {
		var next []string
		for _, at := range level {
			found, err := s.read(ctx, at)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				complete = false
			}
			if at != dir && at != own && found.isSite(at) {
				sites = append(sites, at)
			} else if depth < maxDepth {
				next = append(next, found.below(at)...)
			}
			if ctx.Err() != nil || errors.Is(err, errGaveUp) {
				slices.Sort(sites)
				return sites, false
			}
		}
		level = next
	}
	slices.Sort(sites)
	return sites, complete
}

// listing is what matters of a directory's entries.
type listing struct {
	dirs    []string        // its directories, links to directories not among them
	markers map[string]bool // the entries by which a CMS is recognised, links among them
}

// read lists a directory; with an error, what it saw before that.
func (s *search) read(ctx context.Context, dir string) (listing, error) {
	found := listing{markers: map[string]bool{}}
	f, err := os.Open(dir)
	if err != nil {
		return found, err
	}
	defer f.Close()
	for {
		if err := ctx.Err(); err != nil {
			return found, err
		}
		entries, err := f.ReadDir(readChunk)
		if err == io.EOF {
			return found, nil
		}
		for _, entry := range entries {
			if s.left == 0 {
				return found, errGaveUp
			}
			s.left--
			name := entry.Name()
			if entry.IsDir() {
				found.dirs = append(found.dirs, name)
			}
			if isMarker(name) && (path.Ext(name) == "" || !entry.IsDir()) {
				found.markers[name] = true
			}
		}
		if err != nil {
			return found, err
		}
	}
}

func isMarker(name string) bool {
	switch name {
	case "wp-config.php", "wp-load.php", "wp-includes", // WordPress
		"configuration.php", "administrator", // Joomla
		"sites", "core", "includes", "modules": // Drupal
		return true
	}
	return false
}

// isSite tells whether the directory holds a CMS.
func (l listing) isSite(dir string) bool {
	return l.markers["wp-config.php"] || l.markers["wp-load.php"] && l.markers["wp-includes"] ||
		l.isJoomla() || l.isDrupal(dir)
}

func (l listing) isJoomla() bool {
	return l.markers["configuration.php"] && l.markers["administrator"]
}

func (l listing) isDrupal(dir string) bool {
	if !l.markers["sites"] || !l.markers["core"] && !l.markers["includes"] && !l.markers["modules"] {
		return false
	}
	_, err := os.Lstat(filepath.Join(dir, "sites", "default", "settings.php"))
	return err == nil
}

// below are the directories of dir that may hold other sites: not those that are parts of a CMS, which have
// many thousand files.
func (l listing) below(dir string) []string {
	joomla, drupal := l.isJoomla(), l.isDrupal(dir)
	var paths []string
	for _, name := range l.dirs {
		if isPart(name) || joomla && isJoomlaPart(name) || drupal && isDrupalPart(name) {
			continue
		}
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths
}

// isPart names directories that hold no site wherever they are.
func isPart(name string) bool {
	switch name {
	case "wp-content", "wp-includes", "wp-admin", "node_modules", "vendor", ".git", "cgi-bin":
		return true
	}
	return false
}

func isJoomlaPart(name string) bool {
	switch name {
	case "administrator", "api", "components", "includes", "language", "layouts", "libraries", "media",
		"modules", "plugins", "templates":
		return true
	}
	return false
}

func isDrupalPart(name string) bool {
	switch name {
	case "core", "includes", "misc", "modules", "profiles", "sites", "themes":
		return true
	}
	return false
}

// ownWordPress is the directory below dir that holds the WordPress which dir's index.php runs, "" where there
// is none. See https://developer.wordpress.org/advanced-administration/server/wordpress-in-directory/.
func ownWordPress(dir string) string {
	f, err := os.Open(filepath.Join(dir, "index.php"))
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 8<<10))
	if err != nil {
		return ""
	}
	before, _, found := strings.Cut(string(text), "/wp-blog-header.php")
	if !found {
		return ""
	}
	return filepath.Join(dir, before[strings.LastIndexAny(before, `'"`)+1:])
}
