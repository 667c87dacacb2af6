package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"vpm/scripts/lab"
)

// built is the directory with what is uploaded: public_html with the program in it.
var built string

func TestMain(m *testing.M) {
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testMain(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "vpm-cgi-test-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	built = filepath.Join(dir, "public_html")
	if err := os.CopyFS(built, os.DirFS("../public_html")); err != nil {
		return 1, err
	}
	build := exec.Command("go", "build", "-buildmode=exe", "-o", filepath.Join(built, "api", "vpm.cgi"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("cannot build vpm.cgi: %w\n%s", err, out)
	}
	defer stopSharedMariaDB()
	return m.Run(), nil
}

// sharedMariaDB is the one server of all tests that do not break theirs.
var sharedMariaDB = sync.OnceValues(func() (*lab.MariaDB, error) {
	sharedStarted = true
	return lab.StartMariaDB()
})

var sharedStarted bool

func stopSharedMariaDB() {
	if sharedStarted {
		if db, err := sharedMariaDB(); err == nil {
			db.Stop()
		}
	}
}
