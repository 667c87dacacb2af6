// Package vpstest holds the way from a shared host to a server: an uploaded vpm.cgi, the installation, a site that gets a
// process of its own, and back.
package vpstest

import (
	"crypto/sha256"
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
	if err := build(program, "vpm/fcgi", "-s -w"); err != nil {
		return 1, err
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return 1, err
	}
	// As in the zips, the uploaded one knows the checksum of the other.
	if err := build(uploaded, "vpm/cgi", fmt.Sprintf("-s -w -X main.serverSum=%x", sha256.Sum256(data))); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

func build(path, from, flags string) error {
	build := exec.Command("go", "build", "-buildmode=exe", "-ldflags="+flags, "-o", path, from)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build for the tests: %w\n%s", err, out)
	}
	return nil
}
