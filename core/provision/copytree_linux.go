package provision

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// dir makes target the same as source. at is its path below the document root.
func (c *copying) dir(source, target *os.File, at string, depth int) error {
	top, err := stat(source)
	if err != nil {
		return err
	}
	err = eachEntry(source, depth, func(name string, st unix.Stat_t) error {
		if err := c.run.ctx.Err(); err != nil {
			return err
		}
		p := path.Join(at, name)
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			return c.subdir(source, target, name, p, depth)
		case unix.S_IFREG:
			if st.Nlink > 1 && st.Uid != top.Uid {
				c.skip(p, "it is a link to somebody else's file")
				return nil
			}
			return c.file(source, target, name, p)
		case unix.S_IFLNK:
			return c.symlink(source, target, name, p)
		}
		c.skip(p, "it is neither a file nor a directory nor a link")
		return nil
	})
	if err != nil {
		return err
	}
	return c.prune(source, target, depth)
}

func (c *copying) subdir(source, target *os.File, name, p string, depth int) error {
	from, err := openAt(source, name, dirFlags, 0)
	if err != nil {
		return gone(err)
	}
	defer from.Close()
	st, err := stat(from)
	if err != nil {
		return err
	}
	if err := clear(target, name, unix.S_IFDIR); err != nil {
		return err
	}
	// Without the bits that PHP could not set on directories of its own, and always its owner's to write to.
	to, err := makeDir(target, name, c.run.owner, st.Mode&0o777|0o700)
	if err != nil {
		return err
	}
	defer to.Close()
	return c.dir(from, to, p, depth+1)
}

// clear removes what is in the way in the target: a name that has become something of another kind.
func clear(target *os.File, name string, kind uint32) error {
	var st unix.Stat_t
	err := unix.Fstatat(int(target.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == unix.ENOENT || err == nil && st.Mode&unix.S_IFMT == kind {
		return nil
	}
	if err != nil {
		return err
	}
	return removeTreeAt(target, name)
}

// prune removes from the target what the source does not have any more.
func (c *copying) prune(source, target *os.File, depth int) error {
	return eachEntry(target, depth, func(name string, _ unix.Stat_t) error {
		var st unix.Stat_t
		if err := unix.Fstatat(int(source.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != unix.ENOENT {
			return err
		}
		c.changed++
		return removeTreeAt(target, name)
	})
}

// symlink copies a link that leads to a place within the site, as it is.
func (c *copying) symlink(source, target *os.File, name, p string) error {
	buffer := make([]byte, 4096)
	n, err := unix.Readlinkat(int(source.Fd()), name, buffer)
	if err == unix.EINVAL { // it is no link any more; the next pass sees what it is
		c.changed++
		return nil
	}
	if err != nil {
		return gone(err)
	}
	to := string(buffer[:n])
	if !inside(p, to) {
		c.skip(p, "it is a link that leads out of the site")
		return nil
	}
	if n, err := unix.Readlinkat(int(target.Fd()), name, buffer); err == nil && string(buffer[:n]) == to {
		return nil
	}
	c.changed++
	if err := removeTreeAt(target, name); err != nil {
		return err
	}
	if err := unix.Symlinkat(to, int(target.Fd()), name); err != nil {
		return err
	}
	return ownLink(target, name, c.run.owner)
}

// ownLink gives a symbolic link away, and nothing that has taken its name meanwhile.
func ownLink(dir *os.File, name string, o owner) error {
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return err
	}
	return unix.Fchownat(fd, "", o.uid, o.gid, unix.AT_EMPTY_PATH)
}

// inside tells whether a link at a path below the document root leads nowhere above it, by its text. Whom a link on its
// way may fool is the instance alone: the web server follows none of one owner to files of another.
func inside(at, to string) bool {
	if to == "" || path.IsAbs(to) {
		return false
	}
	depth := strings.Count(at, "/")
	for name := range strings.SplitSeq(to, "/") {
		switch name {
		case "", ".":
		case "..":
			depth--
		default:
			depth++
		}
		if depth < 0 {
			return false
		}
	}
	return true
}

// removeTreeAt removes what has a name in a directory of the target.
func removeTreeAt(dir *os.File, name string) error {
	r, err := os.OpenRoot(fmt.Sprintf("/proc/self/fd/%d", dir.Fd()))
	if err != nil {
		return err
	}
	return errors.Join(r.RemoveAll(name), r.Close())
}
