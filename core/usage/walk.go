package usage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// walk is a pass through a tree. Its workers take the directories still to be read from a stack: it goes deep first,
// which needs little room.
type walk struct {
	root   *dir
	rootID [2]uint64 // device and inode
	skip   map[[2]uint64]bool

	limited bool
	left    atomic.Int64 // entries that may still be seen
	stop    atomic.Bool
	cost    atomic.Int64 // of all directories in memory
	ended   chan struct{}

	mu      sync.Mutex // for all below
	wake    sync.Cond
	stack   []*dir
	workers []*worker
	busy    int // workers that have a directory
	waiting int // workers that want one
	alive   int // workers that have not ended
	sum     sum
	links   links
	descriptors
}

func newWalk(maxEntries int) *walk {
	w := &walk{ended: make(chan struct{}), limited: maxEntries > 0}
	w.wake.L = &w.mu
	w.left.Store(int64(maxEntries))
	return w
}

// begin opens the root and takes up the position.
func (w *walk) begin(t Tree) error {
	root, err := filepath.EvalSymlinks(t.Root)
	if err != nil {
		return fmt.Errorf("cannot look at %s: %w", t.Root, err)
	}
	fd, err := openDir(unix.AT_FDCWD, root)
	var st unix.Stat_t
	if err == nil {
		err = unix.Fstat(fd, &st)
	}
	if err != nil {
		return fmt.Errorf("cannot look at %s: %w", t.Root, &fs.PathError{Op: "open", Path: root, Err: err})
	}
	w.rootID = identity(&st)
	w.skip = map[[2]uint64]bool{}
	for _, path := range t.Skip {
		// One that does not exist is not in the tree either.
		if err := unix.Stat(path, &st); err == nil && identity(&st) != w.rootID {
			w.skip[identity(&st)] = true
		}
	}
	w.root = &dir{fd: fd, users: 1, refs: 1}
	if !w.decode(t.From) {
		w.cost.Store(0)
		w.root.refs, w.root.opened, w.root.cookie = 1, false, 0
		w.sum, w.links = sum{}, links{}
		w.stack = []*dir{w.root}
	}
	return nil
}

func identity(st *unix.Stat_t) [2]uint64 { return [2]uint64{uint64(st.Dev), st.Ino} }

// fewProcesses is the limit below which an account has no threads to spare. Go ends a program that gets none.
const fewProcesses = 32

// workers is how many read at once: enough to keep a disk busy, each of which takes a thread.
func workers() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit); err == nil && uint64(limit.Cur) < fewProcesses {
		return 1
	}
	return min(max(2, runtime.GOMAXPROCS(0)), 4)
}

// start starts the workers.
func (w *walk) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alive = workers()
	for range w.alive {
		k := &worker{walk: w}
		w.workers = append(w.workers, k)
		go k.run()
	}
}

// halt makes the workers end after the entry they are at.
func (w *walk) halt() {
	w.stop.Store(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake.Broadcast()
}

// result is what was counted. Workers that have not ended hang; what they still do is of no effect.
func (w *walk) result() Disk {
	w.mu.Lock()
	w.over = true
	for _, k := range w.workers {
		if k.dir != nil {
			stuck.Add(1)
			k.dir.hung = true
			w.stack = append(w.stack, k.dir)
		}
	}
	d := w.sum.disk()
	if d.Complete = len(w.stack) == 0; !d.Complete {
		d.Position = w.encode()
	}
	for len(w.idle) > 0 {
		w.forget(w.idle[0])
	}
	w.release(w.root)
	fds := w.collect(nil)
	w.mu.Unlock()
	w.closeAll(fds)
	return d
}

// drop is called when d itself, or one of its children, is done.
func (w *walk) drop(d *dir) {
	for d.refs--; d.refs == 0 && d.parent != nil; d.refs-- {
		w.cost.Add(-d.cost())
		w.forget(d)
		d = d.parent
	}
}

// spend tells whether one more entry may be seen.
func (w *walk) spend() bool {
	if w.limited && w.left.Add(-1) < 0 {
		w.stop.Store(true)
	}
	return !w.stop.Load()
}

// gone tells whether an error says that an entry was removed or replaced since its directory was read.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EMLINK)
}
