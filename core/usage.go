package core

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"time"
)

// UsageMaxAge is how long a measurement is answered again before it is taken anew.
const UsageMaxAge = 10 * time.Minute

// The time that a measurement may take: one that is asked for, one in a tick, and one in a request that pages repeat
// every few seconds.
const (
	resourcesBudget = 2 * time.Second
	tickBudget      = 3 * time.Second
	monitorBudget   = 300 * time.Millisecond
)

// unattended is after how long without a tick pages that poll measure a little themselves: nothing else will.
const unattended = 2 * UsageMaxAge

// Resources reports what an instance uses. It measures when the last measurement is older than UsageMaxAge or not
// complete, or fresh is set, and stores what it finds.
func (m *Manager) Resources(ctx context.Context, id string, fresh bool) (Record, error) {
	r, err := m.Record(ctx, id)
	if err != nil {
		return Record{}, err
	}
	if fresh || r.Usage.due(m.Now()) {
		return m.measure(ctx, r, resourcesBudget)
	}
	return r, nil
}

// Monitor reports an instance for pages that ask every few seconds, from what was found before. Where no tick comes
// to the instance it measures every UsageMaxAge, for a moment.
func (m *Manager) Monitor(ctx context.Context, id string) (Record, error) {
	r, err := m.Status(ctx, id)
	now := m.Now()
	if err != nil || within(UsageMaxAge, r.Usage.MeasuredAt, now) || within(unattended, r.Watch.SeenAt, now) {
		return r, err
	}
	return m.measure(ctx, r, monitorBudget)
}

// within tells whether a moment lies no further than age from now. One further ahead is of a clock that has been set back
// since, and says nothing of how old something is.
func within(age time.Duration, at, now time.Time) bool { return now.Sub(at).Abs() <= age }

// due tells whether it is time to measure again.
func (u Usage) due(now time.Time) bool {
	return u.Evidence.Walk != "" || !within(UsageMaxAge, u.MeasuredAt, now)
}

// measure takes a measurement, and goes on with a walk that was not complete. While another process measures the
// same instance, the last measurement is what there is.
func (m *Manager) measure(ctx context.Context, r Record, budget time.Duration) (Record, error) {
	in, now := r.Instance, m.Now()
	lease, owner := "measure "+strconv.FormatInt(in.ID, 10), rand.Text()
	mine, err := m.Watch.Lease(ctx, lease, owner, now, now.Add(budget+2*time.Second))
	if err != nil || !mine {
		return r, err
	}
	defer func() { _ = m.Watch.Release(ctx, lease, owner) }() // it runs out by itself
	from, err := m.Watch.Walk(ctx, in)
	if err != nil {
		return Record{}, err
	}
	limited, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	u, position := m.Measure(limited, in, from)
	if position != nil {
		u.keepWhole(r.Usage)
	}
	u.MeasuredAt = m.Now()
	// The position first: cut off between the two, the next walk goes on, and at worst counts no entry twice.
	if err := m.Watch.SaveWalk(ctx, in, position); err != nil {
		return Record{}, err
	}
	if err := m.Store.SaveUsage(ctx, in.InstanceID, u); err != nil {
		return Record{}, err
	}
	r.Usage = u
	if !u.ChangedAt.IsZero() {
		err = m.Watch.Active(ctx, in, u.ChangedAt)
	}
	return r, err
}

// keepWhole is for a walk that is still to be completed: what was once seen whole says more than a part of it now. (Of
// one that is complete the figures count, also where a directory could not be read: that would not become readable by
// going on, and the old figures would stay for ever.)
func (u *Usage) keepWhole(old Usage) {
	u.Evidence.Walk = u.Evidence.Disk
	if !strings.HasPrefix(old.Evidence.Disk, "measured") {
		return
	}
	u.DiskUsage, u.DiskAllocated, u.Files, u.Evidence.Disk = old.DiskUsage, old.DiskAllocated, old.Files, old.Evidence.Disk
	if old.ChangedAt.After(u.ChangedAt) {
		u.ChangedAt = old.ChangedAt
	}
	if old.Evidence.Disk == "measured" {
		u.Evidence.Disk = "measured at " + old.MeasuredAt.UTC().Format(time.RFC3339)
	}
}
