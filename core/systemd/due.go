package systemd

import (
	"context"
	"encoding/json"

	"vpm/core"
)

// Memory keeps what is remembered of an instance's failures from one tick to the next, as text.
type Memory struct {
	Load func(ctx context.Context, in core.Instance) (string, error)
	Save func(ctx context.Context, in core.Instance, text string) error
	// History gives the last events of an instance, newest first.
	History func(ctx context.Context, in core.Instance) ([]core.Event, error)
}

// Due plans by what systemd says: what has failed is tried again after 1, 2, 5 and 10 minutes, and what somebody else has
// started or stopped is put right once, until it is a new cause.
func (rt *Runtime) Due(ctx context.Context, r core.Record, _ core.Evidence) (bool, error) {
	slug, err := rt.Slug(ctx, r.Instance)
	if err != nil {
		return false, err
	}
	d, err := rt.Units.Detail(ctx, slug)
	if err != nil {
		return false, err
	}
	text, err := rt.Memory.Load(ctx, r.Instance)
	if err != nil {
		return false, err
	}
	var before Crashes
	if text != "" {
		// What cannot be read is forgotten: the count begins anew.
		_ = json.Unmarshal([]byte(text), &before)
	}
	now := rt.Now()
	after, act := before.Next(d, r.Wanted(now) == core.ObservedRunning, now)
	if after != before {
		stored, err := json.Marshal(after)
		if err != nil {
			return false, err
		}
		if err := rt.Memory.Save(ctx, r.Instance, string(stored)); err != nil {
			return false, err
		}
	}
	switch act {
	case ActRetry:
		return true, nil
	case ActDrift:
		events, err := rt.Memory.History(ctx, r.Instance)
		return err == nil && !core.RepairedLately(events, now), err
	}
	return false, nil
}

type overviewKey struct{}

// Look asks systemd for all instances in one call, for a request that reports many.
func (rt *Runtime) Look(ctx context.Context) (context.Context, error) {
	all, err := rt.Overview(ctx)
	if err != nil {
		return nil, err
	}
	return context.WithValue(ctx, overviewKey{}, all), nil
}

// standing gives what a Look has seen of an instance. ok is false where nobody has looked.
func standing(ctx context.Context, slug string) (s Standing, ok bool) {
	all, ok := ctx.Value(overviewKey{}).(map[string]Standing)
	return all[slug], ok
}
