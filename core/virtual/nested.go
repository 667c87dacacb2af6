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

// The bounds of EntryFiles, which runs in requests.
const (
	maxNames      = 2_000
	maxDirsLooked = 40
)

// EntryFiles finds a .php file and a static file that visitors can ask for directly below dir (and one level
// down), as slash paths relative to dir, "" where there is none. It takes none of a site nested one level down
// or of the panel, which stay open when dir's site is closed, and prefers static files that servers in front of
// Apache are told to serve by themselves.
func EntryFiles(dir string) (php, static string) {
	if dir == "" { // which would mean the working directory
		return "", ""
	}
	names, dirs := visibleNames(dir)
	php = pickPHP(dir, "", names)
	static = pickStatic(dir, "", names, isAsset)
	for _, at := range []string{"wp-includes/css", "wp-includes/js", "media/system/css", "media/system/js", "core/misc", "misc"} {
		if static == "" {
			inside, _ := visibleNames(filepath.Join(dir, filepath.FromSlash(at)))
			static = pickStatic(dir, at, inside, isAsset)
		}
	}
	if static == "" {
		static = pickStatic(dir, "", names, isText)
	}
	for _, name := range dirs[:min(len(dirs), maxDirsLooked)] {
		if php != "" && static != "" {
			break
		}
		if !mayAsk(dir, name) {
			continue
		}
		inside, _ := visibleNames(filepath.Join(dir, name))
		if php == "" {
			php = pickPHP(dir, name, inside)
		}
		if static == "" {
			static = pickStatic(dir, name, inside, isAsset)
		}
		if static == "" {
			static = pickStatic(dir, name, inside, isText)
		}
	}
	return php, static
}

// mayAsk tells whether visitors meet dir's own gate in its subdirectory name: not in the panel, nor in another
// site, nor where an .htaccess may refuse everybody.
func mayAsk(dir, name string) bool {
	if name == "api" || name == "vpm" || isPart(name) {
		return false
	}
	at := filepath.Join(dir, name)
	if _, err := os.Lstat(filepath.Join(at, ".htaccess")); err == nil {
		return false
	}
	found, err := (&search{left: maxNames}).read(context.Background(), at)
	return err == nil && (at == ownWordPress(dir) || !found.isSite(at))
}

// visibleNames lists the regular files and the directories of dir whose names need no encoding in a URL,
// sorted. Dot files are not visible.
func visibleNames(dir string) (files, dirs []string) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxNames) // what could be read will do
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, ".") || strings.ContainsFunc(name, needsEncoding):
		case entry.IsDir():
			dirs = append(dirs, name)
		case entry.Type().IsRegular():
			files = append(files, name)
		}
	}
	slices.Sort(files)
	slices.Sort(dirs)
	return files, dirs
}

func needsEncoding(r rune) bool {
	plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)
	return !plain
}

// pickPHP prefers index.php. Of the others it takes none whose name says that asking for it does work.
func pickPHP(dir, at string, names []string) string {
	// Looked for by itself: names may end before it in a very large directory.
	info, err := os.Lstat(filepath.Join(dir, at, "index.php"))
	if err == nil && info.Mode().IsRegular() {
		return path.Join(at, "index.php")
	}
	for _, name := range names {
		if path.Ext(name) == ".php" && !doesWork(name) {
			return path.Join(at, name)
		}
	}
	return ""
}

func doesWork(name string) bool {
	for _, word := range []string{"backup", "config", "cron", "delete", "export", "import", "install", "migrat",
		"restore", "send", "setup", "update", "upgrade", "xmlrpc"} {
		if strings.Contains(strings.ToLower(name), word) {
			return true
		}
	}
	return false
}

// pickStatic takes the first file of a kind that the web server, which runs as somebody else, can read.
func pickStatic(dir, at string, names []string, kind func(ext string) bool) string {
	for _, name := range names {
		if !kind(strings.ToLower(path.Ext(name))) || name == "vpm-stopped.html" {
			continue
		}
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(at), name))
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o004 != 0 {
			return path.Join(at, name)
		}
	}
	return ""
}

func isAsset(ext string) bool {
	return ext == ".css" || ext == ".js" || ext == ".png" || ext == ".jpg"
}

func isText(ext string) bool {
	return ext == ".txt" || ext == ".html"
}
