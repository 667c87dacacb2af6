package core_test

import (
	"errors"
	"testing"

	"vpm/core"
)

func TestRecall(t *testing.T) {
	t.Parallel()
	type key int
	asked := 0
	count := func() (int, error) {
		asked++
		if asked == 1 {
			return 0, errors.New("not yet")
		}
		return asked, nil
	}
	ctx := core.Reading(t.Context())
	for i, want := range []int{0, 2, 2} {
		if got, err := core.Recall(ctx, key(1), count); got != want || (err != nil) != (i == 0) {
			t.Errorf("call %d: %d, %v", i, got, err)
		}
	}
	if got, _ := core.Recall(ctx, key(2), count); got != 3 {
		t.Errorf("another key: %d", got)
	}
	if got, _ := core.Recall(core.Reading(t.Context()), key(1), count); got != 4 {
		t.Errorf("another request: %d", got)
	}
	for want := 5; want < 7; want++ {
		if got, _ := core.Recall(t.Context(), key(1), count); got != want {
			t.Errorf("not reading: %d, want %d", got, want)
		}
	}
}
