package main

import (
	"context"

	"vpm/core"
	"vpm/core/store"
)

// unitKey is that of the slug of an instance's row under core.Reading.
type unitKey int64

type slugsKey struct{}

// unitOf gives the slug of an instance, "" for one that has no process of its own.
func unitOf(ctx context.Context, db *store.DB, in core.Instance) (string, error) {
	if slugs, ok := ctx.Value(slugsKey{}).(map[int64]string); ok {
		return slugs[in.ID], nil
	}
	return core.Recall(ctx, unitKey(in.ID), func() (string, error) {
		slug, _, err := db.Unit(ctx, in)
		return slug, err
	})
}

// unitsAhead has unitOf know all slugs, by one query, for a request that reports many instances.
func unitsAhead(ctx context.Context, db *store.DB) (context.Context, error) {
	slugs, err := db.Slugs(ctx)
	if err != nil {
		return nil, err
	}
	return context.WithValue(ctx, slugsKey{}, slugs), nil
}
