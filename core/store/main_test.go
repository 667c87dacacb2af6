package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vpm/core"
	"vpm/scripts/lab"
)

// server is shared by all tests but those that stop one. Its clock is set to a zone that no machine has by
// accident, so that a moment in any other zone shows.
var server *lab.MariaDB

// scratch is a directory for what tests share.
var scratch string

const serverZone = "+05:00"

func TestMain(m *testing.M) {
	if role := os.Getenv("STORE_TEST_ROLE"); role != "" {
		os.Exit(runChild(role))
	}
	lab.Main(m, func(dir string) (err error) {
		scratch = dir
		if server, err = lab.SharedMariaDB(); err == nil {
			_, err = server.Exec("SET GLOBAL time_zone = '" + serverZone + "'")
		}
		return err
	})
}

// eachDatabase runs a test on both kinds of database, each time on an empty one.
func eachDatabase(t *testing.T, f func(t *testing.T, o Options)) {
	t.Parallel()
	for kind, empty := range map[string]func(testing.TB) Options{"mariadb": emptyMariaDB, "sqlite": emptySQLite} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f(t, empty(t))
		})
	}
}

var databases atomic.Int64

func emptyMariaDB(t testing.TB) Options {
	t.Helper()
	return emptyDatabaseOn(t, server)
}

func emptyDatabaseOn(t testing.TB, s *lab.MariaDB) Options {
	t.Helper()
	name := fmt.Sprintf("vpm_test_%d", databases.Add(1))
	user, password, err := s.CreateDatabase(name)
	must(t, err)
	return Options{MySQL: MySQL{Socket: s.Socket, Database: name, User: user, Password: password}}
}

func emptySQLite(t testing.TB) Options {
	t.Helper()
	o := Options{SQLite: filepath.Join(t.TempDir(), "a 100% odd?name#.sqlite")}
	must(t, CreateSQLite(t.Context(), o.SQLite))
	return o
}

func open(t testing.TB, o Options) *DB {
	t.Helper()
	db, err := Open(o)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// ready opens a database and gives it its tables.
func ready(t testing.TB, o Options) *DB {
	t.Helper()
	db := open(t, o)
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func must(t testing.TB, err error) {
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

// execute runs one statement past the methods under test.
func execute(t *testing.T, db *DB, query string, args ...any) {
	t.Helper()
	if _, err := db.sql.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// value reads one value as text; NULL is "NULL".
func value(t *testing.T, db *DB, query string, args ...any) string {
	t.Helper()
	var s sql.NullString
	if err := db.sql.QueryRowContext(t.Context(), query, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if !s.Valid {
		return "NULL"
	}
	return s.String
}

func wantValue(t *testing.T, db *DB, want, query string, args ...any) {
	t.Helper()
	if got := value(t, db, query, args...); got != want {
		t.Errorf("%s\ngives %q; want %q", query, got, want)
	}
}

var at = time.Date(2026, 11, 23, 3, 11, 51, 123456000, time.UTC)

func event(id, action, pid string) core.Event {
	return core.Event{At: at, InstanceID: id, Action: action, Result: core.ResultOK, PID: pid,
		Actor: core.Actor{UserID: 7, Name: "ann", Address: "192.0.2.1"}, Reason: "because"}
}

func text(s string) *string { return &s }

func create(t *testing.T, db *DB, id string) {
	t.Helper()
	must(t, db.CreateInstance(t.Context(), core.Instance{InstanceID: id, Name: "Site " + id, CMSType: "wordpress", DatabaseName: "wp",
		Status: core.StatusActive, Domain: text(id + ".example"), Config: text(`{"a":1}`)},
		core.Run{VirtualPID: "v-" + id, Status: core.RunRunning}, event(id, core.ActionCreate, "v-"+id)))
}

func start(pid string) func(core.Record) (core.Change, error) {
	return func(r core.Record) (core.Change, error) {
		return core.Change{Kind: core.ChangeStart, PID: pid, Event: event(r.Instance.InstanceID, core.ActionStart, pid)}, nil
	}
}

func kind(k core.ChangeKind, action string) func(core.Record) (core.Change, error) {
	return func(r core.Record) (core.Change, error) {
		return core.Change{Kind: k, Event: event(r.Instance.InstanceID, action, r.Run.VirtualPID)}, nil
	}
}

var (
	stop   = kind(core.ChangeStop, core.ActionStop)
	forget = kind(core.ChangeDelete, core.ActionDelete)
)

// child is this test program run again in a role; see runChild.
type child struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	err strings.Builder
}

// roles are what a child can do. Each first says that it is ready by hello, which also waits for the word to go.
var roles = map[string]func(ctx context.Context, o Options, hello func()) error{}

func startChild(t *testing.T, role string, o Options) *child {
	t.Helper()
	return startChildWith(t, role, o, nil)
}

func startChildWith(t *testing.T, role string, o Options, attr *syscall.SysProcAttr) *child {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	return startProgram(t, exe, role, o, attr)
}

// startProgram runs a build of this test program.
func startProgram(t *testing.T, exe, role string, o Options, attr *syscall.SysProcAttr, env ...string) *child {
	t.Helper()
	options, err := json.Marshal(o)
	must(t, err)
	c := &child{t: t, cmd: exec.Command(exe)}
	c.cmd.Env = append(append(os.Environ(), env...), "STORE_TEST_ROLE="+role, "STORE_TEST_OPTIONS="+string(options))
	c.cmd.Stderr, c.cmd.SysProcAttr = &c.err, attr
	c.in, err = c.cmd.StdinPipe()
	must(t, err)
	stdout, err := c.cmd.StdoutPipe()
	must(t, err)
	c.out = bufio.NewReader(stdout)
	must(t, c.cmd.Start())
	t.Cleanup(func() {
		c.cmd.Process.Kill()
		c.cmd.Wait()
	})
	return c
}

// line reads a line that the child writes.
func (c *child) line() string {
	c.t.Helper()
	s, err := c.out.ReadString('\n')
	if err != nil {
		c.cmd.Wait()
		c.t.Fatalf("the child ended early (%v): %s", err, c.err.String())
	}
	return strings.TrimSpace(s)
}

// finish lets the child go on and gives what it wrote when it has ended.
func (c *child) finish() (output string) {
	c.t.Helper()
	c.in.Close()
	b, err := io.ReadAll(c.out)
	must(c.t, err)
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("a child failed: %v: %s", err, c.err.String())
	}
	return string(b)
}

// race runs n children of one role at the same time.
func race(t *testing.T, n int, role string, o Options) (outputs []string) {
	t.Helper()
	var children []*child
	for range n {
		children = append(children, startChild(t, role, o))
	}
	for _, c := range children {
		c.line()
	}
	for _, c := range children {
		c.in.Close()
	}
	for _, c := range children {
		outputs = append(outputs, c.finish())
	}
	return outputs
}

func runChild(role string) int {
	var o Options
	err := json.Unmarshal([]byte(os.Getenv("STORE_TEST_OPTIONS")), &o)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err = roles[role](ctx, o, func() {
			fmt.Println("ready")
			io.Copy(io.Discard, os.Stdin)
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
