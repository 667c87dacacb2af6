package usage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"vpm/core"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, size int, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, make([]byte, size), 0o644))
	return name
}

func wantDisk(t *testing.T, ctx context.Context, dir string, want Disk) {
	t.Helper()
	if got, err := MeasureDisk(ctx, dir); err != nil || got != want {
		t.Errorf("measured is %+v, %v; want %+v", got, err, want)
	}
}

func TestFilesAreAddedUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wantDisk(t, t.Context(), dir, Disk{Complete: true})
	file(t, 1000, dir, "a")
	file(t, 0, dir, "empty")
	file(t, 234, dir, "sub", "deep", ".hidden")
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	wantDisk(t, t.Context(), dir, Disk{Bytes: 1234, Complete: true})
}

func TestHardLinksCountOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := file(t, 1000, dir, "a")
	outside := file(t, 10, t.TempDir(), "outside")
	must(t, os.Link(a, filepath.Join(dir, "again")))
	must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	must(t, os.Link(a, filepath.Join(dir, "sub", "and again")))
	must(t, os.Link(outside, filepath.Join(dir, "link to a file outside")))
	wantDisk(t, t.Context(), dir, Disk{Bytes: 1010, Complete: true})
}

func TestSymbolicLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	file(t, 100, dir, "site", "a")
	file(t, 5000, outside, "big")
	must(t, os.Symlink(outside, filepath.Join(dir, "site", "to a directory")))
	must(t, os.Symlink(filepath.Join(outside, "big"), filepath.Join(dir, "site", "to a file")))
	must(t, os.Symlink("..", filepath.Join(dir, "site", "loop")))
	must(t, os.Symlink("nothing", filepath.Join(dir, "site", "broken")))
	wantDisk(t, t.Context(), filepath.Join(dir, "site"), Disk{Bytes: 100, Complete: true})
	must(t, os.Symlink("site", filepath.Join(dir, "current"))) // but the site itself may be one
	wantDisk(t, t.Context(), filepath.Join(dir, "current"), Disk{Bytes: 100, Complete: true})
}

// asNobody runs f on a thread that looks at files as the user nobody; the thread ends with it.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread is of no use to others
		var err error
		if os.Geteuid() == 0 {
			err = syscall.Setfsuid(65534)
		}
		if err == nil {
			f()
		}
		ended <- err
	}()
	must(t, <-ended)
}

func TestUnreadableDirectoriesAreReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(dir, 0o755))
	file(t, 100, dir, "a")
	file(t, 5000, dir, "closed", "b")
	file(t, 7000, dir, "closed too", "c")
	for _, sub := range []string{"closed", "closed too"} {
		must(t, os.Chmod(filepath.Join(dir, sub), 0))
	}
	in := core.Instance{InstanceID: filepath.Base(dir)}
	m := Meter{Base: filepath.Dir(dir), Tables: noTables}
	asNobody(t, func() {
		wantDisk(t, t.Context(), dir, Disk{Bytes: 100, Unreadable: 2})
		if u := m.Measure(t.Context(), in); u.DiskUsage != 100 || u.Evidence.Disk != "partial: 2 entries could not be read" {
			t.Errorf("the measurement is %+v", u)
		}
		if _, err := MeasureDisk(t.Context(), filepath.Join(dir, "closed")); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("of a directory that may not be read: %v", err)
		}
	})
}

// countdown is a context whose time is over after it was asked so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func TestDeadlineGivesWhatThereIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d"} {
		file(t, 100, dir, name)
	}
	wantDisk(t, &countdown{t.Context(), 3}, dir, Disk{Bytes: 200}) // the directory, a and b
	m := Meter{Base: filepath.Dir(dir), Tables: noTables}
	u := m.Measure(&countdown{t.Context(), 3}, core.Instance{InstanceID: filepath.Base(dir)})
	if u.DiskUsage != 200 || !strings.HasPrefix(u.Evidence.Disk, "partial: the time") {
		t.Errorf("the measurement is %+v", u)
	}
}

func noTables(context.Context, string, string) (int64, int64, error) {
	return 0, 0, core.Errorf(core.CodeNotFound, "nothing is seen")
}

func TestWhatCannotBeSeenIsUnknown(t *testing.T) {
	t.Parallel()
	m := Meter{Base: t.TempDir(), Tables: noTables}
	u := m.Measure(t.Context(), core.Instance{InstanceID: "none"})
	want := core.Usage{Evidence: core.UsageEvidence{Disk: "unknown: the directory of the instance does not exist",
		Database: "unknown: nothing is seen", Memory: "unknown: nothing is seen", Queries: "unknown: nothing is seen"}}
	if u != want {
		t.Errorf("the measurement is %+v; want %+v", u, want)
	}
	m.Tables = func(context.Context, string, string) (int64, int64, error) {
		return 0, 0, errors.New("the password is s3cret")
	}
	if u = m.Measure(t.Context(), core.Instance{InstanceID: "none"}); u.Evidence.Database != "unknown: the measurement failed" {
		t.Errorf("the evidence is %+v", u.Evidence)
	}
	file(t, 10, m.Base, "afile")
	if u = m.Measure(t.Context(), core.Instance{InstanceID: "afile"}); u.DiskUsage != 0 || u.Evidence.Disk != "unknown: the directory of the instance cannot be read" {
		t.Errorf("of a file: %+v", u)
	}
}

func TestEstimatesAreCalledSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file(t, 42, dir, "elsewhere", "a")
	var asked string
	m := Meter{Base: "/none", Tables: func(_ context.Context, database, prefix string) (int64, int64, error) {
		asked = database + " " + prefix
		return 1000, 12, nil
	}}
	config, prefix := `{"path":"`+filepath.Join(dir, "elsewhere")+`"}`, "wp_"
	u := m.Measure(t.Context(), core.Instance{InstanceID: "one", DatabaseName: "cms", DatabasePrefix: &prefix, Config: &config})
	want := core.Usage{Memory: 2000, DiskUsage: 42, DatabaseSize: 1000, Queries: 120, Evidence: core.UsageEvidence{Disk: "measured",
		Database: "measured", Memory: "estimated: twice the size of the database", Queries: "estimated: ten for each table"}}
	if u != want || asked != "cms wp_" {
		t.Errorf("asked for %q, the measurement is %+v; want %+v", asked, u, want)
	}
}
