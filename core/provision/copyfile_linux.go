package provision

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vpm/core/fault"
)

type inode struct{ dev, ino uint64 }

const maxLinks = 100_000 // files with several names that are remembered; of others each name becomes a file

// copying is a copy that is under way. Its target is root's alone until it is whole; while it catches up with the original
// it is the instance's.
type copying struct {
	catching bool
	run      *run
	progress *Progress
	links    map[inode]string // where files with several names were copied to
	listing  bool             // the first pass says what is not copied
	changed  int64            // files that this pass has copied
	last     string
}

func (c *copying) skip(path, why string) {
	if c.listing {
		c.run.result.skip(path, why)
	}
}

// file copies one that differs in size or time of change. The time is set last, so one that was cut off differs.
func (c *copying) file(source, target *os.File, name, p string) error {
	from, err := openAt(source, name, unix.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return gone(err)
	}
	defer from.Close()
	st, err := stat(from)
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return err
	}
	defer func() { c.progress.Files++; c.progress.Bytes += st.Size; c.tell() }()
	id := inode{uint64(st.Dev), st.Ino}
	if st.Nlink > 1 && !c.catching { // by then the first name may lead elsewhere
		if first, ok := c.links[id]; ok {
			return c.link(first, target, name)
		}
		if len(c.links) < maxLinks {
			c.links[id] = target.Name() + "/" + name
		}
	}
	var have unix.Stat_t
	err = unix.Fstatat(int(target.Fd()), name, &have, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil && have.Mode&unix.S_IFMT == unix.S_IFREG && have.Size == st.Size && have.Mtim == st.Mtim {
		return nil
	}
	if err == nil {
		err = removeTreeAt(target, name)
	} else if err == unix.ENOENT {
		err = nil
	}
	if err != nil {
		return err
	}
	c.changed, c.last = c.changed+1, p
	to, err := openAt(target, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := c.content(from, to); err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	fault.Point("file copied")
	if err := own(to, c.run.owner, st.Mode&0o777|0o600); err != nil {
		return err
	}
	times := []unix.Timespec{st.Atim, st.Mtim}
	return unix.UtimesNanoAt(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", to.Fd()), times, 0)
}

// link gives a file that was copied another name. Both are in the target, which nobody else can change.
func (c *copying) link(first string, target *os.File, name string) error {
	var a, b unix.Stat_t
	if err := unix.Lstat(first, &a); err != nil {
		return err
	}
	err := unix.Fstatat(int(target.Fd()), name, &b, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil && a.Ino == b.Ino {
		return nil
	}
	if err == nil {
		err = removeTreeAt(target, name)
	}
	if err != nil && err != unix.ENOENT {
		return err
	}
	c.changed++
	return unix.Linkat(unix.AT_FDCWD, first, int(target.Fd()), name, 0)
}

// content shares the blocks where the file system can, and else has the kernel copy them, as io.Copy does.
func (c *copying) content(from, to *os.File) error {
	if unix.IoctlFileClone(int(to.Fd()), int(from.Fd())) == nil {
		c.progress.Reflinks++
		return nil
	}
	_, err := io.Copy(to, from)
	return err
}

// clones tells whether files of the target's file system can share blocks.
func (c *copying) clones(target *os.File) bool {
	var fds [2]*os.File
	for i := range fds {
		fd, err := unix.Openat(int(target.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
		if err != nil {
			return false
		}
		fds[i] = os.NewFile(uintptr(fd), "")
		defer fds[i].Close()
	}
	if _, err := fds[0].Write(make([]byte, 4096)); err != nil {
		return false
	}
	return unix.IoctlFileClone(int(fds[1].Fd()), int(fds[0].Fd())) == nil
}

// tell has the result say how far it has come, about once a second.
func (c *copying) tell() {
	if time.Since(c.run.told) > time.Second {
		_ = c.run.publish() // of no weight: the last one counts
	}
}
