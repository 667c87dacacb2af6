// Package atomicfile replaces files so that whoever reads them, at any moment and after any crash, finds the
// old content or the new one whole.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"vpm/core/fault"
)

// Write puts data at path with the given permissions: a temporary file in the same directory, synced, renamed
// over the old one, and the directory synced. On failure the old file is untouched and nothing is left over; what a
// process leaves that is killed, the next Write of the same path removes.
func Write(path string, data []byte, perm os.FileMode) error {
	return write(path, whole(data), func(f *os.File) error { return f.Chmod(perm) }, os.Rename)
}

// Create puts what fill writes at path as Write does, where nothing is: fs.ErrExist when something is there.
func Create(path string, perm os.FileMode, fill func(io.Writer) error) error {
	if err := free(path); err != nil {
		return err
	}
	return write(path, fill, func(f *os.File) error { return f.Chmod(perm) }, occupy)
}

func free(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return nil
}

// occupy gives a file its place unless something is there: a link cannot take another's, as a rename can.
func occupy(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err // the temporary name goes as it always does
	}
	if err := free(path); err != nil { // a file system without hard links, where nothing is as good
		return err
	}
	return os.Rename(temporary, path)
}

func whole(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// ErrChanged is that a file is not the one that was read any more.
var ErrChanged = errors.New("the file has changed meanwhile")

// Replace puts data at path as Write does, with owner and permissions of the file that was read there, was, or as a
// new file that everybody may read where was is nil. ErrChanged when that file has been changed since.
func Replace(path string, data []byte, was os.FileInfo) error {
	keep := func(f *os.File) error { return f.Chmod(0o644) }
	if was != nil {
		keep = func(f *os.File) error { return like(f, was) }
	}
	return write(path, whole(data), keep, func(temporary, path string) error {
		if err := unchanged(path, was); err != nil {
			return err
		}
		return os.Rename(temporary, path)
	})
}

// Remove takes away the file that was read at path. ErrChanged when it has been changed since. It does not wait for the
// disk: where power fails right after it, the file is back.
func Remove(path string, was os.FileInfo) error {
	if err := unchanged(path, was); err != nil {
		return err
	}
	fault.Point("before removing the file")
	if err := os.Remove(path); err != nil {
		return err
	}
	fault.Point("file removed")
	return nil
}

func write(path string, fill func(io.Writer) error, own func(*os.File) error, place func(temporary, path string) error) error {
	dir := filepath.Dir(path)
	fault.Point("before the temporary file")
	f, err := temporary(path)
	if err != nil {
		return err
	}
	defer f.Close()           // it stays open, and so locked, until it has its place
	defer os.Remove(f.Name()) // after the rename there is nothing of that name
	fault.Point("temporary file made")
	err = fill(f)
	fault.Point("temporary file written")
	err = errors.Join(err, own(f), f.Sync())
	if err != nil {
		return err
	}
	fault.Point("temporary file synced")
	if err := place(f.Name(), path); err != nil {
		return err
	}
	fault.Point("file renamed")
	return syncDir(dir)
}

// like gives f the owner and the permissions of another file. A file of another owner, which we may not give away,
// is left to that owner.
func like(f *os.File, was os.FileInfo) error {
	is, err := f.Stat()
	if err != nil {
		return err
	}
	a, b := is.Sys().(*syscall.Stat_t), was.Sys().(*syscall.Stat_t)
	if a.Uid != b.Uid || a.Gid != b.Gid {
		if err := f.Chown(int(b.Uid), int(b.Gid)); err != nil {
			return err
		}
	}
	return f.Chmod(was.Mode().Perm())
}

func unchanged(path string, was os.FileInfo) error {
	is, err := os.Lstat(path)
	switch {
	case os.IsNotExist(err) && was == nil:
		return nil
	case os.IsNotExist(err), err == nil && was == nil:
		return ErrChanged
	case err != nil:
		return err
	case !os.SameFile(is, was) || is.Size() != was.Size() || !is.ModTime().Equal(was.ModTime()):
		return ErrChanged
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	fault.Point("directory synced")
	return err
}
