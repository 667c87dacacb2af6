package core_test

import (
	"context"
	"errors"
	"testing"

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
