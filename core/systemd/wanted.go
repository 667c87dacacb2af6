package systemd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vpm/core"
)

// Wanted is the directory whose files say which instances are to run: their unit has ConditionPathExists= on it, so that
// a boot starts what was wanted running, also when neither vpm nor the database is there.
type Wanted struct{ Dir string }

// Note is what a wanted file says: which run it is for, and the invocation of the unit that the run is to take the place
// of, "" for none. A unit that is up in any other invocation is that run; so whoever finds a restart cut off
// knows whether it has happened.
type Note struct{ Run, Replaces string }

func (w Wanted) path(slug string) string { return filepath.Join(w.Dir, slug) }

// Read gives the note of an instance; ok is false for one that is not wanted.
func (w Wanted) Read(slug string) (n Note, ok bool, err error) {
	if err := CheckSlug(slug); err != nil {
		return Note{}, false, err
	}
	data, err := os.ReadFile(w.path(slug))
	if errors.Is(err, fs.ErrNotExist) {
		return Note{}, false, nil
	}
	if err != nil {
		return Note{}, false, core.Errorf(core.CodeUnavailable, "cannot read whether %s is wanted: %w", slug, err)
	}
	run, rest, _ := strings.Cut(string(data), "\n")
	replaces, _, _ := strings.Cut(rest, "\n")
	return Note{run, replaces}, true, nil
}

// Write makes an instance wanted, on the disk too before it returns.
func (w Wanted) Write(slug string, n Note) error {
	if err := CheckSlug(slug); err != nil {
		return err
	}
	if strings.ContainsAny(n.Run+n.Replaces, "\r\n\x00") {
		return core.Errorf(core.CodeInvalid, "cannot note the run %q", n.Run)
	}
	if err := w.write(slug, n.Run+"\n"+n.Replaces+"\n"); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot note that %s is wanted: %w", slug, err)
	}
	return nil
}

// write goes by a temporary file of one name: who writes holds the instance's lock, and what the dead have left is
// overwritten.
func (w Wanted) write(slug, text string) error {
	temporary := filepath.Join(w.Dir, "."+slug+".new")
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := os.Rename(temporary, w.path(slug)); err != nil {
		return err
	}
	return w.sync()
}

// Remove makes an instance not wanted, on the disk too before it returns: a machine that loses power right after a stop
// must not start it.
func (w Wanted) Remove(slug string) error {
	if err := CheckSlug(slug); err != nil {
		return err
	}
	err := os.Remove(w.path(slug))
	if err == nil || errors.Is(err, fs.ErrNotExist) { // where it was removed before, that may not be on the disk yet
		err = w.sync()
	}
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot note that %s is not wanted: %w", slug, err)
	}
	return nil
}

func (w Wanted) sync() error {
	d, err := os.Open(w.Dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lockWait is how long a change waits for another one of the same instance. A start may take as long as its job.
const lockWait = 5 * time.Second

// Lock waits for an instance's turn, among all processes. The lock goes with the process that holds it.
func (w Wanted) Lock(ctx context.Context, slug string) (unlock func() error, err error) {
	if err := CheckSlug(slug); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(w.Dir, "."+slug+".lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot lock %s: %w", slug, err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			return nil, core.Errorf(core.CodeUnavailable, "cannot lock %s: %w", slug, errors.Join(err, f.Close()))
		}
		select { // flock(2) itself cannot be told how long to wait
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, core.Errorf(core.CodeBusy, "cannot change %s: another change is under way, try again in a moment", slug).Because(f.Close())
		}
	}
}
