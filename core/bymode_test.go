package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/virtual"
)

// TestLookGoesAhead: what is found for all instances at once is there for whoever asks for one.
func TestLookGoesAhead(t *testing.T) {
	t.Parallel()
	type key struct{}
	by := &core.ByMode{Real: &virtual.Runtime{}, Ahead: func(ctx context.Context) (context.Context, error) {
		return context.WithValue(ctx, key{}, "found"), nil
	}}
	if ctx, err := by.Look(t.Context()); err != nil || ctx.Value(key{}) != "found" {
		t.Errorf("Look gives %v, %v", ctx, err)
	}
	refused := errors.New("the database is away")
	by.Ahead = func(context.Context) (context.Context, error) { return nil, refused }
	if _, err := by.Look(t.Context()); !errors.Is(err, refused) {
		t.Errorf("Look gives %v, want %v", err, refused)
	}
	by.Ahead = nil
	if _, err := by.Look(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDriftIsDueByMode: whose process it is says when drift may be put right, and where that cannot be told it is left.
func TestDriftIsDueByMode(t *testing.T) {
	t.Parallel()
	lately := errors.New("asked about its history")
	runtime := func(events []core.Event, err error) *virtual.Runtime {
		return &virtual.Runtime{Now: time.Now, History: func(context.Context, core.Instance) ([]core.Event, error) { return events, err }}
	}
	var moved bool
	var unknown error
	m := &core.ByMode{Virtual: runtime(nil, nil), Real: runtime(nil, lately), Moved: func(context.Context, core.Instance) (bool, error) { return moved, unknown }}
	if due, err := m.Due(t.Context(), core.Record{}, core.Evidence{}); err != nil || !due {
		t.Errorf("of the one: %t, %v", due, err)
	}
	moved = true
	if due, err := m.Due(t.Context(), core.Record{}, core.Evidence{}); !errors.Is(err, lately) || due {
		t.Errorf("of the other: %t, %v", due, err)
	}
	unknown = errors.New("the database is away")
	if due, err := m.Due(t.Context(), core.Record{}, core.Evidence{}); !errors.Is(err, unknown) || due {
		t.Errorf("of who knows which: %t, %v", due, err)
	}
}
