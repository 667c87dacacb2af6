// Package php runs the PHP class of this directory for tests.
package php

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// Caller is a program in PHP that uses the class.
type Caller struct {
	UID     int    // whose program it is; 0: the test's
	Home    string // of that user
	Dir     string // with copies of the files here, for a user who may not read them here; "": here
	Env     []string
	INI     []string // settings of PHP, as disable_functions=proc_open
	Options map[string]any
}

// Outcome is what became of a call: an answer or an exception.
type Outcome struct {
	Answer    any
	Exception string // its class
	Message   string
	Code      int
	Trace     string // in every form that PHP has
}

// Command runs a script of testdata.
func (c Caller) Command(script string, args ...string) *exec.Cmd {
	// As PHP is without an administrator: traces show arguments.
	list := []string{"-n", "-d", "extension=posix", "-d", "display_errors=stderr", "-d", "zend.exception_ignore_args=0"}
	for _, setting := range c.INI {
		list = append(list, "-d", setting)
	}
	dir := c.Dir
	if dir == "" {
		_, here, _, _ := runtime.Caller(0)
		dir = filepath.Dir(here)
	}
	cmd := exec.Command("php", append(append(list, filepath.Join("testdata", script)), args...)...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + c.Home}, c.Env...)
	if c.UID != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(c.UID), Gid: uint32(c.UID)}}
	}
	return cmd
}

// Call makes calls, as startInstance:blog, on one object, and tells what PHP's dumps of that show.
func (c Caller) Call(t testing.TB, calls ...string) (outcomes []Outcome, dump string) {
	t.Helper()
	options, err := json.Marshal(c.Options)
	if err != nil {
		t.Fatal(err)
	}
	cmd := c.Command("call.php", calls...)
	cmd.Stdin = bytes.NewReader(options)
	out, err := cmd.Output()
	var got struct {
		Outcomes []Outcome
		Dump     string
	}
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if err != nil || len(got.Outcomes) != len(calls) {
		t.Fatalf("cannot run PHP (see scripts/setup): %v: %s", err, out)
	}
	return got.Outcomes, got.Dump
}
