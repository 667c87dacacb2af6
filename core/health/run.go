package health

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"vpm/core"
)

// run is one check under way.
type run struct {
	key   runKey
	began time.Time
	ended chan struct{}
	check core.Check // to be read once ended is closed
}

type runKey struct{ name, dir, url string }

// hung holds the runs that outlived their time. A system call on a dead mount may never return, so such a check is
// not begun again before it has: or each pass of a long-running server would leave one more thread behind.
var hung sync.Map // of runKey to *run

// start begins a check in a goroutine of its own, which nothing can end but the check.
func (x *examination) start(ctx context.Context, name string, check func(context.Context) core.Check) *run {
	r := &run{key: runKey{name, x.Dir, x.URL}, began: time.Now(), ended: make(chan struct{})}
	if before, ok := hung.Load(r.key); ok {
		before := before.(*run)
		if !before.over() {
			since := before.began.UTC().Format(time.DateTime)
			r.check = found(core.CheckUnknown, "The check that began at %s UTC has still no answer.", since)
			r.check.Name = name
			close(r.ended)
			return r
		}
		hung.CompareAndDelete(r.key, before)
	}
	go func() {
		defer close(r.ended)
		defer func() {
			if recover() != nil { // what was thrown may hold secrets
				r.check = found(core.CheckUnknown, "The check failed.")
			}
			r.check.Name, r.check.Duration = name, core.Milliseconds(time.Since(r.began))
		}()
		r.check = check(ctx)
	}()
	return r
}

func (r *run) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// wait gives the check, or what is to be said of one that has no answer when ctx ends.
func (r *run) wait(ctx context.Context) core.Check {
	select {
	case <-r.ended:
		return r.check
	case <-ctx.Done():
	}
	if r.over() {
		return r.check
	}
	if ctx.Err() == context.DeadlineExceeded {
		hung.Store(r.key, r)
	}
	took := time.Since(r.began)
	return core.Check{
		Name: r.key.name, Result: core.CheckUnknown, Duration: core.Milliseconds(took),
		Reason: fmt.Sprintf("There was no answer in %v s.", math.Round(took.Seconds()*10)/10),
	}
}
