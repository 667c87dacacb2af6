package gatetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// freePort finds a port below the range from which the kernel takes ports for clients.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(12000)
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			if err := listener.Close(); err != nil {
				t.Fatal(err)
			}
			return port
		}
	}
	t.Fatal("cannot find a free port")
	return 0
}

// serverDir makes a directory that the servers' own users may enter, with an empty docroot.
func serverDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "vpm-gate-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	for _, d := range []string{dir, filepath.Join(dir, "docroot")} {
		if err := errors.Join(os.MkdirAll(d, 0o755), os.Chmod(d, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// starter runs functions on one thread that lives as long as the tests: the kernel kills the servers when the thread
// that forked them ends (Pdeathsig), and Go ends threads as it likes.
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

// startServer runs a server in the foreground until the test ends, and returns once it takes connections. config
// writes its configuration for a port and gives its command.
func startServer(t *testing.T, config func(port int) *exec.Cmd) (url string) {
	t.Helper()
	for try := 1; ; try++ {
		port := freePort(t)
		cmd := config(port)
		var output strings.Builder
		cmd.Stdout, cmd.Stderr = &output, &output
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
		started := make(chan error)
		starter() <- func() { started <- cmd.Start() }
		if err := <-started; err != nil {
			t.Fatalf("cannot start %s (see scripts/setup): %v", cmd.Path, err)
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait() // how it ended is in its output
			close(ended)
		}()
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if ready(address, ended) {
			t.Cleanup(func() {
				_ = cmd.Process.Signal(syscall.SIGTERM)
				select {
				case <-ended:
				case <-time.After(20 * time.Second):
					_ = cmd.Process.Kill()
					<-ended
					t.Errorf("%s did not end by itself", cmd.Path)
				}
			})
			return "http://" + address
		}
		_ = cmd.Process.Kill()
		<-ended
		if try == 3 || !strings.Contains(output.String(), "Address already in use") {
			t.Fatalf("cannot start %s:\n%s", cmd.Path, output.String())
		}
	}
}

func ready(address string, ended <-chan struct{}) bool {
	limit, tick := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			return conn.Close() == nil
		}
		select {
		case <-ended:
			return false
		case <-limit:
			return false
		case <-tick.C:
		}
	}
}
