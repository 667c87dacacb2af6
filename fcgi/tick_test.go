package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"vpm/core/gateway"
)

// TestTick runs the periodic pass in a server: never two at once, also after one that fails or panics, and none once
// the end is decided.
func TestTick(t *testing.T) {
	t.Parallel()
	var running, count atomic.Int64
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	held := holdSocket(t)
	o := options{sockets: sockets{{Listener: gateway.Passed{Listener: held}}}, log: t.Output(), running: 1, drain: time.Minute, notify: func(string) {}, handler: http.HandlerFunc(mirror),
		tickEvery: time.Millisecond,
		tick: func(ctx context.Context) error {
			if running.Add(1) != 1 {
				t.Error("two passes at once")
			}
			defer running.Add(-1)
			switch n := count.Add(1); {
			case n == 2:
				return errors.New("it fails")
			case n == 3:
				panic("a bug")
			case n == 5:
				cancel()
				<-ctx.Done()
				eventually(t, "nobody listens", func() bool {
					c, err := net.Dial("unix", held.Addr().String())
					if err == nil {
						c.Close()
					}
					return err != nil
				})
				time.Sleep(50 * time.Millisecond) // the server has nothing else to do, and waits for it
				close(ended)
			}
			return nil
		}}
	if err := serve(ctx, o); err != nil {
		t.Error(err)
	}
	select {
	case <-ended:
	default:
		t.Error("the server did not wait for the pass")
	}
	if n := count.Load(); n != 5 {
		t.Errorf("%d passes; want 5", n)
	}
}
