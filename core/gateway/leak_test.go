package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestNothingIsLeftBehind counts goroutines and descriptors around requests of every kind. It runs alone, as the others
// have some too.
func TestNothingIsLeftBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	path, done := start(t, ctx, &Server{Drain: time.Minute, Running: 4, Waiting: 8, Patience: time.Second, Logf: func(string, ...any) {},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				panic("a bug")
			}
			echo(w, r)
		})})
	kept := dial(t, path)
	kept.send(request(1, flagKeep, "x"))
	kept.want(1, "echo x")
	goroutines, open := runtime.NumGoroutine(), descriptors(t)
	all := [][]byte{
		nil, begin(1, 0)[:3], begin(1, 0), append(begin(1, 0), params(1)...), append(begin(1, 0), append(params(1), body(1, "half")[:11]...)...),
		request(1, 0, "x"), request(1, flagKeep, "x"), append(begin(1, flagKeep), append(params(1, 0x80), body(1, "")...)...),
		append(begin(1, 0), append(params(1, appendPair(nil, "REQUEST_METHOD", "PUT")...), body(1, "")...)...),
		append(request(1, flagKeep, "x"), appendStream(nil, kindAbort, 1, nil)...), []byte("nonsense"),
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				for _, text := range all {
					c, err := net.Dial("unix", path)
					for errors.Is(err, syscall.EAGAIN) { // as many wait to be accepted as may
						runtime.Gosched()
						c, err = net.Dial("unix", path)
					}
					if err != nil {
						t.Error(err)
						return
					}
					c.Write(text) // the server may have closed before it has all
					c.Close()
				}
			}
		})
	}
	wg.Wait()
	eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
	eventually(t, "all descriptors are closed", func() bool { return descriptors(t) <= open })
	kept.send(request(2, flagKeep, "y"))
	kept.want(2, "echo y")
	cancel()
	wantEnd(t, done)
}

// descriptors counts what this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestSpare: while it serves, the collector waits until as much again as is spare was allocated. It runs alone: the
// collector is that of all.
func TestSpare(t *testing.T) {
	const spare = 64 << 20
	ctx, cancel := context.WithCancel(t.Context())
	path, done := start(t, ctx, &Server{Handler: http.HandlerFunc(hello), Spare: spare})
	if body, err := fastCGI(path, nil); err != nil || !strings.Contains(body, "hello") {
		t.Fatalf("%q, %v", body, err)
	}
	if at := nextCollection(); at < 2*spare {
		t.Errorf("the collector runs at %d bytes", at)
	}
	cancel()
	wantEnd(t, done)
	if at := nextCollection(); at >= 2*spare {
		t.Errorf("after the end the collector runs at %d bytes", at)
	}
}

func nextCollection() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NextGC
}
