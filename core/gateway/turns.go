package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// turns lets a bounded number of requests run and a bounded number wait, for a bounded time.
type turns struct {
	slots    chan struct{} // nil: no bound
	waiting  atomic.Int64
	refused  atomic.Uint64
	most     int64 // that may wait
	patience time.Duration

	mu    sync.Mutex
	since map[*http.Request]time.Time // when those that run began
}

func newTurns(running, waiting int, patience time.Duration) *turns {
	t := &turns{most: int64(waiting), patience: patience, since: map[*http.Request]time.Time{}}
	if running > 0 {
		t.slots = make(chan struct{}, running)
	}
	return t
}

// take waits for a turn, and gives false when there is none to be had, the client has gone or the server ends.
func (t *turns) take(ctx context.Context, gone <-chan struct{}, r *http.Request) bool {
	if t.slots != nil && !t.enter(ctx, gone) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.since[r] = time.Now()
	return true
}

func (t *turns) enter(ctx context.Context, gone <-chan struct{}) bool {
	select {
	case t.slots <- struct{}{}:
		return true
	default:
	}
	defer t.waiting.Add(-1)
	if t.waiting.Add(1) > t.most {
		return false
	}
	patience := time.NewTimer(t.patience)
	defer patience.Stop()
	select {
	case t.slots <- struct{}{}:
		return true
	case <-patience.C:
	case <-gone:
	case <-ctx.Done():
	}
	return false
}

func (t *turns) giveBack(r *http.Request) {
	t.mu.Lock()
	delete(t.since, r)
	t.mu.Unlock()
	if t.slots != nil {
		<-t.slots
	}
}

// stalled tells whether nothing can run any more: all turns are taken, by requests that run longer than any
// may.
func (t *turns) stalled(limit time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, began := range t.since {
		if time.Since(began) < limit {
			return false
		}
	}
	return t.slots != nil && len(t.since) == cap(t.slots)
}

// maxEarly is how much of a body is read before the request takes its turn, in bytes: more than the API
// accepts.
const maxEarly = 128 << 10

// readEarly reads the body, so that a client who sends it slowly takes no turn meanwhile. What is wrong with
// it the handler finds out.
func readEarly(r *http.Request) {
	var early bytes.Buffer
	io.CopyN(&early, r.Body, maxEarly) // an error comes again at the next read
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(&early, r.Body), r.Body}
}
