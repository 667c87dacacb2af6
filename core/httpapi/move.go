package httpapi

import (
	"context"

	"vpm/core"
)

// Moves are the doors to giving instances processes of their own. They are nil where that is not possible.
type Moves struct {
	Move, Undo, Finish, Remove func(ctx context.Context, by core.Actor, id string) (any, error)
	Progress                   func(ctx context.Context, id string) (any, error)
}

// move gives an instance a process of its own, takes that back, makes it final, or removes
// what one that was taken back has left; a GET tells how far it is.
func (a *API) move(c *call) (any, error) {
	moves := c.backend.Moves
	if moves.Move == nil {
		return nil, core.Errorf(core.CodeConflict, "cannot give an instance a process of its own here: see /api/mode.php for what is missing")
	}
	var in struct {
		ID        string `json:"instance_id" schema:"instance_id"`
		Operation string `json:"operation" schema:"operation"`
	}
	read := c.decodeBody
	if c.Method == get {
		read = c.decodeQuery
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	var result any
	var err error
	switch {
	case c.Method == get:
		result, err = moves.Progress(c.Context(), in.ID)
	case in.Operation == "" || in.Operation == "move":
		result, err = moves.Move(c.Context(), c.actor(), in.ID)
	case in.Operation == "undo":
		result, err = moves.Undo(c.Context(), c.actor(), in.ID)
	case in.Operation == "finish":
		result, err = moves.Finish(c.Context(), c.actor(), in.ID)
	case in.Operation == "remove":
		result, err = moves.Remove(c.Context(), c.actor(), in.ID)
	default:
		err = core.Errorf(core.CodeInvalid, "cannot use field 'operation': it must be move, undo, finish or remove")
	}
	if err != nil {
		return nil, err
	}
	return struct {
		messageAnswer
		InstanceID string `json:"instance_id"`
		Result     any    `json:"result"`
	}{messageAnswer{true, "Done"}, in.ID, result}, nil
}
