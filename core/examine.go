package core

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"
)

// HealthMaxAge is how long a result of the checks is answered again before they are made anew.
const HealthMaxAge = time.Minute

// examineLease is how long one process may make an instance's checks before another may too.
const examineLease = 10 * time.Second

// Health reports an instance with the result of its checks. They are made when the last result is older than
// HealthMaxAge or fresh is set, by one process at a time: others have the last result meanwhile.
func (m *Manager) Health(ctx context.Context, id string, fresh bool) (Record, error) {
	r, err := m.Status(ctx, id)
	if err != nil || !fresh && within(HealthMaxAge, r.Watch.Health.CheckedAt, m.Now()) {
		return r, err
	}
	lease, owner := "examine "+strconv.FormatInt(r.Instance.ID, 10), rand.Text()
	mine, err := m.Watch.Lease(ctx, lease, owner, m.Now(), m.Now().Add(examineLease))
	if err != nil || !mine {
		return r, err
	}
	defer func() { _ = m.Watch.Release(ctx, lease, owner) }() // it runs out by itself
	r.Watch.Health = m.Examine(ctx, r)
	return r, m.Watch.SaveHealth(ctx, r.Instance, r.Watch.Health)
}

// Healthy tells whether an instance serves its visitors or, while it is wanted stopped, is closed. known is whether
// that follows from checks; they say nothing any more when they are old or something else is wanted since, and then
// its gate is all there is.
func (r Record) Healthy(now time.Time) (healthy, known bool) {
	h, wanted := r.Watch.Health, r.Wanted(now)
	asWanted := !drifted(wanted, r.Gate.Evidence)
	if h.Healthy != nil && h.Wanted == wanted && within(unattended, h.CheckedAt, now) {
		return *h.Healthy && asWanted, true
	}
	return asWanted && (r.AsOf(now).Running() || r.Stopped() && r.Gate.Evidence.Observed == ObservedStopped), false
}

// LongestMute is how long alerts may be muted.
const LongestMute = 366 * 24 * time.Hour

// Mute keeps alerts of an instance back until a time; zero ends that.
func (m *Manager) Mute(ctx context.Context, by Actor, id string, until time.Time, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	if ahead := until.Sub(m.Now()); !until.IsZero() && (ahead <= 0 || ahead > LongestMute) {
		return Errorf(CodeInvalid, "cannot mute until then: it must be a time to come, within a year")
	}
	r, err := m.Record(ctx, id)
	if err != nil {
		return err
	}
	if err := m.Watch.Mute(ctx, r.Instance, until); err != nil {
		return err
	}
	return m.Store.RecordEvent(ctx, Event{At: m.Now(), InstanceID: r.Instance.InstanceID, Action: ActionMute, Actor: by,
		Reason: reason, Result: ResultOK})
}
