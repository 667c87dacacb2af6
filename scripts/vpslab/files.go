package vpslab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ReadFile reads a file of the VPS.
func (v *VPS) ReadFile(path string) (data []byte, err error) {
	err = v.enter(func() error {
		data, err = os.ReadFile(path)
		return err
	})
	return data, err
}

// WriteFile puts a file into the VPS with exactly this mode, as root's, with the directories above it. One that is
// there is replaced, so that it may be a program that runs.
func (v *VPS) WriteFile(path string, data []byte, mode fs.FileMode) error {
	parent, err := v.openParent(path)
	if err != nil {
		return err
	}
	defer parent.Close()
	return replace(parent, filepath.Base(path), mode, func(file *os.File) error {
		_, err := file.Write(data)
		return err
	})
}

// CopyIn copies a file or a tree of the machine into the VPS as dst, as root's, with modes and symlinks as they are.
// Files already there are replaced.
func (v *VPS) CopyIn(src, dst string) error {
	parent, err := v.openParent(dst)
	if err != nil {
		return err
	}
	defer parent.Close()
	err = filepath.WalkDir(src, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		return copyEntry(parent, path, filepath.Join(filepath.Base(dst), relative))
	})
	if err != nil {
		return fmt.Errorf("cannot copy %s into the VPS: %w", src, err)
	}
	return nil
}

// openParent opens the directory in which path is to be made. Inside, symlinks on the way mean what they mean there;
// the descriptor is good outside too, where the source of a copy is.
func (v *VPS) openParent(path string) (parent *os.Root, err error) {
	if !filepath.IsAbs(path) || filepath.Clean(path) == "/" {
		return nil, fmt.Errorf("cannot write %q in the VPS: it must be an absolute path", path)
	}
	err = v.enter(func() error {
		dir := filepath.Dir(filepath.Clean(path))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		parent, err = os.OpenRoot(dir)
		return err
	})
	return parent, err
}

func copyEntry(root *os.Root, src, target string) error {
	info, err := os.Lstat(src)
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		if err := root.Mkdir(target, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return root.Chmod(target, info.Mode())
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(src)
		if err != nil {
			return err
		}
		if err := root.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return root.Symlink(to, target)
	case !info.Mode().IsRegular():
		return fmt.Errorf("cannot copy %s: it is no file, directory or symlink", src)
	}
	from, err := os.Open(src)
	if err != nil {
		return err
	}
	defer from.Close()
	return replace(root, target, info.Mode(), func(file *os.File) error {
		_, err := io.Copy(file, from)
		return err
	})
}

// replace writes beside the target and renames: a program that runs cannot be written to.
func replace(root *os.Root, target string, mode fs.FileMode, write func(*os.File) error) error {
	fresh := target + ".vpslab"
	// No fork meanwhile: a child would hold a program open for writing, and it could not be run (golang/go#22315).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	file, err := root.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = write(file)
	if err == nil {
		err = file.Chmod(mode) // whatever the umask
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, root.Remove(fresh))
	}
	return root.Rename(fresh, target)
}
