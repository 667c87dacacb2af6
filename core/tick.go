package core

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Tick is the periodic pass: cron calls it on a shared host, a timer in the server. It comes to the instances that were
// longest unseen, finishes what was cut off, measures, examines, keeps history, and sends alerts.
type Tick struct {
	Manager *Manager
	// Judge says what is to be told of a change of state, and what is to be remembered of it. before is what was
	// remembered, and a what was found to do about the gate.
	Judge func(before Watch, r Record, h Health, a Attention) (after Watch, alerts []Alert)
	// Channels are where alerts go; empty: nowhere.
	Channels []string
	// Deliver sends the alerts that are due, until ctx ends.
	Deliver func(ctx context.Context) (sent, failed int, err error)
	// Workers is how many instances are seen to at once.
	Workers int
	// Patience is what one instance may take before it is left behind; zero: 6 seconds.
	Patience time.Duration
	// Log hears of what went wrong with one instance.
	Log func(instanceID string, err error)
}

// How a tick spends its time.
const (
	// patience is a Tick's when nobody says. It is more than measuring and examining take.
	patience = 6 * time.Second
	// batch is how many instances are read at once.
	batch = 32
	// tickLease is the name of the lease that keeps ticks from overlapping.
	tickLease = "tick"
)

// TickReport is what a tick did.
type TickReport struct {
	Ran       bool // false: another tick is under way
	Seen      int  // instances
	Left      bool // the time was over before all were seen
	Completed []string
	Repaired  []string
	Disputed  []string
	Unhealthy []string
	Failed    []TickFailure
	Thinned   int // samples
	Sent      int // alerts
	Unsent    int // alerts that did not arrive and are tried again
	Took      time.Duration
}

// TickFailure is an instance that could not be seen to.
type TickFailure struct {
	InstanceID string
	Reason     string
}

// Run makes one pass within budget. Two at once do not overlap: the second does nothing.
func (t *Tick) Run(ctx context.Context, budget time.Duration) (TickReport, error) {
	m, began, owner := t.Manager, t.Manager.Now(), rand.Text()
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	// A tick that was killed frees the way when its time is over.
	mine, err := m.Watch.Lease(ctx, tickLease, owner, began, began.Add(budget+t.patience()))
	if err != nil || !mine {
		return TickReport{}, err
	}
	defer func() { _ = m.Watch.Release(context.WithoutCancel(ctx), tickLease, owner) }()
	pass := &pass{Tick: t, report: TickReport{Ran: true}}
	// The last one that is begun must have its time before that of the tick is over.
	pass.until = time.Now().Add(budget * 11 / 20)
	if err := pass.instances(ctx, began); err != nil {
		return pass.report, err
	}
	r := &pass.report
	thinning, done := context.WithTimeout(ctx, budget/20)
	defer done()
	if r.Thinned, err = m.Watch.ThinSamples(thinning, began); err != nil && thinning.Err() == nil {
		return *r, err
	}
	if t.Deliver != nil {
		if r.Sent, r.Unsent, err = t.Deliver(ctx); err != nil && ctx.Err() == nil {
			return *r, err
		}
	}
	r.Took = m.Now().Sub(began)
	return *r, nil
}

func (t *Tick) patience() time.Duration {
	if t.Patience > 0 {
		return t.Patience
	}
	return patience
}

// pass is a tick under way.
type pass struct {
	*Tick
	until  time.Time // no instance is begun after it
	mu     sync.Mutex
	report TickReport
}

// over tells whether no other instance is to be begun.
func (p *pass) over(ctx context.Context) bool { return ctx.Err() != nil || !time.Now().Before(p.until) }

// instances sees to the instances unseen since before, longest unseen first, while there is time.
func (p *pass) instances(ctx context.Context, before time.Time) error {
	for {
		records, err := p.Manager.Watch.Unseen(ctx, before, batch)
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

// see does what is to be done about one instance.
func (p *pass) see(ctx context.Context, r Record) finding {
	m := p.Manager
	r, attention, err := m.Attend(ctx, r)
	f := finding{attention: attention, err: err}
	switch CodeOf(err) {
	case "", CodeNotEffective: // a stop without effect is looked at like everything else
	default:
		return f
	}
	r, health, err := m.look(ctx, r)
	if ctx.Err() != nil { // what was found with no time left says nothing
		err = Errorf(CodeUnavailable, "the time of the tick was over")
	}
	if err != nil {
		f.err = err
		return f
	}
	f.unhealthy = health.Healthy != nil && !*health.Healthy
	after, alerts := p.Judge(r.Watch, r, health, attention)
	after.SeenAt, after.Health = m.Now(), health
	if len(p.Channels) == 0 { // nobody is told: who will be later is to hear then of what lasts
		alerts, after.Alarms = nil, Alarms{}
	}
	if err := m.noteSeen(ctx, r, health); err != nil {
		f.err = err
	}
	if err := m.Watch.SaveWatch(ctx, r.Instance, after, r.sample(m.Now(), health), alerts, p.Channels); err != nil {
		f.err = err
	}
	return f
}

// noteSeen stores what visitors were seen to meet, for the list, which looks at nothing itself.
func (m *Manager) noteSeen(ctx context.Context, r Record, h Health) error {
	if r.Gate.Pending() { // what is stored says why
		return nil
	}
	e := m.Runtime.Observe(ctx, r)
	for _, c := range h.Checks {
		if c.Name == CheckHTTP && c.Result == CheckOK && e.Observed == h.Wanted {
			e = Evidence{Observed: h.Wanted, How: HowProbe, Seen: c.Reason, At: h.CheckedAt}
		}
	}
	return m.Store.SaveGate(ctx, r.Instance, r.Gate.Generation, true, r.Gate.Entry, e)
}

// look measures an instance, where it is time for that, and examines it, side by side.
func (m *Manager) look(ctx context.Context, r Record) (Record, Health, error) {
	if !r.Usage.due(m.Now()) {
		return r, m.Examine(ctx, r), nil
	}
	var health Health
	var panicked any
	examined := make(chan struct{})
	go func() {
		defer close(examined)
		defer func() { panicked = recover() }()
		health = m.Examine(ctx, r)
	}()
	measured, err := m.measure(ctx, r, tickBudget)
	if <-examined; panicked != nil {
		panic(panicked)
	}
	return measured, health, err
}

// sample is what history keeps of this moment.
func (r Record) sample(now time.Time, h Health) *Sample {
	s := &Sample{At: now.Truncate(time.Second), Ticks: 1}
	if h.Healthy != nil {
		if *h.Healthy {
			s.Healthy = 1
		} else {
			s.Unhealthy = 1
		}
	}
	u := r.Usage
	known := func(value int64, evidence string) *int64 {
		if evidence == "" || len(evidence) >= 7 && evidence[:7] == "unknown" {
			return nil
		}
		return &value
	}
	s.Memory, s.DiskUsage = known(u.Memory, u.Evidence.Memory), known(u.DiskUsage, u.Evidence.Disk)
	s.DatabaseSize, s.Queries = known(u.DatabaseSize, u.Evidence.Database), known(u.Queries, u.Evidence.Queries)
	if took, ok := h.FirstByte(); ok {
		s.Probe, s.ProbeMax = &took, &took
	}
	return s
}
