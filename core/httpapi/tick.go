package httpapi

import (
	"time"

	"vpm/core"
)

// tickMargin is what the tick's request may take beyond the tick itself.
const tickMargin = 5 * time.Second

type tickFailure struct {
	InstanceID string `json:"instance_id"`
	Message    string `json:"message"`
}

// tickAnswer is what a tick did. Lists hold instance ids.
type tickAnswer struct {
	Success   bool              `json:"success"`
	Message   string            `json:"message"`
	Ran       bool              `json:"ran"`
	Seen      int               `json:"seen"`
	Left      bool              `json:"left"` // more than the time sufficed for: the next tick goes on with them
	Completed []string          `json:"completed"`
	Repaired  []string          `json:"repaired"`
	Disputed  []string          `json:"disputed"`
	Unhealthy []string          `json:"unhealthy"`
	Failed    []tickFailure     `json:"failed"`
	Thinned   int               `json:"thinned"`
	Alerts    tickAlerts        `json:"alerts"`
	Took      core.Milliseconds `json:"took_ms"`
}

type tickAlerts struct {
	Sent   int `json:"sent"`
	Unsent int `json:"unsent"`
}

func (a *API) tick(c *call) (any, error) {
	r, err := c.backend.Tick.Run(c.Context(), a.TickBudget)
	if err != nil {
		return nil, err
	}
	return newTickAnswer(r), nil
}

// newTickAnswer gives a report as the wire has it.
func newTickAnswer(r core.TickReport) any {
	out := tickAnswer{Success: true, Message: "Tick done", Ran: r.Ran, Seen: r.Seen, Left: r.Left,
		Completed: list(r.Completed), Repaired: list(r.Repaired), Disputed: list(r.Disputed), Unhealthy: list(r.Unhealthy),
		Failed: []tickFailure{}, Thinned: r.Thinned, Alerts: tickAlerts{r.Sent, r.Unsent}, Took: core.Milliseconds(r.Took)}
	if !r.Ran {
		out.Message = "Another tick is under way"
	}
	for _, f := range r.Failed {
		out.Failed = append(out.Failed, tickFailure{f.InstanceID, f.Reason})
	}
	return out
}

// list is never null in JSON.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
