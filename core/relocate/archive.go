package relocate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"vpm/core"
	"vpm/core/fault"
)

// Archive is one of an account that is to be unpacked.
type Archive struct {
	File string
	To   string // the new home
	// entering is where it is unpacked until it is whole.
	entering string
	uid, gid int
}

// PrepareArchive looks at an archive; nil for what is a directory. Where it was unpacked already, To is what there is.
func PrepareArchive(file, to, owner string) (*Archive, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, core.Errorf(core.CodeNotFound, "cannot adopt %s: there is nothing of that name", file)
	}
	if err != nil {
		return nil, cannot("adopt "+file, err)
	}
	if info.IsDir() {
		return nil, nil
	}
	if !isTar(file) && !isZip(file) {
		return nil, core.Errorf(core.CodeInvalid, "cannot adopt %s: it is neither a directory nor a .tar.gz, .tgz, .tar or .zip", file)
	}
	if !filepath.IsAbs(to) || filepath.Dir(to) == "/" {
		return nil, core.Errorf(core.CodeInvalid, "cannot unpack %s: say where the home of the account is to be, as --to /home/shop", file)
	}
	to = filepath.Clean(to)
	if exists(to) {
		return nil, core.Errorf(core.CodeConflict, "cannot unpack %s to %s: that is there already; if it is what was unpacked, go on with --from %[2]s", file, to)
	}
	if owner == "" {
		owner = webUser()
	}
	u, err := user.Lookup(owner)
	if err != nil {
		return nil, core.Errorf(core.CodeInvalid, "cannot give files to %s: there is no such user; name one with --owner", owner)
	}
	a := &Archive{File: file, To: to, entering: filepath.Join(filepath.Dir(to), ".vpm-adopt-"+filepath.Base(to))}
	if a.uid, err = strconv.Atoi(u.Uid); err == nil {
		a.gid, err = strconv.Atoi(u.Gid)
	}
	return a, cannot("give files to "+owner, err)
}

func isTar(name string) bool {
	return strings.HasSuffix(name, ".tar") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz")
}

func isZip(name string) bool { return strings.HasSuffix(name, ".zip") }

// Print says what Apply does.
func (a *Archive) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "1. unpack %s to %s, for user %d\nWhat follows is shown once that is done, with --from %[2]s.\n", a.File, a.To, a.uid)
	return err
}

// Apply unpacks the archive beside its place, and gives it that when it is whole. What one that was cut off has left is
// removed first.
func (a *Archive) Apply(ctx context.Context) error {
	fail := func(err error) error { return cannot("unpack "+a.File, err) }
	unlock, err := a.enter(ctx)
	if err != nil {
		return fail(err)
	}
	defer unlock()
	root, err := os.OpenRoot(a.entering)
	if err != nil {
		return fail(err)
	}
	defer root.Close()
	in, err := unpackInto(root, a.uid, a.gid)
	if err != nil {
		return fail(errors.Join(err, os.RemoveAll(a.entering)))
	}
	if isZip(a.File) {
		err = in.zip(ctx, a.File)
	} else {
		err = in.tar(ctx, a.File)
	}
	if err == nil {
		err = in.directories()
	}
	fault.Point("unpacked")
	if err != nil {
		return fail(errors.Join(err, os.RemoveAll(a.entering)))
	}
	return fail(a.place())
}

// enter makes the directory where the archive is unpacked, and keeps others from doing the same.
func (a *Archive) enter(ctx context.Context) (unlock func(), err error) {
	if exists(a.entering) {
		unlock, err := lock(ctx, a.entering)
		if err != nil {
			return nil, err
		}
		err = os.RemoveAll(a.entering)
		unlock()
		if err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(a.entering), 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(a.entering, 0o700); err != nil {
		return nil, err
	}
	return lock(ctx, a.entering)
}

// place gives what was unpacked its place: the home itself where there is nothing but it, else all of it, as a full backup
// has the dumps beside the home.
func (a *Archive) place() error {
	whole := a.entering
	for {
		entries, err := os.ReadDir(whole)
		if err != nil {
			return err
		}
		if len(entries) != 1 || !entries[0].IsDir() || exists(filepath.Join(whole, entries[0].Name(), "api", "vpm.cgi")) {
			break
		}
		whole = filepath.Join(whole, entries[0].Name())
	}
	home, err := withDumps(whole)
	if err == nil {
		err = os.Chown(home, a.uid, a.gid)
	}
	if err == nil {
		err = os.Chmod(home, 0o711) // visitors' files lie below, and nobody lists what else does
	}
	if err == nil {
		syscall.Sync() // what has its place is whole, even where power fails now
		err = os.Rename(home, a.To)
	}
	return errors.Join(err, os.RemoveAll(a.entering))
}

// withDumps gives the home in what was unpacked. In a full backup of cPanel the dumps lie in mysql beside it, and are put
// into it.
func withDumps(whole string) (home string, err error) {
	home = filepath.Join(whole, "homedir")
	if info, err := os.Lstat(home); err != nil || !info.IsDir() {
		return whole, nil
	}
	dumps := filepath.Join(whole, "mysql")
	if info, err := os.Lstat(dumps); err != nil || !info.IsDir() {
		return home, nil
	}
	if err := os.Chown(dumps, 0, 0); err != nil {
		return "", err
	}
	if err := os.Chmod(dumps, 0o700); err != nil {
		return "", err
	}
	return home, os.Rename(dumps, filepath.Join(home, "mysql"))
}
