package usage

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Whatever is removed, added and replaced while a walk is under way, it ends, and what stays is counted.
func TestTreeThatChanges(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), file(t, 1<<20, t.TempDir(), "outside")
	for i := range 40 {
		for j := range 10 {
			file(t, 10, dir, "stays", strconv.Itoa(i), strconv.Itoa(j))
		}
	}
	stop := make(chan bool)
	var changer sync.WaitGroup
	defer changer.Wait()
	defer close(stop)
	changer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			name := filepath.Join(dir, "stays", strconv.Itoa(i%40), "changes")
			switch i / 40 % 3 {
			case 0:
				os.MkdirAll(filepath.Join(name, "a", "b"), 0o755)
			case 1:
				os.RemoveAll(name)
				os.Symlink(filepath.Dir(outside), name)
			case 2:
				os.Remove(name)
				os.WriteFile(name, nil, 0o644)
				os.Remove(name)
			}
		}
	})
	for round := range 30 {
		d, _ := walked(t, Tree{Root: dir, MaxEntries: 1 + round*7})
		if d.Bytes != 4000 || d.Files < 442 || d.Files > 442+4*40 || d.Unreadable != 0 {
			t.Errorf("%+v; want 4000 bytes and about 442 entries", d)
		}
	}
}

// A directory that is removed between its opening and the place where its reading was to go on was read to its end.
func TestRemovedBeforeItGoesOn(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "d")
	must(t, os.Mkdir(name, 0o755))
	fd, err := openDir(unix.AT_FDCWD, name)
	must(t, err)
	defer unix.Close(fd)
	must(t, os.Remove(name))
	d := &dir{fd: fd, opened: true, cookie: 1 << 62} // as ext4 numbers entries
	k := &worker{walk: newWalk(0), held: d}
	if done := k.visit(d); !done || k.sum != (sum{}) {
		t.Errorf("done: %v, counted %+v", done, k.sum)
	}
	there, err := openDir(unix.AT_FDCWD, t.TempDir())
	must(t, err)
	defer unix.Close(there)
	d = &dir{fd: there, opened: true, cookie: -1} // no place in any directory
	k = &worker{walk: newWalk(0), held: d}
	if done := k.visit(d); !done || k.sum != (sum{unreadable: 1}) {
		t.Errorf("of one that is there, done: %v, counted %+v", done, k.sum)
	}
}

// TestFileSystemsThatSayLess: some do not say in an entry what it is, some do not number their entries.
func TestFileSystemsThatSayLess(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	must(t, os.Mkdir(filepath.Join(path, "sub"), 0o755))
	file(t, 7, path, "file")
	fd, err := openDir(unix.AT_FDCWD, path)
	must(t, err)
	defer unix.Close(fd)
	buf := make([]byte, 4096)
	n, err := unix.ReadDirent(fd, buf)
	must(t, err)
	end, err := unix.Seek(fd, 0, 1)
	must(t, err)
	for rest := buf[:n]; len(rest) > 0; rest = rest[binary.NativeEndian.Uint16(rest[lengthAt:]):] {
		rest[typeAt] = unix.DT_UNKNOWN
		binary.NativeEndian.PutUint64(rest[nextAt:], 0)
	}
	d := &dir{fd: fd, opened: true}
	k := &worker{walk: newWalk(0), held: d}
	if !k.entries(d, fd, buf[:n]) || d.cookie != end {
		t.Errorf("it goes on at %d; want %d", d.cookie, end)
	}
	if len(k.below) != 1 || k.below[0].name != "sub" || k.sum.bytes != 7 || k.sum.files != 1 {
		t.Errorf("below are %d directories, counted is %+v", len(k.below), k.sum)
	}
}

// TestSkippedDirectoryThatCannotBeOpened is no part of the tree, and so not one that could not be read.
func TestSkippedDirectoryThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	must(t, os.Mkdir(filepath.Join(path, "shop"), 0o755))
	fd, err := openDir(unix.AT_FDCWD, path)
	must(t, err)
	defer unix.Close(fd)
	var st unix.Stat_t
	must(t, unix.Stat(filepath.Join(path, "shop"), &st))
	top := &dir{fd: fd}
	for _, skipped := range []bool{true, false} {
		k := &worker{walk: newWalk(0), held: top}
		k.skip = map[[2]uint64]bool{identity(&st): skipped}
		k.unreadableDir(&dir{parent: top, name: "shop"}, unix.EACCES)
		if want := map[bool]int64{true: 0, false: 1}[skipped]; k.sum.unreadable != want || k.sum.files != want {
			t.Errorf("skipped: %t: counted is %+v", skipped, k.sum)
		}
	}
}

// TestDescriptorsAboutToBeClosed count as open: where all of a deep tree is done at once, another worker opens no more
// than there is room for until they are closed.
func TestDescriptorsAboutToBeClosed(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	must(t, os.MkdirAll(path+strings.Repeat("/d", 2*maxOpen), 0o755))
	fd, err := openDir(unix.AT_FDCWD, path)
	must(t, err)
	top := &dir{fd: fd, users: 3, refs: 1}
	w := newWalk(0)
	chain := func() (dirs []*dir) {
		for d := top; len(dirs) < 2*maxOpen; d = dirs[len(dirs)-1] {
			d.refs++
			dirs = append(dirs, &dir{parent: d, name: "d", refs: 1, fd: closed})
		}
		for _, d := range dirs[:len(dirs)-1] {
			d.refs-- // each was read itself
		}
		return dirs
	}
	done, next := chain(), chain()
	k := &worker{walk: w, held: top}
	must(t, k.open(done[len(done)-1]))
	w.mu.Lock()
	w.drop(k.held)
	w.release(k.held)
	late := w.collect(nil) // and closed when the other is at the bottom
	w.mu.Unlock()
	other := &worker{walk: w, held: top}
	must(t, other.open(next[len(next)-1]))
	open := len(late)
	for _, d := range next {
		if d.fd != closed {
			open++
		}
	}
	if len(late) < maxOpen || open > maxOpen+2 {
		t.Errorf("%d descriptors are open, %d of them about to be closed; want %d, and those in use", open, len(late), maxOpen)
	}
	w.closeAll(late)
	if w.closing.Load() != 0 {
		t.Errorf("%d count as about to be closed when all were", w.closing.Load())
	}
	w.over = true
	w.mu.Lock()
	w.drop(other.held)
	w.release(other.held)
	other.unlock()
	unix.Close(fd)
}

// TestTooDeepTree: what there is no room for is given up, once and as unreadable, and the walk comes to its end.
func TestTooDeepTree(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	const levels = 200
	name := strings.Repeat("d", 255)
	top, err := unix.Open(path, unix.O_DIRECTORY, 0)
	must(t, err)
	for range levels {
		must(t, unix.Mkdirat(top, name, 0o755))
		next, err := unix.Openat(top, name, unix.O_DIRECTORY, 0)
		must(t, err)
		unix.Close(top)
		top = next
	}
	unix.Close(top)
	for _, max := range []int{0, 50} {
		d, _ := walked(t, Tree{Root: path, MaxEntries: max})
		if d.Unreadable != 1 || d.Files < hardRoom/(255+100) || d.Files >= levels {
			t.Errorf("%d entries at a time: %+v", max, d)
		}
	}
}

// A tree that is deeper than any path can be long, with something at each level, is counted whole.
func TestDeepTree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const levels = 1000
	name := strings.Repeat("d", 10)
	top, err := unix.Open(dir, unix.O_DIRECTORY, 0)
	must(t, err)
	for range levels { // relative to the level above: the path would be too long
		must(t, unix.Mkdirat(top, name, 0o755))
		must(t, unix.Mkdirat(top, "other", 0o755))
		next, err := unix.Openat(top, name, unix.O_DIRECTORY, 0)
		must(t, err)
		unix.Close(top)
		top = next
	}
	bottom, err := unix.Openat(top, "file", unix.O_CREAT|unix.O_WRONLY, 0o644)
	must(t, err)
	_, err = unix.Write(bottom, make([]byte, 77))
	must(t, err)
	unix.Close(bottom)
	unix.Close(top)
	for _, max := range []int{0, 99} {
		d, _ := walked(t, Tree{Root: dir, MaxEntries: max})
		if d.Bytes != 77 || d.Files != 2*levels+2 || d.Unreadable != 0 {
			t.Errorf("%d entries at a time: %+v", max, d)
		}
	} // With few descriptors, too.
	if bytes, files, unreadable, _, _ := child(t, dir, false); bytes != 77 || files != 2*levels+2 || unreadable != 0 {
		t.Errorf("%d bytes, %d entries, %d unreadable", bytes, files, unreadable)
	}
}
