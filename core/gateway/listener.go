package gateway

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// listener is a listener that can be ended without losing a connection, and that outlives errors of accept.
type listener struct {
	net.Listener
	mu       sync.Mutex
	finished bool
	open     map[*conn]bool
}

// finish stops new connections. On a unix socket those that wait already are still accepted: after
// shutdown(2) connecting fails, so the web server asks another process; accept gives what was queued, and the
// deadline then ends it.
func (l *listener) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.finished {
		return
	}
	l.finished = true
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

func (l *listener) isFinished() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finished
}

// Accept gives io.EOF once the listener is finished and nothing waits.
func (l *listener) Accept() (net.Conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
			return l.track(c), nil
		case l.isFinished():
			return nil, io.EOF
		case errors.Is(err, net.ErrClosed):
			return nil, err
		}
		time.Sleep(wait) // out of descriptors, or the client gave up: net/http/fcgi would end here
	}
}

// conn is a connection that is known to be open and when it was last read from.
type conn struct {
	net.Conn
	l    *listener
	last atomic.Int64 // Unix nanoseconds
}

func (l *listener) track(c net.Conn) net.Conn {
	t := &conn{Conn: c, l: l}
	t.last.Store(time.Now().UnixNano())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[t] = true
	return t
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.last.Store(time.Now().UnixNano())
	return n, err
}

func (c *conn) Close() error {
	c.l.mu.Lock()
	delete(c.l.open, c)
	c.l.mu.Unlock()
	return c.Conn.Close()
}

func (l *listener) connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// closeIdle closes connections on which nothing has arrived for a while.
func (l *listener) closeIdle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		if time.Now().UnixNano()-c.last.Load() > int64(lingering) {
			delete(l.open, c)
			c.Conn.Close()
		}
	}
}
