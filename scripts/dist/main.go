// Command dist packs what people upload: one zip for each kind of host, to be extracted in public_html, and
// SHA256SUMS. The same version and sources give the same bytes. It needs Go and nothing else.
//
// The version is in the environment variable VERSION; "dist -o DIR" says where the files go.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// target is a kind of host.
type target struct {
	os, arch string
	programs []program
	server   bool // it may be a server of one's own: the program for that comes along as api/vpm
}

// program is a build of vpm.cgi and its name in api/.
type program struct{ name, arch string }

// targets are all the zips. Hosts that cap memory can run the 32-bit program only: it comes along on linux/amd64,
// and switches itself on (see cgi/switch386.go).
var targets = []target{
	{"linux", "amd64", []program{{"vpm.cgi", "amd64"}, {"vpm-386.cgi", "386"}}, true},
	{"linux", "arm64", []program{{"vpm.cgi", "arm64"}}, true},
	{"freebsd", "amd64", []program{{"vpm.cgi", "amd64"}}, false},
}

func main() {
	out := flag.String("o", "dist", "directory of the files")
	flag.Parse()
	if err := run(*out, os.Getenv("VERSION")); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(out, version string) error {
	version = readable(version)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("cannot make the directory: %w", err)
	}
	work, err := os.MkdirTemp(out, ".dist-")
	if err != nil {
		return fmt.Errorf("cannot make a directory to work in: %w", err)
	}
	defer os.RemoveAll(work)
	uploaded, err := tree("public_html")
	if err != nil {
		return err
	}
	date, err := sourceDate()
	if err != nil {
		return err
	}
	var names []string
	var sums strings.Builder
	for _, t := range targets {
		built, err := buildAll(work, t, version)
		if err != nil {
			return err
		}
		data, err := pack(append(built, uploaded...), date)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("vpm-%s-%s-%s.zip", version, t.os, t.arch)
		if err := os.WriteFile(filepath.Join(work, name), data, 0o644); err != nil {
			return fmt.Errorf("cannot write the zip: %w", err)
		}
		names = append(names, name)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	if err := os.WriteFile(filepath.Join(work, "SHA256SUMS"), []byte(sums.String()), 0o644); err != nil {
		return fmt.Errorf("cannot write the checksums: %w", err)
	}
	// All of them or, so far as can be, none.
	for _, name := range append(names, "SHA256SUMS") {
		if err := os.Rename(filepath.Join(work, name), filepath.Join(out, name)); err != nil {
			return fmt.Errorf("cannot put the files in place: %w", err)
		}
		fmt.Println(filepath.Join(out, name))
	}
	return nil
}

var odd = regexp.MustCompile(`[^A-Za-z0-9._+~-]+`)

// readable makes a version usable in a file name and on the linker's command line: tags may hold slashes.
func readable(version string) string {
	version = strings.Trim(odd.ReplaceAllString(version, "-"), "-")
	if version == "" {
		return "dev"
	}
	return version
}
