package provision

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vpm/core"
)

const (
	openFlags = unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK // a FIFO is opened at once, and then refused
	dirFlags  = openFlags | unix.O_RDONLY | unix.O_DIRECTORY
)

// openAt opens one name in a directory, and follows no link.
func openAt(dir *os.File, name string, flags int, mode uint32) (*os.File, error) {
	path := dir.Name() + "/" + name
	for {
		fd, err := unix.Openat(int(dir.Fd()), name, flags|openFlags, mode)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		default:
			return os.NewFile(uintptr(fd), path), nil
		}
	}
}

// openDir opens a directory by an absolute path, a name at a time, so that none of them may be a link.
func openDir(path string) (*os.File, error) {
	fd, err := unix.Open("/", dirFlags, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/", Err: err}
	}
	dir := os.NewFile(uintptr(fd), "")
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		next, err := openAt(dir, name, dirFlags, 0)
		if err := errors.Join(err, dir.Close()); err != nil {
			return nil, err
		}
		dir = next
	}
	return dir, nil
}

func stat(f *os.File) (st unix.Stat_t, err error) {
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return st, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return st, nil
}

// owner is who a directory or file belongs to.
type owner struct{ uid, gid int }

var root = owner{0, 0}

// makeDir makes a directory, or takes the one that is there and belongs to its owner, or to root where the making was cut
// off. One of anybody else's is refused: it was put there to have root give away what is in it.
func makeDir(parent *os.File, name string, o owner, mode uint32) (*os.File, error) {
	if err := unix.Mkdirat(int(parent.Fd()), name, 0o700); err != nil && err != unix.EEXIST {
		return nil, &os.PathError{Op: "mkdir", Path: parent.Name() + "/" + name, Err: err}
	}
	dir, err := openAt(parent, name, dirFlags, 0)
	if err != nil {
		return nil, err
	}
	st, err := stat(dir)
	if err == nil && st.Uid != 0 && int(st.Uid) != o.uid {
		err = core.Errorf(core.CodeConflict, "cannot use %s: it belongs to user %d", dir.Name(), st.Uid)
	}
	if err == nil {
		err = own(dir, o, mode)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// own gives an opened file away. The mode comes last: a change of owner takes bits from it.
func own(f *os.File, o owner, mode uint32) error {
	if err := unix.Fchown(int(f.Fd()), o.uid, o.gid); err != nil {
		return &os.PathError{Op: "chown", Path: f.Name(), Err: err}
	}
	if err := unix.Fchmod(int(f.Fd()), mode); err != nil {
		return &os.PathError{Op: "chmod", Path: f.Name(), Err: err}
	}
	return nil
}

// letThrough makes a directory of root's one that only these users may pass, by an access list: acl(5), and
// linux/posix_acl_xattr.h for its form.
func letThrough(dir *os.File, users []int) error {
	const user, userObj, groupObj, mask, other, none = 0x02, 0x01, 0x04, 0x10, 0x20, 0xffffffff
	list := binary.LittleEndian.AppendUint32(nil, 2)
	entry := func(tag, perm uint16, id uint32) {
		list = binary.LittleEndian.AppendUint16(list, tag)
		list = binary.LittleEndian.AppendUint16(list, perm)
		list = binary.LittleEndian.AppendUint32(list, id)
	}
	entry(userObj, 7, none)
	slices.Sort(users)
	for _, id := range slices.Compact(users) {
		entry(user, 1, uint32(id))
	}
	entry(groupObj, 0, none)
	entry(mask, 1, none)
	entry(other, 0, none)
	if err := unix.Fsetxattr(int(dir.Fd()), "system.posix_acl_access", list, 0); err != nil {
		return fmt.Errorf("cannot set the access list of %s: %w", dir.Name(), err)
	}
	return nil
}

// readRequest reads a file that the server's user has written. Nothing about it is believed before it is checked on the
// descriptor: it has to be a plain file of that user's alone, with one name.
func readRequest(dir, name string, server owner) ([]byte, error) {
	d, err := openDir(dir)
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot open the directory of requests: %w", err)
	}
	defer d.Close()
	f, err := openAt(d, name, unix.O_RDONLY, 0)
	if err != nil {
		return nil, core.Errorf(core.CodeInvalid, "cannot open the request: %w", err)
	}
	defer f.Close()
	st, err := stat(f)
	if err != nil {
		return nil, err
	}
	refuse := func(why string) ([]byte, error) {
		return nil, core.Errorf(core.CodeInvalid, "cannot take the request %s: %s", f.Name(), why)
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return refuse("it is not a plain file")
	case int(st.Uid) != server.uid:
		return refuse("it does not belong to the server's user")
	case st.Nlink != 1:
		return refuse("it has another name")
	case st.Mode&0o022 != 0:
		return refuse("others may write to it")
	case st.Size > maxRequest:
		return refuse("it is too large")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRequest+1)) // it may have grown
	if err == nil && len(data) > maxRequest {
		return refuse("it is too large")
	}
	return data, err
}
