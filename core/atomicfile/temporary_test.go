package atomicfile

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestLeftoversOfTheKilledAreRemoved, and nothing else: neither what a process is writing nor what somebody named
// similarly.
func TestLeftoversOfTheKilledAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, ".htaccess")
	left := filepath.Join(dir, ".htaccess.vpm-tmp-1234")
	must(t, os.WriteFile(left, []byte("half"), 0o600))
	others := []string{".htaccess.vpm-tmp-", ".htaccess.vpm-tmp-1a", ".htaccess.tmp-1", "htaccess.vpm-tmp-1", ".user.ini.vpm-tmp-1"}
	for _, name := range others {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	must(t, os.Symlink(path, filepath.Join(dir, ".htaccess.vpm-tmp-5")))
	living, err := temporary(path)
	must(t, err)
	defer living.Close()
	must(t, Write(path, []byte("new"), 0o644))
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("the leftover is still there: %v", err)
	}
	for _, name := range append(others, ".htaccess.vpm-tmp-5", filepath.Base(living.Name())) {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s was removed: %v", name, err)
		}
	}
}

// TestLeftoversOfManyNames are found by what the names have in common.
func TestLeftoversOfManyNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	living, err := temporary(filepath.Join(dir, "backup-3.gz"))
	must(t, err)
	defer living.Close()
	stay := []string{".backup-1.gz.vpm-tmp-", ".other.gz.vpm-tmp-12", "backup-1.gz", "backup-1.gz.vpm-tmp-12", filepath.Base(living.Name())}
	left := []string{".backup-1.gz.vpm-tmp-12", ".backup-2.gz.vpm-tmp-3"}
	for _, name := range append(left, stay[:4]...) {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	SweepLike(dir, "backup-*.gz")
	for _, name := range left {
		if _, err := os.Lstat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	for _, name := range stay {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s was removed: %v", name, err)
		}
	}
}

// TestWritersAtOnce do not take each other's temporary files for leftovers.
func TestWritersAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if err := Write(path, content('a'), 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantWhole(t, path)
	wantAlone(t, path)
}

// TestTakenByASweep: a file that a Sweep holds is about to be removed, and another is made.
func TestTakenByASweep(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, nil, 0o600))
	sweeping, err := os.Open(path)
	must(t, err)
	defer sweeping.Close()
	must(t, Lock(t.Context(), sweeping, 0))
	ours, err := os.Open(path)
	must(t, err)
	defer ours.Close()
	if taken(ours) {
		t.Error("it is taken while a Sweep holds it")
	}
	must(t, os.Remove(path))
	must(t, sweeping.Close())
	if taken(ours) {
		t.Error("it is taken after it was removed")
	}
	must(t, ours.Close())
	if err := Lock(t.Context(), ours, time.Hour); err == nil || err == ErrLocked {
		t.Errorf("what cannot be locked is waited for: %v", err)
	}
}
