package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"syscall"

	"vpm/core/atomicfile"
	"vpm/core/fault"
)

// undo puts back what a record says. It may be done again, also after a half-done time. left says what could not be
// put back since others have changed it, "" for nothing.
func (o *Options) undo(ctx context.Context, r record) (left string, err error) {
	defer fault.Point("undone " + r.Kind + " " + r.Path)
	switch r.Kind {
	case ofFile:
		return undoFile(r)
	case ofLink:
		return "", undoLink(r)
	case ofDir, ofTree:
		return undoDir(r)
	case ofUser:
		if _, err := user.Lookup(r.Path); err != nil {
			return "", nil // gone already
		}
		_, err := run(ctx, "userdel", r.Path)
		return "", err
	case ofDatabase:
		return "", o.bringBack(ctx, r)
	case ofCommand:
		if _, err := run(ctx, r.Undo...); err != nil {
			return err.Error(), nil // a server that is broken for another reason stops nothing
		}
		return "", nil
	}
	return "", fmt.Errorf("cannot undo a %q", r.Kind)
}

func undoFile(r record) (left string, err error) {
	atomicfile.Sweep(r.Path) // a run that was killed may have been about to write it
	text, err := os.ReadFile(r.Path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return "", cannot("look at "+r.Path, err)
	}
	ours := sum(text) == r.After
	if !r.Existed {
		switch {
		case missing:
			return "", nil
		case ours:
			return "", cannot("remove "+r.Path, os.Remove(r.Path))
		}
		// Neither systemd nor polkit, sudo or a web server reads a file of this name.
		return r.Path + " was changed since and is kept as " + r.Path + ".vpm-kept",
			cannot("move "+r.Path, os.Rename(r.Path, r.Path+".vpm-kept"))
	}
	before, err := os.ReadFile(filepath.Join(copiesDir, r.Copy))
	if err != nil {
		return "", cannot("put back "+r.Path, err)
	}
	if !missing && !ours && string(text) != string(before) {
		if rest, found := withoutBlock(text); found {
			return "", putBack(r, rest)
		}
		if r.After == sum(pointed(before, DataDir)) { // the upload's settings: the database is back where they had it
			return "", putBack(r, pointedBack(text, before))
		}
		kept, err := keep(r, before)
		return r.Path + " was changed since and is left as it is; what it held is in " + kept, err
	}
	return "", putBack(r, before)
}

// keep puts what a file held to where it outlasts the journal. Its name in there goes by what it is, so that none is
// overwritten by another.
func keep(r record, before []byte) (path string, err error) {
	path = filepath.Join(keptDir, filepath.Base(r.Path)+"."+sum(before)[:16])
	if err = os.MkdirAll(keptDir, 0o700); err == nil {
		err = atomicfile.Write(path, before, 0o600)
	}
	return path, cannot("keep what "+r.Path+" held", err)
}

func putBack(r record, text []byte) error {
	err := atomicfile.Write(r.Path, text, os.FileMode(r.Mode))
	if err == nil {
		err = os.Lchown(r.Path, r.UID, r.GID)
	}
	if err == nil {
		err = os.Chtimes(r.Path, r.Time, r.Time)
	}
	return cannot("put back "+r.Path, err)
}

func undoLink(r record) error {
	is, err := os.Readlink(r.Path)
	if err != nil || is != r.After {
		return nil // gone, or somebody else's by now
	}
	if r.Existed {
		return relink(r.Path, r.Target)
	}
	return cannot("remove "+r.Path, os.Remove(r.Path))
}

func undoDir(r record) (left string, err error) {
	if r.Existed {
		if err = os.Lchown(r.Path, r.UID, r.GID); err == nil {
			err = os.Chmod(r.Path, os.FileMode(r.Mode))
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return "", cannot("put back "+r.Path, err)
	}
	if r.Kind == ofTree {
		return "", cannot("remove "+r.Path, os.RemoveAll(r.Path))
	}
	err = os.Remove(r.Path)
	switch {
	case errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST), errors.Is(err, syscall.EBUSY):
		return r.Path + " is not empty and stays", nil
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	}
	return "", cannot("remove "+r.Path, err)
}
