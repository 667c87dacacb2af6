package lab

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
)

// NewHost is StartHost for one test: the host is stopped when the test ends. What it has logged is told of a test that
// failed.
func NewHost(t testing.TB, options Options) *Host {
	t.Helper()
	h, err := StartHost(options)
	if err != nil {
		t.Fatalf("%v (is everything there? run scripts/setup)", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Apache's log:\n%s\nsuEXEC's refusals:\n%s", tail(h.ErrorLog()), tail(refusals(h.SuexecLog())))
		}
		if err := h.Stop(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// NewMariaDB is StartMariaDB for one test: the server is stopped when the test ends.
func NewMariaDB(t testing.TB, options ...MariaDBOptions) *MariaDB {
	t.Helper()
	db, err := StartMariaDB(options...)
	if err != nil {
		t.Fatalf("%v (is everything there? run scripts/setup)", err)
	}
	t.Cleanup(func() {
		if err := db.Stop(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// NewDir makes a directory that every user may enter, and removes it when the test ends.
func NewDir(t testing.TB) string {
	t.Helper()
	dir, err := newDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// stopLimit is how long a web server may take to end by itself.
const stopLimit = 2 * time.Minute

// Serve runs a web server in the foreground until the test ends, and returns where it answers once it takes connections.
// command writes the server's configuration for a port of 127.0.0.1 and gives what to run; it is asked again where
// somebody else has taken the port meanwhile.
func Serve(t testing.TB, command func(port int) *exec.Cmd) (url string) {
	t.Helper()
	for try := 1; ; try++ {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		cmd, log := command(port), filepath.Join(t.TempDir(), "output")
		s, err := startServer(cmd, log)
		if err != nil {
			t.Fatal(err)
		}
		err = s.waitReady(func() bool { return takesConnections(port) })
		if err == nil {
			t.Cleanup(func() {
				if s.stop(syscall.SIGTERM, stopLimit) {
					t.Errorf("%s did not end by itself", cmd.Path)
				}
			})
			return fmt.Sprintf("http://127.0.0.1:%d", port)
		}
		s.kill()
		if output := readLog(log); try == startTries || !strings.Contains(output, "Address already in use") {
			t.Fatalf("cannot start %s: %v\n%s", cmd.Path, err, output)
		}
	}
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// refusals are the lines of suEXEC's log that tell why it ran nothing.
func refusals(log string) string {
	var lines strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, " cmd: ") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// RefusingAddr is an address of 127.0.0.1 that refuses connections until the test ends: its port is taken, so that nobody
// else can listen there, and nobody listens.
func RefusingAddr(t testing.TB) *net.TCPAddr {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}
}
