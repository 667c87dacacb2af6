package setup

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vpm/core"
	"vpm/core/config"
)

func init() {
	roles["only the docroot"] = onlyTheDocroot
	roles["read-only"] = readOnlyDataDir
	roles["nowhere"] = nowhereToWrite
}

func TestDataDirectoryInTheDocrootIsClosed(t *testing.T) {
	t.Parallel()
	inPrivateMounts(t, "only the docroot", newAccount(t))
}

// onlyTheDocroot leaves nothing else to write to.
func onlyTheDocroot(account string) error {
	hello()
	u, err := user.Current()
	if err != nil {
		return err
	}
	docroot := filepath.Join(account, "public_html")
	err = errors.Join(lock(u.HomeDir), lock(account), syscall.Mount("tmpfs", docroot, "tmpfs", 0, "size=10m"), os.Mkdir(filepath.Join(docroot, "api"), 0o755))
	if err != nil {
		return err
	}
	s, err := newService(account, 0)
	if err != nil {
		return err
	}
	st, err := s.State(background)
	if err != nil {
		return err
	}
	if want := filepath.Join(docroot, "vpm-data", "setup-code.txt"); st.CodeFile != want {
		return fmt.Errorf("the code is in %s; want %s", st.CodeFile, want)
	}
	if rules, err := os.ReadFile(filepath.Join(docroot, "vpm-data", ".htaccess")); err != nil || !strings.Contains(string(rules), "Require all denied") {
		return fmt.Errorf("the directory is open to visitors: %q, %v", rules, err)
	}
	text, err := os.ReadFile(st.CodeFile)
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	// The settings go beside the program, once its routing file denies them; before, nowhere.
	if err := expect(s.Run(background, request(line)), core.CodeUnavailable, "without a routing file"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(docroot, "api", ".htaccess"), []byte("Require all denied\n"), 0o644); err != nil {
		return err
	}
	if err := s.Run(background, request(line)); err != nil {
		return err
	}
	s, err = newService(account, 0)
	if err != nil {
		return err
	}
	if s.Config.File != filepath.Join(docroot, "api", "vpm.env") {
		return fmt.Errorf("the settings are in %s", s.Config.File)
	}
	st, err = s.State(background)
	if err != nil || st.Needed {
		return fmt.Errorf("the state is %+v, %w; want set-up to be closed", st, err)
	}
	return nil
}

func TestNowhereToWriteIsUnavailable(t *testing.T) {
	t.Parallel()
	inPrivateMounts(t, "nowhere", newAccount(t))
}

// nowhereToWrite is a full or read-only account: set-up says so, and stays open for later.
func nowhereToWrite(account string) error {
	hello()
	u, err := user.Current()
	if err != nil {
		return err
	}
	s, err := newService(account, 0)
	if err := errors.Join(err, lock(u.HomeDir), lock(account)); err != nil {
		return err
	}
	st, state := s.State(background)
	if st != (core.SetupState{}) {
		return fmt.Errorf("the state is %+v", st)
	}
	return errors.Join(
		expect(state, core.CodeUnavailable, "state"),
		expect(s.Run(background, request("x")), core.CodeUnavailable, "set-up"))
}

func TestReadOnlyDataDirectoryIsUnavailable(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	setUp(t, account)
	inPrivateMounts(t, "read-only", account)
	wantClosed(t, account)
}

func readOnlyDataDir(account string) error {
	hello()
	if err := lock(filepath.Join(account, "vpm-data")); err != nil {
		return err
	}
	s, err := newService(account, 0)
	if err != nil {
		return err
	}
	_, state := s.State(background)
	_, file := s.ResetFile()
	return errors.Join(
		expect(state, core.CodeUnavailable, "state"),
		expect(file, core.CodeUnavailable, "reset file"),
		expect(s.Reset(background, reset("x")), core.CodeUnavailable, "reset"),
		expect(s.Run(background, request("x")), core.CodeUnavailable, "set-up"),
	)
}

// TestChosenDataDirectory is one that the settings name before set-up.
func TestChosenDataDirectory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dir  string
		code core.Code
	}{
		"new":            {"chosen", ""},
		"without parent": {"none/chosen", core.CodeUnavailable},
		"a file":         {"public_html/index.html", core.CodeUnavailable},
	} {
		account := newAccount(t)
		must(t, os.WriteFile(filepath.Join(account, "public_html", "index.html"), nil, 0o644))
		dir := filepath.Join(account, c.dir)
		must(t, os.WriteFile(filepath.Join(account, "vpm.env"), []byte("VPM_DATA_DIR="+dir+"\nVPM_LOG_LEVEL=warn\n"), 0o600))
		s := service(t, account)
		st, err := s.State(t.Context())
		if core.CodeOf(err) != c.code {
			t.Errorf("%s: the error is %v; want one of code %q", name, err, c.code)
		}
		if err != nil {
			continue
		}
		must(t, s.Run(t.Context(), request(code(t, st.CodeFile))))
		if now := service(t, account).Config; now.SQLitePath() != filepath.Join(dir, "vpm.sqlite") || now.DBDriver != config.SQLite || now.LogLevel != "warn" {
			t.Errorf("the settings are %+v", now)
		}
	}
}
