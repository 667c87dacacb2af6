package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fastCGI sends one request over a connection of its own, as mod_fcgid does, and gives what comes back. The
// records are those of the FastCGI specification, section 3.
func fastCGI(path string, before func()) (string, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if before != nil {
		before()
	}
	record := func(kind byte, content []byte) []byte {
		return append([]byte{1, kind, 0, 1, byte(len(content) >> 8), byte(len(content)), 0, 0}, content...)
	}
	var params []byte
	for name, value := range map[string]string{"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_URI": "/x", "HTTP_HOST": "h"} {
		params = append(params, byte(len(name)), byte(len(value)))
		params = append(params, name+value...)
	}
	request := append(record(1, []byte{0, 1, 0, 0, 0, 0, 0, 0}), record(4, params)...)
	request = append(request, append(record(4, nil), record(5, nil)...)...)
	if _, err := c.Write(request); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	if err == nil && len(answer) == 0 {
		err = errors.New("the connection was closed without an answer")
	}
	return string(answer), err
}

// start serves on a socket of its own and gives its path and what Serve returns.
func start(t *testing.T, ctx context.Context, s *Server) (path string, done <-chan error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	return path, ended
}

func wantEnd(t *testing.T, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the server does not end")
	}
}

func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

func TestEndsWhenToldTo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	path, done := start(t, ctx, &Server{Handler: http.HandlerFunc(hello), Drain: time.Minute})
	if _, err := fastCGI(path, nil); err != nil {
		t.Fatal(err)
	}
	cancel()
	wantEnd(t, done)
}

func TestEndsWhenIdle(t *testing.T) {
	t.Parallel()
	// A busy machine may take longer to ask at all.
	for idle := 200 * time.Millisecond; idle < time.Minute; idle *= 10 {
		path, done := start(t, t.Context(), &Server{Handler: http.HandlerFunc(hello), Idle: idle, Drain: time.Minute})
		_, err := fastCGI(path, nil)
		wantEnd(t, done)
		if err == nil {
			return
		}
	}
	t.Error("the server was never there to be asked")
}

func TestEndsWhenStale(t *testing.T) {
	t.Parallel()
	var stale atomic.Bool
	path, done := start(t, t.Context(), &Server{Handler: http.HandlerFunc(hello), Stale: stale.Load, Drain: time.Minute})
	for range 2 {
		if _, err := fastCGI(path, nil); err != nil {
			t.Fatal(err)
		}
	}
	stale.Store(true) // from now on it may end before anybody asks
	wantEnd(t, done)
}

// TestEndLosesNothing ends the server while requests are in flight, connected and not yet sent, and while more
// keep coming: each one is answered or could not connect.
func TestEndLosesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	release, entered := make(chan struct{}), make(chan struct{}, 100)
	path, done := start(t, ctx, &Server{Drain: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-release
		hello(w, r)
	})})
	var wg sync.WaitGroup
	ask := func(before func()) {
		wg.Go(func() {
			_, err := fastCGI(path, before)
			if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
				return // refused: the web server asks another process
			}
			if err != nil {
				t.Error("a request was lost:", err)
			}
		})
	}
	for range 5 {
		ask(nil)
	}
	for range 5 {
		<-entered
	}
	connected, send := make(chan struct{}), make(chan struct{})
	ask(func() { close(connected); <-send })
	<-connected
	cancel()
	for range 20 {
		ask(nil)
	}
	close(send)
	close(release)
	wg.Wait()
	wantEnd(t, done)
}

// TestDrainIsBounded leaves a request that never ends.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	entered, never := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(never) })
	path, done := start(t, ctx, &Server{Drain: 50 * time.Millisecond, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-never
	})})
	go fastCGI(path, nil)
	<-entered
	cancel()
	wantEnd(t, done)
}

// brokenOnce fails its first Accepts as a process without free descriptors does.
type brokenOnce struct {
	net.Listener
	failures atomic.Int32
}

func (b *brokenOnce) Accept() (net.Conn, error) {
	if b.failures.Add(1) <= 3 {
		return nil, fmt.Errorf("accept: too many open files")
	}
	return b.Listener.Accept()
}

func TestOutlivesFailedAccept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	s := &Server{Handler: http.HandlerFunc(hello), Drain: time.Minute}
	go func() { done <- s.Serve(ctx, &brokenOnce{Listener: l}) }()
	if _, err := fastCGI(path, nil); err != nil {
		t.Error(err)
	}
	cancel()
	wantEnd(t, done)
}
