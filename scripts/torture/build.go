package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
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
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildmode=exe", "-ldflags", "-s -w", "-o", output, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return programs{}, fmt.Errorf("cannot build %s: %w\n%s", source, err, text)
		}
	}
	return p, nil
}

// starter runs functions on one thread that lives as long as the process: the kernel kills children when the thread that
// forked them ends (Pdeathsig), and Go ends threads as it likes.
var starter = sync.OnceValue(func() chan<- func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})
