package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/fault"
)

const databaseName = "vpm.sqlite"

// databaseStep moves the embedded database to where the server has it. From the moment its settings name the new place,
// the uploaded vpm.cgi writes into the old one no more; the copy is made once nobody has that open. So no change is
// lost, and until the server is up requests are answered 503.
func (p *Plan) databaseStep(old *config.Config, up upload) error {
	from, to := old.SQLitePath(), filepath.Join(DataDir, databaseName)
	r := p.journal.find(ofDatabase, DataDir)
	if r != nil {
		from = r.Target
	}
	if p.options.CopyDatabase == nil {
		return core.Errorf(core.CodeInternal, "cannot take over %s: no way to copy it was given", from)
	}
	p.add(step{what: "move the database " + from + " to " + to + " (the old file stays, unused)",
		detail:  "change " + old.File + ":\n" + diffOf(old.File, func(text []byte) []byte { return pointed(text, DataDir) }),
		changes: settings,
		same: func() bool {
			_, err := os.Lstat(to)
			return err == nil && p.journal.find(ofDatabase, DataDir) != nil
		},
		do: func(ctx context.Context, s *session) error {
			info, err := os.Lstat(from)
			if err != nil || !info.Mode().IsRegular() {
				return core.Errorf(core.CodeUnavailable, "cannot take over the database %s: it is not a file", from)
			}
			text, err := os.ReadFile(old.File)
			if err != nil {
				return cannot("read the settings", err)
			}
			st := info.Sys().(*syscall.Stat_t)
			changed := pointed(text, DataDir)
			if err := s.noteFile(old.File, sum(changed)); err != nil {
				return err
			}
			if err := s.note(record{Kind: ofDatabase, Path: DataDir, Target: from, UID: int(st.Uid), GID: int(st.Gid), Mode: uint32(info.Mode().Perm())}); err != nil {
				return err
			}
			fault.Point("noted the database")
			if err := rewrite(old.File, changed); err != nil {
				return err
			}
			if err := unused(ctx, from, old.LongestRequest()+5*time.Second); err != nil {
				return err
			}
			fault.Point("before the copy of the database")
			return p.options.copyIn(ctx, from, to)
		}})
	return nil
}

func diffOf(path string, change func([]byte) []byte) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return veil(diff(string(text), string(change(text))))
}

// rewrite replaces a file's content, and keeps owner and mode.
func rewrite(path string, text []byte) error {
	info, err := os.Lstat(path)
	if err != nil {
		return cannot("change "+path, err)
	}
	st := info.Sys().(*syscall.Stat_t)
	return putBack(record{Path: path, Mode: uint32(info.Mode().Perm()), UID: int(st.Uid), GID: int(st.Gid), Time: time.Now()}, text)
}

// unused waits until no process has the database open: a request that began before the settings changed may write still.
func unused(ctx context.Context, path string, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // as the kernel names what is open
	}
	for opened(path) {
		select {
		case <-ctx.Done():
			return core.Errorf(core.CodeBusy, "cannot take over the database %s: a process has had it open for %s", path, wait)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func opened(path string) bool {
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		to, err := os.Readlink(fd) // one that has been closed meanwhile is not there
		if err == nil && (to == path || to == path+"-wal" || to == path+"-shm") && !strings.HasPrefix(fd, fmt.Sprintf("/proc/%d/", os.Getpid())) {
			return true
		}
	}
	return false
}

// copyIn makes the copy where only root is, and then moves it to its place.
func (o *Options) copyIn(ctx context.Context, from, to string) error {
	uid, gid, err := ids(User, User)
	if err != nil {
		return cannot("copy the database", err)
	}
	fresh := filepath.Join(copiesDir, databaseName)
	if err := o.freshCopy(ctx, from, fresh); err != nil {
		return err
	}
	if err = os.Chown(fresh, uid, gid); err == nil {
		err = os.Chmod(fresh, 0o600)
	}
	if err == nil {
		err = os.Rename(fresh, to)
	}
	fault.Point("database copied")
	return cannot("copy the database", err)
}

func (o *Options) freshCopy(ctx context.Context, from, fresh string) error {
	if err := os.MkdirAll(copiesDir, 0o700); err != nil {
		return cannot("copy the database", err)
	}
	for _, end := range []string{"", "-wal", "-shm", "-journal"} { // of a copy that was cut off
		if err := os.Remove(fresh + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return cannot("copy the database", err)
		}
	}
	return o.CopyDatabase(ctx, from, fresh)
}

// bringBack puts the database of the server, with all that has happened since, to where it was. The server has been
// stopped; the settings of the upload follow.
func (o *Options) bringBack(ctx context.Context, r record) error {
	is := filepath.Join(DataDir, databaseName)
	if _, err := os.Lstat(is); errors.Is(err, fs.ErrNotExist) {
		return nil // never copied, or back already
	}
	if o.CopyDatabase == nil {
		return core.Errorf(core.CodeInternal, "cannot bring back the database: no way to copy it was given")
	}
	fresh := filepath.Join(copiesDir, databaseName)
	if err := o.freshCopy(ctx, is, fresh); err != nil {
		return err
	}
	fault.Point("database copied for its way back")
	if err := placeBack(fresh, r); err != nil {
		return cannot("bring back the database to "+r.Target, err)
	}
	fault.Point("database brought back")
	return cannot("remove "+is, errors.Join(os.Remove(is), os.RemoveAll(is+"-wal"), os.RemoveAll(is+"-shm"), os.Remove(fresh)))
}

// placeBack writes into a directory that belongs to somebody else: nothing there is followed. What the old file's
// write-ahead log or journal holds is older than what replaces it, and must not be applied to that.
func placeBack(fresh string, r record) error {
	dir, err := os.OpenRoot(filepath.Dir(r.Target))
	if err != nil {
		return err
	}
	defer dir.Close()
	name := filepath.Base(r.Target)
	temporary := "." + name + ".vpm-back"
	in, err := os.Open(fresh)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := dir.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := dir.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Chown(r.UID, r.GID), out.Chmod(os.FileMode(r.Mode)), out.Sync(), out.Close())
	if err != nil {
		return err
	}
	for _, end := range []string{"-wal", "-shm", "-journal"} {
		if err := dir.Remove(name + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return dir.Rename(temporary, name)
}
