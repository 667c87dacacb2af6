package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHandsOnConnections: what a web server sends goes to the other server as long as that listens, and is answered here
// before and after.
func TestHandsOnConnections(t *testing.T) {
	t.Parallel()
	other := filepath.Join(t.TempDir(), "other")
	ctx, cancel := context.WithCancel(t.Context())
	s := &Server{Drain: time.Minute, HandOn: other, Handler: http.HandlerFunc(echo)}
	path, done := start(t, ctx, s)
	ask := func(body, want string) {
		t.Helper()
		c := dial(t, path)
		c.send(request(5, 0, body))
		c.want(5, want)
		c.wantClosed()
	}
	ask("early", "echo early")

	entered, release := make(chan struct{}), make(chan struct{})
	there, end := context.WithCancel(t.Context())
	l, err := net.Listen("unix", other)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		s := &Server{Drain: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			if string(b) == "wait" {
				entered <- struct{}{}
				<-release
			}
			fmt.Fprintf(w, "server %d", len(b))
		})}
		ended <- s.Serve(there, l)
	}()
	big := strings.Repeat("x", 60_000)
	ask(big, "server 60000")

	// What was handed on is seen to its end, though this process is told to go.
	late := dial(t, path)
	late.send(request(9, 0, "wait"))
	<-entered
	s.mu.Lock()
	if s.inFlight != 1 { // for which the end waits
		t.Errorf("%d requests are in flight", s.inFlight)
	}
	s.mu.Unlock()
	cancel()
	close(release)
	late.want(9, "server 4")
	late.wantClosed()
	wantEnd(t, done)
	end()
	<-ended

	// A socket that nobody listens on any more.
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "dead")})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	path = serving(t, &Server{Drain: time.Minute, HandOn: dead.Addr().String(), Handler: http.HandlerFunc(echo)})
	ask("late", "echo late")
}

// TestHandsOnToAServerThatGoes: the client learns that nobody has answered.
func TestHandsOnToAServerThatGoes(t *testing.T) {
	t.Parallel()
	mute := filepath.Join(t.TempDir(), "mute")
	l, err := net.Listen("unix", mute)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(mute)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(c, make([]byte, 8))
			c.Close()
		}
	}()
	defer l.Close()
	path := serving(t, &Server{Drain: time.Minute, HandOn: mute, Handler: http.HandlerFunc(echo)})
	status, header, err := Ask(t.Context(), "unix", path, map[string]string{"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_URI": "/x"})
	if err != nil || status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("answered %d %v, %v", status, header, err)
	}
}
