package setup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/store"
	"vpm/scripts/lab"
)

var server *lab.MariaDB

func TestMain(m *testing.M) {
	if role := os.Getenv("SETUP_TEST_ROLE"); role != "" {
		if err := roles[role](os.Getenv("SETUP_TEST_ACCOUNT")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	lab.Main(m, func(string) (err error) {
		server, err = lab.SharedMariaDB()
		return err
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code core.Code) {
	t.Helper()
	if core.CodeOf(err) != code {
		t.Errorf("the error is %v; want one of code %q", err, code)
	}
}

// newAccount makes a home with a fresh upload in it.
func newAccount(t *testing.T) string {
	t.Helper()
	account := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(account, "public_html", "api"), 0o755))
	return account
}

func place(account string) config.Place {
	docroot := filepath.Join(account, "public_html")
	return config.Place{ProgramDir: filepath.Join(docroot, "api"), Docroot: docroot, WebRoot: docroot}
}

// newService is what a new process has: the settings as they are now. Its clock is ahead by later.
func newService(account string, later time.Duration) (*Service, error) {
	c, err := config.Load(place(account))
	if err != nil {
		return nil, err
	}
	return &Service{Config: c, Now: func() time.Time { return time.Now().Add(later) }, Open: opened}, nil
}

func opened(c *config.Config) (*store.DB, error) {
	o := store.Options{MySQL: store.MySQL{Host: c.DBHost, Port: c.DBPort, Socket: c.DBSocket, Database: c.DBName, User: c.DBUser, Password: c.DBPassword}}
	if c.DBDriver == config.SQLite {
		o.SQLite = c.SQLitePath()
	}
	return store.Open(o)
}

func service(t *testing.T, account string, later ...time.Duration) *Service {
	t.Helper()
	s, err := newService(account, append(later, 0)[0])
	must(t, err)
	return s
}

// code reads the code of a file as its owner does.
func code(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

const password = "correct horse"

func request(code string) core.SetupRequest {
	return core.SetupRequest{Code: code, Username: "ann", Password: password, Address: "192.0.2.1",
		Database: core.DatabaseChoice{Driver: config.SQLite}}
}

// open opens set-up and gives the request that will succeed.
func open(t *testing.T, account string) (*Service, core.SetupRequest) {
	t.Helper()
	s := service(t, account)
	st, err := s.State(t.Context())
	must(t, err)
	if !st.Needed || st.CodeFile == "" {
		t.Fatalf("the state is %+v; want set-up to be open", st)
	}
	return s, request(code(t, st.CodeFile))
}

// setUp brings an account to where set-up is done.
func setUp(t *testing.T, account string) {
	t.Helper()
	s, r := open(t, account)
	must(t, s.Run(t.Context(), r))
}

// wantClosed looks as a new process does.
func wantClosed(t *testing.T, account string) {
	t.Helper()
	s := service(t, account)
	st, err := s.State(t.Context())
	if err != nil || st.Needed || st.CodeFile != "" || !st.DatabaseConfigured {
		t.Errorf("the state is %+v, %v; want set-up to be closed", st, err)
	}
	wantCode(t, s.Run(t.Context(), request("AAAAA-AAAAA-AAAAA-AAAAA")), core.CodeConflict)
}

func wantOneAdmin(t *testing.T, account string) {
	t.Helper()
	db, err := opened(service(t, account).Config)
	must(t, err)
	defer db.Close()
	l, err := db.Login(t.Context(), "ann")
	if err != nil || !l.Known || l.User.Role != core.RoleAdmin || l.User.ID != 1 {
		t.Errorf("the administrator is %+v, %v", l, err)
	}
}

func wantNothingAt(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s was created (%v)", path, err)
	}
}

// roles are what a child process can do in an account. Where several run, each waits for the word to go.
var roles = map[string]func(account string) error{}

func child(t *testing.T, role, account string, attr *syscall.SysProcAttr) (finish func() string) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "SETUP_TEST_ROLE="+role, "SETUP_TEST_ACCOUNT="+account)
	var stderr strings.Builder
	cmd.Stderr, cmd.SysProcAttr = &stderr, attr
	in, err := cmd.StdinPipe()
	must(t, err)
	pipe, err := cmd.StdoutPipe()
	must(t, err)
	out := bufio.NewReader(pipe)
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if hello, err := out.ReadString('\n'); err != nil || hello != "ready\n" {
		cmd.Wait()
		t.Fatalf("the child said %q, %v: %s", hello, err, stderr.String())
	}
	return func() string {
		t.Helper()
		in.Close()
		output, err := io.ReadAll(out)
		must(t, err)
		if err := cmd.Wait(); err != nil {
			t.Errorf("a child failed: %v: %s", err, stderr.String())
		}
		return strings.TrimSpace(string(output))
	}
}

// inPrivateMounts runs a role that mounts things: in its own mount namespace nothing of that is seen outside
// or left over.
func inPrivateMounts(t *testing.T, role, account string) {
	t.Helper()
	child(t, role, account, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS})()
}

func hello() {
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

func lock(dir string) error {
	err := errors.Join(syscall.Mount(dir, dir, "", syscall.MS_BIND, ""),
		syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	if err != nil {
		return fmt.Errorf("cannot mount (this test needs root): %w", err)
	}
	return nil
}

func expect(err error, code core.Code, what string) error {
	if core.CodeOf(err) != code {
		return fmt.Errorf("%s: the error is %v; want one of code %q", what, err, code)
	}
	return nil
}

var background = context.Background()
