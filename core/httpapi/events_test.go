package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"vpm/core"
)

// past is a store that knows nothing but the history.
type past struct {
	core.WatchStore
	events []core.Event
}

func (p past) Events(context.Context, string, int64, int) ([]core.Event, error) { return p.events, nil }

// TestEventsOfThePanel, and the addresses that people came from, are for administrators.
func TestEventsOfThePanel(t *testing.T) {
	t.Parallel()
	ann := core.Actor{UserID: 1, Name: "ann", Address: "192.0.2.1"}
	m := &core.Manager{Watch: past{events: []core.Event{
		{ID: 3, InstanceID: "one", Action: core.ActionStop, Actor: ann, Reason: "works"},
		{ID: 2, Action: core.ActionToken, Actor: ann, Reason: "issued cron, which may tick"},
	}}}
	for role, want := range map[string]string{
		core.RoleAdmin:   "one stop ann 192.0.2.1, token ann 192.0.2.1",
		core.RoleManager: "one stop ann",
		core.RoleViewer:  "one stop ann",
	} {
		backend := func() (*Backend, error) {
			return &Backend{Manager: m, Auth: Auth{Session: func(context.Context, string) (core.Session, error) {
				return core.Session{User: core.User{Role: role, Permissions: core.DefaultPermissions(role)}}, nil
			}}}, nil
		}
		w, _ := ask(t, backend, authorized("GET", "/api/instances/events.php?limit=2"))
		var got struct {
			Events []eventAnswer
			Next   int64 `json:"next_before"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, e := range got.Events {
			told = append(told, strings.Join(strings.Fields(fmt.Sprintln(e.InstanceID, e.Action, e.Actor, e.Address)), " "))
		}
		if strings.Join(told, ", ") != want || got.Next != 2 { // there may be more, whatever was left out
			t.Errorf("a %s is told %q and goes on at %d; want %q and 2", role, told, got.Next, want)
		}
	}
}
