package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// program is the built vpm.
var program string

func TestMain(m *testing.M) {
	lab.Main(m, func(dir string) error {
		program = filepath.Join(dir, "vpm")
		return lab.Build(program, ".")
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for limit := time.Now().Add(60 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("it does not come about that", what)
		}
	}
}

// holdSocket opens a socket as systemd does, which outlives the servers that use it.
func holdSocket(t *testing.T) *net.UnixListener {
	t.Helper()
	path := filepath.Join(lab.NewDir(t), "vpm.sock")
	l, err := net.Listen("unix", path)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	must(t, os.Chmod(path, 0o666))
	return l.(*net.UnixListener)
}

// child is a running vpm.
type child struct {
	t        *testing.T
	cmd      *exec.Cmd
	notified chan string // what it told the service manager
	ended    chan struct{}
	stderr   string // path of what it logged
}

// passable is a socket that can be handed to a child.
type passable interface{ File() (*os.File, error) }

// launch starts vpm as systemd would, with the socket where there is one, and returns once it says that it is ready.
func launch(t *testing.T, held passable, env []string, args ...string) *child {
	t.Helper()
	c := launchOnly(t, held, env, args...)
	c.wantNotice("READY=1")
	return c
}

func launchOnly(t *testing.T, held passable, env []string, args ...string) *child {
	t.Helper()
	c := &child{t: t, notified: make(chan string, 10_000), ended: make(chan struct{}), stderr: filepath.Join(t.TempDir(), "stderr")}
	notice := listenNotices(t, c.notified)
	stderr, err := os.Create(c.stderr)
	must(t, err)
	defer stderr.Close()
	c.cmd = exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, program, "serve"}, args...)...)
	c.cmd.Env = append([]string{"PATH=/usr/bin:/bin", "NOTIFY_SOCKET=" + notice}, env...)
	c.cmd.Stderr = stderr
	if held != nil {
		f, err := held.File()
		must(t, err)
		defer f.Close()
		c.cmd.ExtraFiles = []*os.File{f}
		c.cmd.Env = append(c.cmd.Env, "LISTEN_FDS=1", "LISTEN_FDNAMES=vpm")
	}
	must(t, lab.Start(c.cmd))
	go func() {
		_ = c.cmd.Wait() // how it ended is asked for later
		close(c.ended)
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.ended
		if t.Failed() {
			text := c.log()
			t.Logf("vpm's log:\n%s", text[max(0, len(text)-3000):])
		}
	})
	return c
}

// listenNotices receives what a service tells its manager (sd_notify(3)).
func listenNotices(t *testing.T, into chan<- string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := l.Read(b)
			if err != nil {
				return
			}
			into <- string(b[:n])
		}
	}()
	return path
}

func (c *child) wantNotice(want string) {
	c.t.Helper()
	limit, ended := time.After(60*time.Second), c.ended
	for {
		select {
		case got := <-c.notified:
			if got == want {
				return
			}
		case <-ended:
			// What it said last may still be on its way here.
			limit, ended = time.After(time.Minute), nil
		case <-limit:
			c.t.Fatalf("vpm (%v) does not say %s:\n%s", c.cmd.ProcessState, want, c.log())
		}
	}
}

// stop ends vpm as systemd does, and checks that it ends well.
func (c *child) stop() {
	c.t.Helper()
	must(c.t, c.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-c.ended:
	case <-time.After(60 * time.Second):
		c.t.Fatal("vpm does not end")
	}
	if !c.cmd.ProcessState.Success() {
		c.t.Errorf("vpm ended with %v", c.cmd.ProcessState)
	}
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.ended
}

func (c *child) log() string {
	text, err := os.ReadFile(c.stderr)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// descriptors counts what the process has open.
func (c *child) descriptors() int {
	c.t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.cmd.Process.Pid))
	must(c.t, err)
	return len(list)
}

// rss is the memory of the process, in bytes.
func (c *child) rss() int {
	c.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	must(c.t, err)
	var kB int
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	_, err = fmt.Sscan(after, &kB)
	must(c.t, err)
	return kB << 10
}
