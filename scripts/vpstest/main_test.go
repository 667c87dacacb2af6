// Package vpstest holds the way from a shared host to a server: an uploaded vpm.cgi, the installation, a site that gets a
// process of its own, and back.
package vpstest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vpm/scripts/lab"
)

// The programs as they are shipped: the uploaded one, and the server's.
var uploaded, program string

func TestMain(m *testing.M) {
	lab.Main(m, func(dir string) error {
		uploaded, program = filepath.Join(dir, "vpm.cgi"), filepath.Join(dir, "vpm")
		if err := lab.Build(program, "vpm/fcgi", "-ldflags=-s -w"); err != nil {
			return err
		}
		data, err := os.ReadFile(program)
		if err != nil {
			return err
		}
		// As in the zips, the uploaded one knows the checksum of the other.
		return lab.Build(uploaded, "vpm/cgi", fmt.Sprintf("-ldflags=-s -w -X main.serverSum=%x", sha256.Sum256(data)))
	})
}
