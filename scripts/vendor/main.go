// Command vendor fetches the libraries of the pages from npm at pinned versions, checks them, and writes them to
// public_html/vpm/vendor. With -check it writes nothing and says what differs. It needs npm and the network; the
// test of this package holds the written files to the pinned sums without either.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

const target = "public_html/vpm/vendor"

func main() {
	check := flag.Bool("check", false, "write nothing, fail where a file differs")
	flag.Parse()
	if err := run(target, *check); err != nil {
		fmt.Fprintln(os.Stderr, "vendor:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	files, err := fetch()
	if err != nil {
		return err
	}
	for name, data := range files {
		file := filepath.Join(dir, name)
		if check {
			there, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if !bytes.Equal(there, data) {
				return fmt.Errorf("%s is not that of its package", file)
			}
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fetch gives the files of all packages, and their licences in one.
func fetch() (map[string][]byte, error) {
	work, err := os.MkdirTemp("", "vpm-vendor-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	files := map[string][]byte{}
	var licences bytes.Buffer
	for _, p := range packages {
		content, err := p.unpack(work)
		if err != nil {
			return nil, fmt.Errorf("cannot take %s: %w", p.name, err)
		}
		for _, f := range p.files {
			files[f.name] = f.adapt(content[f.from])
		}
		fmt.Fprintf(&licences, "%s %s\n\n%s\n\n", p.name, p.version, bytes.TrimSpace(content["package/LICENSE"]))
	}
	files["LICENSES.txt"] = licences.Bytes()
	return files, nil
}

// unpack fetches a package with npm, which knows the registry and proxy of this machine, and gives the files that
// are wanted of it.
func (p pkg) unpack(work string) (map[string][]byte, error) {
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", work, p.name+"@"+p.version)
	cmd.Dir, cmd.Stderr = work, os.Stderr
	if _, err := cmd.Output(); err != nil {
		return nil, fmt.Errorf("npm pack: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(work, p.name+"-"+p.version+".tgz"))
	if err != nil {
		return nil, err
	}
	if sum := sha512.Sum512(data); base64.StdEncoding.EncodeToString(sum[:]) != p.sha512 {
		return nil, fmt.Errorf("its SHA-512 is %s, not the pinned one", base64.StdEncoding.EncodeToString(sum[:]))
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	wanted := []string{"package/LICENSE"}
	for _, f := range p.files {
		wanted = append(wanted, f.from)
	}
	content := map[string][]byte{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(wanted, h.Name) {
			continue
		}
		if content[h.Name], err = io.ReadAll(t); err != nil {
			return nil, err
		}
	}
	for _, name := range wanted {
		if content[name] == nil {
			return nil, fmt.Errorf("it has no %s", name)
		}
	}
	return content, nil
}
