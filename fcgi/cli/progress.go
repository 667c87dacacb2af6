package cli

import (
	"fmt"
	"sync"
	"time"
)

// progress tells on a terminal that something goes on, from a second on, until end is called. Elsewhere it says nothing.
func (s *screen) progress(doing string) (end func()) {
	return s.progressing(func() string { return doing })
}

// progressing is progress where what is said changes.
func (s *screen) progressing(doing func() string) (end func()) {
	if _, ok := terminal(s.err); !ok || s.format != formatTable {
		return func() {}
	}
	done, began := make(chan struct{}), time.Now()
	var told sync.WaitGroup
	told.Go(func() {
		every := time.NewTicker(time.Second)
		defer every.Stop()
		for {
			select {
			case <-done:
				fmt.Fprint(s.err, "\r\x1b[K")
				return
			case <-every.C:
				if text := doing(); text != "" {
					fmt.Fprintf(s.err, "\r\x1b[K%s… %d s", text, int(time.Since(began).Seconds()))
				}
			}
		}
	})
	return func() {
		close(done)
		told.Wait()
	}
}
