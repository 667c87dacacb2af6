package gateway

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// Passed marks the listener of a socket that another process holds open too, as systemd does: connections
// that wait on it at the end are for the successor.
type Passed struct{ net.Listener }

// listener is a listener that can be ended without losing a connection, and that outlives errors of accept.
type listener struct {
	net.Listener
	s        *Server
	finished atomic.Bool
}

// finish stops new connections. Those that wait already on a unix socket of our own are still accepted: after
// shutdown(2) connecting fails, so the web server asks another process; accept gives what was queued, and the
// deadline then ends it. A passed socket must not be shut down, which would end it for everybody. On one of
// TCP what waits is lost.
func (l *listener) finish() {
	if l.finished.Swap(true) {
		return
	}
	if u, ok := l.Listener.(*net.UnixListener); !ok || shutdown(u) != nil {
		l.Listener.Close()
	}
}

func shutdown(l *net.UnixListener) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Shutdown(int(fd), syscall.SHUT_RD) })
	return errors.Join(err, failed, l.SetDeadline(time.Now().Add(queueDrain)))
}

// queueDrain is how long accept goes on after the end was decided; all it can still give is there already.
const queueDrain = 100 * time.Millisecond

// Accept gives io.EOF once the listener is finished and nothing waits.
func (l *listener) Accept() (net.Conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		l.s.waitForRoom()
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
			return c, nil
		case l.finished.Load():
			return nil, io.EOF
		case errors.Is(err, net.ErrClosed):
			return nil, err
		}
		l.s.logf("cannot accept a connection: %v", err)
		time.Sleep(wait) // out of descriptors, or the client gave up: net/http/fcgi would end here
	}
}
