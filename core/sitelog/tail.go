// Package sitelog reads the end of a site's error log, where the host or the CMS keeps one that the account may read.
package sitelog

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vpm/core"
)

// MaxLines is the most that Tail gives, and mostBytes the most that it reads.
const (
	MaxLines  = 1000
	mostBytes = 256 << 10
)

// Tail is the end of a log.
type Tail struct {
	Path      string
	Lines     []string // oldest first
	ChangedAt time.Time
	Truncated bool // there is more before them
}

// places are where hosts and CMSs write what PHP and they complain of, below a site's document root.
func places(docroot, cmsType string) []string {
	list := []string{"error_log", "php_errorlog", "error.log", "php_errors.log"} // cPanel and its kin write the first
	switch cmsType {
	case "wordpress":
		list = append([]string{"wp-content/debug.log"}, list...)
	case "joomla":
		list = append(list, "administrator/logs/error.php", "administrator/logs/everything.php", "logs/error.php")
	case "drupal":
		list = append(list, "sites/default/files/php_error.log")
	}
	for i, name := range list {
		list[i] = filepath.Join(docroot, filepath.FromSlash(name))
	}
	return append(list, filepath.Join(filepath.Dir(docroot), "logs", "error.log"), filepath.Join(filepath.Dir(docroot), "logs", "error_log"))
}

// Find gives the end of the log of a site that was written to last. A link is followed only where allowed says that its
// end may be read. CodeNotFound: there is none.
func Find(docroot, cmsType string, lines int, allowed func(path string) bool) (Tail, error) {
	var newest string
	var when time.Time
	for _, path := range places(docroot, cmsType) {
		real, err := filepath.EvalSymlinks(path)
		if err != nil || real != path && !allowed(real) {
			continue
		}
		if info, err := os.Stat(real); err == nil && info.Mode().IsRegular() && info.ModTime().After(when) {
			newest, when = real, info.ModTime()
		}
	}
	if newest == "" {
		return Tail{}, core.Errorf(core.CodeNotFound, "cannot find an error log of the site: neither the host nor the CMS writes one that this account may read")
	}
	return read(newest, lines)
}

// read gives the last lines of a file.
func read(path string, lines int) (Tail, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0) // a FIFO would hang
	if errors.Is(err, fs.ErrPermission) {
		return Tail{}, core.Errorf(core.CodeNotFound, "cannot read the error log %s: this account may not", path)
	}
	if err != nil {
		return Tail{}, core.Errorf(core.CodeNotFound, "cannot read the error log %s", path).Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return Tail{}, core.Errorf(core.CodeNotFound, "cannot read the error log %s: it is no file", path).Because(err)
	}
	from := max(0, info.Size()-mostBytes)
	data, err := io.ReadAll(io.NewSectionReader(f, from, mostBytes))
	if err != nil {
		return Tail{}, core.Errorf(core.CodeNotFound, "cannot read the error log %s", path).Because(err)
	}
	text := strings.ToValidUTF8(string(data), "\uFFFD")
	list := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if from > 0 {
		list = list[1:] // a part of a line
	}
	if text == "" {
		list = nil
	}
	t := Tail{Path: path, Lines: list, ChangedAt: info.ModTime(), Truncated: from > 0}
	if n := min(max(lines, 1), MaxLines); len(list) > n {
		t.Lines, t.Truncated = list[len(list)-n:], true
	}
	return t, nil
}
