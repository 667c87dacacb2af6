package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw is a web server that does what a test wants.
type raw struct {
	t *testing.T
	net.Conn
}

func dial(t *testing.T, path string) *raw {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &raw{t, c}
}

func (r *raw) send(b []byte) {
	r.t.Helper()
	if _, err := r.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

// begin is the beginning of a request.
func begin(id uint16, flags byte) []byte {
	return appendStream(nil, kindBegin, id, []byte{0, roleResponder, flags, 0, 0, 0, 0, 0})
}

// params are those of a request, ended; more are added as they are.
func params(id uint16, more ...byte) []byte {
	var b []byte
	for name, value := range map[string]string{"REQUEST_METHOD": "POST", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_URI": "/x", "HTTP_HOST": "h"} {
		b = appendPair(b, name, value)
	}
	return appendStream(appendStream(nil, kindParams, id, append(b, more...)), kindParams, id, nil)
}

// body is a body, ended.
func body(id uint16, text string) []byte {
	var b []byte
	if text != "" {
		b = appendStream(nil, kindStdin, id, []byte(text))
	}
	return appendStream(b, kindStdin, id, nil)
}

func request(id uint16, flags byte, text string) []byte {
	return bytes.Join([][]byte{begin(id, flags), params(id), body(id, text)}, nil)
}

// answer reads up to the end of a request, and gives its id and how it ended.
func (r *raw) answer() (text string, id uint16, status byte) {
	r.t.Helper()
	var out strings.Builder
	for {
		var h recordHeader
		if _, err := io.ReadFull(r, h[:]); err != nil {
			r.t.Fatalf("after %q: %v", out.String(), err)
		}
		content := make([]byte, h.content()+h.padding())
		if _, err := io.ReadFull(r, content); err != nil {
			r.t.Fatal(err)
		}
		switch h.kind() {
		case kindStdout:
			out.Write(content[:h.content()])
		case kindEnd:
			return out.String(), h.id(), content[4]
		default:
			r.t.Fatalf("a record of kind %d: %q", h.kind(), content)
		}
	}
}

func (r *raw) want(id uint16, parts ...string) {
	r.t.Helper()
	text, got, status := r.answer()
	if got != id || status != endComplete {
		r.t.Errorf("request %d ended with %d; want %d with %d", got, status, id, endComplete)
	}
	for _, p := range parts {
		if !strings.Contains(text, p) {
			r.t.Errorf("the answer %.300q does not say %.300q", text, p)
		}
	}
}

// wantClosed waits until the server closes the connection.
func (r *raw) wantClosed() {
	r.t.Helper()
	rest, err := io.ReadAll(r)
	if netErr, ok := errors.AsType[net.Error](err); ok && netErr.Timeout() {
		r.t.Errorf("the connection stays open, after %q", rest)
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("it does not come about that", what)
		}
	}
}

// serving starts s and gives its socket. At the end of the test it must end.
func serving(t *testing.T, s *Server) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	path, done := start(t, ctx, s)
	t.Cleanup(func() {
		cancel()
		wantEnd(t, done)
	})
	return path
}

// echo answers with the body.
func echo(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(append([]byte("echo "), b...))
}
