package core

import "context"

// ByMode is the Runtime of a server on which some instances have processes of their own and others do not yet: each is
// driven by the one of its mode.
type ByMode struct {
	Virtual, Real Runtime
	// Moved tells whether an instance has a process of its own.
	Moved func(ctx context.Context, in Instance) (bool, error)
	// Ahead finds for all instances at once what Moved and Real ask for each. nil: they ask.
	Ahead func(ctx context.Context) (context.Context, error)
}

// Mode is that of the server; see Process for that of an instance.
func (b *ByMode) Mode() Mode { return ModeReal }

func (b *ByMode) of(ctx context.Context, in Instance) (Runtime, error) {
	moved, err := b.Moved(ctx, in)
	if err != nil {
		return nil, err
	}
	if moved {
		return b.Real, nil
	}
	return b.Virtual, nil
}

// Start names a run.
func (b *ByMode) Start(ctx context.Context, in Instance) (PID, error) {
	// Both name runs alike, and it is called while the instance is locked in the database.
	return b.Virtual.Start(ctx, in)
}

// Look sees the processes of all instances at once.
func (b *ByMode) Look(ctx context.Context) (context.Context, error) {
	if b.Ahead != nil {
		var err error
		if ctx, err = b.Ahead(ctx); err != nil {
			return nil, err
		}
	}
	return b.Real.Look(ctx)
}

// Process reports that of one instance.
func (b *ByMode) Process(ctx context.Context, r Record) (Process, error) {
	rt, err := b.of(ctx, r.Instance)
	if err != nil {
		return Process{}, err
	}
	return rt.Process(ctx, r)
}

// Lock waits for the instance's turn.
func (b *ByMode) Lock(ctx context.Context, r Record) (turn context.Context, unlock func() error, err error) {
	rt, err := b.of(ctx, r.Instance)
	if err != nil {
		return nil, nil, err
	}
	return rt.Lock(ctx, r)
}

// Settle makes what visitors meet agree with what is wanted.
func (b *ByMode) Settle(ctx context.Context, r Record) (Settled, error) {
	rt, err := b.of(ctx, r.Instance)
	if err != nil {
		return Settled{}, err
	}
	s, err := rt.Settle(ctx, r)
	if CodeOf(err) == CodeNotEffective && rt.Mode() == ModeVirtual {
		err = Errorf(CodeNotEffective, "%s. On this server it needs a process of its own for that: POST /api/instances/move.php", Sentence(err)).Because(err)
	}
	return s, err
}

// Observe looks at what visitors meet. Where not even the mode can be told nothing is known.
func (b *ByMode) Observe(ctx context.Context, r Record) Evidence {
	rt, err := b.of(ctx, r.Instance)
	if err != nil {
		return Evidence{Observed: ObservedUnknown, How: HowUnit, Seen: Sentence(err)}
	}
	return rt.Observe(ctx, r)
}

// Release takes away what is left, before an instance is forgotten.
func (b *ByMode) Release(ctx context.Context, r Record) error {
	rt, err := b.of(ctx, r.Instance)
	if err != nil {
		return err
	}
	return rt.Release(ctx, r)
}

// Due tells whether drift may be put right now.
func (b *ByMode) Due(ctx context.Context, r Record, seen Evidence) (bool, error) {
	rt, err := b.of(ctx, r.Instance)
	if err != nil {
		return false, err
	}
	return rt.Due(ctx, r, seen)
}
