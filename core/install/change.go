package install

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
)

// session is a run that changes things.
type session struct {
	*journal
	say   func(string)
	dirty map[string]bool // what has changed, by the step's topic
}

// content is a file as it should be. Owner and group are names, "" for root.
type content struct {
	path         string
	text         []byte
	mode         os.FileMode
	owner, group string
}

func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}

// ids gives the numbers; the names may come to be only during the installation.
func ids(owner, group string) (uid, gid int, err error) {
	if owner != "" {
		u, err := user.Lookup(owner)
		if err != nil {
			return 0, 0, err
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return 0, 0, err
		}
	}
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			return 0, 0, err
		}
		gid, err = strconv.Atoi(g.Gid)
		return uid, gid, err
	}
	return uid, gid, nil
}

// same tells whether the file is so already.
func (c content) same() bool {
	info, err := os.Lstat(c.path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != c.mode {
		return false
	}
	st := info.Sys().(*syscall.Stat_t)
	uid, gid, err := ids(c.owner, c.group)
	if err != nil || int(st.Uid) != uid || int(st.Gid) != gid {
		return false
	}
	text, err := os.ReadFile(c.path)
	return err == nil && string(text) == string(c.text)
}

// put writes the file, and notes what was there.
func (s *session) put(c content) error {
	uid, gid, err := ids(c.owner, c.group)
	if err == nil {
		err = s.parents(c.path)
	}
	if err == nil {
		err = s.noteFile(c.path, sum(c.text))
	}
	if err == nil {
		fault.Point("noted " + c.path)
		err = atomicfile.Write(c.path, c.text, c.mode)
	}
	if err == nil {
		err = os.Lchown(c.path, uid, gid)
	}
	if err != nil {
		return cannot("write "+c.path, err)
	}
	fault.Point("wrote " + c.path)
	return nil
}

func (s *session) noteFile(path, after string) error {
	r := record{Kind: ofFile, Path: path, After: after}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.note(r)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("something that is no file is in its place")
	case s.noted(ofFile, path):
		return s.note(r) // which changes After only
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	st := info.Sys().(*syscall.Stat_t)
	r.Existed, r.Mode, r.UID, r.GID, r.Time = true, uint32(info.Mode().Perm()), int(st.Uid), int(st.Gid), info.ModTime()
	if r.Copy, err = s.keepCopy(text); err != nil {
		return err
	}
	return s.note(r)
}

// link makes a symbolic link.
func (s *session) link(path, target string) error {
	if err := s.parents(path); err != nil {
		return cannot("link "+path, err)
	}
	was, err := os.Readlink(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannot("link "+path, errors.New("something that is no link is in its place"))
	}
	if err := s.note(record{Kind: ofLink, Path: path, Existed: err == nil, Target: was, After: target}); err != nil {
		return err
	}
	fault.Point("noted " + path)
	return relink(path, target)
}

// relink replaces a link in one go.
func relink(path, target string) error {
	fresh := path + ".vpm-new"
	err := os.Remove(fresh)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Symlink(target, fresh)
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	fault.Point("linked " + path)
	return cannot("link "+path, err)
}

// parents makes the directories above path.
func (s *session) parents(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.parents(dir); err != nil {
		return err
	}
	return s.dir(ofDir, dir, 0o755, "", "")
}

// dir makes a directory, with this owner.
func (s *session) dir(kind, path string, mode os.FileMode, owner, group string) error {
	uid, gid, err := ids(owner, group)
	if err != nil {
		return cannot("make "+path, err)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err = s.note(record{Kind: kind, Path: path}); err == nil {
			fault.Point("noted " + path)
			err = os.Mkdir(path, 0o700)
		}
	case err == nil && !info.IsDir():
		err = errors.New("something that is no directory is in its place")
	case err == nil && !s.noted(kind, path): // ours is only what it belongs to
		st := info.Sys().(*syscall.Stat_t)
		err = s.note(record{Kind: kind, Path: path, Existed: true, Mode: uint32(info.Mode() &^ os.ModeType), UID: int(st.Uid), GID: int(st.Gid)})
	}
	if err == nil {
		err = os.Lchown(path, uid, gid)
	}
	if err == nil {
		err = os.Chmod(path, mode)
	}
	fault.Point("made " + path)
	return cannot("make "+path, err)
}

// cannot is the error for people, nil for none.
func cannot(doing string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e
	}
	return core.Errorf(core.CodeUnavailable, "cannot %s: %w", doing, err)
}
