package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("ATOMICFILE_TEST_FULL"); dir != "" {
		if err := full(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if path := os.Getenv("ATOMICFILE_TEST_PATH"); path != "" {
		for { // until it is killed
			for _, b := range []byte("ab") {
				if err := Write(path, content(b), 0o600); err != nil {
					panic(err)
				}
			}
			os.Stdout.Write([]byte("."))
		}
	}
	os.Exit(m.Run())
}

func content(b byte) []byte { return bytes.Repeat([]byte{b}, 64<<10) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteReplacesAndSetsPermissions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for _, perm := range []os.FileMode{0o600, 0o666, 0o644, 0o400} {
		must(t, Write(path, []byte(perm.String()), perm))
		info, err := os.Stat(path)
		must(t, err)
		if text, err := os.ReadFile(path); info.Mode() != perm || string(text) != perm.String() || err != nil {
			t.Errorf("it is %v with %q, %v; want %v, whatever the umask", info.Mode(), text, err, perm)
		}
	}
	wantAlone(t, path)
}

func wantAlone(t *testing.T, path string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if len(files) != 1 {
		t.Errorf("left over: %v", files)
	}
}

func TestFailureLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "taken")
	must(t, os.Mkdir(path, 0o700)) // a directory cannot be replaced
	if Write(path, []byte("x"), 0o600) == nil || Write(filepath.Join(dir, "none", "file"), nil, 0o600) == nil {
		t.Error("what cannot be written was")
	}
	wantAlone(t, path)
}

// TestSymbolicLinkIsReplacedItself, and not what somebody made it point to.
func TestSymbolicLinkIsReplacedItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	must(t, os.WriteFile(target, []byte("old"), 0o644))
	must(t, os.Symlink(target, link))
	must(t, Write(link, []byte("new"), 0o600))
	if text, err := os.ReadFile(target); err != nil || string(text) != "old" {
		t.Errorf("the target is %q, %v", text, err)
	}
	if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the link is %v, %v; want a file", info.Mode(), err)
	}
}

// TestReadersNeverSeeAPart, while a process writes and after it was killed amid that.
func TestReadersNeverSeeAPart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	must(t, Write(path, content('a'), 0o600))
	exe, err := os.Executable()
	must(t, err)
	for range 3 {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), "ATOMICFILE_TEST_PATH="+path)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
		for range 5 {
			_, err := out.Read(make([]byte, 1)) // it has written once more
			must(t, err)
			wantWhole(t, path)
		}
		must(t, cmd.Process.Kill())
		cmd.Wait()
		wantWhole(t, path)
	}
}

func wantWhole(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(text, content('a')) && !bytes.Equal(text, content('b')) {
		t.Errorf("a reader sees %d bytes of a file that is being replaced", len(text))
	}
}

// TestFullDiskKeepsTheOldFile runs in a mount namespace of its own, which takes its small disk with it.
func TestFullDiskKeepsTheOldFile(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "ATOMICFILE_TEST_FULL="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v (this test needs root): %s", err, output)
	}
}

func full(dir string) error {
	path := filepath.Join(dir, "file")
	err := errors.Join(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=100k"), Write(path, content('a'), 0o600))
	if err != nil {
		return err
	}
	if err := Write(path, content('b'), 0o600); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("the error is %v; want no space left", err)
	}
	text, err := os.ReadFile(path)
	files, _ := os.ReadDir(dir)
	if err != nil || !bytes.Equal(text, content('a')) || len(files) != 1 {
		return fmt.Errorf("left is a file of %d bytes (%v) among %v", len(text), err, files)
	}
	return nil
}
