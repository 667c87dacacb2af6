package systemd

import "time"

// Crashes is what has to be remembered of an instance from one tick to the next: how often its master has ended without
// being asked to, and when to try again after systemd has given up, which it does after five ends in a minute. How it
// ended each time is in the journal, see Runtime.Exits.
type Crashes struct {
	// Total counts the restarts by systemd and the retries by ticks. systemd's own count begins anew at every start that
	// a person asks for; this one does not. Of one that happens between two looks the part before it is not counted.
	Total int64 `json:"total"`
	// Counted is how much of systemd's count Total has.
	Counted int64 `json:"counted"`
	// Attempts is how often ticks have tried again since the instance was last seen up for good.
	Attempts int `json:"attempts"`
	// NextAt is when to try again; zero while there is nothing to try.
	NextAt time.Time `json:"next_at,omitzero"`
}

// goodAfter is how long an instance has to be up for its failures to be over.
const goodAfter = 10 * time.Minute

// retryAfter is the time from a failure to the attempt of this number, from 0.
func retryAfter(attempt int) time.Duration {
	after := [...]time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}
	return after[min(attempt, len(after)-1)]
}

// Action is what a tick has to do about an instance.
type Action string

// The actions.
const (
	ActNothing Action = ""
	// ActRetry: systemd has given up; reset-failed and start.
	ActRetry Action = "retry"
	// ActDrift: it is wanted and was ended in an orderly way, by somebody else than vpm; or it runs and is not wanted.
	ActDrift Action = "drift"
)

// Next says what a tick has to do about an instance as it sees it, and what to remember for the next one.
func (c Crashes) Next(d Detail, wanted bool, now time.Time) (Crashes, Action) {
	c = c.count(d)
	switch {
	case !wanted:
		c.Attempts, c.NextAt = 0, time.Time{}
		if d.up() && d.Job == "" {
			return c, ActDrift
		}
	case d.Active == "failed" && c.NextAt.IsZero():
		failedAt := d.ChangedAt
		if failedAt.IsZero() || failedAt.After(now) {
			failedAt = now
		}
		c.NextAt = failedAt.Add(retryAfter(c.Attempts))
		return c.due(now)
	case d.Active == "failed":
		return c.due(now)
	case d.up():
		c.NextAt = time.Time{}
		if now.Sub(d.ActiveSince) >= goodAfter {
			c.Attempts = 0
		}
	case d.Active == "inactive" && d.Job == "":
		return c, ActDrift
	}
	return c, ActNothing
}

// due retries once its time has come. The next failure begins the next wait.
func (c Crashes) due(now time.Time) (Crashes, Action) {
	if now.Before(c.NextAt) {
		return c, ActNothing
	}
	c.Attempts++
	c.Total++
	c.Counted = 0 // reset-failed resets systemd's count
	c.NextAt = time.Time{}
	return c, ActRetry
}

// count adds the restarts that systemd has made since the last look.
func (c Crashes) count(d Detail) Crashes {
	if !d.Restarts.Known {
		return c
	}
	more := d.Restarts.Value - c.Counted
	if more < 0 { // somebody has started it meanwhile
		more = d.Restarts.Value
	}
	c.Total += more
	c.Counted = d.Restarts.Value
	return c
}

// Started is what to remember after a start that a person has asked for and vpm has carried out.
func (c Crashes) Started() Crashes {
	c.Counted, c.Attempts, c.NextAt = 0, 0, time.Time{}
	return c
}
