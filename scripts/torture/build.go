package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"vpm/scripts/lab"
)

// programs are what was built.
type programs struct {
	dir    string
	upload string // public_html with vpm.cgi in it
	server string // vpm
}

func build(ctx context.Context, dir string) (programs, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return programs{}, fmt.Errorf("cannot find the module: %w", err)
	}
	p := programs{dir, filepath.Join(dir, "public_html"), filepath.Join(dir, "vpm")}
	if err := os.CopyFS(p.upload, os.DirFS(filepath.Join(strings.TrimSpace(string(root)), "public_html"))); err != nil {
		return programs{}, err
	}
	for output, source := range map[string]string{filepath.Join(p.upload, "api", "vpm.cgi"): "vpm/cgi", p.server: "vpm/fcgi"} {
		if err := lab.Build(output, source, "-trimpath", "-ldflags=-s -w"); err != nil {
			return programs{}, err
		}
	}
	return p, nil
}
