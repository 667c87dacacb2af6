package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entry is a file or directory of a zip. The names of directories end in a slash.
type entry struct{ name, from string }

// tree lists what is in dir, without programs in api/: those that lie there are of this machine.
func tree(dir string) ([]entry, error) {
	var list []entry
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == dir {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		switch name = filepath.ToSlash(name); {
		case d.IsDir():
			list = append(list, entry{name + "/", ""})
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is no regular file", file)
		case name != "api/vpm" && (path.Dir(name) != "api" || path.Ext(name) != ".cgi"):
			list = append(list, entry{name, file})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot pack %s: %w", dir, err)
	}
	return list, nil
}

// pack makes a zip in the order of names, with the modes that hosts want whatever they are here.
func pack(files []entry, date time.Time) ([]byte, error) {
	files = slices.SortedFunc(slices.Values(files), func(a, b entry) int { return strings.Compare(a.name, b.name) })
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range files {
		if err := add(z, f, date); err != nil {
			return nil, fmt.Errorf("cannot pack %s: %w", f.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("cannot pack: %w", err)
	}
	return out.Bytes(), nil
}

func add(z *zip.Writer, f entry, date time.Time) error {
	header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: date}
	isDir := strings.HasSuffix(f.name, "/")
	switch {
	case isDir:
		header.SetMode(fs.ModeDir | 0o755)
	case path.Ext(f.name) == ".cgi":
		header.SetMode(0o755)
	default:
		header.SetMode(0o644)
	}
	w, err := z.CreateHeader(header)
	if err != nil || isDir {
		return err
	}
	data, err := os.ReadFile(f.from)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
