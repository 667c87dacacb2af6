package httpapi

import (
	"context"
	"fmt"
	"testing"

	"vpm/core"
)

// TestMoveOperations: each word opens its own door, and a question changes nothing.
func TestMoveOperations(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	p.get("instances/move?instance_id=one").want(409)
	p.post("instances/move", map[string]any{"instance_id": "one"}).want(409)
	result := map[string]any{"slug": "one", "operation": "move", "request": "r", "started_at": "2026-11-23T18:00:00Z", "state": "done", "steps": []any{}}
	opened := ""
	door := func(name string) func(context.Context, core.Actor, string) (any, error) {
		return func(_ context.Context, by core.Actor, id string) (any, error) {
			opened = name + " of " + id + " by " + by.Name
			return result, nil
		}
	}
	backend := p.backend()
	backend.Moves = Moves{Move: door("move"), Undo: door("undo"), Finish: door("finish"), Remove: door("remove"),
		Progress: func(_ context.Context, id string) (any, error) {
			opened = "progress of " + id
			return result, nil
		}}
	p.Backend = func() (*Backend, error) { return backend, nil }
	for operation, want := range map[string]string{"": "move", "move": "move", "undo": "undo", "finish": "finish", "remove": "remove"} {
		opened = ""
		p.post("instances/move", map[string]any{"instance_id": "one", "operation": operation}).want(200)
		if opened != want+" of one by root" {
			t.Errorf("%q has opened %q", operation, opened)
		}
	}
	opened = ""
	p.post("instances/move", map[string]any{"instance_id": "one", "operation": "Finish"}).want(400).says("operation")
	if opened != "" {
		t.Errorf("no operation has opened %q", opened)
	}
	for _, operation := range []string{"", "finish"} {
		p.get(fmt.Sprint("instances/move?instance_id=one&operation=", operation)).want(200)
		if opened != "progress of one" {
			t.Errorf("a question with %q has opened %q", operation, opened)
		}
	}
}
