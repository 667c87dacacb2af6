package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	startLimit = 60 * time.Second // a busy CI machine is slow; a healthy server needs a tenth of a second
	pollEvery  = 5 * time.Millisecond
)

// starter runs functions on one OS thread that lives as long as the process. The kernel sends Pdeathsig when the
// forking thread ends, and the Go runtime ends threads as it likes, so a server must not be forked from just any.
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

// Start starts cmd. The kernel kills it when this process ends, however that ends.
func Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	starter() <- func() { started <- cmd.Start() }
	return <-started
}

// server is a child process that is killed when this process ends, however it ends.
type server struct {
	process *os.Process
	ended   chan struct{} // closed when the process has been waited for
}

// startServer starts cmd in a session of its own, with its output appended to the file log.
func startServer(cmd *exec.Cmd, log string) (*server, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log: %w", err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = true // servers signal their process group, which must not be the test's
	if err := Start(cmd); err != nil {
		return nil, fmt.Errorf("cannot start %s (see scripts/setup): %w", cmd.Path, err)
	}
	s := &server{process: cmd.Process, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(s.ended)
	}()
	return s, nil
}

// waitReady asks ready until it agrees, the server ends or time is up.
func (s *server) waitReady(ready func() bool) error {
	limit := time.After(startLimit)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ready() {
		select {
		case <-s.ended:
			return errors.New("it ended at once")
		case <-limit:
			return fmt.Errorf("it does not answer after %s", startLimit)
		case <-tick.C:
		}
	}
	return nil
}

// stop ends the server with sig, by force when that takes longer than limit, and returns when it is gone.
func (s *server) stop(sig syscall.Signal, limit time.Duration) (forced bool) {
	_ = s.process.Signal(sig)
	_ = s.process.Signal(syscall.SIGCONT) // a paused server would not notice the other one
	select {
	case <-s.ended:
		return false
	case <-time.After(limit):
	}
	s.kill()
	return true
}

// kill ends the server at once and returns when it is gone.
func (s *server) kill() {
	_ = s.process.Kill()
	<-s.ended
}
