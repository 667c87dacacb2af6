package gateway

import "time"

// times bound what a web server, or a client whose pace it passes on, may take.
type times struct {
	ask    time.Duration // to send the parameters, from connecting or from the first byte
	body   time.Duration // to send the body, after that
	answer time.Duration // to take the whole answer, from its first byte
	idle   time.Duration // to keep a connection without using it
	linger time.Duration // at the end, to send something over a connection that is new
}

func (s *Server) times() times {
	if s.shorter != (times{}) {
		return s.shorter
	}
	return times{ask: 10 * time.Second, body: time.Minute, answer: time.Minute, idle: 10 * time.Minute, linger: time.Second}
}

// begun notes that a request begins, and refuses one before the last is over.
func (c *conn) begun(keep bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == asked || c.unread {
		return false
	}
	c.phase, c.keep, c.unread, c.wrote = asked, keep, true, false
	c.s.deadline(c.SetReadDeadline, c.s.times().ask)
	return true
}

func (c *conn) isUnread() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unread
}

// answering tells whether a part of the answer was sent before.
func (c *conn) answering() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.wrote
	c.wrote = true
	return was
}

// bodyEnded notes that the request has arrived whole.
func (c *conn) bodyEnded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unread = false
	if c.phase == idle {
		c.rest() // it was answered before that
		return
	}
	_ = c.SetReadDeadline(time.Time{}) // how long the answer may take is not for the reader
}

// ended notes that the request is answered.
func (c *conn) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phase = idle
	c.progress.Broadcast()
	if !c.unread {
		c.rest()
	}
}

// rest begins the time between two requests. c.mu is held.
func (c *conn) rest() {
	if c.finishing {
		c.retire()
		return
	}
	c.s.deadline(c.SetReadDeadline, c.s.times().idle)
}

// retire ends a kept connection: its reader gets what the web server has sent already, and then the end. What
// the web server sends from now on over a unix socket fails at once, so it knows that it was not received.
func (c *conn) retire() {
	c.retired = true
	if r, ok := c.Conn.(interface{ CloseRead() error }); !ok || r.CloseRead() != nil {
		_ = c.SetReadDeadline(time.Now())
		return
	}
	_ = c.SetReadDeadline(time.Time{})
}

// retireIdle retires a connection that was kept for too long.
func (c *conn) retireIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != idle || c.unread {
		return false
	}
	c.retire()
	return true
}

// finish ends the connection once nothing is under way on it.
func (c *conn) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finishing = true
	switch {
	case c.phase == fresh:
		c.s.deadline(c.SetReadDeadline, c.s.times().linger)
	case c.phase == idle && !c.unread:
		c.retire()
	}
}

// leave tells those who wait on behalf of the web server that it has gone. c.mu is held.
func (c *conn) leave() {
	if !c.left {
		c.left = true
		close(c.gone)
	}
}

// cut closes the connection whatever is under way.
func (c *conn) cut() error {
	c.mu.Lock()
	c.closed = true
	c.leave()
	c.progress.Broadcast()
	c.mu.Unlock()
	return c.Conn.Close()
}
