// Command dist packs what people upload: one zip for each kind of host, to be extracted in public_html, and beside them the
// PHP class, which belongs where a program of theirs is. For servers it makes Debian packages (scripts/package does), besides a software bill of materials and SHA256SUMS of it all. The same
// version and sources give the same bytes. It needs Go and nothing else.
//
// The version is in the environment variable VERSION; "dist -o DIR" says where the files go, and "-only linux-amd64" leaves
// out the other kinds of hosts.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
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

// class is for programs in PHP that call the API.
const class = "scripts/php/VirtualProcessManager.php"

func main() {
	out := flag.String("o", "dist", "directory of the files")
	only := flag.String("only", "", "the `system` to pack for, as linux-amd64; all where not given")
	flag.Parse()
	if err := run(*out, *only, os.Getenv("VERSION")); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(out, only, version string) error {
	version = readable(version)
	targets := slices.DeleteFunc(slices.Clone(targets), func(t target) bool { return only != "" && only != t.os+"-"+t.arch })
	if len(targets) == 0 {
		return fmt.Errorf("cannot pack for %q: there is no such kind of host", only)
	}
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
	packages := packages{work: work, version: version, date: date}
	for _, t := range targets {
		built, err := buildAll(work, t, version)
		if err != nil {
			return err
		}
		for _, b := range built {
			packages.linked(t, b)
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
		if t.server {
			if err := packages.stage(t, uploaded, built); err != nil {
				return err
			}
		}
	}
	if err := copyFile(filepath.Join(work, path.Base(class)), class); err != nil {
		return fmt.Errorf("cannot take along the PHP class: %w", err)
	}
	names = append(names, path.Base(class))
	more, err := packages.make()
	if err != nil {
		return err
	}
	names = append(names, more...)
	if err := writeSums(work, names); err != nil {
		return err
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

// writeSums writes SHA256SUMS, which "sha256sum -c" reads.
func writeSums(dir string, names []string) error {
	var sums strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("cannot take the checksum: %w", err)
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644); err != nil {
		return fmt.Errorf("cannot write the checksums: %w", err)
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
