package relocate

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"vpm/core"
)

// unpacking makes files below root, whatever the archive names.
type unpacking struct {
	root     *os.Root
	uid, gid int
	room     int64 // bytes that it may still take: a small archive can hold more than any disk has
	// modes are those of the directories, for the end: one may forbid to write.
	modes map[string]fs.FileMode
}

// unpackInto gives an unpacking that leaves the disk of root enough for the rest of the machine to go on.
func unpackInto(root *os.Root, uid, gid int) (*unpacking, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(root.Name(), &disk); err != nil {
		return nil, err
	}
	const spare = 64 << 20 // bytes
	room := int64(disk.Bavail)*int64(disk.Bsize) - spare
	return &unpacking{root: root, uid: uid, gid: gid, room: room, modes: map[string]fs.FileMode{}}, nil
}

// What an entry of an archive costs beside its content, and the longest name, which is the kernel's.
const (
	entryCost   = 4096
	longestName = 4095
)

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
		return u.directory(name, mode.Perm())
	}
	if !mode.IsRegular() {
		return nil
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = u.fill(f, content)
	return errors.Join(err, f.Chown(u.uid, u.gid), f.Chmod(mode.Perm()), f.Close())
}

// directory makes one, or has one that is there already have the mode of its own entry.
func (u *unpacking) directory(name string, mode fs.FileMode) error {
	if err := u.root.Mkdir(name, 0o700); err != nil {
		if info, statErr := u.root.Lstat(name); statErr != nil || !info.IsDir() {
			return err
		}
	}
	u.modes[name] = mode
	return nil
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

// fill writes what there is room for.
func (u *unpacking) fill(f *os.File, content io.Reader) error {
	n, err := io.Copy(f, io.LimitReader(content, u.room+1))
	if err != nil {
		return err
	}
	return u.take(n)
}

func (u *unpacking) take(bytes int64) error {
	if u.room -= bytes; u.room < 0 {
		return core.Errorf(core.CodeConflict, "what is in it takes more room than there is; make some, or unpack it elsewhere with --to")
	}
	return nil
}

// parents makes room for an entry, and the directories above it.
func (u *unpacking) parents(name string) error {
	if len(name) > longestName {
		return core.Errorf(core.CodeInvalid, "the name %.60q… in it is too long", name)
	}
	if err := u.take(entryCost); err != nil {
		return err
	}
	dir := filepath.Dir(name)
	if info, err := u.root.Lstat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := u.root.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for ; dir != "."; dir = filepath.Dir(dir) {
		if _, known := u.modes[dir]; known {
			continue
		}
		if err := u.take(entryCost); err != nil {
			return err
		}
		u.modes[dir] = 0o755 // unless it has an entry of its own
	}
	return nil
}

// directories gives those their owner and mode, the deepest first.
func (u *unpacking) directories() error {
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(u.modes))) {
		if err := u.root.Chown(name, u.uid, u.gid); err != nil {
			return err
		}
		if err := u.root.Chmod(name, u.modes[name]); err != nil {
			return err
		}
	}
	return nil
}
