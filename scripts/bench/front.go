package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed front-apache.conf
var frontApache string

//go:embed front-nginx.conf
var frontNginx string

// started is a program that runs until it is ended, or this process is.
type started struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// starter runs functions on one OS thread that lives as long as the process: the kernel sends Pdeathsig when the thread ends
// that forked.
var starter = sync.OnceValue(func() chan<- func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})

// launch starts a program and waits until its socket, or its port, takes connections.
func launch(ctx context.Context, network, address, log string, args ...string) (*started, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", args[0], err)
	}
	defer output.Close()
	s := &started{exec.Command(args[0], args[1:]...), make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = output, output
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	begun := make(chan error)
	starter() <- func() { begun <- s.cmd.Start() }
	if err := <-begun; err != nil {
		return nil, fmt.Errorf("cannot start %s (see scripts/setup): %w", args[0], err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is in its log
		close(s.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial(network, address); err == nil {
			return s, conn.Close()
		}
		select {
		case <-tick.C:
			continue
		case <-s.ended:
		case <-ctx.Done():
			s.stop()
		}
		text, _ := os.ReadFile(log)
		return nil, fmt.Errorf("cannot start %s: %s", args[0], text)
	}
}

// stop ends the program, by force where it takes long.
func (s *started) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// onServer measures the server behind Apache and behind nginx, and beside it PHP-FPM on the same statements.
func (b *bench) onServer(ctx context.Context, d database, measure func(stage, []yard) error) error {
	for _, front := range []struct{ name, config string }{{"Apache", frontApache}, {"nginx", frontNginx}} {
		if front.name == "nginx" && d.driver == "mysql" { // a database of its own: of none to few instances
			b.sequence++
			var err error
			if d, err = mariaDatabase(b.server, fmt.Sprint("calls", b.sequence)); err != nil {
				return err
			}
		}
		if err := b.behind(ctx, front.name, front.config, d, measure); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) behind(ctx context.Context, front, config string, d database, measure func(stage, []yard) error) (err error) {
	a, err := b.newAccount(ctx, "server-"+front+"-"+d.label, d, 1)
	if err != nil {
		return err
	}
	dir := filepath.Dir(a.docroot)
	sockets := [2]string{filepath.Join(dir, "vpm.sock"), filepath.Join(dir, "php.sock")}
	logs := filepath.Join(dir, "log")
	serve, err := launch(ctx, "unix", sockets[0], logs, b.built.serve, "serve", "--config", filepath.Join(dir, "vpm.env"), "--docroot", a.docroot, "--listen", "unix:"+sockets[0])
	if err != nil {
		return err
	}
	defer serve.stop()
	var yards []yard
	if d.driver == "mysql" {
		fpm, err := b.startFPM(ctx, dir, sockets[1])
		if err != nil {
			return err
		}
		defer fpm.stop()
		if yards, err = b.phpPages(ctx, a, a.docroot, "php-fpm", true); err != nil {
			return err
		}
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	text := strings.NewReplacer("{DIR}", dir, "{PORT}", fmt.Sprint(port), "{DOCROOT}", a.docroot, "{VPM}", sockets[0], "{PHP}", sockets[1]).Replace(config)
	file := filepath.Join(dir, "front.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("cannot configure %s: %w", front, err)
	}
	args := []string{"/usr/sbin/apache2", "-d", dir, "-f", file, "-DFOREGROUND"}
	if front == "nginx" {
		args = []string{"/usr/sbin/nginx", "-p", dir, "-c", file, "-e", logs}
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	web, err := launch(ctx, "tcp", address, logs, args...)
	if err != nil {
		return err
	}
	defer web.stop()
	s := newSite("http://" + address)
	for i := range yards {
		yards[i].caller = s
	}
	err = errors.Join(os.Chmod(sockets[0], 0o666), measure(stage{name: "FastCGI server behind " + front, caller: s, database: a.database, token: a.token,
		instances: filepath.Join(dir, "instances"), rss: func(context.Context, request) (float64, error) { return biggest("vpm") }}, yards))
	if err != nil {
		text, _ := os.ReadFile(logs)
		return fmt.Errorf("%w\n%.2000s", err, text)
	}
	return nil
}

func (b *bench) startFPM(ctx context.Context, dir, socket string) (*started, error) {
	programs, err := filepath.Glob("/usr/sbin/php-fpm*")
	if err != nil || len(programs) == 0 {
		return nil, errors.Join(errors.New("cannot find php-fpm (see scripts/setup)"), err)
	}
	file := filepath.Join(dir, "fpm.conf")
	text := fmt.Sprintf("[global]\nerror_log = %s\n[bench]\nuser = www-data\nlisten = %s\nlisten.mode = 0666\npm = static\npm.max_children = %d\n", filepath.Join(dir, "log"), socket, vpsConns)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, fmt.Errorf("cannot configure PHP-FPM: %w", err)
	}
	return launch(ctx, "unix", socket, filepath.Join(dir, "log"), programs[len(programs)-1], "--nodaemonize", "--fpm-config", file)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("cannot find a port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
