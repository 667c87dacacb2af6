package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/core"
)

func TestSQLitePragmasHoldOnEveryConnection(t *testing.T) {
	t.Parallel()
	o := emptySQLite(t)
	o.MaxConns = 4
	db := ready(t, o)
	for i := range o.MaxConns {
		conn, err := db.sql.Conn(t.Context())
		must(t, err)
		defer conn.Close() // all four are open at once
		for pragma, want := range map[string]string{"foreign_keys": "1", "busy_timeout": "5000", "synchronous": "2", "journal_mode": "wal"} {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("connection %d has %s = %s, %v; want %s", i, pragma, got, err, want)
			}
		}
	}
}

func TestSQLiteFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	o := emptySQLite(t)
	create(t, ready(t, o), "one")
	files, err := os.ReadDir(filepath.Dir(o.SQLite))
	must(t, err)
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the permissions %o; want 600", f.Name(), info.Mode().Perm())
		}
	}
}

func wantNoFile(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s was created (%v)", path, err)
	}
}

func TestSQLiteMissingIsNotCreated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "vpm.sqlite"), filepath.Join(dir, "gone", "vpm.sqlite")} {
		_, err := Open(Options{SQLite: path})
		wantCode(t, err, core.CodeUnavailable)
		wantNoFile(t, path)
	}
	wantCode(t, CreateSQLite(t.Context(), filepath.Join(dir, "gone", "vpm.sqlite")), core.CodeUnavailable)

	// Removed between the look and the first use.
	o := emptySQLite(t)
	db := open(t, o)
	must(t, os.Remove(o.SQLite))
	_, err := db.HasAdmin(t.Context())
	wantCode(t, err, core.CodeUnavailable)
	wantNoFile(t, o.SQLite)
}

func TestSQLiteRefusesWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vpm.sqlite")
	garbage := strings.Repeat("this is no database ", 500)
	must(t, os.WriteFile(path, []byte(garbage), 0o600))
	_, err := open(t, Options{SQLite: path}).HasAdmin(t.Context())
	wantCode(t, err, core.CodeUnavailable)
	wantCode(t, CreateSQLite(t.Context(), path), core.CodeUnavailable)
	if after, err := os.ReadFile(path); err != nil || string(after) != garbage {
		t.Error("the file was changed")
	}
}

// TestSQLiteReadOnly: a database that takes no change is told from one that is busy or broken.
func TestSQLiteReadOnly(t *testing.T) {
	t.Parallel()
	o := emptySQLite(t)
	o.MaxConns = 1
	db := ready(t, o)
	create(t, db, "one")
	execute(t, db, `PRAGMA query_only = 1`)
	err := db.ChangeInstance(t.Context(), "one", stop)
	if wantCode(t, err, core.CodeUnavailable); !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("the message is %v", err)
	}
	execute(t, db, `PRAGMA query_only = 0`)
	must(t, db.ChangeInstance(t.Context(), "one", stop))
}

// TestCopyIsOfNoFileThatIsThere: a copy takes no other file's place, and says which was to be copied.
func TestCopyIsOfNoFileThatIsThere(t *testing.T) {
	t.Parallel()
	o := emptySQLite(t)
	create(t, ready(t, o), "one")
	there := filepath.Join(t.TempDir(), "mine")
	must(t, os.WriteFile(there, []byte("mine"), 0o644))
	err := CopySQLite(t.Context(), o.SQLite, there)
	if wantCode(t, err, core.CodeUnavailable); !strings.Contains(err.Error(), "cannot copy the database "+o.SQLite+" to "+there) {
		t.Errorf("the message is %v", err)
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine" {
		t.Errorf("the file there is %q, %v", text, err)
	}
	copied := there + "-copied"
	must(t, CopySQLite(t.Context(), o.SQLite, copied))
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v", info, err)
	}
	wantValue(t, open(t, Options{SQLite: copied}), "one", `SELECT instance_id FROM instances`)
}

func TestSQLiteTimesAreUTC(t *testing.T) {
	t.Parallel()
	db := ready(t, emptySQLite(t))
	before := core.Timestamp(time.Now().UTC().Format(time.DateTime))
	create(t, db, "one")
	r, err := db.Record(t.Context(), "one")
	must(t, err)
	after := core.Timestamp(time.Now().UTC().Format(time.DateTime))
	for _, got := range []core.Timestamp{r.Instance.CreatedAt, r.Run.StartedAt, r.ReadAt} {
		if got < before || got > after {
			t.Errorf("a moment is %q; want between %q and %q", got, before, after)
		}
	}
	write, err := db.Timestamps(t.Context())
	must(t, err)
	if got := write(time.Unix(0, 0)) + "|" + write(time.Time{}); got != "1970-01-01 00:00:00|" {
		t.Errorf("a moment and none are written %q", got)
	}
}

// inPrivateMounts runs a role that mounts things, in a mount namespace of its own: nothing of that is ever
// seen outside or left over.
func inPrivateMounts(t *testing.T, role string, o Options) {
	t.Helper()
	c := startChildWith(t, role, o, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS})
	c.finish()
}

func TestSQLiteDiskFull(t *testing.T) {
	t.Parallel()
	inPrivateMounts(t, "disk full", emptySQLite(t))
}

func TestSQLiteDirectoryReadOnly(t *testing.T) {
	t.Parallel()
	o := emptySQLite(t)
	create(t, ready(t, o), "one")
	inPrivateMounts(t, "read-only", o)
}

func init() {
	roles["disk full"] = diskFull
	roles["read-only"] = readOnly
}

func expect(err error, code core.Code, when string) error {
	if core.CodeOf(err) != code {
		return fmt.Errorf("%s: the error is %v; want one of code %q", when, err, code)
	}
	return nil
}

// diskFull makes events until a small file system is full, and again with room, and counts them.
func diskFull(ctx context.Context, o Options, _ func()) error {
	dir := filepath.Dir(o.SQLite)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=600k"); err != nil {
		return fmt.Errorf("cannot mount a small file system (this test needs root): %w", err)
	}
	if err := CreateSQLite(ctx, o.SQLite); err != nil {
		return err
	}
	db, err := Open(o)
	if err != nil {
		return err
	}
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	in := core.Instance{InstanceID: "one", Name: "n", CMSType: "native", Status: core.StatusActive}
	if err := db.CreateInstance(ctx, in, core.Run{VirtualPID: "v0"}, event("one", core.ActionCreate, "v0")); err != nil {
		return err
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 200<<10), 0o600); err != nil {
		return err
	}
	done := 0
	change := func() error {
		return db.ChangeInstance(ctx, "one", func(r core.Record) (core.Change, error) {
			pid := fmt.Sprint("v", done+1)
			ev := event("one", core.ActionStart, pid)
			ev.Reason = strings.Repeat("long reason ", 40)
			return core.Change{Kind: core.ChangeStart, PID: pid, Event: ev}, nil
		})
	}
	check := func(d *DB, when string) error {
		r, err := d.Record(ctx, "one")
		if err != nil {
			return fmt.Errorf("%s: %w", when, err)
		}
		var events int
		if err := d.sql.QueryRowContext(ctx, `SELECT COUNT(*) FROM vpm_events`).Scan(&events); err != nil {
			return fmt.Errorf("%s: %w", when, err)
		}
		if events != done+1 || r.Run.VirtualPID != fmt.Sprint("v", done) {
			return fmt.Errorf("%s: %d changes were answered, there are %d events and the PID %s", when, done, events, r.Run.VirtualPID)
		}
		return nil
	}
	for err = change(); err == nil && done < 10000; err = change() {
		done++
	}
	if err := errors.Join(expect(err, core.CodeUnavailable, "full"), check(db, "full")); err != nil {
		return err
	}
	if e, _ := errors.AsType[*core.Error](err); !strings.Contains(e.Message, "no space") {
		return fmt.Errorf("the message is %q", e.Message)
	}
	other, err := Open(o)
	if err != nil {
		return err
	}
	if err := check(other, "full, another process"); err != nil {
		return err
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	if err := change(); err != nil {
		return fmt.Errorf("after room was made: %w", err)
	}
	done++
	return errors.Join(check(db, "with room"), check(other, "with room, another process"))
}

func readOnly(ctx context.Context, o Options, _ func()) error {
	dir := filepath.Dir(o.SQLite)
	early, err := Open(o)
	if err != nil {
		return err
	}
	err = errors.Join(syscall.Mount(dir, dir, "", syscall.MS_BIND, ""),
		syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	if err != nil {
		return fmt.Errorf("cannot mount (this test needs root): %w", err)
	}
	_, err = Open(o)
	return errors.Join(
		expect(err, core.CodeUnavailable, "opened"),
		expect(early.ChangeInstance(ctx, "one", stop), core.CodeUnavailable, "opened before"),
		expect(CreateSQLite(ctx, filepath.Join(dir, "new")), core.CodeUnavailable, "created"),
	)
}

// TestSQLiteMovedAwayIsNoticed by a process that has it open: what it stores must be where others find it.
func TestSQLiteMovedAwayIsNoticed(t *testing.T) {
	t.Parallel()
	o := emptySQLite(t)
	db := ready(t, o)
	create(t, db, "one")
	dir := filepath.Dir(o.SQLite)
	must(t, os.Rename(dir, dir+"-away"))
	_, err := db.Record(t.Context(), "one")
	wantCode(t, err, core.CodeUnavailable)
	wantCode(t, db.ChangeInstance(t.Context(), "one", stop), core.CodeUnavailable)
	wantNoFile(t, dir)
	must(t, os.Rename(dir+"-away", dir))
	must(t, db.ChangeInstance(t.Context(), "one", stop))

	// Another database in its place, as from a backup, is the one that counts.
	backup := emptySQLite(t)
	create(t, ready(t, backup), "two")
	execute(t, open(t, backup), `PRAGMA wal_checkpoint(TRUNCATE)`)
	must(t, os.Rename(dir, dir+"-away"))
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Rename(backup.SQLite, o.SQLite))
	_, err = db.Record(t.Context(), "one")
	wantCode(t, err, core.CodeNotFound)
	must(t, db.ChangeInstance(t.Context(), "two", stop))
	must(t, os.RemoveAll(dir+"-away"))
}

// TestSQLiteLogStaysSmall in processes that make one change each and end without closing anything, and the
// connection that emptied it still waits for locks.
func TestSQLiteLogStaysSmall(t *testing.T) {
	t.Parallel()
	o := emptySQLite(t)
	db := ready(t, o)
	create(t, db, "one")
	largest := int64(0)
	for i := range 60 {
		other := open(t, o)
		must(t, other.ChangeInstance(t.Context(), "one", start(fmt.Sprint("v", i))))
		info, err := os.Stat(o.SQLite + "-wal")
		must(t, err)
		largest = max(largest, info.Size())
		wantValue(t, other, "5000", `PRAGMA busy_timeout`)
	}
	if largest > 2*walLimit {
		t.Errorf("the log grew to %d bytes; want about %d", largest, walLimit)
	}
}
