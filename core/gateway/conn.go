package gateway

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// conn stands between a web server and net/http/fcgi, which believes whatever it reads. It lets one request
// at a time through, and only once its parameters are there, small enough and understood; it sets the
// deadlines; and it knows when nothing is under way, which is when it may be closed without a loss.
type conn struct {
	net.Conn
	s  *Server
	in *bufio.Reader

	// The goroutine that reads alone uses these.
	ready   []byte // records for net/http/fcgi
	passing int    // bytes of a record of the body that go through as they come
	id      uint16 // of the last request
	refused bool   // that request: what still comes of it is thrown away

	gone chan struct{} // closed when the web server has closed, or sent nonsense

	mu        sync.Mutex
	progress  *sync.Cond // phase or closed has changed
	phase     phase
	keep      bool // the web server wants the connection kept after this request
	unread    bool // the body has not ended
	wrote     bool // part of the answer
	left      bool // gone is closed
	finishing bool
	retired   bool // no more is read, by our own choice
	closed    bool
}

// phase is what a connection is about.
type phase int

const (
	fresh phase = iota // nothing has arrived yet, though the web server will send: it has just connected
	asked              // a request has begun and is not answered whole
	idle               // kept by the web server for later
)

var (
	errAborted   = errors.New("the web server gave the request up")
	errMalformed = errors.New("the web server sent what is not FastCGI")
)

// Read gives net/http/fcgi what it may see.
func (c *conn) Read(b []byte) (int, error) {
	for {
		switch {
		case len(c.ready) > 0:
			n := copy(b, c.ready)
			c.ready = c.ready[n:]
			return n, nil
		case c.passing > 0:
			n, err := c.in.Read(b[:min(len(b), c.passing)])
			c.passing -= n
			if err != nil {
				err = c.lost(err)
			}
			return n, err
		}
		if err := c.next(); err != nil {
			return 0, c.lost(err)
		}
	}
}

// lost notes that nothing more will be read. net/http/fcgi closes the connection when it hears of it, so it does
// only once a request that has arrived whole is answered: the end may be of our own making, or only of what the
// web server sends.
func (c *conn) lost(err error) error {
	if errors.Is(err, errMalformed) {
		c.s.logf("cannot go on with a connection: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.retired {
		c.leave()
	}
	for errors.Is(err, io.EOF) && c.phase == asked && !c.unread && !c.closed {
		c.progress.Wait()
	}
	return err
}

// next reads one record, or the whole beginning of a request, and decides what becomes of it.
func (c *conn) next() error {
	h, err := c.header()
	if err != nil {
		return err
	}
	switch {
	case h.kind() == kindBegin:
		return c.begin(h)
	case h.kind() == kindGetValues && h.id() == 0:
		return c.tellValues(h)
	case h.id() != c.id:
		return c.discard(h) // of a request that is over (section 3.3)
	case h.kind() == kindAbort:
		// Closing is the one end after which no late answer can be taken for that of the next request.
		return errAborted
	case h.kind() == kindStdin && c.isUnread():
		return c.body(h)
	}
	return c.discard(h)
}

// header reads the next one.
func (c *conn) header() (h recordHeader, err error) {
	n, err := io.ReadFull(c.in, h[:])
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.retireIdle() {
		_, err = io.ReadFull(c.in, h[:])
	}
	if err == nil && h[0] != 1 {
		err = fmt.Errorf("%w: version %d", errMalformed, h[0])
	}
	return h, err
}

func (c *conn) discard(h recordHeader) error {
	_, err := c.in.Discard(h.content() + h.padding())
	return err
}

// write sends records of our own.
func (c *conn) write(b []byte) error {
	c.s.deadline(c.SetWriteDeadline, c.s.times().answer)
	_, err := c.Conn.Write(b)
	return err
}

// Write sends a record of net/http/fcgi's, which writes each in one piece.
func (c *conn) Write(b []byte) (int, error) {
	if len(b) > 1 && b[1] == kindStdout && !c.answering() {
		c.s.deadline(c.SetWriteDeadline, c.s.times().answer)
	}
	if len(b) > 1 && b[1] == kindEnd {
		c.ended() // before the web server knows, who may begin the next one at once
	}
	n, err := c.Conn.Write(b)
	if err != nil {
		// A record may have gone in part: nothing can follow it. net/http/fcgi would keep the connection.
		c.cut()
	}
	return n, err
}

// Close is called by net/http/fcgi.
func (c *conn) Close() error {
	c.s.forget(c)
	return c.cut()
}

func (s *Server) deadline(set func(time.Time) error, d time.Duration) {
	// It fails on a connection that is closed already, which the next read or write tells.
	_ = set(time.Now().Add(d))
}
