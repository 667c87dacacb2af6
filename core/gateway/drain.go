package gateway

import (
	"bufio"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// track makes an accepted connection known.
func (s *Server) track(accepted net.Conn) *conn {
	c := &conn{Conn: accepted, s: s, in: bufio.NewReader(accepted), gone: make(chan struct{})}
	c.progress = sync.NewCond(&c.mu)
	s.deadline(c.SetReadDeadline, s.times().ask)
	s.mu.Lock()
	s.open[c] = true
	finishing := s.finishing
	s.mu.Unlock()
	if finishing {
		c.finish()
	}
	return c
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	s.changed()
}

// changed notes that less is under way. s.mu is held.
func (s *Server) changed() {
	s.room.Broadcast()
	if s.finishing && s.inFlight == 0 && len(s.open) == 0 {
		select {
		case <-s.drained:
		default:
			close(s.drained)
		}
	}
}

// waitForRoom waits until another connection may be opened. Once the end was decided all that were queued are.
func (s *Server) waitForRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.Connections > 0 && len(s.open) >= s.Connections && !s.finishing {
		s.room.Wait()
	}
}

// finish decides the end: no new connections, and those that are open close when nothing is under way on them.
func (s *Server) finish() {
	s.mu.Lock()
	if s.finishing {
		s.mu.Unlock()
		return
	}
	s.finishing = true
	s.room.Broadcast()
	s.mu.Unlock()
	for _, l := range s.listeners {
		l.finish()
	}
	for _, c := range s.connections() {
		c.finish()
	}
}

// afterCancel is what requests get to undo what they do once they were cancelled.
const afterCancel = 500 * time.Millisecond

// drain waits until the requests in flight are answered and their connections closed, which is when
// net/http/fcgi has sent the last byte.
func (s *Server) drain() {
	defer s.cancel()
	s.mu.Lock()
	s.changed()
	s.mu.Unlock()
	limit := time.NewTimer(s.Drain)
	defer limit.Stop()
	select {
	case <-s.drained:
		return
	case <-limit.C:
	}
	s.mu.Lock()
	s.logf("cannot wait any longer for %d requests on %d connections", s.inFlight, len(s.open))
	s.mu.Unlock()
	s.cancel()
	limit.Reset(afterCancel)
	select {
	case <-s.drained:
	case <-limit.C:
	}
	for _, c := range s.connections() {
		c.cut()
	}
}

func (s *Server) connections() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.open))
}

// once is a listener that gives one connection.
type once struct {
	net.Listener
	conn net.Conn
}

func (o *once) Accept() (net.Conn, error) {
	c := o.conn
	o.conn = nil
	if c == nil {
		return nil, io.EOF
	}
	return c, nil
}
