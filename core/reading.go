package core

import "context"

type readingKey struct{}

// Reading gives a context for one request that reports on instances and changes none: what Recall was given under it once
// is not asked for again. It is for one goroutine. What changes an instance must not recall how it was.
func Reading(ctx context.Context) context.Context {
	return context.WithValue(ctx, readingKey{}, map[any]any{})
}

// Recall gives what f gives, or under Reading what it gave before for the same key. Keys are of types of their users' own,
// one for each T. Failures are not kept.
func Recall[T any](ctx context.Context, key any, f func() (T, error)) (T, error) {
	kept, ok := ctx.Value(readingKey{}).(map[any]any)
	if !ok {
		return f()
	}
	if v, ok := kept[key].(T); ok {
		return v, nil
	}
	v, err := f()
	if err == nil {
		kept[key] = v
	}
	return v, err
}
