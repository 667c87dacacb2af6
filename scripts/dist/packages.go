package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// packages gathers what scripts/package is told.
type packages struct {
	work, version string
	date          time.Time
	args          []string
}

// linked names a program for the bill of materials.
func (p *packages) linked(t target, built entry) {
	p.args = append(p.args, "-program", t.os+"-"+t.arch+"/"+filepath.Base(built.name)+"="+built.from)
}

// stage lays out the files of a Debian package as they lie below /. What is uploaded has a program among it, so it is not
// in /usr/share; a link there is where people look for it.
func (p *packages) stage(t target, uploaded, built []entry) error {
	root := filepath.Join(p.work, "root-"+t.arch)
	for _, e := range slices.Concat(uploaded, built) {
		to := filepath.Join("usr/lib/vpm/public_html", e.name)
		switch e.name {
		case "api/vpm":
			to = "usr/lib/vpm/vpm"
		case "api/vpm-386.cgi": // for hosts that cap memory
			continue
		}
		if err := copyFile(filepath.Join(root, to), e.from); err != nil {
			return fmt.Errorf("cannot lay out the package: %w", err)
		}
	}
	// PHP's include_path has /usr/share/php on Debian.
	if err := copyFile(filepath.Join(root, "usr/share/php/vpm", filepath.Base(class)), class); err != nil {
		return fmt.Errorf("cannot lay out the package: %w", err)
	}
	if err := p.describe(filepath.Join(root, "usr/share")); err != nil {
		return err
	}
	for link, to := range map[string]string{"usr/bin/vpm": "../lib/vpm/vpm", "usr/share/vpm": "../lib/vpm/public_html"} {
		link = filepath.Join(root, link)
		err := os.MkdirAll(filepath.Dir(link), 0o755)
		if err == nil {
			err = os.Symlink(to, link)
		}
		if err != nil {
			return fmt.Errorf("cannot lay out the package: %w", err)
		}
	}
	p.args = append(p.args, "-root", t.arch+"="+root)
	return nil
}

// copyFile copies a file. Directories, which have no from, come with what is in them.
func copyFile(to, from string) error {
	if from == "" {
		return nil
	}
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// make makes the packages and the bill of materials, and gives their names.
func (p *packages) make() ([]string, error) {
	// The program runs here, whatever the environment says of other machines.
	work, err := filepath.Abs(p.work)
	if err != nil {
		return nil, fmt.Errorf("cannot build scripts/package: %w", err)
	}
	tool := filepath.Join(work, "package")
	compile := exec.Command("go", "build", "-C", "scripts/package", "-buildvcs=false", "-o", tool, ".")
	compile.Env = append(os.Environ(), "GOFLAGS=", "GOOS=", "GOARCH=", "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build scripts/package: %w\n%s", err, out)
	}
	cmd := exec.Command(tool, append(p.args, "-o", p.work, "-version", p.version, "-date", strconv.FormatInt(p.date.Unix(), 10))...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot make the packages: %w", err)
	}
	return strings.Fields(string(out)), nil
}
