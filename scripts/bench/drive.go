package main

import (
	"context"
	"sync"
	"time"
)

// callWindow is how long clients ask in a round.
const callWindow = 250 * time.Millisecond

// work is what a client asks for, in turn.
type work struct {
	names   []string
	request func(client, i int) request // the i-th of a client is one of names[i%len(names)]
	// slow calls are made once by each client at each load, and not in several rounds.
	slow bool
	// alone says that no two clients may ask at once.
	alone bool
}

// driven is what was measured of a work at one load.
type driven struct {
	times  []series // ms, of each name
	rate   series   // requests a second, all names together
	cpu    series   // ms a request, of all processes that took part
	failed int
	first  error // of those that failed
}

// drive has clients ask for a while, in a round.
func drive(ctx context.Context, c caller, token string, w work, clients, round int, d *driven) error {
	if d.times == nil {
		d.times = make([]series, len(w.names))
	}
	before, err := look()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	done := 0
	begin := time.Now()
	for client := range clients {
		wg.Go(func() {
			for i := 0; i < len(w.names) || i%len(w.names) != 0 || (time.Since(begin) < callWindow && !w.slow); i++ { // to the end of a turn
				asked := time.Now()
				_, err := c.call(ctx, token, w.request(client, i))
				took := milliseconds(time.Since(asked))
				mu.Lock()
				if err != nil {
					d.failed++
					d.first = err
				} else {
					done++
					d.times[i%len(w.names)].add(round, took)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	after, err := look()
	if err != nil {
		return err
	}
	if done > 0 {
		d.rate.add(round, float64(done)/took.Seconds())
		d.cpu.add(round, milliseconds(after.cpu-before.cpu)/float64(done))
	}
	return ctx.Err()
}
