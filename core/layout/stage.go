package layout

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
)

// stage is a directory beside the site's place in which it is laid out. Only its owner may enter it.
type stage struct {
	Laid
	site Site
	path string
	core *os.Root
}

// prefix is how the names of stages begin; digits follow.
func prefix(dir string) string { return "." + filepath.Base(dir) + ".vpm-new-" }

// leftFor is the age at which a stage counts as left over on file systems without locks. No request takes as long.
const leftFor = time.Hour

func newStage(ctx context.Context, site Site) (*stage, error) {
	sweep(ctx, site.Dir)
	from, err := os.OpenRoot(site.Core.Dir)
	if err != nil {
		return nil, err
	}
	s := &stage{Laid: Laid{dir: site.Dir, Installer: site.Core.installer(site.Database != nil)}, site: site, core: from}
	for s.lock == nil {
		if s.path, err = os.MkdirTemp(filepath.Dir(site.Dir), prefix(site.Dir)); err != nil {
			return nil, errors.Join(err, from.Close())
		}
		if s.lock, err = open(ctx, s.path); err != nil && core.CodeOf(err) != core.CodeBusy && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(err, from.Close(), os.Remove(s.path))
		} // else a sweep came between, and has removed it or will
	}
	fault.Point("stage made")
	return s, nil
}

// remove takes a stage away that did not become a site.
func (s *stage) remove() error {
	defer s.lock.Close()
	return os.RemoveAll(s.path)
}

// open opens a directory and locks it. The lock is that of the directory itself, also under another name, and ends with
// the process.
func open(ctx context.Context, dir string) (*os.File, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.Lock(ctx, d, 0); err == atomicfile.ErrLocked {
		d.Close()
		return nil, &core.Error{Code: core.CodeBusy, Message: "cannot lay out the site: another request is laying it out; try again", RetryAfter: 5 * time.Second}
	} // without locks only the age tells
	is, err := d.Stat()
	if err == nil {
		var there os.FileInfo
		if there, err = os.Lstat(dir); err == nil && !os.SameFile(is, there) {
			err = os.ErrNotExist
		}
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// sweep removes the stages that killed processes have left beside dir. What cannot be removed now, the next one finds.
func sweep(ctx context.Context, dir string) {
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return
	}
	defer parent.Close()
	names, _ := parent.Readdirnames(-1)
	for _, name := range names {
		before, digits, ours := strings.Cut(name, ".vpm-new-")
		if !ours || !strings.HasPrefix(before, ".") || digits == "" || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		removeLeft(ctx, filepath.Join(parent.Name(), name))
	}
}

func removeLeft(ctx context.Context, path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return
	}
	d, err := os.Open(path)
	if err != nil {
		return
	}
	defer d.Close()
	switch err := atomicfile.Lock(ctx, d, 0); {
	case err == atomicfile.ErrLocked:
	case err == nil, time.Since(info.ModTime()) > leftFor:
		os.RemoveAll(path)
	}
}
