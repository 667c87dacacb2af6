package relocate

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
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
	if err := os.RemoveAll(a.entering); err != nil {
		return fail(err)
	}
	if err := os.MkdirAll(filepath.Dir(a.entering), 0o755); err != nil {
		return fail(err)
	}
	if err := os.Mkdir(a.entering, 0o700); err != nil {
		return fail(err)
	}
	root, err := os.OpenRoot(a.entering)
	if err != nil {
		return fail(err)
	}
	defer root.Close()
	in := &unpacking{root: root, uid: a.uid, gid: a.gid}
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

// unpacking makes files below root, whatever the archive names.
type unpacking struct {
	root     *os.Root
	uid, gid int
	dirs     []entry // their modes are for the end: one may forbid to write
}

type entry struct {
	name string
	mode fs.FileMode
}

func (u *unpacking) tar(ctx context.Context, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var text io.Reader = f
	if !strings.HasSuffix(file, ".tar") {
		if text, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	for t := tar.NewReader(text); ; {
		h, err := t.Next()
		switch {
		case err == io.EOF:
			_, err = io.Copy(io.Discard, text) // the checksum of gzip comes after the last file
			return err
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		name, mode := filepath.Clean(h.Name), h.FileInfo().Mode()
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeReg:
			err = u.make(name, mode, t)
		case tar.TypeSymlink:
			err = u.link(name, h.Linkname)
		case tar.TypeLink:
			err = u.same(name, filepath.Clean(h.Linkname))
		} // devices and pipes are no part of a site
		if err != nil {
			return err
		}
	}
}

func (u *unpacking) zip(ctx context.Context, file string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := u.zipped(f); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacking) zipped(f *zip.File) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	if mode := f.Mode(); mode&fs.ModeSymlink == 0 {
		return u.make(filepath.Clean(f.Name), mode, in)
	}
	target, err := io.ReadAll(io.LimitReader(in, 4096))
	if err != nil {
		return err
	}
	return u.link(filepath.Clean(f.Name), string(target))
}

// make makes a directory or a file with its content. No bit of a mode that gives rights away is taken over.
func (u *unpacking) make(name string, mode fs.FileMode, content io.Reader) error {
	if name == "." {
		return nil
	}
	if err := u.parents(name); err != nil {
		return err
	}
	if mode.IsDir() {
		if err := u.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		u.dirs = append(u.dirs, entry{name, mode.Perm()})
		return nil
	}
	if !mode.IsRegular() {
		return nil
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Chown(u.uid, u.gid), f.Chmod(mode.Perm()), f.Close())
}

func (u *unpacking) link(name, target string) error {
	if err := u.parents(name); err != nil {
		return err
	}
	if err := u.root.Symlink(target, name); err != nil {
		return err
	}
	return u.root.Lchown(name, u.uid, u.gid)
}

func (u *unpacking) same(name, target string) error {
	if err := u.parents(name); err != nil {
		return err
	}
	return u.root.Link(target, name)
}

func (u *unpacking) parents(name string) error {
	dir := filepath.Dir(name)
	if info, err := u.root.Lstat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := u.root.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for ; dir != "."; dir = filepath.Dir(dir) { // unless it has an entry of its own
		u.dirs = append(u.dirs, entry{dir, 0o755})
	}
	return nil
}

// directories gives those their owner and mode, the deepest first.
func (u *unpacking) directories() error {
	modes := map[string]fs.FileMode{}
	for _, d := range u.dirs {
		modes[d.name] = d.mode
	}
	for i := len(u.dirs) - 1; i >= 0; i-- {
		name := u.dirs[i].name
		if err := u.root.Chown(name, u.uid, u.gid); err != nil {
			return err
		}
		if err := u.root.Chmod(name, modes[name]); err != nil {
			return err
		}
	}
	return nil
}
