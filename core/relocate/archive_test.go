package relocate

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
)

// item is one of an archive; a link where it has a target.
type item struct {
	name, text, link string
	mode             int64
	kind             byte
}

func tarOf(t *testing.T, items ...item) (file string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, i := range items {
		h := &tar.Header{Name: i.name, Mode: i.mode, Size: int64(len(i.text)), Typeflag: tar.TypeReg, Linkname: i.link, Uid: 4711}
		if i.mode == 0 {
			h.Mode = 0o644
		}
		switch {
		case i.kind != 0:
			h.Typeflag = i.kind
		case i.link != "":
			h.Typeflag = tar.TypeSymlink
		case strings.HasSuffix(i.name, "/"):
			h.Typeflag = tar.TypeDir
		}
		must(t, w.WriteHeader(h))
		_, err := w.Write([]byte(i.text))
		must(t, err)
	}
	must(t, w.Close())
	must(t, z.Close())
	file = filepath.Join(t.TempDir(), "account.tar.gz")
	must(t, os.WriteFile(file, b.Bytes(), 0o600))
	return file
}

func unpack(t *testing.T, file string) (home string, err error) {
	t.Helper()
	home = filepath.Join(t.TempDir(), "homes", "shop")
	a, err := PrepareArchive(file, home, "nobody")
	must(t, err)
	return home, a.Apply(t.Context())
}

func skipUnlessRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("this needs root, as vpm adopt does")
		}
		t.Skip("this needs root, as vpm adopt does")
	}
}

// TestArchivesOfAnyShape become a home: with or without a directory around it, and as cPanel's full backups are.
func TestArchivesOfAnyShape(t *testing.T) {
	skipUnlessRoot(t)
	for name, around := range map[string]string{"plain": "", "dotted": "./", "in a directory": "you/", "in two": "home/you/", "cPanel": "cpmove-you/homedir/"} {
		items := []item{{name: around + "public_html/api/vpm.cgi", mode: 0o4755, text: "program"}, {name: around + "public_html/closed/", mode: 0o500},
			{name: around + "public_html/closed/index.php", text: "<?php"}, {name: around + "vpm.env", mode: 0o600, text: "X=1"},
			{name: around + "www", link: "public_html"}, {name: around + "fifo", kind: tar.TypeFifo}}
		if name == "cPanel" {
			items = append(items, item{name: "cpmove-you/mysql/you_wp.sql", text: "SELECT 1"}, item{name: "cpmove-you/cp/you"})
		}
		home, err := unpack(t, tarOf(t, items...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for path, want := range map[string]fs.FileMode{"": fs.ModeDir | 0o711, "public_html/api/vpm.cgi": 0o755, "public_html/closed": fs.ModeDir | 0o500, "public_html/closed/index.php": 0o644,
			"vpm.env": 0o600, "www": fs.ModeSymlink | 0o777, "public_html": fs.ModeDir | 0o755} {
			info, err := os.Lstat(filepath.Join(home, path))
			if err != nil || info.Mode() != want {
				t.Errorf("%s: %s is %v, %v; want %v", name, path, info, err, want)
			}
		}
		if exists(filepath.Join(home, "fifo")) {
			t.Errorf("%s: the pipe was made", name)
		}
		if _, err := os.Stat(filepath.Join(home, "mysql", "you_wp.sql")); (err == nil) != (name == "cPanel") {
			t.Errorf("%s: the dump: %v", name, err)
		}
		if left, err := os.ReadDir(filepath.Dir(home)); err != nil || len(left) != 1 {
			t.Errorf("%s: beside the home are %v, %v", name, left, err)
		}
	}
}

// TestHostileArchives leave nothing, in their place or elsewhere.
func TestHostileArchives(t *testing.T) {
	skipUnlessRoot(t)
	outside := filepath.Join(t.TempDir(), "outside")
	write(t, outside, map[string]string{"secret": "old"})
	for name, items := range map[string][]item{
		"up":              {{name: "../../up", text: "x"}},
		"absolute":        {{name: outside + "/new", text: "x"}},
		"through a link":  {{name: "link", link: outside}, {name: "link/secret", text: "x"}},
		"through a link2": {{name: "a/link", link: "../../../.."}, {name: "a/link/tmp/x", text: "x"}},
		"hard link":       {{name: "link", link: outside}, {name: "hard", link: "link/secret", kind: tar.TypeLink}},
		"over a file":     {{name: "a", text: "x"}, {name: "a", text: "y"}},
		"too deep":        {{name: strings.Repeat("d/", 3000) + "a", text: "x"}},
	} {
		home, err := unpack(t, tarOf(t, items...))
		if err == nil || exists(home) {
			t.Errorf("%s: unpacked to %s: %v", name, home, err)
		}
		if left, err := os.ReadDir(filepath.Dir(home)); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(outside, "secret")); err != nil || string(text) != "old" {
		t.Errorf("what lies outside is %q, %v", text, err)
	}
	if found, err := os.ReadDir(outside); err != nil || len(found) != 1 {
		t.Errorf("outside are %v, %v", found, err)
	}
}

// TestDamagedArchive is not taken for whole.
func TestDamagedArchive(t *testing.T) {
	skipUnlessRoot(t)
	file := tarOf(t, item{name: "public_html/api/vpm.cgi", text: strings.Repeat("program", 1000)})
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, text[:len(text)-6], 0o600))
	if home, err := unpack(t, file); err == nil || exists(home) {
		t.Errorf("a damaged archive was unpacked: %v", err)
	}
}

// TestUnpackingThatIsEnded leaves nothing.
func TestUnpackingThatIsEnded(t *testing.T) {
	skipUnlessRoot(t)
	home := filepath.Join(t.TempDir(), "homes", "shop")
	a, err := PrepareArchive(tarOf(t, item{name: "public_html/api/vpm.cgi", text: "program"}), home, "nobody")
	must(t, err)
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := a.Apply(ctx); err == nil || exists(home) {
		t.Errorf("it was unpacked: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(home)); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestZip(t *testing.T) {
	skipUnlessRoot(t)
	file := filepath.Join(t.TempDir(), "account.zip")
	f, err := os.Create(file)
	must(t, err)
	z := zip.NewWriter(f)
	for name, mode := range map[string]fs.FileMode{"you/public_html/api/vpm.cgi": 0o755, "you/vpm.env": 0o600, "you/www": fs.ModeSymlink | 0o777} {
		h := &zip.FileHeader{Name: name}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		must(t, err)
		_, err = w.Write([]byte("public_html"))
		must(t, err)
	}
	must(t, z.Close())
	must(t, f.Close())
	home, err := unpack(t, file)
	must(t, err)
	info, err := os.Stat(filepath.Join(home, "www", "api", "vpm.cgi"))
	if err != nil || info.Mode() != 0o755 {
		t.Errorf("the program is %v, %v", info, err)
	}
}

// TestArchiveNeverOverwrites what is there.
func TestArchiveNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.tar.gz")
	write(t, dir, map[string]string{"a.tar.gz": "", "shop/public_html/x": "", "a.rar": ""})
	for to, want := range map[string]core.Code{dir + "/shop": core.CodeConflict, "": core.CodeInvalid, "/": core.CodeInvalid, "/shop": core.CodeInvalid} {
		if _, err := PrepareArchive(file, to, "nobody"); core.CodeOf(err) != want {
			t.Errorf("to %q: %v", to, err)
		}
	}
	if _, err := PrepareArchive(dir+"/a.rar", dir+"/new", "nobody"); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("another format: %v", err)
	}
}
