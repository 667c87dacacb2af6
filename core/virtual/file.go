package virtual

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/htaccess"
)

// htaccessFile is the name of Apache's per-directory configuration.
const htaccessFile = ".htaccess"

// largestFile bounds an .htaccess file that is edited, in bytes.
const largestFile = 4 << 20

// lockWait is how long a change waits for another one in the same directory.
const lockWait = 5 * time.Second

// file is an .htaccess file as it was read.
type file struct {
	path string      // with symbolic links resolved
	info os.FileInfo // nil: there is none
	data []byte
}

// read reads the .htaccess of dir, a directory with links resolved. A link in its place is followed only where it leads into a directory that vpm may change.
func (rt *Runtime) read(dir string) (file, error) {
	path := filepath.Join(dir, htaccessFile)
	named, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return file{path: path}, nil
	}
	real := path
	if err == nil && named.Mode()&os.ModeSymlink != 0 {
		real, err = filepath.EvalSymlinks(path)
		if errors.Is(err, fs.ErrNotExist) {
			return file{}, core.Errorf(core.CodeNotEffective, "cannot use %s: it is a link to nothing", path)
		}
	}
	if err != nil {
		return file{}, core.Errorf(core.CodeNotEffective, "cannot read %s", path).Because(err)
	}
	if real != path && !rt.allowed(real) {
		return file{}, core.Errorf(core.CodeNotEffective, "cannot use %s: it is a link to %s, outside the directories of the sites", path, real)
	}
	f, err := os.OpenFile(real, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO would hang
	if err != nil {
		return file{}, core.Errorf(core.CodeNotEffective, "cannot read %s", real).Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		return file{}, core.Errorf(core.CodeNotEffective, "cannot use %s: it is not a file", real)
	}
	data, rerr := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err := errors.Join(err, rerr); err != nil || len(data) > largestFile {
		return file{}, core.Errorf(core.CodeNotEffective, "cannot read %s: it cannot be read whole or is larger than 4 MB", real).Because(err)
	}
	return file{real, info, data}, nil
}

// edit changes the .htaccess of dir, which the caller has locked, and leaves it alone where there is nothing to
// change. The file keeps owner and permissions; one that its owner has made read-only stays so.
func (rt *Runtime) edit(in core.Instance, dir string, change func(data []byte, exists bool) ([]byte, bool)) error {
	const attempts = 5 // a CMS may be writing to it too
	for i := 1; ; i++ {
		err := rt.tryEdit(in, dir, change)
		if !errors.Is(err, atomicfile.ErrChanged) || i == attempts {
			return err
		}
	}
}

func (rt *Runtime) tryEdit(in core.Instance, dir string, change func([]byte, bool) ([]byte, bool)) error {
	f, err := rt.read(dir)
	if err != nil {
		return err
	}
	data, exists := change(f.data, f.info != nil)
	if exists == (f.info != nil) && bytes.Equal(data, f.data) {
		atomicfile.Sweep(f.path)
		return nil
	}
	if err := writable(f); err != nil {
		return err
	}
	if err := rt.backUp(in, f); err != nil {
		return err
	}
	if exists {
		err = atomicfile.Replace(f.path, data, f.info)
	} else {
		err = atomicfile.Remove(f.path, f.info)
	}
	if err != nil && !errors.Is(err, atomicfile.ErrChanged) {
		return core.Errorf(core.CodeNotEffective, "cannot write %s: %w", f.path, err)
	}
	return err
}

// writable refuses a file or a directory that may not be written, before anything is.
func writable(f file) error {
	const writeOK = 2 // W_OK of access(2)
	if f.info != nil && (f.info.Mode().Perm()&0o222 == 0 || syscall.Access(f.path, writeOK) != nil) {
		return core.Errorf(core.CodeNotEffective, "cannot write %s: it is read-only; make it writable (644) and try again", f.path)
	}
	if syscall.Access(filepath.Dir(f.path), writeOK) != nil {
		return core.Errorf(core.CodeNotEffective, "cannot write in %s: the directory is read-only; make it writable (755) and try again", filepath.Dir(f.path))
	}
	return nil
}

// backUp keeps a copy of the file as it was before vpm first touched it for the instance: of each file one, as a gate may
// have to go to another directory.
func (rt *Runtime) backUp(in core.Instance, f file) error {
	if rt.Backups == "" || f.info == nil {
		return nil
	}
	if _, found := htaccess.Standing(f.data, in.InstanceID); found != htaccess.None {
		return nil // it is ours already, and was kept before, or made by vpm
	}
	sum := sha256.Sum256([]byte(f.path))
	path := filepath.Join(rt.Backups, in.InstanceID+"-"+hex.EncodeToString(sum[:4])+htaccessFile)
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(rt.Backups, 0o700); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot keep a copy of %s: %w", f.path, err)
	}
	if err := atomicfile.Write(path, f.data, 0o600); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot keep a copy of %s: %w", f.path, err)
	}
	return nil
}

// lock keeps a directory's .htaccess to one change at a time, in all processes.
func lock(ctx context.Context, dir string) (unlock func() error, err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, core.Errorf(core.CodeNotEffective, "cannot open the directory %s", dir).Because(err)
	}
	if err := atomicfile.Lock(ctx, d, lockWait); err != nil {
		d.Close()
		if errors.Is(err, atomicfile.ErrLocked) {
			return nil, core.Errorf(core.CodeBusy, "cannot change %s: another change is under way, try again in a moment", dir)
		}
		return nil, core.Errorf(core.CodeUnavailable, "cannot lock %s: %w", dir, err)
	}
	return d.Close, nil
}
