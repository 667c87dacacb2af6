package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are the paths of what was built.
type programs struct {
	vpm, vpm386, serve, hello, peak, walk, write, answer string
	static                                               string // the C program; "" where no compiler is there
	root                                                 string // of the module
}

// build builds what is measured as the Makefile builds vpm.cgi.
func build(ctx context.Context, dir string) (programs, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return programs{}, fmt.Errorf("cannot find the module: %w", err)
	}
	p := programs{
		vpm:    filepath.Join(dir, "vpm.cgi"),
		vpm386: filepath.Join(dir, "vpm-386.cgi"),
		serve:  filepath.Join(dir, "vpm"),
		answer: filepath.Join(dir, "answer"),
		hello:  filepath.Join(dir, "hello.cgi"),
		peak:   filepath.Join(dir, "peak"),
		walk:   filepath.Join(dir, "walk"),
		write:  filepath.Join(dir, "write.cgi"),
		root:   strings.TrimSpace(string(root)),
	}
	for _, one := range []struct{ output, source, arch string }{
		{p.vpm, "vpm/cgi", ""},
		{p.vpm386, "vpm/cgi", "386"},
		{p.serve, "vpm/fcgi", ""},
		{p.answer, "vpm/scripts/bench/answer", ""},
		{p.hello, "vpm/scripts/bench/hello", ""},
		{p.peak, "vpm/scripts/bench/peak", ""},
		{p.walk, "vpm/scripts/bench/walk", ""},
		{p.write, "vpm/scripts/bench/write", ""},
	} {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildmode=exe", "-ldflags", "-s -w", "-o", one.output, one.source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if one.arch != "" {
			cmd.Env = append(cmd.Env, "GOARCH="+one.arch)
		}
		if output, err := cmd.CombinedOutput(); err != nil {
			return programs{}, fmt.Errorf("cannot build %s: %w\n%s", one.source, err, output)
		}
	}
	p.static = filepath.Join(dir, "static.cgi")
	if output, err := exec.CommandContext(ctx, "gcc", "-O2", "-s", "-static", "-o", p.static, filepath.Join(p.root, "scripts/bench/static/hello.c")).CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
		p.static = ""
	} else if err != nil {
		return programs{}, fmt.Errorf("cannot build the C program: %w\n%s", err, output)
	}
	return p, nil
}

// install puts what is uploaded at docroot, with program as vpm.cgi.
func (p programs) install(docroot, program string) error {
	if err := os.CopyFS(docroot, os.DirFS(filepath.Join(p.root, "public_html"))); err != nil {
		return fmt.Errorf("cannot install public_html: %w", err)
	}
	return copyProgram(program, filepath.Join(docroot, "api", "vpm.cgi"))
}

func copyProgram(from, to string) error {
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, data, 0o755)
	}
	if err != nil {
		return fmt.Errorf("cannot install a program: %w", err)
	}
	return nil
}
