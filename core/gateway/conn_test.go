package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestKeptConnection(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	entered, release := make(chan struct{}), make(chan struct{})
	s := &Server{Drain: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if string(b) == "wait" {
			entered <- struct{}{}
			<-release
		}
		fmt.Fprintf(w, "got %s", b)
	})}
	path, done := start(t, ctx, s)
	idle, busy := dial(t, path), dial(t, path)
	for i := range 3 {
		idle.send(request(uint16(i+1), flagKeep, "one"))
		idle.want(uint16(i+1), "got one")
	}
	busy.send(request(7, flagKeep, "wait"))
	<-entered
	cancel()
	idle.wantClosed()
	close(release)
	busy.want(7, "got wait")
	busy.wantClosed()
	wantEnd(t, done)
}

// TestSentBeforeTheEnd sends over a kept connection just when the end is decided: what could be sent is answered.
// TestAuthorizationOfARedirect: Apache has it under another name once it has rewritten the address, and never in front of one
// that the request itself has.
func TestAuthorizationOfARedirect(t *testing.T) {
	t.Parallel()
	path := serving(t, &Server{Drain: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "it is "+r.Header.Get("Authorization")+".")
	})})
	pair := func(name string) []byte { return appendPair(nil, name, "Bearer of "+name) }
	for want, more := range map[string][]byte{
		"it is .": nil,
		"it is Bearer of REDIRECT_HTTP_AUTHORIZATION.": pair("REDIRECT_HTTP_AUTHORIZATION"),
		"it is Bearer of HTTP_AUTHORIZATION.":          append(pair("REDIRECT_HTTP_AUTHORIZATION"), pair("HTTP_AUTHORIZATION")...),
	} {
		c := dial(t, path)
		c.send(bytes.Join([][]byte{begin(1, 0), params(1, more...), body(1, "")}, nil))
		c.want(1, want)
	}
}

func TestSentBeforeTheEnd(t *testing.T) {
	t.Parallel()
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		path, done := start(t, ctx, &Server{Drain: time.Minute, Handler: http.HandlerFunc(echo)})
		c := dial(t, path)
		c.send(request(1, flagKeep, "a"))
		c.want(1, "echo a")
		go cancel()
		if _, err := c.Write(request(2, flagKeep, "b")); err == nil {
			c.want(2, "echo b")
		}
		wantEnd(t, done)
	}
}

func TestMultiplexingIsRefused(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	path := serving(t, &Server{Drain: time.Minute, Running: 4, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		echo(w, r)
	})})
	c := dial(t, path)
	c.send(appendStream(nil, kindGetValues, 0, appendPair(nil, "FCGI_MPXS_CONNS", "")))
	var values [8 + 2 + 15 + 1]byte
	if _, err := io.ReadFull(c, values[:]); err != nil || !bytes.HasSuffix(values[:], []byte("FCGI_MPXS_CONNS0")) {
		t.Errorf("the server says %q %v", values, err)
	}
	c.send(begin(1, flagKeep))
	c.send(begin(2, flagKeep)) // among the parameters
	if _, id, status := c.answer(); id != 2 || status != endCannotMultiplex {
		t.Errorf("request %d ended with %d", id, status)
	}
	c.send(params(2))
	c.send(params(1))
	c.send(body(1, "first"))
	<-entered
	c.send(request(3, flagKeep, "third")) // in flight
	if _, id, status := c.answer(); id != 3 || status != endCannotMultiplex {
		t.Errorf("request %d ended with %d", id, status)
	}
	close(release)
	c.want(1, "echo first")
}

func TestAbortClosesTheConnection(t *testing.T) {
	t.Parallel()
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	path := serving(t, &Server{Drain: time.Minute, Running: 4, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		echo(w, r)
		close(ended)
	})})
	c := dial(t, path)
	c.send(request(1, flagKeep, "x"))
	<-entered
	c.send(appendStream(nil, kindAbort, 1, nil))
	c.wantClosed()
	close(release) // the handler goes on: what it changes it must finish
	<-ended
	early := dial(t, path)
	early.send(begin(1, flagKeep))
	early.send(appendStream(nil, kindAbort, 1, nil))
	early.wantClosed()
}

// TestRefused sends what net/http/fcgi would end the connection or the process for, answer with an empty page, or
// keep in memory. The connection can be used again.
func TestRefused(t *testing.T) {
	t.Parallel()
	path := serving(t, &Server{Drain: time.Minute, Handler: http.HandlerFunc(echo)})
	overflow := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'a'} // 2 GiB each: their sum overflows in 32 bits
	for name, test := range map[string]struct {
		more []byte
		want string
	}{
		"two lengths that overflow": {overflow, "Status: 400"},
		"a cut length":              {[]byte{0x80, 0}, "Status: 400"},
		"a cut value":               {[]byte{1, 9, 'a', 'b'}, "Status: 400"},
		"a bad address":             {appendPair(nil, "REQUEST_URI", "/%zz"), "Status: 400"},
		"a bad length":              {appendPair(nil, "CONTENT_LENGTH", "-x"), "Status: 400"},
		"a bad protocol":            {appendPair(nil, "SERVER_PROTOCOL", "x"), "Status: 400"},
		"too much":                  {bytes.Repeat(appendPair(nil, "HTTP_X", strings.Repeat("x", 1000)), 1100), "Status: 431"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, path)
			sent := make(chan struct{})
			go func() { // the answer may come first
				defer close(sent)
				c.Write(append(begin(1, flagKeep), append(params(1, test.more...), body(1, strings.Repeat("b", 200_000))...)...))
			}()
			c.want(1, test.want, `"success":false`, `"code":`, "application/json")
			<-sent
			c.send(request(2, 0, "again"))
			c.want(2, "echo again")
			c.wantClosed()
		})
	}
	c := dial(t, path)
	c.send(append(begin(1, 0), append(params(1, overflow...), body(1, "")...)...))
	c.want(1, "Status: 400")
	c.wantClosed() // as it was asked to

	c = dial(t, path)
	c.send(appendStream(nil, kindBegin, 4, []byte{0, 2, flagKeep, 0, 0, 0, 0, 0}))
	if _, id, status := c.answer(); id != 4 || status != endUnknownRole {
		t.Errorf("an authorizer: request %d ended with %d", id, status)
	}
	for _, junk := range [][]byte{[]byte("GET / HTTP/1.0\r\n\r\n"), appendStream(nil, kindBegin, 1, []byte("x")), append(begin(1, 0), body(1, "x")...)} {
		c := dial(t, path)
		c.send(junk)
		c.wantClosed()
	}
}

// TestSlow keeps the server waiting in every way there is. Each connection must be given up.
func TestSlow(t *testing.T) {
	t.Parallel()
	const short = time.Second / 4
	path := serving(t, &Server{Drain: time.Minute, Handler: http.HandlerFunc(echo), shorter: times{short, short, short, short, short}})
	for name, send := range map[string][]byte{
		"nothing":             nil,
		"half a record":       begin(1, 0)[:5],
		"half the params":     append(begin(1, flagKeep), params(1)[:30]...),
		"half the body":       append(begin(1, flagKeep), append(params(1), body(1, "text")[:12]...)...),
		"no end of a body":    append(begin(1, flagKeep), append(params(1), appendStream(nil, kindStdin, 1, []byte("text"))...)...),
		"a refused request":   append(begin(1, flagKeep), params(1, 0x80)...),
		"no further request":  request(1, flagKeep, "x"),
		"half a further one":  append(request(1, flagKeep, "x"), begin(2, flagKeep)...),
		"a body not asked on": append(request(1, flagKeep, "x"), appendStream(nil, kindStdin, 1, []byte("text"))...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, path)
			_, _ = c.Write(send) // it may have been given up already, where this test stood still
			c.wantClosed()
		})
	}
}

// TestUnreadAnswer leaves an answer unread that no buffer holds.
func TestUnreadAnswer(t *testing.T) {
	t.Parallel()
	for _, keep := range []byte{0, flagKeep} {
		entered := make(chan struct{})
		s := &Server{Drain: time.Minute, shorter: times{ask: time.Minute, body: time.Minute, answer: time.Second / 4, idle: time.Minute, linger: time.Minute}}
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			w.Write(make([]byte, 16<<20))
		})
		path := serving(t, s)
		c := dial(t, path)
		c.send(request(1, keep, ""))
		<-entered
		eventually(t, "the server gives up", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return len(s.open) == 0 && s.inFlight == 0
		})
	}
}
