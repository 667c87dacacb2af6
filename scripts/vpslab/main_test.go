package vpslab_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"vpm/scripts/vpslab"
)

// TestMain lets the test binary play a program that boots a VPS, for TestVPSDiesWithItsProgram and TestRootOnOverlay.
func TestMain(m *testing.M) {
	switch os.Getenv("VPSLAB_TEST_ROLE") {
	case "wait":
		os.Exit(program(func(v *vpslab.VPS) error {
			fmt.Println(v.Dir())
			_, err := io.Copy(io.Discard, os.Stdin) // until it is killed
			return err
		}))
	case "once":
		os.Exit(program(func(v *vpslab.VPS) error {
			state, err := v.Run(context.Background(), "systemctl", "is-system-running")
			fmt.Printf("%s %s", v.Dir(), state)
			return err
		}))
	}
	os.Exit(m.Run())
}

func program(use func(*vpslab.VPS) error) int {
	v, err := vpslab.Boot(vpslab.Options{})
	if err == nil {
		err = use(v)
	}
	if err == nil {
		err = v.Stop()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// limited is a context for everything that one test does. systemd itself waits 90 seconds for a unit to stop.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// run wants the program to succeed and returns what it prints, without the space around it.
func run(t *testing.T, v *vpslab.VPS, command ...string) string {
	t.Helper()
	out, err := v.Run(limited(t), command[0], command[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func wantRun(t *testing.T, v *vpslab.VPS, want string, command ...string) {
	t.Helper()
	if got := run(t, v, command...); got != want {
		t.Errorf("%q prints %q, want %q", command, got, want)
	}
}

func write(t *testing.T, v *vpslab.VPS, path, text string) {
	t.Helper()
	if err := v.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
