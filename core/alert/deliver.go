// Package alert decides when people are told of an instance, and tells them by webhook and by mail.
//
// An alert arrives at least once. It is stored together with the change of state that it tells of, and its delivery is
// forgotten after the receiver has taken it. So a process killed between these two, or a connection lost just before
// the receiver's word that it has the message, repeats it. Every attempt carries the same ID, by which a receiver
// tells a repetition: "id" and X-Vpm-Delivery of a webhook, Message-ID of a mail.
package alert

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"vpm/core"
)

// Queue holds the alerts on their way. It is the part of core.WatchStore that a Sender needs.
type Queue interface {
	// Deliveries reads those whose NextAt is not after now, up to limit, those with the smallest IDs.
	Deliveries(ctx context.Context, now time.Time, limit int) ([]core.Delivery, error)
	PostponeDelivery(ctx context.Context, id int64, attempts int, next time.Time, reason string) error
	EndDelivery(ctx context.Context, id int64) error
}

// Sender brings alerts to people. A channel that is nil is not configured.
type Sender struct {
	Webhook *Webhook
	Mail    *Mail
}

// Outcome is what one Deliver came to.
type Outcome struct {
	Sent, Failed int
	Lost         []Loss // what nobody will try again
}

// Loss is a delivery that was given up, whole or for some recipients of a mail.
type Loss struct {
	Delivery core.Delivery
	Reason   string // holds no secret
}

const (
	attemptsInOnePass = 20
	// failuresInARow is after how many a channel is left alone for this pass: its receiver is down, and finding
	// that out again for every alert would use up the time of the tick.
	failuresInARow = 3
	giveUpAfter    = 3 * 24 * time.Hour

	// Of the alerts about one instance none may overtake another, so those that wait for a later attempt must be
	// known too.
	mostWaiting  = 1000
	longestPause = 6 * time.Hour
)

var errNotConfigured = errors.New("this channel is no longer configured")

// pauseAfter is how long a delivery waits after that many failed attempts.
func pauseAfter(attempts int) time.Duration {
	pauses := [...]time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		time.Hour, 3 * time.Hour, longestPause}
	return pauses[min(max(attempts, 1), len(pauses))-1]
}

// due tells whether an attempt may be made. What waits for longer than it was put off was stored before the clock was set
// back, and would wait, and hold up what comes after it, until that time came again.
func due(d core.Delivery, now time.Time) bool {
	wait := d.NextAt.Sub(now)
	return wait <= 0 || wait > pauseAfter(d.Attempts)
}

// Channels lists the configured channels, as core.WatchStore.SaveWatch takes them.
func (s *Sender) Channels() []string {
	var channels []string
	if s.Webhook != nil {
		channels = append(channels, core.AlertWebhook)
	}
	if s.Mail != nil {
		channels = append(channels, core.AlertMail)
	}
	return channels
}

// Deliver sends what is due, oldest first, as far as the time of ctx allows, and stores what came of it. now is the
// caller's clock. It must not run twice at once: the caller holds the lease of the tick. Its errors are those of q.
func (s *Sender) Deliver(ctx context.Context, q Queue, now func() time.Time) (Outcome, error) {
	p := pass{sender: s, queue: q, now: now, failures: map[string]int{}}
	waiting, err := q.Deliveries(ctx, time.UnixMicro(math.MaxInt64), mostWaiting)
	if err != nil {
		return p.Outcome, err
	}
	slices.SortFunc(waiting, func(a, b core.Delivery) int { return cmp.Compare(a.ID, b.ID) })
	type lane struct{ channel, instance string }
	held := map[lane]bool{} // an earlier alert of the lane is still to arrive
	for _, d := range waiting {
		l := lane{d.Channel, d.Alert.InstanceID}
		if held[l] || !due(d, now()) || p.failures[d.Channel] >= failuresInARow {
			held[l] = true
			continue
		}
		if !p.timeFor(ctx, d.Channel) {
			break
		}
		gone, err := p.attempt(ctx, d)
		if err != nil {
			return p.Outcome, err
		}
		held[l] = !gone
	}
	return p.Outcome, nil
}

// pass is one Deliver.
type pass struct {
	Outcome
	sender   *Sender
	queue    Queue
	now      func() time.Time
	attempts int
	failures map[string]int // in a row, by channel
}

// timeFor tells whether an attempt may begin. The first one may whatever time is left, so that a caller who is
// always short of time gets on; those after it only where the receiver can be given all of its time.
func (p *pass) timeFor(ctx context.Context, channel string) bool {
	if ctx.Err() != nil || p.attempts >= attemptsInOnePass {
		return false
	}
	deadline, limited := ctx.Deadline()
	return p.attempts == 0 || !limited || time.Until(deadline) > patience(channel)
}

// attempt sends d and stores what came of it; gone is that it waits no longer.
func (p *pass) attempt(ctx context.Context, d core.Delivery) (gone bool, err error) {
	p.attempts++
	refused, failure := p.sender.send(ctx, d, p.now())
	// The receiver has or has not got it, whether or not there is time left; not to store that would repeat it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if failure == nil {
		p.Sent++
		p.failures[d.Channel] = 0
		for _, reason := range refused {
			p.Lost = append(p.Lost, Loss{d, reason})
		}
		return true, p.queue.EndDelivery(ctx, d.ID)
	}
	reason := core.Cut(oneLine(failure.Error()), 300)
	if errors.Is(failure, errNotConfigured) {
		p.Lost = append(p.Lost, Loss{d, reason})
		return true, p.queue.EndDelivery(ctx, d.ID)
	}
	p.Failed++
	p.failures[d.Channel]++
	d.Attempts++
	if p.now().Sub(d.Alert.At) >= giveUpAfter {
		p.Lost = append(p.Lost, Loss{d, reason})
		return true, p.queue.EndDelivery(ctx, d.ID)
	}
	return false, p.queue.PostponeDelivery(ctx, d.ID, d.Attempts, p.now().Add(pauseAfter(d.Attempts)), reason)
}

// patience is how long an attempt may take.
func patience(channel string) time.Duration {
	if channel == core.AlertMail {
		return mailPatience
	}
	return webhookPatience
}

// send makes one attempt. refused names recipients that will not get a mail which the others got.
func (s *Sender) send(ctx context.Context, d core.Delivery, now time.Time) (refused []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience(d.Channel))
	defer cancel()
	switch {
	case d.Channel == core.AlertWebhook && s.Webhook != nil:
		return nil, s.Webhook.send(ctx, d.Alert, now)
	case d.Channel == core.AlertMail && s.Mail != nil:
		return s.Mail.send(ctx, d.Alert, d.Attempts)
	}
	return nil, errNotConfigured
}
