package cms

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"vpm/core"
)

// maxFile is more than any file of a CMS that is read here has.
const maxFile = 1 << 20

var (
	errTooLarge = errors.New("the file is larger than 1 MB")
	errForeign  = errors.New("the file lies outside of the site and belongs to somebody else")
	errNoFile   = errors.New("it is no regular file")
)

// openFlags keep a FIFO, which anybody may have put there, from holding up the reader.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// readText reads a regular file of at most maxFile bytes.
func readText(path string) (string, error) {
	f, err := os.OpenFile(path, openFlags, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readAll(f)
}

func readAll(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errNoFile
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errTooLarge
	}
	return string(b), err
}

// readOwn reads a file of the site at dir: one that lies in dir when all links are followed, or one of dir's owner
// elsewhere. A site that could name any file to a vpm with more rights than it has could name another site's
// configuration together with a server of its own, and be sent the other's password.
func readOwn(dir, path string) (string, error) {
	if root, err := os.OpenRoot(dir); err == nil {
		defer root.Close()
		if inside, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(inside) {
			if f, err := root.OpenFile(inside, openFlags, 0); err == nil {
				defer f.Close()
				return readAll(f)
			}
		}
	}
	f, err := os.OpenFile(path, openFlags, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	site, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	if owner(info) != owner(site) {
		return "", errForeign
	}
	return readAll(f)
}

// owner is a user ID, -1 where the system does not tell.
func owner(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(st.Uid)
	}
	return -1
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// resolved is the path without symbolic links, as __FILE__ has it, where there is such a file.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// unreadable says why a configuration file was not read.
func unreadable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return core.Errorf(core.CodeNotFound, "cannot find the site's configuration: there is no %s", path)
	case errors.Is(err, fs.ErrPermission):
		return core.Errorf(core.CodeUnavailable, "cannot read the site's configuration: vpm has no right to read %s", path)
	case errors.Is(err, errTooLarge), errors.Is(err, errForeign), errors.Is(err, errNoFile):
		return core.Errorf(core.CodeUnavailable, "cannot read the site's configuration %s: %v", path, err)
	}
	return core.Errorf(core.CodeUnavailable, "cannot read the site's configuration %s", path).Because(err)
}
