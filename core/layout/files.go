package layout

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"vpm/core"
	"vpm/core/fault"
)

// write makes a file of the site, whatever the umask.
func (s *stage) write(name, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(filepath.Join(s.path, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Chmod(mode), f.Close())
}

func (s *stage) mkdir(name string) error {
	dir := filepath.Join(s.path, name)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// link makes a link to what the core has under the same name. It is relative, so that it holds when the whole account
// moves.
func (s *stage) link(name string) error {
	to, err := s.toCore(path.Dir(name))
	if err != nil {
		return err
	}
	return os.Symlink(path.Join(to, name), filepath.Join(s.path, name))
}

// toCore is the way from a directory of the site, in its final place, to the core.
func (s *stage) toCore(dir string) (string, error) {
	return filepath.Rel(filepath.Join(s.dir, dir), s.site.Core.Dir)
}

// copyTree copies what the core has at and below from, but for what skip tells. Files become 644, or 755 where their owner
// may run them, and directories 755. A link to a file within the core becomes a copy of that; a core with other links or
// with anything else than files and directories is refused, for the site would not be what it seems.
func (s *stage) copyTree(ctx context.Context, from string, skip func(name string) bool) error {
	return fs.WalkDir(s.core.FS(), from, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case name == ".":
			return nil
		case skip(name) && entry.IsDir():
			return fs.SkipDir
		case skip(name):
			return nil
		}
		if path.Dir(name) == from {
			fault.Point("part of the core copied")
		}
		if entry.IsDir() {
			return s.mkdir(name)
		}
		return s.copyFile(name)
	})
}

// copyFile copies one file. io.Copy has the kernel do it, which shares the blocks where the file system can.
func (s *stage) copyFile(name string) error {
	in, err := s.core.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe has nobody who writes
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err != nil {
		return s.noFile(name).Because(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return s.noFile(name).Because(err)
	}
	out, err := os.OpenFile(filepath.Join(s.path, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info.Mode().Perm()&0o100 != 0 {
		mode = 0o755
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Close())
}

func (s *stage) noFile(name string) *core.Error {
	return core.Errorf(core.CodeUnavailable, "cannot copy %s of %s: it is no file, or a link that leads out of there", name, s.site.Core.Dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
