package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"vpm/scripts/lab"
)

// diskSize is the size of the account's file system, in bytes.
const diskSize = 96 << 20

// world is a shared host with vpm in it, and what is known of it.
type world struct {
	settings
	database string
	dir      string // of this world
	built    programs
	host     *lab.Host
	mariadb  *lab.MariaDB // nil: SQLite
	dbName   string
	// transport is there in a test alone: it is told of all requests in the place of the host.
	transport http.RoundTripper
	server    *server
	listener  *net.UnixListener

	instances []*instance
	people    *ledger // users and API tokens
	tokens    sessions
	// disk is held by whoever spoils the disk, and by those that must not meet it spoilt.
	disk sync.RWMutex
	// shown is the latest moment that the clock has shown.
	clockMu sync.Mutex
	shown   time.Time
	fds     map[string]int // descriptors that a process of a kind had at the first calm
}

const adminPassword = "correct horse battery"

func newWorld(ctx context.Context, s settings, built programs, database string) (_ *world, err error) {
	built.clock.set(0)
	w := &world{settings: s, database: database, built: built, people: newLedger(), fds: map[string]int{}}
	if w.dir, err = os.MkdirTemp(built.dir, "world-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.end())
		}
	}()
	if err := os.Chmod(w.dir, 0o755); err != nil {
		return nil, err
	}
	// The listener outlives the server, as systemd's does.
	socket := filepath.Join(w.dir, "vpm.sock")
	if w.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"}); err != nil {
		return nil, err
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		return nil, err
	}
	if w.host, err = lab.StartHost(lab.Options{FCGID: true, FastCGI: socket, Preload: built.clock.preload}); err != nil {
		return nil, err
	}
	if database == "mariadb" {
		if w.mariadb, err = lab.StartMariaDB(lab.MariaDBOptions{Preload: built.clock.preload}); err != nil {
			return nil, err
		}
	}
	if err := w.furnish(); err != nil {
		return nil, err
	}
	if err := w.setUp(ctx); err != nil {
		return nil, err
	}
	if w.server, err = w.startServer(); err != nil {
		return nil, err
	}
	return w, w.populate(ctx)
}

// furnish uploads vpm to an account that has a small disk of its own.
func (w *world) furnish() error {
	w.host.Kill() // what is mounted now it sees after its restart
	options := fmt.Sprintf("size=%d,mode=0755,uid=%d,gid=%d", diskSize, w.host.UID, w.host.GID)
	kept := filepath.Join(w.dir, "php")
	if err := os.Rename(filepath.Join(w.host.Home, "php"), kept); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", w.host.Home, "tmpfs", 0, options); err != nil {
		return fmt.Errorf("cannot mount the account's disk: %w", err)
	}
	for _, dir := range []string{w.host.Docroot, w.host.AliasDir, filepath.Join(w.host.Home, "instances")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.CopyFS(filepath.Join(w.host.Home, "php"), os.DirFS(kept)); err != nil {
		return err
	}
	if err := w.host.Install(w.built.upload); err != nil {
		return err
	}
	// A second upload that the web server runs once a request, beside the one that it keeps.
	plain := filepath.Join(w.built.dir, "plain")
	if err := os.RemoveAll(plain); err != nil {
		return err
	}
	if err := os.CopyFS(plain, os.DirFS(filepath.Join(w.built.upload, "api"))); err != nil {
		return err
	}
	rules, err := os.ReadFile(filepath.Join(plain, ".htaccess"))
	if err != nil {
		return err
	}
	rules = []byte(strings.ReplaceAll(string(rules), "fcgid-script", "cgi-script"))
	if err := os.WriteFile(filepath.Join(plain, ".htaccess"), rules, 0o644); err != nil {
		return err
	}
	if err := w.host.Install(plain, "public_html", "cgi", "api"); err != nil {
		return err
	}
	return w.host.Restart()
}

func (w *world) setUp(ctx context.Context) error {
	c := newClient(w, 0)
	a := c.do(ctx, call{method: "GET", path: "/setup.php"}, ways[0])
	code, err := os.ReadFile(a.text("code_file"))
	if err != nil {
		return fmt.Errorf("cannot find the code for set-up: %w; %s", err, a)
	}
	first, _, _ := strings.Cut(string(code), "\n")
	body := map[string]any{"code": first, "db_driver": "sqlite", "username": "admin", "password": adminPassword}
	if w.mariadb != nil {
		w.dbName = "vpm_torture"
		user, password, err := w.mariadb.CreateDatabase(w.dbName)
		if err != nil {
			return err
		}
		for k, v := range map[string]any{"db_driver": "mysql", "db_socket": w.mariadb.Socket, "db_name": w.dbName, "db_user": user, "db_password": password} {
			body[k] = v
		}
	}
	if a := c.do(ctx, call{method: "POST", path: "/setup.php", body: body}, ways[0]); a.status != 201 {
		return fmt.Errorf("set-up is answered %s", a)
	}
	file := filepath.Join(w.host.Home, "vpm.env")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(text, "VPM_MODE=virtual\nVPM_TICK_BUDGET=8s\nVPM_REQUEST_TIMEOUT=10s\n"...), 0o600)
	}
	return err
}

// populate registers the instances, some with rules of their own and some without.
func (w *world) populate(ctx context.Context) error {
	w.tokens.set(w.login(ctx))
	c := newClient(w, 0)
	for i := range w.settings.instances {
		in, err := w.newInstance(i)
		if err != nil {
			return err
		}
		w.instances = append(w.instances, in)
		if a := c.do(ctx, in.create(), ways[0]); a.status != 201 {
			return fmt.Errorf("create is answered %s", a)
		}
	}
	k, err := w.read(ctx)
	for _, in := range w.instances {
		for _, e := range k.events[in.id] {
			in.told.add(e)
		}
	}
	return err
}

// login gives a new token of the administrator, "" where there was no answer.
func (w *world) login(ctx context.Context) string {
	c := newClient(w, 0)
	return c.do(ctx, call{method: "POST", path: "/auth/login.php", as: anybody, body: map[string]any{"username": "admin", "password": adminPassword}}, ways[0]).text("token")
}

// end stops everything and removes it.
func (w *world) end() (err error) {
	if w.server != nil {
		w.server.kill()
	}
	if w.host != nil {
		w.host.Kill()
		err = errors.Join(err, syscall.Unmount(w.host.Home, syscall.MNT_DETACH), w.host.Stop())
	}
	if w.mariadb != nil {
		err = errors.Join(err, w.mariadb.Resume(), w.mariadb.Stop())
	}
	if w.listener != nil {
		w.listener.Close()
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}

// server is the running FastCGI server of the account.
type server struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func (w *world) startServer() (*server, error) {
	socket, err := w.listener.File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	log, err := os.OpenFile(filepath.Join(w.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, w.built.server, "serve",
		"--config", filepath.Join(w.host.Home, "vpm.env"), "--docroot", w.host.Docroot)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LISTEN_FDS=1", "LISTEN_FDNAMES=vpm"}
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(w.host.UID), Gid: uint32(w.host.GID)}}
	if err := lab.Start(cmd); err != nil {
		return nil, fmt.Errorf("cannot start the server: %w", err)
	}
	s := &server{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(s.ended)
	}()
	return s, nil
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// over waits for something that others bring about.
func over(ctx context.Context, limit time.Duration, done func() bool) bool {
	for until := time.Now().Add(limit); !done(); {
		if time.Now().After(until) || ctx.Err() != nil {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}
