package core

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// pass is a tick under way.
type pass struct {
	*Tick
	until  time.Time // no instance is begun after it
	mu     sync.Mutex
	report TickReport
}

// over tells whether no other instance is to be begun.
func (p *pass) over(ctx context.Context) bool { return ctx.Err() != nil || !time.Now().Before(p.until) }

// instances sees to the instances unseen since before, longest unseen first, while there is time. This tick sees none later
// than latest.
func (p *pass) instances(ctx context.Context, before, latest time.Time) error {
	for {
		records, err := p.Manager.Watch.Unseen(ctx, before, latest, batch)
		if p.over(ctx) {
			p.report.Left = p.report.Left || err != nil || len(records) > 0
			return nil
		}
		if err != nil || len(records) == 0 {
			return err
		}
		// Noted first: one that hangs or ends the process must not be the first of every tick.
		if err := p.Manager.Watch.Seen(ctx, records, p.Manager.Now()); err != nil {
			return err
		}
		p.batch(ctx, records)
	}
}

// batch sees to some instances, a few at once. Those that the time does not suffice for are left to the next tick.
func (p *pass) batch(ctx context.Context, records []Record) {
	queue := make(chan Record)
	var workers sync.WaitGroup
	for range max(p.Workers, 1) {
		workers.Go(func() {
			for r := range queue {
				p.one(ctx, r)
			}
		})
	}
	for i, r := range records {
		if p.over(ctx) {
			p.leave(records[i:])
			break
		}
		queue <- r
	}
	close(queue)
	workers.Wait()
}

// leave gives instances back to the next tick, in the order they had.
func (p *pass) leave(records []Record) {
	p.report.Left = true
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, r := range records {
		_ = p.Manager.Watch.Seen(ctx, []Record{r}, r.Watch.SeenAt) // else they are only later in the queue
	}
}

// leftBehind holds when looks at instances began that have not come back. A system call on a dead mount may never do, so
// such an instance is not looked at again before that: or each tick of a long-running server would leave one more
// thread behind, until there are too many.
var leftBehind sync.Map // of leftKey to time.Time

type leftKey struct {
	store Store
	id    int64
}

// one sees to an instance. One that hangs is left behind, one that panics reported.
func (p *pass) one(ctx context.Context, r Record) {
	id, key, began := r.Instance.InstanceID, leftKey{p.Manager.Store, r.Instance.ID}, time.Now()
	if since, ok := leftBehind.Load(key); ok {
		p.note(id, finding{err: Errorf(CodeUnavailable, "the look that began at %s UTC has still no answer",
			since.(time.Time).UTC().Format(time.DateTime))})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, p.patience())
	result := make(chan finding, 1)
	go func() {
		defer cancel()
		defer func() {
			if v := recover(); v != nil {
				result <- finding{err: fmt.Errorf("panic: %v", v)}
			}
		}()
		result <- p.see(ctx, r)
	}()
	grace := time.NewTimer(p.patience() + time.Second/4) // for what does not listen to its context
	defer grace.Stop()
	select {
	case f := <-result:
		p.note(id, f)
	case <-grace.C:
		leftBehind.Store(key, began)
		go func() {
			<-result
			leftBehind.Delete(key)
		}()
		p.note(id, finding{err: Errorf(CodeUnavailable, "it gave no answer in %s", p.patience())})
	}
}

// finding is what came of seeing to one instance.
type finding struct {
	attention Attention
	unhealthy bool
	err       error
}

func (p *pass) note(id string, f finding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &p.report
	r.Seen++
	for _, n := range []struct {
		holds bool
		list  *[]string
	}{
		{f.attention.Completed, &r.Completed},
		{f.attention.Repaired != "", &r.Repaired},
		{f.attention.Disputed != "", &r.Disputed},
		{f.unhealthy, &r.Unhealthy},
	} {
		if n.holds {
			i, _ := slices.BinarySearch(*n.list, id)
			*n.list = slices.Insert(*n.list, i, id)
		}
	}
	if f.err != nil {
		r.Failed = append(r.Failed, TickFailure{id, Sentence(f.err)})
		if p.Log != nil {
			p.Log(id, f.err)
		}
	}
}
