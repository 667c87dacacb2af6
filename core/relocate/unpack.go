package relocate

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

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
		case tar.TypeDir, tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
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
