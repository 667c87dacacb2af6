package layout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"vpm/core"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("LAYOUT_TEST_FULL"); dir != "" {
		if err := full(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestFullDisk runs in a mount namespace of its own, which takes its small disk with it.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "LAYOUT_TEST_FULL="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v (this test needs root): %s", err, output)
	}
}

func full(home string) error {
	small := filepath.Join(home, "instances")
	err := errors.Join(furnish(home), syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64k"),
		os.WriteFile(filepath.Join(home, "shared-cores/drupal/core/large.php"), make([]byte, 256<<10), 0o644))
	if err != nil {
		return err
	}
	c, err := FindCore(filepath.Join(home, "shared-cores"), "drupal")
	if err != nil {
		return err
	}
	_, err = Lay(context.Background(), Site{Dir: filepath.Join(small, "drupal"), Core: c})
	entries, _ := os.ReadDir(small)
	if !errors.Is(err, syscall.ENOSPC) || core.CodeOf(err) != core.CodeUnavailable || len(entries) != 0 {
		return fmt.Errorf("the error is %v, left are %v", err, entries)
	}
	return nil
}
