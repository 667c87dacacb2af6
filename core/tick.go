package core

import (
	"context"
	"crypto/rand"
	"errors"
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
	end := began.Add(budget + t.patience())
	mine, err := m.Watch.Lease(ctx, tickLease, owner, began, end)
	if err != nil || !mine {
		return TickReport{}, err
	}
	defer func() { _ = m.Watch.Release(context.WithoutCancel(ctx), tickLease, owner) }()
	pass := &pass{Tick: t, report: TickReport{Ran: true}}
	// The last one that is begun must have its time before that of the tick is over.
	pass.until = time.Now().Add(budget * 11 / 20)
	// What fails keeps nothing of the rest back, least of all the alerts.
	failed := pass.instances(ctx, began, end)
	r := &pass.report
	thinning, done := context.WithTimeout(ctx, budget/20)
	defer done()
	if r.Thinned, err = m.Watch.ThinSamples(thinning, began); err != nil && thinning.Err() == nil {
		failed = errors.Join(failed, err)
	}
	if t.Deliver != nil {
		if r.Sent, r.Unsent, err = t.Deliver(ctx); err != nil && ctx.Err() == nil {
			failed = errors.Join(failed, err)
		}
	}
	r.Took = m.Now().Sub(began)
	return *r, failed
}

func (t *Tick) patience() time.Duration {
	if t.Patience > 0 {
		return t.Patience
	}
	return patience
}
