package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestChangedMeanwhile: a file that is not the one that was read stays as it is, and nothing is left beside it.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"longer":   func(path string) error { return os.WriteFile(path, []byte("theirs, and longer"), 0o644) },
		"as long":  func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(7, 0)) },
		"replaced": func(path string) error { return Write(path, []byte("ours"), 0o644) },
		"gone":     os.Remove,
	} {
		path := filepath.Join(t.TempDir(), "file")
		must(t, os.WriteFile(path, []byte("ours"), 0o644))
		was, err := os.Lstat(path)
		must(t, err)
		must(t, change(path))
		now, _ := os.ReadFile(path)
		for what, err := range map[string]error{"Replace": Replace(path, []byte("new"), was), "Remove": Remove(path, was)} {
			if !errors.Is(err, ErrChanged) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		files, err := os.ReadDir(filepath.Dir(path))
		must(t, err)
		if text, _ := os.ReadFile(path); string(text) != string(now) || len(files) > 1 {
			t.Errorf("%s: the file has %q among %v, and had %q", name, text, files, now)
		}
	}
	path := filepath.Join(t.TempDir(), "new")
	must(t, os.WriteFile(path, []byte("theirs"), 0o644))
	if err := Replace(path, []byte("ours"), nil); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that came meanwhile: %v", err)
	}
}

// TestPathThatCannotBeLookedAt is no file that is gone.
func TestPathThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	was, err := os.Lstat(file)
	must(t, err)
	if err := Remove(filepath.Join(file, "below"), was); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("the error is %v", err)
	}
}
