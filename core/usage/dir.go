package usage

import (
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// dir is a directory of which something is still to be walked: itself or one below it.
type dir struct {
	parent *dir   // nil: the root
	name   string // in parent
	cookie int64  // where reading goes on, as the file system numbers its entries
	opened bool   // it was counted itself
	hung   bool   // it kept a worker beyond the end of a pass
	spoilt bool   // it is one of the unreadable
	refs   int    // 1 while it is still to be read, and its children
	// The descriptor of the directory, or closed. Users need it to stay open.
	fd, users int
}

const closed = -1

// The room for directories still to be walked, in bytes of a position. Above softRoom the walk takes one directory
// at a time, which makes it go deep and not broad; above hardRoom it gives up on what is deeper, as unreadable. That is
// some 1,300 levels of names of 10 bytes, and 130 of the longest.
const (
	softRoom = 16_000
	hardRoom = 36_000
)

// cost is the most a directory takes in a position.
func (d *dir) cost() int64 { return int64(len(d.name)) + 16 }

// maxOpen is how many descriptors of directories are kept for the walk below them, those included that are about to be
// closed. An account may have 256 in all.
const maxOpen = 64

// descriptors are the open directories that nobody uses at the moment, in the order of their last use.
type descriptors struct {
	idle    []*dir
	garbage []int // to be closed, without the lock
	over    bool  // keep none any more
	// How many were taken from garbage and may still be open. Where all of a deep tree is done at once those are many,
	// and another worker may open as many meanwhile.
	closing atomic.Int64
}

// use keeps d open.
func (o *descriptors) use(d *dir) {
	if d.users++; d.users == 1 {
		if i := slices.Index(o.idle, d); i >= 0 {
			o.idle = slices.Delete(o.idle, i, i+1)
		}
	}
}

// release is the end of a use. The walk goes deep first, so what was not used for longest is needed last.
func (o *descriptors) release(d *dir) {
	if d.users--; d.users > 0 || d.fd == closed {
		return
	}
	if d.refs == 0 || o.over {
		o.close(d)
		return
	}
	o.idle = append(o.idle, d)
	if len(o.idle)+len(o.garbage)+int(o.closing.Load()) > maxOpen {
		o.close(o.idle[0])
		o.idle = slices.Delete(o.idle, 0, 1)
	}
}

func (o *descriptors) close(d *dir) {
	o.garbage = append(o.garbage, d.fd)
	d.fd = closed
}

// forget takes away d, of which nothing is left to be walked.
func (o *descriptors) forget(d *dir) {
	if d.fd == closed || d.users > 0 {
		return
	}
	if i := slices.Index(o.idle, d); i >= 0 {
		o.idle = slices.Delete(o.idle, i, i+1)
	}
	o.close(d)
}

// collect gives what closeAll is to close, in place of what into had.
func (o *descriptors) collect(into []int) []int {
	into = append(into[:0], o.garbage...)
	o.garbage = o.garbage[:0]
	o.closing.Add(int64(len(into)))
	return into
}

// closeAll closes what collect gave. It needs no lock: to close a directory may hang.
func (o *descriptors) closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
		o.closing.Add(-1)
	}
}

// openDir opens a directory and nothing else: no symbolic link, and no FIFO, which would wait for a writer.
func openDir(at int, name string) (fd int, err error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	for {
		if fd, err = unix.Openat(at, name, flags, 0); err != unix.EINTR {
			return fd, err
		}
	}
}
