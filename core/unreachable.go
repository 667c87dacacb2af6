package core

import (
	"context"
	"time"
)

// Unreachable is the virtual Runtime of a program that cannot reach what drives the processes of this machine: an
// uploaded copy of vpm.cgi that may not connect to the server, or a server without systemd. Instances that have a
// process of their own are neither changed by it nor reported as seen; their gate would be that of a site which nobody
// visits any more.
type Unreachable struct {
	Runtime
	// Moved tells whether an instance has a process of its own.
	Moved func(ctx context.Context, in Instance) (bool, error)
	// Why says what keeps this program from it, as the end of a sentence.
	Why string
	// Now is the clock.
	Now func() time.Time
}

// refuse is the error for an instance that is out of reach, nil for the others.
func (u *Unreachable) refuse(ctx context.Context, in Instance) error {
	moved, err := u.Moved(ctx, in)
	if err == nil && moved {
		err = Errorf(CodeUnavailable, "cannot reach the process of %s: %s", in.InstanceID, u.Why)
	}
	return err
}

// Process reports of one that is out of reach that it is, and no PID: none was seen.
func (u *Unreachable) Process(ctx context.Context, r Record) (Process, error) {
	moved, err := u.Moved(ctx, r.Instance)
	switch {
	case err != nil:
		return Process{}, err
	case moved:
		return Process{Status: RunError, Mode: ModeReal}, nil
	}
	return u.Runtime.Process(ctx, r)
}

// Lock refuses the turn of an instance that is out of reach: whoever has it would change something.
func (u *Unreachable) Lock(ctx context.Context, r Record) (turn context.Context, unlock func() error, err error) {
	if err := u.refuse(ctx, r.Instance); err != nil {
		return nil, nil, err
	}
	return u.Runtime.Lock(ctx, r)
}

// Settle does nothing to an instance that is out of reach.
func (u *Unreachable) Settle(ctx context.Context, r Record) (Settled, error) {
	if err := u.refuse(ctx, r.Instance); err != nil {
		return Settled{}, err
	}
	return u.Runtime.Settle(ctx, r)
}

// Observe sees nothing of an instance that is out of reach.
func (u *Unreachable) Observe(ctx context.Context, r Record) Evidence {
	if err := u.refuse(ctx, r.Instance); err != nil {
		return Evidence{Observed: ObservedUnknown, How: HowUnit, Seen: Sentence(err), At: u.Now()}
	}
	return u.Runtime.Observe(ctx, r)
}

// Due leaves an instance that is out of reach to whoever can reach it.
func (u *Unreachable) Due(ctx context.Context, r Record, seen Evidence) (bool, error) {
	if moved, err := u.Moved(ctx, r.Instance); err != nil || moved {
		return false, err
	}
	return u.Runtime.Due(ctx, r, seen)
}

// Release refuses to forget an instance that is out of reach.
func (u *Unreachable) Release(ctx context.Context, r Record) error {
	if err := u.refuse(ctx, r.Instance); err != nil {
		return err
	}
	return u.Runtime.Release(ctx, r)
}
