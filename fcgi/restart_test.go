package main

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"vpm/scripts/lab"
)

// load is clients that ask all the time.
type load struct {
	answered, failed atomic.Int64
	quit             context.Context
	end              func()
	clients          sync.WaitGroup
}

func newLoad(t *testing.T) *load {
	l := &load{}
	ctx, cancel := context.WithCancel(context.Background())
	l.quit, l.end = ctx, func() {
		cancel()
		l.clients.Wait()
	}
	t.Cleanup(l.end) // before what it needs is gone
	return l
}

// begin starts n clients that call ask until the load ends.
func (l *load) begin(n int, ask func() bool) {
	for range n {
		l.clients.Go(func() {
			for l.quit.Err() == nil {
				if ask() {
					l.answered.Add(1)
				} else {
					l.failed.Add(1)
				}
			}
		})
	}
}

// more waits until n more requests are answered.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	want := l.answered.Load() + n
	eventually(t, "more requests are answered", func() bool { return l.answered.Load() >= want || t.Failed() })
}

// TestRestartsLoseNothing restarts the server as systemd does on an upgrade, under load through both web servers and
// straight through the socket, reads and changes. Every request is answered. One way is left out: an Apache that reuses
// connections (enablereuse, which is off by default for FastCGI) may pick one that is just being closed, and does not
// try another. nginx does, for what may be repeated.
func TestRestartsLoseNothing(t *testing.T) {
	t.Parallel()
	p, held := sharedPanel(t), holdSocket(t)
	socket := held.Addr().String()
	c := launch(t, held, nil, p.args()...)
	l := newLoad(t)
	fronts := startFronts(t, socket)
	for _, f := range fronts {
		if f.name == "apache/kept" {
			continue
		}
		l.begin(2, func() bool {
			r := p.status(f.url)
			r.Host = f.host
			a, err := do(r)
			if err != nil || a.status != http.StatusOK || a.field("success") != true {
				t.Errorf("%s: %d %.300q %v", f.name, a.status, a.body, err)
				return false
			}
			return true
		})
	}
	l.begin(2, func() bool {
		status, err := p.ask(t.Context(), socket)
		if status != http.StatusOK {
			t.Errorf("through the socket: %d %v", status, err)
		}
		return status == http.StatusOK
	})
	apache := fronts[0]
	l.begin(1, func() bool {
		r := p.request("POST", apache.url, "/api/instances/restart.php", `{"instance_id":"`+instance+`"}`)
		r.Host = apache.host
		a, err := do(r)
		if err != nil || a.status != http.StatusOK {
			t.Errorf("a change: %d %.300q %v", a.status, a.body, err)
		}
		return err == nil && a.status == http.StatusOK
	})
	for range 6 {
		l.more(t, 100)
		c.stop()
		c.wantNotice("STOPPING=1")
		c = launch(t, held, nil, p.args()...)
	}
	l.more(t, 100)
	l.end()
	c.stop()
	t.Logf("%d requests were answered, %d were not", l.answered.Load(), l.failed.Load())
	if l.failed.Load() > 0 || l.answered.Load() < 700 {
		t.Errorf("%d requests were answered, %d were not", l.answered.Load(), l.failed.Load())
	}
}

// TestKilled: a crash loses at most what was in flight, and what waits on the socket is the successor's.
func TestKilled(t *testing.T) {
	t.Parallel()
	const clients = 8
	p, held := sharedPanel(t), holdSocket(t)
	socket := held.Addr().String()
	c := launch(t, held, nil, p.args()...)
	l := newLoad(t)
	l.begin(clients, func() bool {
		status, _ := p.ask(t.Context(), socket)
		return status == http.StatusOK
	})
	const times = 5
	for range times {
		l.more(t, 100)
		c.kill()
		c = launch(t, held, nil, p.args()...)
	}
	l.more(t, 100)
	l.end()
	if lost := l.failed.Load(); lost > clients*times {
		t.Errorf("%d requests were lost, and %d can have been in flight", lost, clients*times)
	}
	c.stop()
}

// TestOwnSocket: without systemd the server makes a socket itself, takes over that of one that was killed, and leaves
// none behind.
func TestOwnSocket(t *testing.T) {
	t.Parallel()
	p := sharedPanel(t)
	socket := lab.NewDir(t) + "/own.sock"
	listen := p.args("--listen", "unix:"+socket)
	first := launch(t, nil, nil, listen...)
	p.wantStatus(socket, 200)
	second := launchOnly(t, nil, nil, listen...)
	<-second.ended
	if second.cmd.ProcessState.ExitCode() != 1 || !contains(second.log(), "another server listens there") {
		t.Errorf("a second server on the socket: %v %s", second.cmd.ProcessState, second.log())
	}
	p.wantStatus(socket, 200)
	first.kill()
	third := launch(t, nil, nil, listen...)
	p.wantStatus(socket, 200)
	third.stop()
	if info, err := lstat(socket); err == nil {
		t.Errorf("the socket is still there: %v", info.Mode())
	}
}

// TestSignalTwice: an impatient operator, who asks until it is gone, does not cut the drain off, nor what comes after it.
func TestSignalTwice(t *testing.T) {
	t.Parallel()
	p, held := sharedPanel(t), holdSocket(t)
	c := launch(t, held, nil, p.args()...)
	must(t, c.cmd.Process.Signal(syscall.SIGTERM))
	c.wantNotice("STOPPING=1")
	for c.cmd.Process.Signal(syscall.SIGTERM) == nil {
		runtime.Gosched()
	}
	<-c.ended
	if !c.cmd.ProcessState.Success() {
		t.Errorf("it ended with %v", c.cmd.ProcessState)
	}
}
