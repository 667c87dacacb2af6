package usage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A file server that does not answer keeps nobody waiting, and is asked once. The one of the test is FUSE's, with nobody
// behind it.
func TestFileServerThatHangs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file(t, 100, dir, "a")
	file(t, 100, dir, "z", "z")
	hangs := filepath.Join(dir, "hangs")
	must(t, os.Mkdir(hangs, 0o755))
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	must(t, err)
	defer fuse.Close() // whoever waits goes on
	must(t, unix.Mount("test", hangs, "fuse", 0, "fd="+strconv.Itoa(int(fuse.Fd()))+",rootmode=40000,user_id=0,group_id=0"))
	defer unix.Unmount(hangs, unix.MNT_DETACH)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	d, err := Walk(ctx, Tree{Root: dir})
	if err != nil || d.Complete || d.Bytes != 200 || d.Files != 4 || d.Unreadable != 0 {
		t.Errorf("the first pass: %+v, %v", d, err)
	}
	if n := stuck.Load(); n < 1 { // others of this process may be among them
		t.Errorf("%d calls have not come back", n)
	}
	d, err = Walk(t.Context(), Tree{Root: dir, From: d.Position})
	if err != nil || !d.Complete || d.Bytes != 200 || d.Files != 4 || d.Unreadable != 1 {
		t.Errorf("the second pass: %+v, %v", d, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Walk(short, Tree{Root: hangs}); !errors.Is(err, errNoTime) {
		t.Errorf("of a root that hangs: %v", err)
	}
	if n := stuck.Load(); n < 2 {
		t.Errorf("%d calls have not come back after that", n)
	}
	fuse.Close()
	for stuck.Load() > 0 { // they come back with an error
		runtime.Gosched()
	}
}

// Not side by side with others, which would find nothing either.
func TestNothingIsLookedAtWhileTooMuchHangs(t *testing.T) {
	dir := t.TempDir()
	file(t, 100, dir, "a")
	stuck.Add(mostStuck)
	d, err := Walk(t.Context(), Tree{Root: dir, From: []byte("here")})
	if !errors.Is(err, errNoTime) || string(d.Position) != "here" {
		t.Errorf("while too much hangs: %+v, %v", d, err)
	}
	stuck.Add(-mostStuck)
	if d, err := Walk(t.Context(), Tree{Root: dir}); err != nil || !d.Complete {
		t.Errorf("after that: %+v, %v", d, err)
	}
}
