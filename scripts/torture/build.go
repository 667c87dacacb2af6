package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are what was built.
type programs struct {
	dir    string
	upload string // public_html with vpm.cgi in it
	server string // vpm
	clock  *clock // of all that runs
}

// build builds them, with a clock that can jump unless that is not needed, and where that is asked for with the race detector.
func build(ctx context.Context, dir string, jumps, race bool) (programs, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return programs{}, fmt.Errorf("cannot find the module: %w", err)
	}
	p := programs{dir: dir, upload: filepath.Join(dir, "public_html"), server: filepath.Join(dir, "vpm")}
	p.clock = still()
	if jumps {
		if p.clock, err = newClock(ctx, filepath.Join(dir, "clock")); err != nil {
			return programs{}, err
		}
	}
	if err := os.CopyFS(p.upload, os.DirFS(filepath.Join(strings.TrimSpace(string(root)), "public_html"))); err != nil {
		return programs{}, err
	}
	for output, source := range map[string]string{filepath.Join(p.upload, "api", "vpm.cgi"): "vpm/cgi", p.server: "vpm/fcgi"} {
		if err := p.build(ctx, output, source, race); err != nil {
			return programs{}, err
		}
	}
	return p, nil
}

func (p programs) build(ctx context.Context, output, source string, race bool) error {
	args, cgo := append([]string{"build", "-trimpath", "-buildmode=exe"}, p.clock.flags()...), "CGO_ENABLED=0"
	if race { // the detector is a library of C
		args, cgo = append(args, "-race"), "CGO_ENABLED=1"
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", output, source)...)
	cmd.Env = append(os.Environ(), cgo)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build %s: %w\n%s", filepath.Base(output), err, text)
	}
	return nil
}
