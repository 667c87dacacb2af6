package virtual

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"vpm/core"
)

// The bounds of EntryFiles, which runs in requests.
const (
	maxNames      = 2_000
	maxDirsLooked = 40
)

// EntryFiles finds a .php file and a static file that visitors can ask for directly below dir (and one level
// down), as slash paths relative to dir, "" where there is none. It takes none of a site nested one level down
// or of the panel, which stay open when dir's site is closed, nor any at or below one of the absolute paths in
// except, which may be named with links resolved or not; dir itself and what is around it are no exceptions. It prefers
// static files that servers in front of Apache are told to serve by themselves.
func EntryFiles(dir string, except ...string) (php, static string) {
	if dir == "" { // which would mean the working directory
		return "", ""
	}
	e := entry{dir, below(dir, except)}
	names, dirs := e.visibleNames("")
	php = e.pickPHP("", names)
	static = e.pickStatic("", names, isAsset)
	for _, at := range []string{"wp-includes/css", "wp-includes/js", "media/system/css", "media/system/js", "core/misc", "misc"} {
		if static == "" {
			inside, _ := e.visibleNames(at)
			static = e.pickStatic(at, inside, isAsset)
		}
	}
	if static == "" {
		static = e.pickStatic("", names, isText)
	}
	for _, name := range dirs[:min(len(dirs), maxDirsLooked)] {
		if php != "" && static != "" {
			break
		}
		if !e.mayAsk(name) {
			continue
		}
		inside, _ := e.visibleNames(name)
		if php == "" {
			php = e.pickPHP(name, inside)
		}
		if static == "" {
			static = e.pickStatic(name, inside, isAsset)
		}
		if static == "" {
			static = e.pickStatic(name, inside, isText)
		}
	}
	return php, static
}

// entry is a search for files where visitors enter a site.
type entry struct {
	dir    string
	except []string // slash paths relative to dir
}

// below gives those of the paths that lie below dir, relative to it.
func below(dir string, paths []string) (inside []string) {
	for _, root := range []string{filepath.Clean(dir), resolve(dir)} {
		for _, p := range paths {
			for _, p := range []string{filepath.Clean(p), resolve(p)} {
				if rel, err := filepath.Rel(root, p); err == nil && rel != "." && core.Within(p, root) {
					inside = append(inside, filepath.ToSlash(rel))
				}
			}
		}
	}
	return inside
}

// excepted tells whether a path relative to dir is not to be asked for.
func (e entry) excepted(at string) bool {
	return slices.ContainsFunc(e.except, func(x string) bool { return core.Within(at, x) })
}

// mayAsk tells whether visitors meet dir's own gate in its subdirectory name: not in the panel, nor in another
// site, nor where an .htaccess may refuse everybody.
func (e entry) mayAsk(name string) bool {
	if name == "api" || name == "vpm" || isPart(name) {
		return false
	}
	at := filepath.Join(e.dir, name)
	if _, err := os.Lstat(filepath.Join(at, ".htaccess")); err == nil {
		return false
	}
	found, err := (&search{left: maxNames}).read(context.Background(), at)
	return err == nil && (at == ownWordPress(e.dir) || !found.isSite(at))
}

// visibleNames lists the regular files and the directories at a path whose names need no encoding in a URL, sorted, without
// exceptions. Dot files are not visible.
func (e entry) visibleNames(at string) (files, dirs []string) {
	f, err := os.Open(filepath.Join(e.dir, filepath.FromSlash(at)))
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxNames) // what could be read will do
	for _, found := range entries {
		name := found.Name()
		switch {
		case strings.HasPrefix(name, ".") || strings.ContainsFunc(name, needsEncoding) || e.excepted(path.Join(at, name)):
		case found.IsDir():
			dirs = append(dirs, name)
		case found.Type().IsRegular():
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
func (e entry) pickPHP(at string, names []string) string {
	// Looked for by itself: names may end before it in a very large directory.
	index := path.Join(at, "index.php")
	info, err := os.Lstat(filepath.Join(e.dir, filepath.FromSlash(index)))
	if err == nil && info.Mode().IsRegular() && !e.excepted(index) {
		return index
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
func (e entry) pickStatic(at string, names []string, kind func(ext string) bool) string {
	for _, name := range names {
		if !kind(strings.ToLower(path.Ext(name))) || name == "vpm-stopped.html" {
			continue
		}
		info, err := os.Lstat(filepath.Join(e.dir, filepath.FromSlash(at), name))
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
