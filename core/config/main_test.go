package config

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vpm/core"
)

func TestMain(m *testing.M) {
	if account := os.Getenv("CONFIG_TEST_ACCOUNT"); account != "" {
		if err := saveInEachPlace(account); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newPlace makes an account with an upload in it.
func newPlace(t *testing.T) (account string, p Place) {
	t.Helper()
	account = t.TempDir()
	must(t, os.MkdirAll(filepath.Join(account, "public_html", "api"), 0o755))
	return account, placeIn(account)
}

func placeIn(account string) Place {
	return locate(filepath.Join(account, "public_html", "api"), "")
}

func write(t *testing.T, path, text string, perm os.FileMode) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
	must(t, os.Chmod(path, perm)) // whatever the umask
}

func load(t *testing.T, p Place) *Config {
	t.Helper()
	c, err := Load(p)
	must(t, err)
	return c
}

// wantRefusal checks that the message for people has all words, and neither it nor the log secret.
func wantRefusal(t *testing.T, p Place, secret string, words ...string) {
	t.Helper()
	_, err := Load(p)
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Code != core.CodeUnavailable {
		t.Errorf("the error is %v; want unavailable", err)
		return
	}
	for _, w := range words {
		if !strings.Contains(e.Message, w) {
			t.Errorf("the message does not have %q: %s", w, e.Message)
		}
	}
	if secret != "" && strings.Contains(err.Error(), secret) {
		t.Errorf("the error shows the value: %v", err)
	}
}

// TestSaveTakesTheFirstWritablePlace runs in a mount namespace of its own, where places can be closed without
// a trace.
func TestSaveTakesTheFirstWritablePlace(t *testing.T) {
	t.Parallel()
	account, _ := newPlace(t)
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	// Not this process's own: Load has settings in it for a moment, in tests that run beside this one.
	cmd.Env = []string{"CONFIG_TEST_ACCOUNT=" + account, "HOME=/root"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v (this test needs root): %s", err, output)
	}
}

func saveInEachPlace(account string) error {
	home, err := homeDir()
	if err != nil {
		return err
	}
	api := filepath.Join(account, "public_html", "api")
	err = errors.Join(syscall.Mount("tmpfs", home, "tmpfs", 0, "size=1m"), syscall.Mount(account, account, "", syscall.MS_BIND, ""),
		syscall.Mount("", account, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""),
		syscall.Mount("tmpfs", api, "tmpfs", 0, "size=1m"))
	if err != nil {
		return err
	}
	choice := core.DatabaseChoice{Driver: SQLite}
	save := func(want string) error {
		c := &Config{Place: placeIn(account)}
		if err := c.Save("/data", choice); err != nil {
			return err
		}
		found, err := Load(placeIn(account))
		if err != nil || found.File != want || c.File != want || found.DBDriver != SQLite {
			return fmt.Errorf("saved in %s, found in %q (%v); want %s", c.File, found.File, err, want)
		}
		return nil
	}
	if err := save(filepath.Join(home, "vpm.env")); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", home, "tmpfs", syscall.MS_RDONLY, ""); err != nil {
		return err
	}
	if err := (&Config{Place: placeIn(account)}).Save("/data", choice); core.CodeOf(err) != core.CodeUnavailable {
		return fmt.Errorf("beside the program, open to visitors: %v; want unavailable", err)
	}
	if err := os.WriteFile(filepath.Join(api, ".htaccess"), []byte("Require all denied\n"), 0o644); err != nil {
		return err
	}
	return save(filepath.Join(api, "vpm.env"))
}
