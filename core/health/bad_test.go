package health

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"vpm/scripts/lab"
)

// listen runs talk for every connection, after it has read the request where wait is set, until the test ends.
func listen(t *testing.T, wait bool, talk func(net.Conn)) net.Addr {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var talks sync.WaitGroup
	talks.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			talks.Go(func() {
				defer conn.Close()
				if !wait || readHead(conn) == nil {
					talk(conn)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		talks.Wait() // which proves that every connection was closed by the probe
	})
	return listener.Addr()
}

func readHead(conn net.Conn) error {
	head := bufio.NewReader(conn)
	for {
		if line, err := head.ReadString('\n'); err != nil || line == "\r\n" {
			return err
		}
	}
}

// hang waits until the other side has closed.
func hang(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// repeat sends a text, then another for ever, each after a pause.
func repeat(first, more string, pause time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := conn.Write([]byte(first))
		ticker := time.NewTicker(max(pause, time.Nanosecond))
		defer ticker.Stop()
		for err == nil {
			if pause > 0 {
				<-ticker.C
			}
			_, err = conn.Write([]byte(more))
		}
	}
}

func say(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = conn.Write([]byte(text)) }
}

const drip = 50 * time.Millisecond

// TestServersThatMisbehave meets all of them at once, as most take the whole time.
func TestServersThatMisbehave(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	const head = "HTTP/1.1 503 Service Unavailable\r\n"
	for name, c := range map[string]struct {
		talk func(net.Conn)
		want int
	}{
		"hangs":                     {hang, 0},
		"closes at once":            {func(net.Conn) {}, 0},
		"drips a header":            {repeat(head, "X", drip), 0},
		"drips header lines":        {repeat(head, "X: y\r\n", drip), 0},
		"endless header":            {repeat(head, "X: "+strings.Repeat("y", 1000)+"\r\n", 0), 0},
		"endless header line":       {repeat(head+"X: ", strings.Repeat("y", 1000), 0), 0},
		"endless status line":       {repeat("HTTP/1.1 503 ", strings.Repeat("y", 1000), 0), 0},
		"endless early hints":       {repeat("", "HTTP/1.1 103 Early Hints\r\n\r\n", 0), 0},
		"dripping early hints":      {repeat("", "HTTP/1.1 103 Early Hints\r\n\r\n", drip), 0},
		"changes the protocol":      {func(c net.Conn) { say("HTTP/1.1 101 OK\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")(c); hang(c) }, 101},
		"drips a body":              {repeat(head+"Content-Length: 100000000\r\n\r\n", "y", drip), 503},
		"drips chunks":              {repeat(head+"Transfer-Encoding: chunked\r\n\r\n", "1\r\ny\r\n", drip), 503},
		"endless body":              {repeat(head+"\r\n", strings.Repeat("y", 4096), 0), 503},
		"endless chunk extension":   {repeat(head+"Transfer-Encoding: chunked\r\n\r\n1;", strings.Repeat("y", 4096), 0), 503},
		"body shorter than it says": {say(head + "Content-Length: 100\r\n\r\ny"), 503},
		"body that is no gzip":      {say(head + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\ny"), 503},
		"hangs in the body":         {func(c net.Conn) { say(head + "Content-Length: 100\r\n\r\n")(c); hang(c) }, 503},
		"two lengths":               {say(head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\ny"), 0},
		"negative length":           {say(head + "Content-Length: -1\r\n\r\n"), 0},
		"another protocol":          {say("SSH-2.0-OpenSSH_9.2\r\n"), 0},
		"binary garbage":            {say(string(bytes.Repeat([]byte{0xff, 0, 0x80, '\r', '\n'}, 5000))), 0},
		"one line of garbage":       {say(strings.Repeat("\xff<b>", 5000) + "\r\n\r\n"), 0},
		"status that is no number":  {say("HTTP/1.1 abc OK\r\n\r\n"), 0},
		"old version":               {say("HTTP/1.0 503 No\r\n\r\n"), 503},
	} {
		s := siteAt(t, "http", "a.example", listen(t, true, c.talk))
		all.Go(func() {
			for _, one := range wantStatus(t, name, look(t, s), c.want, c.want, c.want) {
				if len(one.Err) > textLimit || !utf8.ValidString(one.Err) {
					t.Errorf("%s: the error is %q", name, one.Err)
				}
			}
		})
	}
}

func TestTLSServersThatMisbehave(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	for name, talk := range map[string]func(net.Conn){
		"hangs":           hang,
		"closes at once":  func(net.Conn) {},
		"talks plain":     say("HTTP/1.1 200 OK\r\n\r\n"),
		"drips a record":  repeat("\x16\x03\x03\x40\x00", "\x02", drip),
		"endless garbage": repeat("", strings.Repeat("\x16\x03\x03\x00\x01\x02", 500), 0),
	} {
		s := siteAt(t, "https", "a.example", listen(t, false, talk))
		all.Go(func() { wantStatus(t, name, look(t, s), 0, 0, 0) })
	}
}

func TestALongServerName(t *testing.T) {
	t.Parallel()
	addr := listen(t, true, say("HTTP/1.1 200 OK\r\nServer: "+strings.Repeat("ü", 10000)+"\r\n\r\n"))
	for _, one := range look(t, siteAt(t, "http", "a.example", addr)) {
		if one.Status != 200 || len(one.Server) > textLimit || !utf8.ValidString(one.Server) {
			t.Errorf("saw %+v", one)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := siteAt(t, "http", "a.example", lab.RefusingAddr(t))
	wantStatus(t, "nobody listens", look(t, s), 0, 0, 0)
}

func TestServersThatDoNotAccept(t *testing.T) {
	t.Parallel()
	wantStatus(t, "does not accept", lookInTime(t, siteAt(t, "http", "a.example", full(t))), 0, 0, 0)
}

// full is a server whose queue of connections is full, which drops what comes.
func full(t *testing.T) net.Addr {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}
	for range 100 {
		conn, err := net.DialTimeout("tcp", addr.String(), time.Second)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue took 100 connections")
	return nil
}

func TestBodiesAreCut(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	addr := listen(t, true, func(conn net.Conn) {
		_, err := conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		for err == nil {
			var n int
			n, err = conn.Write(make([]byte, 4096))
			sent.Add(int64(n))
		}
	})
	wantStatus(t, "endless", look(t, siteAt(t, "http", "a.example", addr)), 200, 200, 200)
	// The system holds a few MB that nobody reads.
	if n := sent.Load(); n > 64<<20 {
		t.Errorf("%d bytes were sent", n)
	}
}
