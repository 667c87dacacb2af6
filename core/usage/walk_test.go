package usage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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

// walked walks tree in passes until it is complete, each with the position of the one before.
func walked(t *testing.T, tree Tree) (d Disk, passes int) {
	t.Helper()
	for !d.Complete {
		var err error
		if d, err = Walk(t.Context(), tree); err != nil {
			t.Fatal(err)
		}
		if passes++; passes > 1<<20 || len(d.Position) > maxPosition || d.Complete != (d.Position == nil) {
			t.Fatalf("pass %d: complete is %v, the position has %d bytes", passes, d.Complete, len(d.Position))
		}
		tree.From = d.Position
	}
	return d, passes
}

// wantDisk checks the bytes, the entries and the unreadable directories of a tree, seen in one pass and in many, and
// what is allocated by what du says of it.
func wantDisk(t *testing.T, tree Tree, bytes, files int64, unreadable int) {
	t.Helper()
	for _, tree.MaxEntries = range []int{0, 1, 3} {
		d, _ := walked(t, tree)
		if d.Bytes != bytes || d.Files != files || d.Unreadable != unreadable {
			t.Errorf("with %d entries at a time: %+v; want %d bytes, %d entries, %d unreadable", tree.MaxEntries, d, bytes, files, unreadable)
		}
		if tree.Skip != nil || unreadable > 0 {
			continue
		}
		text, err := exec.Command("du", "-sD", "--block-size=1", tree.Root).CombinedOutput()
		if du, _, _ := strings.Cut(string(text), "\t"); err != nil || du != strconv.FormatInt(d.Allocated, 10) {
			t.Errorf("%d bytes are allocated; du says %s, %v", d.Allocated, text, err)
		}
	}
}

func TestFilesAreAddedUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wantDisk(t, Tree{Root: dir}, 0, 1, 0)
	file(t, 1000, dir, "a")
	file(t, 0, dir, "empty")
	file(t, 234567, dir, "sub", "deep", ".hidden")
	sparse := file(t, 0, dir, "..", filepath.Base(dir), "sub", "sparse")
	must(t, os.Truncate(sparse, 1<<30))
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	must(t, os.MkdirAll(filepath.Join(dir, "...", "..."), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "...", strings.Repeat("n", 255)), nil, 0o600))
	wantDisk(t, Tree{Root: dir}, 1000+234567+1<<30, 11, 0)
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
	wantDisk(t, Tree{Root: dir}, 1010, 4, 0)
}

func TestLinksAreBounded(t *testing.T) {
	t.Parallel()
	var l links
	for id := range uint64(maxLinks) {
		if first, known := l.first(id, 2); !first || !known {
			t.Fatalf("file %d: %v, %v", id, first, known)
		}
	}
	// One that was not told apart once never is, even if there is room again.
	if _, known := l.first(maxLinks, 3); known || len(l.left) != maxLinks {
		t.Errorf("%d files are told apart", len(l.left))
	}
	if first, known := l.first(7, 2); first || !known || len(l.left) != maxLinks-1 {
		t.Errorf("the second name: %v, %v", first, known)
	}
	if _, known := l.first(maxLinks, 3); known {
		t.Error("a file that counted by shares is told apart")
	}
}

// With more linked files than are told apart, the sums are still those of all files that lie in the tree.
func TestManyHardLinksCountByShares(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const files = maxLinks + 500
	for _, sub := range []string{"1", "2", "3"} {
		must(t, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	for i := range files {
		name := strconv.Itoa(i)
		first := file(t, 9, dir, "1", name)
		for _, sub := range []string{"2", "3"} {
			must(t, os.Link(first, filepath.Join(dir, sub, name)))
		}
	}
	for _, max := range []int{0, files * 2 / 3} {
		d, _ := walked(t, Tree{Root: dir, MaxEntries: max})
		if d.Bytes != 9*files || d.Files != files+4 {
			t.Errorf("%+v; want %d bytes and %d entries", d, 9*files, files+4)
		}
	}
}

func TestSymbolicLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	file(t, 100, dir, "site", "a")
	file(t, 5000, outside, "big")
	must(t, os.Symlink(outside, filepath.Join(dir, "site", "to a directory")))
	must(t, os.Symlink(filepath.Join(outside, "big"), filepath.Join(dir, "site", "to a file")))
	must(t, os.Symlink("..", filepath.Join(dir, "site", "loop")))
	must(t, os.Symlink("loop2", filepath.Join(dir, "site", "loop1")))
	must(t, os.Symlink("loop1", filepath.Join(dir, "site", "loop2")))
	must(t, os.Symlink("nothing", filepath.Join(dir, "site", "broken")))
	wantDisk(t, Tree{Root: filepath.Join(dir, "site")}, 100, 8, 0)
	must(t, os.Symlink("site", filepath.Join(dir, "current"))) // but the site itself may be one
	wantDisk(t, Tree{Root: filepath.Join(dir, "current")}, 100, 8, 0)
	if _, err := Walk(t.Context(), Tree{Root: filepath.Join(dir, "site", "loop1")}); err == nil {
		t.Error("a loop of links was walked")
	}
}

func TestSkippedDirectoriesAreNotCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file(t, 100, dir, "site", "a")
	file(t, 5000, dir, "site", "shop", "b")
	file(t, 7000, dir, "site", "sub", "blog", "c")
	must(t, os.Symlink("site", filepath.Join(dir, "link")))
	skip := []string{filepath.Join(dir, "site", "shop"), filepath.Join(dir, "link", "sub", "blog"), filepath.Join(dir, "none"), filepath.Join(dir, "link")}
	wantDisk(t, Tree{Root: filepath.Join(dir, "site"), Skip: skip}, 100, 3, 0)
	wantDisk(t, Tree{Root: filepath.Join(dir, "site")}, 12100, 7, 0)
}

func TestNewestChangeIsSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, newer := time.Unix(1_000_000_000, 0), time.Unix(1_500_000_000, 42).UTC()
	a, b := file(t, 1, dir, "a"), file(t, 1, dir, "sub", "b")
	for _, path := range []string{a, b, filepath.Dir(b), dir} {
		must(t, os.Chtimes(path, old, old))
	}
	for _, path := range []string{a, b, filepath.Dir(b), dir} {
		must(t, os.Chtimes(path, newer, newer))
		if d, _ := walked(t, Tree{Root: dir, MaxEntries: 1}); d.ChangedAt != newer {
			t.Errorf("changed %s: %v; want %v", path, d.ChangedAt, newer)
		}
		must(t, os.Chtimes(path, old, old))
	}
	far := time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)
	must(t, os.Chtimes(b, far, far))
	if d, _ := walked(t, Tree{Root: dir}); !d.ChangedAt.Equal(old) {
		t.Errorf("with a file of the year 2500: %v", d.ChangedAt)
	}
}

func TestRootThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file(t, 1, dir, "file")
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	if _, err := Walk(t.Context(), Tree{Root: filepath.Join(dir, "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	for _, name := range []string{"file", "fifo"} {
		if _, err := Walk(t.Context(), Tree{Root: filepath.Join(dir, name)}); !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("of a %s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := Walk(ended, Tree{Root: dir, From: []byte("kept")}); !errors.Is(err, errNoTime) || string(d.Position) != "kept" {
		t.Errorf("without time: %+v, %v", d, err)
	}
}
