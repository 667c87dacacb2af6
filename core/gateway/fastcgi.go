package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"runtime"
	"sync"
	"time"
)

// Server serves FastCGI until it is told to stop, has nothing to do, or is out of date. It ends without
// losing a request: what was accepted or waits to be is answered first. A panic in a handler ends that request
// only. The zero value of every field but Handler is fine.
type Server struct {
	Handler http.Handler
	// Idle ends the server when no request came for so long; 0 never does.
	Idle time.Duration
	// Stale is asked every second; true ends the server. nil is never.
	Stale func() bool
	// Drain bounds how long requests in flight may take after the end was decided. What then still runs has
	// its context cancelled and is left.
	Drain time.Duration
	// Running bounds the requests that are handled at once, 0 not at all. Of the others Waiting wait, for
	// Patience; those past that are answered 503, busy.
	Running, Waiting int
	Patience         time.Duration
	// Connections bounds the open connections, 0 not at all. The kernel keeps those past it waiting.
	Connections int
	// HandOn is the unix socket of a server that is given the connections, as long as it takes them; "" is none.
	HandOn string
	// Spare is how many bytes of memory the collector takes for used that no one uses, so that it waits until as many more
	// were allocated. They are never touched: they cost address space, not memory.
	Spare int
	// Logf writes to the log what no answer tells. nil is stderr.
	Logf func(format string, args ...any)

	shorter times // than usual, for tests

	once      sync.Once
	turns     *turns
	cancelled context.Context // when Drain is over
	cancel    context.CancelFunc

	mu        sync.Mutex
	listeners []*listener
	open      map[*conn]bool
	room      *sync.Cond // fewer connections are open, or the end was decided
	inFlight  int
	finishing bool
	drained   chan struct{} // closed when the end was decided and nothing is under way
	idle      *time.Timer
}

func (s *Server) prepare() {
	s.once.Do(func() {
		s.turns = newTurns(s.Running, s.Waiting, s.Patience)
		s.cancelled, s.cancel = context.WithCancel(context.Background())
		s.room, s.open, s.drained = sync.NewCond(&s.mu), map[*conn]bool{}, make(chan struct{})
	})
}

// Serve accepts connections on the listeners, which it closes, until ctx ends or the server ends itself. An
// error is one of a listener.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	s.prepare()
	defer runtime.KeepAlive(make([]byte, s.Spare))
	for _, l := range listeners {
		s.listeners = append(s.listeners, &listener{Listener: l, s: s})
	}
	defer context.AfterFunc(ctx, s.finish)()
	if s.Idle > 0 {
		s.setIdle(time.AfterFunc(s.Idle, s.finish))
	}
	served := make(chan struct{})
	go s.watch(served)

	failures := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() { failures <- s.accept(l) }()
	}
	var failed error
	for range s.listeners {
		if err := <-failures; !errors.Is(err, io.EOF) {
			failed = errors.Join(failed, err)
		}
		s.finish() // none accepts alone: the program is to be started anew
	}
	close(served)
	s.drain()
	return failed
}

func (s *Server) setIdle(t *time.Timer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = t
}

// accept hands connections to net/http/fcgi until the listener ends. Each has a Serve of its own, which is how
// its handler knows it.
func (s *Server) accept(l *listener) error {
	defer l.Close()
	for {
		accepted, err := l.Accept()
		if err != nil {
			return err
		}
		if s.handOn(accepted) {
			continue
		}
		c := s.track(accepted)
		handler := func(w http.ResponseWriter, r *http.Request) { s.serve(c, w, r) }
		if err := fcgi.Serve(&once{Listener: l, conn: c}, http.HandlerFunc(handler)); !errors.Is(err, io.EOF) {
			return err
		}
	}
}

func (s *Server) serve(c *conn, w http.ResponseWriter, r *http.Request) {
	s.begin()
	defer s.end()
	if r.ContentLength == 0 {
		// No length, or no body: net/http/fcgi does not tell which, and what arrives does.
		r.ContentLength = -1
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.cancelled, cancel)()
	env := fcgi.ProcessEnv(r)
	passedAuthorization(r, env["REDIRECT_HTTP_AUTHORIZATION"])
	r = throughServer(r.WithContext(ctx), env["SERVER_ADDR"], env["SERVER_PORT"])
	if s.Running > 0 {
		readEarly(r)
	}
	if !s.turns.take(ctx, c.gone, r) {
		s.turns.refused.Add(1)
		busy().send(w)
		return
	}
	a := func() *answer {
		defer s.turns.giveBack(r)
		return s.run(r)
	}()
	a.send(w)
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
				s.finish()
			}
		}
	}
}

func (s *Server) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight++
	if s.idle != nil {
		s.idle.Stop()
	}
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	if s.inFlight == 0 && s.idle != nil {
		s.idle.Reset(s.Idle)
	}
	s.changed()
}

// Stalled tells whether every turn is taken by a request that runs longer than limit: none of them will end,
// and no other can begin.
func (s *Server) Stalled(limit time.Duration) bool {
	s.prepare()
	return s.turns.stalled(limit)
}

// Load is how much there is to do.
type Load struct {
	Running, Waiting int    // requests now
	Refused          uint64 // requests that were answered busy, since the start
	Connections      int    // open ones
}

// Load tells how much there is to do now.
func (s *Server) Load() Load {
	s.prepare()
	s.turns.mu.Lock()
	running := len(s.turns.since)
	s.turns.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return Load{Running: running, Waiting: int(s.turns.waiting.Load()), Refused: s.turns.refused.Load(), Connections: len(s.open)}
}

func (s *Server) logf(format string, args ...any) {
	if s.Logf != nil {
		s.Logf(format, args...)
		return
	}
	fmt.Fprintf(os.Stderr, "vpm: "+format+"\n", args...)
}
