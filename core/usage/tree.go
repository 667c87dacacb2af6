package usage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// Tree is what a walk walks.
type Tree struct {
	Root       string   // absolute; it may be a symbolic link, those below it are not followed
	Skip       []string // directories that are not counted, absolute; they may be symbolic links
	MaxEntries int      // the most entries of one pass; 0: no limit
	// From is the position that an earlier pass stopped at; nil: the beginning. One that cannot be used, and one
	// of another tree, is the beginning too.
	From []byte
}

// Disk is the size of a directory tree, as counted by all passes so far.
type Disk struct {
	// Bytes is the apparent size of the regular files, in bytes.
	Bytes int64
	// Allocated is what all entries take on the device, directories too, in bytes: what a quota counts.
	Allocated int64
	// Files is the number of entries of every kind, the root and all directories too: what an inode quota counts.
	Files int64
	// Unreadable is the number of directories of which not all could be read.
	Unreadable int
	// ChangedAt is the newest modification of a file or directory; zero: none was seen.
	ChangedAt time.Time
	// Complete: the passes have seen the whole tree, what could not be read excepted.
	Complete bool
	// Position is where the next pass goes on, with what was counted so far; nil where the walk is Complete. It
	// has 64,000 bytes at most. What there is no room for: files with several names beyond the first 2,000 of which
	// not all names were seen yet (see links), and directories too deep (see hardRoom).
	Position []byte
}

// grace is how long a directory may keep a worker after the time is over before it is taken to hang. A directory is
// read on a thread that blocks, so nothing ends a call to a file server that does not answer.
const grace = 250 * time.Millisecond

// errNoTime: not even the root was seen in the time there was.
var errNoTime = errors.New("the time was over")

// Walk counts the files below t.Root until all are counted, ctx ends or t.MaxEntries were seen. Hard links count
// once, mounted file systems as directories. What changes meanwhile is counted before or after the change. It returns
// soon after ctx ends, also when a file server hangs: the directory that hung is given up by the next pass, is one
// of the Unreadable then, and with it what was counted there since its last part was read.
//
// The error says why nothing at all could be seen.
func Walk(ctx context.Context, t Tree) (Disk, error) {
	if ctx.Err() != nil || tooManyStuck() {
		return Disk{Position: t.From}, fmt.Errorf("cannot look at %s: %w", t.Root, errNoTime)
	}
	w := newWalk(t.MaxEntries)
	// Looking up the root can hang as well.
	begun := make(chan error, 1)
	go func() { begun <- w.begin(t) }()
	select {
	case err := <-begun:
		if err != nil {
			return Disk{}, err
		}
	case <-ctx.Done():
		stuck.Add(1)
		go func() { // once it does not hang any more
			if <-begun == nil {
				unix.Close(w.root.fd)
			}
			stuck.Add(-1)
		}()
		return Disk{Position: t.From}, fmt.Errorf("cannot look at %s: %w", t.Root, errNoTime)
	}
	w.start()
	select {
	case <-w.ended:
	case <-ctx.Done():
		w.halt()
		select {
		case <-w.ended:
		case <-time.After(grace):
		}
	}
	return w.result(), nil
}

// sum is what was counted.
type sum struct {
	bytes, allocated, files, unreadable int64
	shares                              float64 // of files with several names that links cannot tell apart
	newest                              int64   // modification, in ns since 1970
}

func (s *sum) add(other sum) {
	s.bytes += other.bytes
	s.allocated += other.allocated
	s.files += other.files
	s.unreadable += other.unreadable
	s.shares += other.shares
	s.newest = max(s.newest, other.newest)
}

func (s *sum) disk() Disk {
	d := Disk{Bytes: s.bytes, Allocated: s.allocated, Files: s.files + int64(math.Round(s.shares)), Unreadable: int(s.unreadable)}
	if s.newest != 0 {
		d.ChangedAt = time.Unix(0, s.newest).UTC()
	}
	return d
}
