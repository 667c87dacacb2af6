package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"sync"
	"time"
)

// Server serves FastCGI until it is told to stop, has nothing to do, or is out of date. It ends without
// losing a request: what was accepted or waits to be is answered first.
type Server struct {
	// Handler must not panic: net/http/fcgi would end the process.
	Handler http.Handler
	// Idle ends the server when no request came for so long; 0 never does.
	Idle time.Duration
	// Stale is asked every second; true ends the server. nil is never.
	Stale func() bool
	// Drain bounds how long requests in flight may take after the end was decided.
	Drain time.Duration

	mu       sync.Mutex
	inFlight int
	lastEnd  time.Time
	timer    *time.Timer
	listener *listener
}

// Serve accepts connections on l, which it closes, until ctx ends or the server ends itself.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.listener = &listener{Listener: l, open: map[*conn]bool{}}
	stop := context.AfterFunc(ctx, s.listener.finish)
	defer stop()
	if s.Idle > 0 {
		s.timer = time.AfterFunc(s.Idle, s.listener.finish)
		defer s.timer.Stop()
	}
	served := make(chan struct{})
	go s.watch(served)
	err := fcgi.Serve(s.listener, http.HandlerFunc(s.serve))
	close(served)
	l.Close()
	s.drain()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.begin()
	defer s.end()
	if r.ContentLength == 0 {
		// No length, or no body: net/http/fcgi does not tell which, and what arrives does.
		r.ContentLength = -1
	}
	env := fcgi.ProcessEnv(r)
	passedAuthorization(r, env["REDIRECT_HTTP_AUTHORIZATION"])
	s.Handler.ServeHTTP(w, throughServer(r, env["SERVER_ADDR"], env["SERVER_PORT"]))
}

// watch ends a server that is stale, also one that nobody asks anything: the web server may have begun another
// process meanwhile, and would come back to this one some day.
func (s *Server) watch(served <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for s.Stale != nil {
		select {
		case <-served:
			return
		case <-tick.C:
			if s.Stale() {
				s.listener.finish()
			}
		}
	}
}

func (s *Server) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight++
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	s.lastEnd = time.Now()
	if s.inFlight == 0 && s.timer != nil {
		s.timer.Reset(s.Idle)
	}
}

// lingering is how long a connection on which nothing happens is taken for one that still will be used: a
// request that has not been read yet, or an answer that has not been sent whole.
const lingering = time.Second

// drain waits until the requests in flight are answered and their connections closed, which is when
// net/http/fcgi has sent the last byte. A connection that a web server keeps for later is closed here.
func (s *Server) drain() {
	for deadline := time.Now().Add(s.Drain); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		running, lastEnd := s.inFlight, s.lastEnd
		s.mu.Unlock()
		if running > 0 {
			continue
		}
		if time.Since(lastEnd) > lingering {
			s.listener.closeIdle()
		}
		if s.listener.connections() == 0 {
			return
		}
	}
}
