// Package vpstest holds the way from a shared host to a server: an uploaded vpm.cgi, the installation, a site that gets a
// process of its own, and back.
package vpstest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The programs as they are shipped: the uploaded one, and the server's.
var uploaded, program string

func TestMain(m *testing.M) {
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testMain(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "vpm-vpstest-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	uploaded, program = filepath.Join(dir, "vpm.cgi"), filepath.Join(dir, "vpm")
	for path, from := range map[string]string{uploaded: "vpm/cgi", program: "vpm/fcgi"} {
		build := exec.Command("go", "build", "-buildmode=exe", "-ldflags=-s -w", "-o", path, from)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("cannot build for the tests: %w\n%s", err, out)
		}
	}
	return m.Run(), nil
}
