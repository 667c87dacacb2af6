package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// round is a while of trouble, and the calm after it.
type round struct {
	*world
	n     int
	until time.Time
	began time.Time

	mu         sync.Mutex
	counts     map[string]int // of troubles
	calls      map[string]int // by what came of them
	accounts   []*account
	setBack    bool     // the clock was
	events     []string // what befell
	violations []violation
	// what the calm found
	total, stopped int
	calmed         time.Duration
	repaired       int
}

// violation is something that must not be. in is nil where no instance is concerned.
type violation struct {
	in   *instance
	what string
}

func newRound(w *world, n int) *round {
	for _, in := range w.instances {
		in.forget()
	}
	return &round{world: w, n: n, counts: map[string]int{}, calls: map[string]int{}}
}

// play has clients and troubles act until the time is up.
func (r *round) play(ctx context.Context) error {
	r.began = time.Now()
	r.until = r.began.Add(r.settings.round)
	var wg sync.WaitGroup
	for n := range r.clients {
		wg.Go(func() {
			t := &turns{client: newClient(r.world, 1+n), round: r, rng: rng(r.seed, r.database, r.n, uint64(n)), name: fmt.Sprintf("r%dc%d", r.n, n), owner: n%6 == 0}
			t.play(ctx)
		})
	}
	var err error
	if !r.calm {
		wg.Go(func() { r.killPrograms(ctx) })
		err = r.trouble(ctx)
	}
	wg.Wait()
	return errors.Join(err, ctx.Err())
}

func (r *round) count(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[what]++
}

// event notes what befell all instances.
func (r *round) event(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func (r *round) violate(in *instance, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violations = append(r.violations, violation{in, fmt.Sprintf(format, args...)})
}

// answered sorts an answer, and finds those that none may be.
func (r *round) answered(way string, q call, a answer) {
	kind := "cut off"
	switch {
	case a.ours && a.err != nil:
		r.violate(nil, "%s %s%s: %v", q.method, way, q.path, a.err)
	case errors.Is(a.err, errTorn):
		r.violate(nil, "%s %s%s is answered with a part: %d %q", q.method, way, q.path, a.status, a.body)
	case a.ours && a.text("code") == "internal":
		r.violate(nil, "%s %s%s is answered %s", q.method, way, q.path, a)
	case a.ours && a.status < 300:
		kind = "done"
	case a.ours && a.status < 500:
		kind = "refused"
	case a.ours:
		kind = "unavailable"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[kind]++
}

// visit asks for the site as a visitor does.
func (in *instance) visit(ctx context.Context, c *http.Client) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, in.url, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode == 503 && resp.Header.Get("Retry-After") == "" {
		err = errors.New("503 without Retry-After")
	}
	return resp.StatusCode, string(text), err
}
