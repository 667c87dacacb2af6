package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gate is a handler whose requests wait until they are let go.
type gate struct {
	entered, release chan struct{}
	running, most    atomic.Int64
}

func newGate() *gate { return &gate{entered: make(chan struct{}, 1000), release: make(chan struct{})} }

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := g.running.Add(1)
	defer g.running.Add(-1)
	for m := g.most.Load(); n > m && !g.most.CompareAndSwap(m, n); m = g.most.Load() {
	}
	g.entered <- struct{}{}
	<-g.release
	hello(w, r)
}

func waitingIs(t *testing.T, s *Server, n int64) {
	t.Helper()
	eventually(t, "so many requests wait", func() bool { return s.turns != nil && s.turns.waiting.Load() == n })
}

func TestBusy(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := &Server{Handler: g, Drain: time.Minute, Running: 4, Waiting: 8, Patience: time.Minute}
	s.prepare()
	path := serving(t, s)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if a, err := fastCGI(path, nil); err != nil || !strings.Contains(a, "hello") {
				t.Errorf("a request that had a place: %q %v", a, err)
			}
		})
	}
	for range 4 {
		<-g.entered
	}
	waitingIs(t, s, 8)
	if l := s.Load(); l.Running != 4 || l.Waiting != 8 || l.Refused != 0 || l.Connections != 12 {
		t.Errorf("with 4 requests running and 8 waiting the server counts %+v", l)
	}
	var refused sync.WaitGroup
	for range 188 {
		refused.Go(func() {
			a, err := fastCGI(path, nil)
			if err != nil || !strings.Contains(a, "Status: 503") || !strings.Contains(a, "Retry-After: 1\r\n") {
				t.Errorf("a request too many: %q %v", a, err)
				return
			}
			var f struct {
				Success              *bool
				Message, Error, Code string
			}
			text := a[strings.Index(a, "{") : strings.LastIndex(a, "}")+1]
			if err := json.Unmarshal([]byte(text), &f); err != nil || f.Success == nil || *f.Success || f.Code != "busy" || f.Message == "" || f.Message != f.Error {
				t.Errorf("the failure is %q %v", text, err)
			}
		})
	}
	refused.Wait()
	close(g.release)
	wg.Wait()
	if l := s.Load(); l.Refused != 188 || l.Waiting != 0 {
		t.Errorf("the server counts %+v", l)
	}
	if g.most.Load() != 4 {
		t.Errorf("%d requests ran at once, want 4", g.most.Load())
	}
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := &Server{Handler: g, Drain: time.Minute, Running: 1, Waiting: 1, Patience: time.Minute}
	s.prepare()
	path := serving(t, s)
	first := dial(t, path)
	first.send(request(1, 0, ""))
	<-g.entered
	leaves := dial(t, path)
	leaves.send(request(1, 0, ""))
	waitingIs(t, s, 1)
	leaves.Close()
	waitingIs(t, s, 0) // its place is free
	g.release <- struct{}{}
	first.want(1, "hello")

	impatient := newGate()
	path = serving(t, &Server{Handler: impatient, Drain: time.Minute, Running: 1, Waiting: 1, Patience: time.Millisecond})
	first = dial(t, path)
	first.send(request(1, 0, ""))
	<-impatient.entered
	second := dial(t, path)
	second.send(request(1, 0, ""))
	second.want(1, "Status: 503", `"busy"`)
	close(impatient.release)
	first.want(1, "hello")
}

// TestWaitingEndsWithItsTime: a request that has no time left takes neither a turn nor the place of one that waits.
func TestWaitingEndsWithItsTime(t *testing.T) {
	t.Parallel()
	taken := &turns{slots: make(chan struct{}, 1), most: 1, patience: time.Minute}
	taken.slots <- struct{}{}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if taken.enter(ended, nil) || taken.waiting.Load() != 0 {
		t.Errorf("it has a turn, or %d still wait", taken.waiting.Load())
	}
}

// TestSlowClientsTakeNoTurn: one sends its body slowly, one does not take its answer, and a third is served.
func TestSlowClientsTakeNoTurn(t *testing.T) {
	t.Parallel()
	answered := make(chan struct{}, 1)
	path := serving(t, &Server{Drain: time.Minute, Running: 1, Patience: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.Write(make([]byte, 16<<20))
			answered <- struct{}{}
			return
		}
		echo(w, r)
	})})
	sender, reader := dial(t, path), dial(t, path)
	sender.send(append(begin(1, 0), append(params(1), appendStream(nil, kindStdin, 1, []byte("half "))...)...))
	reader.send(append(begin(1, 0), append(params(1, appendPair(nil, "REQUEST_METHOD", "PUT")...), body(1, "")...)...))
	<-answered
	other := dial(t, path)
	other.send(request(1, 0, "other"))
	other.want(1, "echo other")
	sender.send(body(1, "and half"))
	sender.want(1, "echo half and half")
	if text, _, _ := reader.answer(); len(text) < 16<<20 {
		t.Errorf("an answer of %d bytes", len(text))
	}
}

// TestBodies sends bodies around what is read before a request takes its turn.
func TestBodies(t *testing.T) {
	t.Parallel()
	path := serving(t, &Server{Drain: time.Minute, Running: 4, Waiting: 100, Patience: time.Minute, Handler: http.HandlerFunc(echo)})
	for _, n := range []int{0, 1, maxEarly - 1, maxEarly, maxEarly + 1, 3 << 20} {
		c, text := dial(t, path), strings.Repeat("b", n)
		go c.Write(request(1, 0, text))
		c.want(1, "echo "+text)
	}
}

func TestPanicEndsOneRequest(t *testing.T) {
	t.Parallel()
	logged := make(chan string, 9)
	path := serving(t, &Server{Drain: time.Minute, Running: 1, Logf: func(f string, a ...any) { logged <- f }, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 && r.Header.Get("X") == "" {
			w.Header().Set("X-Half", "yes")
			w.Write([]byte("half of an answer"))
			panic("a bug")
		}
		hello(w, r)
	})})
	for range 3 { // the turn comes back
		c := dial(t, path)
		c.send(request(1, flagKeep, "x"))
		text, _, _ := c.answer()
		if !strings.Contains(text, "Status: 500") || !strings.Contains(text, `"code":"internal"`) || strings.Contains(text, "half") || strings.Contains(text, "X-Half") {
			t.Errorf("after a panic: %q", text)
		}
		if f := <-logged; !strings.Contains(f, "panic") {
			t.Errorf("logged: %s", f)
		}
		c.send(append(begin(2, 0), append(params(2, appendPair(nil, "HTTP_X", "1")...), body(2, "")...)...))
		c.want(2, "hello")
	}
}

func TestStalled(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := &Server{Handler: g, Drain: time.Minute, Running: 2}
	if s.Stalled(0) {
		t.Error("a server that does nothing is stalled")
	}
	path := serving(t, s)
	one, two := dial(t, path), dial(t, path)
	one.send(request(1, 0, ""))
	<-g.entered
	if s.Stalled(0) {
		t.Error("stalled though there is a turn")
	}
	two.send(request(1, 0, ""))
	<-g.entered
	if !s.Stalled(0) || s.Stalled(time.Hour) {
		t.Error("every turn is taken for longer than nothing and shorter than an hour")
	}
	close(g.release)
	one.want(1, "hello")
	two.want(1, "hello")
	if s.Stalled(0) {
		t.Error("stalled when all is answered")
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	var third atomic.Bool
	s := &Server{Drain: time.Minute, Connections: 2, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			third.Store(true)
		}
		hello(w, r)
	})}
	path := serving(t, s)
	kept := []*raw{dial(t, path), dial(t, path)}
	for _, c := range kept {
		c.send(request(1, flagKeep, ""))
		c.want(1, "hello")
	}
	late := dial(t, path) // the kernel's queue takes it
	late.send(append(begin(1, 0), append(params(1, appendPair(nil, "REQUEST_METHOD", "PUT")...), body(1, "")...)...))
	for range 200 { // for which an answer would be there
		kept[1].send(request(1, flagKeep, ""))
		kept[1].want(1, "hello")
	}
	if third.Load() {
		t.Error("a third connection was served")
	}
	kept[0].Close()
	late.want(1, "hello")
}

func TestCancelledAtTheLimit(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	entered, undone := make(chan struct{}), make(chan struct{})
	path, done := start(t, ctx, &Server{Drain: 50 * time.Millisecond, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(undone)
	})})
	c := dial(t, path)
	c.send(request(1, 0, ""))
	<-entered
	cancel()
	<-undone
	c.want(1, "Status: 200") // the answer still gets out
	wantEnd(t, done)
}

// TestPassedSocket lets servers follow each other on a socket that stays open, under load. Nobody notices.
func TestPassedSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	held, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	var answered atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a, err := fastCGI(path, nil); err != nil || !strings.Contains(a, "hello") {
					t.Errorf("a request was lost: %q %v", a, err)
					return
				}
				answered.Add(1)
			}
		})
	}
	for i := range 10 {
		f, err := held.(*net.UnixListener).File()
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.FileListener(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		s := &Server{Handler: http.HandlerFunc(hello), Drain: time.Minute, Running: 4, Waiting: 100, Patience: time.Minute}
		go func() { done <- s.Serve(ctx, Passed{l}) }()
		want := int64(100 * (i + 1))
		eventually(t, "so many are answered", func() bool { return answered.Load() >= want || t.Failed() })
		if i == 9 { // the last one serves the clients to their end
			close(stop)
			clients.Wait()
		}
		cancel()
		wantEnd(t, done)
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	path := serving(t, &Server{Drain: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Path", r.URL.Path)
		w.WriteHeader(http.StatusTeapot)
	})})
	status, header, err := Ask(t.Context(), "unix", path, map[string]string{"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_URI": "/" + strings.Repeat("a", 300)})
	if err != nil || status != http.StatusTeapot || len(header.Get("X-Path")) != 301 {
		t.Errorf("%d %v %v", status, header, err)
	}
	if _, err := readAnswer(bytes.NewReader(appendStream(nil, kindStdout, 1, make([]byte, 1<<20)))); err == nil || err.Error() != "it is too long" {
		t.Errorf("an answer without end: %v", err)
	}
	silent, err := net.Listen("unix", filepath.Join(t.TempDir(), "silent"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if status, _, err := Ask(ctx, "unix", silent.Addr().String(), nil); err == nil {
		t.Errorf("a server that says nothing answered %d", status)
	}
}
