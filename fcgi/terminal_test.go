package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vpm/core/store"
)

// tty is a program on a terminal.
type tty struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	shown  logWriter
	ended  chan struct{}
}

// onTerminal starts vpm on a terminal of that many columns, of 12 rows.
func (o operated) onTerminal(columns uint16, env []string, args ...string) *tty {
	o.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0) // pty(7)
	must(o.t, err)
	fd := int(master.Fd())
	must(o.t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	must(o.t, err)
	must(o.t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 12, Col: columns}))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	must(o.t, err)
	defer slave.Close()
	c := &tty{t: o.t, master: master, cmd: exec.Command(program, args...), ended: make(chan struct{})}
	c.cmd.Env = append([]string{"PATH=/usr/bin:/bin", "TZ=UTC", "TERM=xterm"}, env...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = slave, slave, slave
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	must(o.t, c.cmd.Start())
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(&c.shown, master) // until the terminal has gone, which is EIO
		close(read)
	}()
	go func() {
		_ = c.cmd.Wait() // how it ended is asked for later
		<-read
		close(c.ended)
	}()
	o.t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.ended
		must(o.t, master.Close())
	})
	return c
}

func (c *tty) press(keys string) {
	c.t.Helper()
	_, err := io.WriteString(c.master, keys)
	must(c.t, err)
}

func (c *tty) shows(what string) {
	c.t.Helper()
	eventually(c.t, "the terminal shows "+what, func() bool { return strings.Contains(c.shown.String(), what) })
}

// ends waits for the end, and gives all that was shown.
func (c *tty) ends(code int) string {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(60 * time.Second):
		c.t.Fatalf("it does not end; it shows\n%q", c.shown.String())
	}
	if got := c.cmd.ProcessState.ExitCode(); got != code {
		c.t.Errorf("it ended with %d; want %d:\n%s", got, code, c.shown.String())
	}
	return c.shown.String()
}

// TestTerminal: colours where they are wanted, and tables that fit.
func TestTerminal(t *testing.T) {
	t.Parallel()
	o := newOperated(t, setUp(t, t.TempDir(), store.MySQL{}))
	list := append([]string{"list"}, o.remote...)
	if out := o.onTerminal(100, nil, list...).ends(0); !strings.Contains(out, "\x1b[32mrunning\x1b[0m") || !strings.Contains(out, "A site") {
		t.Errorf("on a terminal: %q", out)
	}
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		if out := o.onTerminal(100, []string{env}, list...).ends(0); strings.Contains(out, "\x1b") {
			t.Errorf("with %s: %q", env, out)
		}
	}
	if out := o.onTerminal(50, []string{"NO_COLOR=1"}, list...).ends(0); strings.Contains(out, "A site") || !strings.Contains(out, instance) {
		t.Errorf("on a narrow terminal: %q", out)
	}
	if out := o.onTerminal(100, nil, append(list, "-o", "json")...).ends(0); strings.Contains(out, "\x1b") {
		t.Errorf("as JSON: %q", out)
	}
}

// TestPasswordPrompt: what is typed is not shown, and must be typed twice the same.
func TestPasswordPrompt(t *testing.T) {
	t.Parallel()
	o := newOperated(t, setUp(t, t.TempDir(), store.MySQL{}))
	for second, want := range map[string]int{"a long secret": 0, "another secret": exitUsage} {
		c := o.onTerminal(80, nil, append([]string{"user", "passwd", "admin"}, o.args()...)...)
		c.shows("New password: ")
		c.press("a long secret\r")
		c.shows("Once more: ")
		c.press(second + "\r")
		if out := c.ends(want); strings.Contains(out, "secret") {
			t.Errorf("the terminal shows %q", out)
		}
	}
}

// TestTop: the table is shown anew, is sorted as keys say, and the terminal is given back.
func TestTop(t *testing.T) {
	t.Parallel()
	o := newOperated(t, setUp(t, t.TempDir(), store.MySQL{}))
	if s := o.here("", "create", "another", "--type", "native", "--domain", "b.example", "--database", "b"); s.code != 0 {
		t.Fatalf("%+v", s)
	}
	for key, end := range map[string]string{"q": "q", "Ctrl-C": "\x03"} {
		c := o.onTerminal(100, []string{"NO_COLOR=1"}, append([]string{"top", "--every", "200ms"}, o.remote...)...)
		c.shows("2 instances, 2 running  by instance")
		c.press("s")
		c.shows("by state")
		if s := o.there("", "stop", "--no-verify", "another"); s.code != 0 {
			t.Fatalf("%+v", s)
		}
		c.shows("2 instances, 1 running  by state")
		c.press("ir")
		eventually(t, "the order is turned round", func() bool {
			frames := strings.Split(c.shown.String(), "\x1b[H")
			last := frames[len(frames)-1]
			return strings.Index(last, instance) >= 0 && strings.Index(last, instance) < strings.Index(last, "another")
		})
		c.press(end)
		out := c.ends(0)
		if !strings.HasPrefix(out, "\x1b[?1049h\x1b[?25l") || !strings.HasSuffix(out, "\x1b[?25h\x1b[?1049l") {
			t.Errorf("%s does not give the terminal back: %q", key, out[max(0, len(out)-100):])
		}
		if s := o.there("", "start", "another"); s.code != 0 {
			t.Fatalf("%+v", s)
		}
	}
}
