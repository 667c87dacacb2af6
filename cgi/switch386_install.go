package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// errChanged is that the program to be replaced is not the one that was looked at any more.
var errChanged = errors.New("cannot replace the program: it has changed meanwhile")

// install puts a copy of the program own into the place of target, which was looked at when it was was, and keeps
// that one as vpm-amd64.cgi. At any moment, and after any crash, target is whole, old or new. Many may do it at once:
// none takes another's new program for the old one.
//
// It is a copy and not a second name for own: whoever uploads a newer vpm-386.cgi in place would change both.
func install(own, target string, was os.FileInfo) error {
	dir := filepath.Dir(target)
	fresh, err := copyBeside(own, target)
	if err != nil {
		return err
	}
	defer os.Remove(fresh) // after the rename there is nothing of that name
	kept := fresh + "-kept"
	if err := os.Link(target, kept); err != nil {
		// A file system without links, or files of another owner.
		if kept, err = copyBeside(target, target); err != nil {
			return err
		}
	}
	defer os.Remove(kept) // still there after a rename to the same file
	if err := unchanged(target, was); err != nil {
		return err
	}
	if err := os.Rename(kept, filepath.Join(dir, programAMD64)); err != nil {
		return fmt.Errorf("cannot keep the old program: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	if err := os.Rename(fresh, target); err != nil {
		return fmt.Errorf("cannot put the new program in place: %w", err)
	}
	return syncDir(dir)
}

// unchanged gives errChanged when the file is not the one that it was.
func unchanged(file string, was os.FileInfo) error {
	is, err := os.Lstat(file)
	if err != nil {
		return fmt.Errorf("cannot look at the program again: %w", err)
	}
	if !os.SameFile(is, was) || is.Size() != was.Size() || !is.ModTime().Equal(was.ModTime()) {
		return errChanged
	}
	return nil
}

// copyBeside copies a program to a temporary file beside target. It streams: where memory is so short, the whole
// program does not fit in.
func copyBeside(program, target string) (name string, err error) {
	from, err := os.Open(program)
	if err != nil {
		return "", fmt.Errorf("cannot copy the program: %w", err)
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".tmp-")
	if err != nil {
		return "", fmt.Errorf("cannot copy the program: %w", err)
	}
	_, err = io.Copy(to, from)
	// suEXEC runs nothing that others may write to, whatever the umask.
	if err = errors.Join(err, to.Chmod(0o755), to.Sync(), to.Close()); err != nil {
		os.Remove(to.Name())
		return "", fmt.Errorf("cannot copy the program: %w", err)
	}
	return to.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("cannot sync the directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("cannot sync the directory: %w", err)
	}
	return nil
}

// sameContent tells whether two files hold the same bytes.
func sameContent(a, b string) (bool, error) {
	f, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer f.Close()
	g, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer g.Close()
	var x, y [32 << 10]byte
	for {
		n, err := io.ReadFull(f, x[:])
		m, errG := io.ReadFull(g, y[:])
		switch {
		case !noFailure(err) || !noFailure(errG):
			return false, errors.Join(err, errG)
		case !bytes.Equal(x[:n], y[:m]):
			return false, nil
		case err != nil: // the end, of both
			return true, nil
		}
	}
}

// noFailure tells whether io.ReadFull gave what there was, be it less than asked for.
func noFailure(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
