package provision

import (
	"bytes"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"vpm/core"
	"vpm/core/fault"
	"vpm/htaccess"
)

// errMoved tells that somebody else has changed the file meanwhile.
var errMoved = errors.New("somebody else is changing it")

func (p Paths) editOriginal(slug, path string, closed *htaccess.Gate, instance string) error {
	dir, err := openDir(path)
	if err != nil {
		return core.Errorf(core.CodeNotEffective, "cannot open %s, which has to be a directory that no link leads to", path).Because(err)
	}
	defer dir.Close()
	for range tries {
		if err = editAt(dir, ".htaccess.vpm-"+slug, closed, instance); !errors.Is(err, errMoved) {
			break
		}
	}
	if err != nil {
		return core.Errorf(core.CodeNotEffective, "cannot change %s/.htaccess: %s", path, message(err)).Because(err)
	}
	return nil
}

// editAt changes the .htaccess of a directory. It is replaced by another file, of the same owner and mode, that gets its
// name in one step, so that nothing is ever written through what somebody puts in its place.
func editAt(dir *os.File, temporary string, closed *htaccess.Gate, instance string) error {
	was, there, file, err := readHtaccess(dir)
	if err != nil {
		return err
	}
	data, keep, err := edited(file, there, closed, instance)
	if err != nil {
		return err
	}
	if err := unlink(dir, temporary); err != nil { // a killed run's
		return err
	}
	if keep == there && bytes.Equal(data, file) {
		return nil
	}
	if there && was.Mode&0o222 == 0 {
		return core.Errorf(core.CodeNotEffective, "it is read-only; make it writable (644) and try again")
	}
	if !keep {
		if err := unchanged(dir, was, there); err != nil {
			return err
		}
		if err := unlink(dir, ".htaccess"); err != nil {
			return err
		}
		return dir.Sync()
	}
	if err := replaceAt(dir, temporary, data, was, there); err != nil {
		return errors.Join(err, unlink(dir, temporary))
	}
	return dir.Sync()
}

// readHtaccess opens the file and looks at it: a link, or a name of somebody else's file, is nothing to put a gate in.
func readHtaccess(dir *os.File) (st unix.Stat_t, there bool, data []byte, err error) {
	f, err := openAt(dir, ".htaccess", unix.O_RDONLY|unix.O_NOCTTY, 0)
	switch {
	case errors.Is(err, unix.ENOENT):
		st, err = stat(dir) // whose owner a new one gets
		st.Mode = 0o644
		return st, false, nil, err
	case errors.Is(err, unix.ELOOP):
		return st, true, nil, core.Errorf(core.CodeNotEffective, "it is a link")
	case err != nil:
		return st, true, nil, err
	}
	defer f.Close()
	if st, err = stat(f); err != nil {
		return st, true, nil, err
	}
	top, err := stat(dir)
	switch {
	case err != nil:
		return st, true, nil, err
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return st, true, nil, core.Errorf(core.CodeNotEffective, "it is not a file")
	case st.Nlink > 1 && st.Uid != top.Uid:
		return st, true, nil, core.Errorf(core.CodeNotEffective, "it is a link to somebody else's file")
	}
	data, err = io.ReadAll(io.LimitReader(f, largestHtaccess+1))
	if err == nil && len(data) > largestHtaccess {
		err = core.Errorf(core.CodeNotEffective, "it is larger than 4 MB")
	}
	return st, true, data, err
}

func replaceAt(dir *os.File, temporary string, data []byte, was unix.Stat_t, there bool) error {
	f, err := openAt(dir, temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if errors.Is(err, unix.EEXIST) {
		return errMoved
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := own(f, owner{int(was.Uid), int(was.Gid)}, was.Mode&0o777); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	fault.Point("gate beside the file")
	if err := unchanged(dir, was, there); err != nil {
		return err
	}
	if err := unix.Renameat(int(dir.Fd()), temporary, int(dir.Fd()), ".htaccess"); err != nil {
		return err
	}
	fault.Point("gate in the file")
	ours, err := stat(f)
	if err != nil {
		return err
	}
	return same(dir, ours)
}

// unchanged tells whether the file is still what was read.
func unchanged(dir *os.File, was unix.Stat_t, there bool) error {
	if there {
		return same(dir, was)
	}
	var st unix.Stat_t
	switch err := unix.Fstatat(int(dir.Fd()), ".htaccess", &st, unix.AT_SYMLINK_NOFOLLOW); err {
	case unix.ENOENT:
		return nil
	case nil:
		return errMoved
	default:
		return err
	}
}

// same tells whether the name is still that of a file with the same content, as far as times tell.
func same(dir *os.File, file unix.Stat_t) error {
	var is unix.Stat_t
	err := unix.Fstatat(int(dir.Fd()), ".htaccess", &is, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == unix.ENOENT:
		return errMoved
	case err != nil:
		return err
	case is.Dev != file.Dev || is.Ino != file.Ino || is.Size != file.Size || is.Mtim != file.Mtim:
		return errMoved
	}
	return nil
}

// unlink takes a name away, if it is there; nothing that it may lead to is touched.
func unlink(dir *os.File, name string) error {
	if err := unix.Unlinkat(int(dir.Fd()), name, 0); err != nil && err != unix.ENOENT {
		return err
	}
	return nil
}
