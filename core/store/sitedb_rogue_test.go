package store

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vpm/core"
)

// rogue is a server that a site's configuration may name: it greets as MySQL does, or not, and then does what it likes.
func rogue(t *testing.T, serve func(c net.Conn)) SiteLogin {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return SiteLogin{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Name: "site_db", User: "site_user", Password: "s3cret", Prefix: "wp_"}
}

// packet frames a payload of the MySQL protocol.
func packet(seq byte, payload string) []byte {
	n := len(payload)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), seq}, payload...)
}

func readPacket(r io.Reader) (payload []byte, err error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	payload = make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, err = io.ReadFull(r, payload)
	return payload, err
}

const okay = "\x00\x00\x00\x02\x00\x00\x00"

// greet is the server's side of a login: dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html.
// plugin is how it wants the client to prove itself.
func greet(c net.Conn, r io.Reader, plugin string) (login []byte, err error) {
	capabilities := "\x8a\x82\xff\x00\x02\x00\x08\x00" // long flag, database, local files, 4.1, secure; charset; status; plugins
	if _, err := c.Write(packet(0, "\x0a5.7.44\x00\x01\x00\x00\x0012345678\x00"+capabilities+"\x15"+strings.Repeat("\x00", 10)+"123456789012\x00"+plugin+"\x00")); err != nil {
		return nil, err
	}
	return readPacket(r)
}

// TestServerThatAsksForAFile answers the statement with "send me /etc/hostname".
func TestServerThatAsksForAFile(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 1)
	login := rogue(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		if _, err := greet(c, r, "mysql_native_password"); err != nil {
			return
		}
		c.Write(packet(2, okay))
		readPacket(r) // the session's settings
		c.Write(packet(1, okay))
		readPacket(r) // the question
		c.Write(packet(1, "\xfb/etc/hostname"))
		answer, err := readPacket(r)
		if err != nil {
			answer = []byte("nothing: " + err.Error())
		}
		sent <- string(answer)
	})
	wantUnreachable(t, login)
	if got := <-sent; got != "" {
		t.Errorf("the server was sent %q; want an empty file", got)
	}
}

// TestServerThatAsksForThePassword wants it as it is.
func TestServerThatAsksForThePassword(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 1)
	login := rogue(t, func(c net.Conn) {
		first, _ := greet(c, c, "mysql_clear_password")
		c.Write(packet(2, "\xfemysql_clear_password\x00"))
		rest, _ := io.ReadAll(c)
		sent <- string(first) + string(rest)
	})
	_, _, err := MeasureSite(t.Context(), login)
	wantCode(t, err, core.CodeUnavailable)
	if got := <-sent; strings.Contains(got, login.Password) {
		t.Errorf("the server was sent %q", got)
	}
}

// TestServersThatAreNone must all be told apart from a closed port by nobody, and not be waited for beyond the deadline.
func TestServersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(c net.Conn){
		"banner":   func(c net.Conn) { io.WriteString(c, "220 banner of an internal service\r\n") },
		"closes":   func(net.Conn) {},
		"half":     func(c net.Conn) { c.Write([]byte{0x4a, 0, 0}) },
		"mute":     func(c net.Conn) { io.Copy(io.Discard, c) },
		"old":      func(c net.Conn) { c.Write(packet(0, "\x09banner\x00")) },
		"trickles": func(c net.Conn) { greet(c, c, "mysql_native_password"); io.Copy(io.Discard, c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			login := rogue(t, serve)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, _, err := MeasureSite(ctx, login)
			wantMessage(t, err, "cannot reach the site's database server")
		})
	}
	login := rogue(t, func(c net.Conn) { c.Write(packet(0, "\xff\x50\x04banner of 127.0.0.1")) })
	wantSiteError(t, login, core.CodeUnavailable, "reports an error")
	login = rogue(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	wantSiteError(t, login, core.CodeUnavailable, "cannot reach the site's database server") // by our own limit
}

// TestServerWithoutEnd sends as much as it can get rid of.
func TestServerWithoutEnd(t *testing.T) {
	t.Parallel()
	written := make(chan int, 1)
	login := rogue(t, func(c net.Conn) {
		if _, err := greet(c, c, "mysql_native_password"); err != nil {
			return
		}
		c.Write(packet(2, okay))
		readPacket(c)
		total := 0
		chunk := packet(1, strings.Repeat("x", 1<<24-1)) // full packets, which always go on in a next one
		for {
			n, err := c.Write(chunk)
			total += n
			if err != nil {
				break
			}
			chunk[3]++
		}
		written <- total
	})
	wantUnreachable(t, login)
	if n := <-written; n > 32<<20 { // what the two sockets buffer comes on top of what is read
		t.Errorf("the server got rid of %d bytes", n)
	}
}

func wantUnreachable(t *testing.T, login SiteLogin) {
	t.Helper()
	_, _, err := MeasureSite(t.Context(), login)
	wantMessage(t, err, "cannot reach the site's database server")
}

func wantMessage(t *testing.T, err error, message string) {
	t.Helper()
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Message != message || e.Code != core.CodeUnavailable || strings.Contains(err.Error(), "banner") {
		t.Errorf("the error is %v; want %q", err, message)
	}
}

// TestSiteHeedsTheCaller: whose time is over has nobody called any more.
func TestSiteHeedsTheCaller(t *testing.T) {
	t.Parallel()
	var called atomic.Bool
	login := rogue(t, func(c net.Conn) {
		called.Store(true)
		io.Copy(io.Discard, c)
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := MeasureSite(ctx, login)
	wantMessage(t, err, "cannot reach the site's database server")
	if called.Load() {
		t.Error("the server was called")
	}
}
