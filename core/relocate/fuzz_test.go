package relocate

import (
	"archive/tar"
	"archive/zip"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"vpm/core/config"
)

// FuzzUnpack: whatever an archive names, nothing comes to be outside of the directory that it is unpacked to, nor changes
// there; inside is no more than there is room for, and only what a site may have. What is unpacked whole has the content
// and the modes of its entries.
//
// The archive is a list: in each line a kind (d, f, s for a symbolic link, h for a hard one, p for a pipe), an octal mode,
// a name and, after a blank, the content or the target.
func FuzzUnpack(f *testing.F) {
	for _, list := range []string{
		"d 755 home\nf 4755 home/api/vpm.cgi program\ns 777 home/www public_html\nh 644 home/again home/api/vpm.cgi",
		"f 644 ../up x", "f 644 /etc/vpm-up x", "s 777 link /\nf 644 link/tmp/vpm-up x", "s 777 a/link ../../../..\nf 644 a/link/tmp/vpm-up x",
		"s 777 link ..\nh 644 hard link/outside/secret", "s 777 link ../outside/secret\nf 644 link x", "s 777 d ../outside\nd 777 d", "s 777 d ../outside\nd 777 d/secret",
		"f 644 a x\nf 644 a y", "d 700 home\nf 600 home/a/b x", "p 644 fifo", "d 2777 .\nd 1777 tmp\nf 6777 tmp/x y", "f 644 a x\nd 755 a", "d 500 closed\nf 644 closed/a x",
		"f 644 " + strings.Repeat("d/", 40) + "x y", "f 644 big " + strings.Repeat("x", 3*fuzzRoom/4) + "\nf 644 more " + strings.Repeat("x", fuzzRoom/2),
		"h 644 a a", "s 777 a a\nf 644 a/b x", "s 777 a b\ns 777 b a\nd 755 a/c", "d 755 a\\..\\b\nf 644 a/../../x y", "f 644 a/. x", "f 644 ..a/.b. x", "s 777 x ",
	} {
		f.Add(list, false)
		f.Add(list, true)
	}
	f.Fuzz(func(t *testing.T, list string, zipped bool) {
		around := t.TempDir()
		write(t, around, map[string]string{"outside/secret": "old"})
		before := everything(t, around)
		items, file := itemsOf(list), filepath.Join(around, "account")
		if zipped {
			file += ".zip"
		} else {
			file += ".tar"
		}
		if !packed(t, file, items) {
			return // neither format has such a name
		}
		inside := filepath.Join(around, "inside")
		must(t, os.Mkdir(inside, 0o700))
		err := unpackAs(t, inside, file)
		if err == nil && os.Geteuid() == 0 { // others are kept out by what some modes say
			wantUnpacked(t, inside, items)
		}
		wantTame(t, inside)
		must(t, os.RemoveAll(inside))
		must(t, os.Remove(file))
		if after := everything(t, around); !maps.Equal(before, after) {
			t.Fatalf("outside was %v and is %v", before, after)
		}
	})
}

// fuzzRoom is how much an archive of the fuzzer may take.
const fuzzRoom = 64 << 10

func unpackAs(t *testing.T, inside, file string) error {
	root, err := os.OpenRoot(inside)
	must(t, err)
	defer root.Close()
	in, err := unpackInto(root, os.Getuid(), os.Getgid())
	must(t, err)
	in.room = fuzzRoom
	if isZip(file) {
		err = in.zip(t.Context(), file)
	} else {
		err = in.tar(t.Context(), file)
	}
	if err == nil {
		err = in.directories()
	}
	return err
}

func itemsOf(list string) (items []item) {
	for line := range strings.SplitSeq(list, "\n") {
		f := strings.SplitN(line, " ", 4)
		kind, known := map[string]byte{"d": tar.TypeDir, "f": tar.TypeReg, "s": tar.TypeSymlink, "h": tar.TypeLink, "p": tar.TypeFifo}[f[0]]
		if !known || len(f) < 3 || f[2] == "" || len(items) == 40 {
			continue
		}
		mode, err := strconv.ParseInt(f[1], 8, 16)
		if err != nil || mode < 0 {
			continue
		}
		i := item{name: f[2], mode: mode & 0o7777, kind: kind}
		switch {
		case len(f) == 3:
		case kind == tar.TypeReg:
			i.text = f[3]
		default:
			i.link = f[3]
		}
		items = append(items, i)
	}
	return items
}

// packed writes the archive, unless it cannot be of its format.
func packed(t *testing.T, file string, items []item) bool {
	t.Helper()
	out, err := os.Create(file)
	must(t, err)
	defer out.Close()
	if isZip(file) {
		w := zip.NewWriter(out)
		for _, i := range items {
			h := &zip.FileHeader{Name: i.name, Method: zip.Deflate}
			h.SetMode(fs.FileMode(i.mode) & fs.ModePerm)
			text := i.text
			switch i.kind {
			case tar.TypeDir:
				h.SetMode(h.Mode() | fs.ModeDir)
			case tar.TypeSymlink:
				h.SetMode(fs.ModeSymlink | fs.ModePerm)
				text = i.link
			case tar.TypeLink, tar.TypeFifo:
				h.SetMode(fs.ModeNamedPipe | 0o644)
			}
			part, err := w.CreateHeader(h)
			if err != nil {
				return false
			}
			if _, err := part.Write([]byte(text)); err != nil {
				return false // a directory, by the end of its name
			}
		}
		return w.Close() == nil
	}
	w := tar.NewWriter(out)
	for _, i := range items {
		if w.WriteHeader(&tar.Header{Name: i.name, Mode: i.mode, Size: int64(len(i.text)), Typeflag: i.kind, Linkname: i.link, Uid: 4711}) != nil {
			return false
		}
		if _, err := io.WriteString(w, i.text); err != nil {
			return false
		}
	}
	return w.Close() == nil
}

// wantUnpacked checks that what was unpacked without a complaint is what the archive has.
func wantUnpacked(t *testing.T, inside string, items []item) {
	t.Helper()
	root, err := os.OpenRoot(inside)
	must(t, err)
	defer root.Close()
	modes := map[string]fs.FileMode{} // of directories: their last entry counts
	for _, i := range items {
		name := filepath.Clean(i.name)
		if i.kind == tar.TypeDir && name != "." {
			modes[name] = fs.FileMode(i.mode).Perm()
			continue
		}
		if strings.HasSuffix(i.name, "/") {
			delete(modes, name) // by its name it may be another entry of a directory
			continue
		}
		if i.kind != tar.TypeReg || name == "." {
			continue
		}
		text, err := root.ReadFile(name)
		if err != nil || string(text) != i.text {
			t.Errorf("%q is %q, %v; want %q", i.name, text, err, i.text)
		}
		if info, err := root.Lstat(name); err != nil || info.Mode() != fs.FileMode(i.mode).Perm() {
			t.Errorf("%q is %v, %v; want %04o", i.name, info, err, i.mode)
		}
	}
	for name, want := range modes {
		path := filepath.Join(inside, name)
		if real, err := filepath.EvalSymlinks(path); err != nil || real != path {
			continue // through a link there may be entries of the same directory by another name
		}
		if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeDir|want {
			t.Errorf("%q is %v, %v; its entry has %04o", name, info, err, want)
		}
	}
}

// wantTame checks that what lies inside is nothing but directories, files and links of the account, without the bits of a
// mode that give rights away, in as much as there is room for.
func wantTame(t *testing.T, inside string) {
	t.Helper()
	var taken int64
	must(t, filepath.WalkDir(inside, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.IsDir() {
			must(t, os.Chmod(path, 0o700)) // its mode may keep its owner out
		}
		if info.Mode()&^(fs.ModePerm|fs.ModeDir|fs.ModeSymlink) != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		if st := info.Sys().(*syscall.Stat_t); info.Mode().IsRegular() && st.Nlink == 1 {
			taken += st.Size
		}
		return nil
	}))
	if taken > fuzzRoom {
		t.Errorf("it took %d bytes of %d", taken, fuzzRoom)
	}
}

// everything is what there is below a directory, with content and modes.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := ""
		if info.Mode().IsRegular() {
			read, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(read)
		}
		all[path] = info.Mode().String() + " " + text
		return nil
	}))
	return all
}

// FuzzMovedSettings: a path that lay in the home on the shared host lies in the home that it has here, others stay, and
// doing it again changes nothing.
func FuzzMovedSettings(f *testing.F) {
	f.Add("/home/you", "/home/shop", "/home/you/data")
	f.Add("/home/you", "/home/you2", "/home/you/data")
	f.Add("/home/you", "/home/you/restored", "/home/you/data")
	f.Add("/home/you", "/home/shop", "/home/you/../other/data")
	f.Add("/home/you", "/home/shop", "/home/yours")
	f.Add("", "/home/shop", "/home/you")
	f.Add("/home/you/", "/home/shop", "relative")
	f.Fuzz(func(t *testing.T, was, home, value string) {
		if !filepath.IsAbs(home) || filepath.Clean(home) != home || home == "/" || was != "" && (filepath.Clean(was) != was || !filepath.IsAbs(was) || was == "/") {
			return // as options and archives have them
		}
		a := account{home: home, was: was, settings: &config.Config{}}
		is := a.now(value)
		clean := filepath.Clean(value)
		wasInside := was != "" && (clean == was || strings.HasPrefix(clean, was+"/"))
		if is != value && (!wasInside || is != home && !strings.HasPrefix(filepath.Clean(is)+"/", home+"/")) {
			t.Errorf("%q of %q is %q in %q", value, was, is, home)
		}
		if again := a.now(is); again != is {
			t.Errorf("%q of %q is %q in %q, and then %q", value, was, is, home, again)
		}
	})
}
