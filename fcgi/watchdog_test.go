package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"vpm/core/app"
	"vpm/core/gateway"
	"vpm/scripts/lab"
)

// checked is a checker of a server that asks h.
func checked(t *testing.T, h http.Handler, running int, inForce func() (time.Duration, bool)) checker {
	t.Helper()
	held := holdSocket(t)
	server := &gateway.Server{Handler: h, Running: running, Waiting: 4, Patience: 10 * time.Millisecond, Drain: time.Second}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	c := checker{server: server, sockets: sockets{{Listener: gateway.Passed{Listener: held}}}, inForce: inForce}
	go func() { done <- server.Serve(ctx, c.sockets.listeners()...) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return c
}

func seconds(n int) func() (time.Duration, bool) {
	return func() (time.Duration, bool) { return time.Duration(n) * time.Second, true }
}

func answering(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// TestCheck breaks the server in the ways that the watchdog is for, and burdens it in those that it is not for.
func TestCheck(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	stuck := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-never })

	for _, status := range []int{200, 401, 503} {
		if err := checked(t, answering(status), 4, seconds(15)).check(t.Context(), 10*time.Second); err != nil {
			t.Errorf("a server that answers %d: %v", status, err)
		}
	}
	// A lock that is not given back, with turns to spare.
	if err := checked(t, stuck, 4, seconds(1)).check(t.Context(), 200*time.Millisecond); err == nil {
		t.Error("a server whose handler hangs counts as working")
	}
	// A pool without a free connection: the answer comes when the request's time is up.
	late := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Minute): // as if after 5 s; this machine may stop for a while between the limit and those
		case <-never:
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if err := checked(t, late, 4, seconds(5)).check(t.Context(), 10*time.Second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server whose pool hangs: %v", err)
	}
	// Settings that cannot even be looked at.
	if err := checked(t, stuck, 4, func() (time.Duration, bool) { <-never; return 0, true }).check(t.Context(), 50*time.Millisecond); err == nil {
		t.Error("a server whose settings are locked counts as working")
	}
	// All turns are taken: that is a busy server, until they are taken for longer than a request may take.
	c := checked(t, stuck, 1, seconds(15))
	go gateway.Ask(t.Context(), "unix", c.sockets[0].Addr().String(), map[string]string{"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_URI": "/x"})
	eventually(t, "the turn is taken", func() bool { return c.server.Stalled(0) })
	if err := c.check(t.Context(), 10*time.Second); err != nil {
		t.Errorf("a busy server: %v", err)
	}
	c.inForce = seconds(-5) // as if more than that had passed
	if err := c.check(t.Context(), 10*time.Second); err == nil || !strings.Contains(err.Error(), "has run for longer") {
		t.Errorf("a server whose turns are all taken for good: %v", err)
	}
	// Nobody accepts.
	silent := checker{server: &gateway.Server{}, sockets: sockets{{Listener: holdSocket(t)}}, inForce: seconds(1)}
	if err := silent.check(t.Context(), 50*time.Millisecond); err == nil {
		t.Error("a socket that nobody accepts on counts as working")
	}
}

// TestCheckWithDatabase: a database that hangs or is away is not the server's failure.
func TestCheckWithDatabase(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t)
	p := newPanel(t, db)
	h := &app.Resident{MaxConns: databaseConns, Docroot: p.docroot, Log: t.Output()} // which finds vpm.env beside the docroot
	t.Cleanup(func() { h.Close() })
	c := checked(t, h, 8, h.InForce)
	socket := c.sockets[0].Addr().String()
	p.wantStatus(socket, 200)
	check := func(state string) {
		t.Helper()
		if err := c.check(t.Context(), 13*time.Second); err != nil {
			t.Errorf("the database is %s: %v", state, err)
		}
	}
	check("well")
	must(t, db.Pause())
	check("frozen")
	must(t, db.Resume())
	db.Kill()
	check("dead")
	must(t, db.Restart())
	p.wantStatus(socket, 200)
}

func TestWatch(t *testing.T) {
	t.Parallel()
	var bad atomic.Bool
	notices, checks := make(chan string, 1000), make(chan struct{}, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		watch(ctx, 4*time.Millisecond, func(context.Context, time.Duration) error {
			checks <- struct{}{}
			if bad.Load() {
				return fmt.Errorf("it hangs")
			}
			return nil
		}, func(s string) { notices <- s }, zerolog.New(t.Output()))
	}()
	for range 3 {
		if got := <-notices; got != "WATCHDOG=1" {
			t.Errorf("told %s", got)
		}
	}
	bad.Store(true)
	for range len(checks) + 2 { // the one that may be under way too
		<-checks
	}
	for len(notices) > 0 {
		<-notices
	}
	for range 3 {
		<-checks
	}
	if len(notices) > 0 {
		t.Error("it is told that a server works which does not")
	}
	bad.Store(false)
	<-notices
	cancel()
	<-done
}

// TestWatchdog has the real program report, and be ended as systemd does when it stops reporting.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	p, held := sharedPanel(t), holdSocket(t)
	c := launch(t, held, []string{"WATCHDOG_USEC=400000"}, p.args()...)
	for range 3 {
		c.wantNotice("WATCHDOG=1")
	}
	must(t, c.cmd.Process.Signal(syscall.SIGABRT))
	<-c.ended
	if !contains(c.log(), "goroutine ") || !contains(c.log(), "gateway.(*Server)") {
		t.Errorf("what it did is not in the journal: %s", c.log())
	}
	unwatched := launch(t, held, nil, p.args()...)
	p.wantStatus(held.Addr().String(), 200)
	unwatched.stop()
	for len(unwatched.notified) > 0 {
		if got := <-unwatched.notified; contains(got, "WATCHDOG") {
			t.Errorf("told %s without being asked", got)
		}
	}
}

// TestUnitsSay that which the program relies on.
func TestUnitsSay(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "core", "systemd", "units", "vpm.service"))
	must(t, err)
	for _, line := range []string{"Type=notify", "User=vpmd", "WatchdogSec=30", "TimeoutStopSec=25", "Requires=vpm.socket", "NoNewPrivileges=yes", "ProtectSystem=strict"} {
		if !contains(string(text), "\n"+line+"\n") {
			t.Errorf("vpm.service does not say %s", line)
		}
	}
}
