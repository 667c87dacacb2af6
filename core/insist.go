package core

import "context"

type insistKey struct{}

// Insist gives the context of a change that a person has asked for, or of a retry whose time has come: a runtime then
// starts also what has failed before. Without it that is left to the ticks, or every look at its status would try again.
func Insist(ctx context.Context) context.Context { return context.WithValue(ctx, insistKey{}, true) }

// Insists tells whether a context is that of Insist.
func Insists(ctx context.Context) bool { return ctx.Value(insistKey{}) != nil }
