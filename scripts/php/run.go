// Package php runs the PHP class of this directory for tests.
package php

import (
	"bytes"
	"encoding/json"
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
	Start   func(*exec.Cmd) error // on another machine; nil: here
}

// Outcome is what became of a call: an answer or an exception.
type Outcome struct {
	Answer    any
	Exception string // its class
	Message   string
	Code      int
	Trace     string // in every form that PHP has
}

// run runs a script of testdata and gives what it prints.
func (c Caller) run(script string, stdin []byte, args ...string) ([]byte, error) {
	// As PHP is without an administrator: traces show arguments.
	list := []string{"-n", "-d", "extension=posix", "-d", "display_errors=stderr", "-d", "zend.exception_ignore_args=0"}
	for _, setting := range c.INI {
		list = append(list, "-d", setting)
	}
	cmd := exec.Command("/usr/bin/php", append(append(list, filepath.Join("testdata", script)), args...)...)
	if cmd.Dir = c.Dir; c.Dir == "" {
		_, here, _, _ := runtime.Caller(0)
		cmd.Dir = filepath.Dir(here)
	}
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + c.Home}, c.Env...)
	if c.UID != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(c.UID), Gid: uint32(c.UID)}}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	start := c.Start
	if start == nil {
		start = (*exec.Cmd).Start
	}
	err := start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		err = fmt.Errorf("cannot run PHP (see scripts/setup): %w: %s%s", err, &stdout, &stderr)
	}
	return stdout.Bytes(), err
}

// Call makes calls, as startInstance:blog, on one object, and tells what PHP's dumps of that show.
func (c Caller) Call(t testing.TB, calls ...string) (outcomes []Outcome, dump string) {
	t.Helper()
	options, err := json.Marshal(c.Options)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Outcomes []Outcome
		Dump     string
	}
	out, err := c.run("call.php", options, calls...)
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil || len(got.Outcomes) != len(calls) {
		t.Fatalf("%v: %s", err, out)
	}
	return got.Outcomes, got.Dump
}
