//go:build !(linux && amd64)

package usage

import "golang.org/x/sys/unix"

// statAt looks at the entry name, which ends with a 0, of a directory.
func statAt(fd int, name []byte, st *unix.Stat_t) error {
	for {
		if err := unix.Fstatat(fd, string(name[:len(name)-1]), st, unix.AT_SYMLINK_NOFOLLOW); err != unix.EINTR {
			return err
		}
	}
}
