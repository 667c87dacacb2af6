package gateway

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// FuzzParams: what parsePairs reads is what was there, and it can be written again.
func FuzzParams(f *testing.F) {
	f.Add(appendPair(appendPair(nil, "REQUEST_METHOD", "GET"), "X", string(make([]byte, 200))))
	f.Add([]byte{})
	f.Add([]byte{0x80, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'x'}) // lengths that overflow 32 bits together
	f.Add([]byte{0, 0, 1, 0, 'a'})
	f.Fuzz(func(t *testing.T, b []byte) {
		pairs, ok := parsePairs(b)
		if !ok {
			return
		}
		size := 0
		var again []byte
		for name, value := range pairs {
			size += len(name) + len(value)
			again = appendPair(again, name, value)
		}
		read, ok := parsePairs(again)
		if size > len(b) || !ok || !maps.Equal(read, pairs) {
			t.Errorf("%q has %d bytes of pairs and is read again as %q", b, size, read)
		}
	})
}

// pipes is a listener for one connection, that is made of pipes.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// FuzzConnection: whatever a web server sends over a connection, every record of the answer is well formed and for a
// request that was asked, a complete request that comes after it on another connection is answered, and nothing panics.
func FuzzConnection(f *testing.F) {
	for _, b := range [][]byte{
		request(1, 0, "body"), request(1, flagKeep, ""), append(request(1, flagKeep, "a"), request(2, 0, "b")...), begin(1, 0), params(1), body(1, "x"),
		appendStream(begin(3, flagKeep), kindAbort, 3, nil), appendStream(nil, kindGetValues, 0, []byte("\x0f\x00FCGI_MPXS_CONNS")), {2, 1, 0, 1, 0, 8, 0, 0},
		append(begin(1, flagKeep), begin(2, 0)...), append(begin(1, 0), appendStream(nil, kindParams, 1, []byte{0xff, 0xff, 0xff, 0xff})...), {1, 1, 0, 1, 0, 8, 255, 0},
		bytes.Join([][]byte{begin(1, flagKeep), params(1), body(1, ""), appendStream(nil, kindStdin, 1, []byte("late"))}, nil),
		{1, kindBegin, 0, 1, 0, 8, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0},
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		synctest.Test(t, func(t *testing.T) { // time passes at once where all wait for it
			wantServed(t, sent)
		})
	})
}

func wantServed(t *testing.T, sent []byte) {
	t.Helper()
	const long, patience = 30 * time.Second, time.Second // nothing here waits for long: a test that does fails
	l := make(pipes, 1)
	s := &Server{Handler: http.HandlerFunc(echo), Logf: func(string, ...any) {},
		shorter: times{ask: long, body: long, answer: long, idle: long, linger: time.Millisecond}}
	done := make(chan error, 1)
	go func() { done <- s.Serve(t.Context(), l) }()
	var answer []byte
	for _, text := range [][]byte{sent, request(7, 0, "after")} {
		here, there := net.Pipe()
		l <- there
		go func() {
			_, _ = here.Write(text) // the other end may not want it all
			_ = here.SetReadDeadline(time.Now().Add(patience))
		}()
		answer, _ = io.ReadAll(here) // as far as it goes
		here.Close()
		wantRecords(t, answer)
	}
	if !bytes.Contains(answer, []byte("after")) {
		t.Errorf("after %q a request is answered with %q", sent, answer)
	}
	close(l)
	select {
	case <-done:
	case <-time.After(2 * long):
		t.Fatalf("the server does not end after %q", sent)
	}
}

// wantRecords checks that an answer, which may have been cut off, is made of records.
func wantRecords(t *testing.T, b []byte) {
	t.Helper()
	for len(b) >= 8 {
		h := recordHeader(b[:8])
		if k := h.kind(); h[0] != 1 || k != kindStdout && k != kindEnd && k != kindGetValuesResult {
			t.Fatalf("the answer has %q", b)
		}
		b = b[min(len(b), 8+h.content()+h.padding()):]
	}
}
