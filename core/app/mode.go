package app

import (
	"context"

	"vpm/core"
	"vpm/core/httpapi"
	"vpm/htaccess"
)

// Mode is what is known of the mode that instances run in here.
type Mode struct {
	Mode core.Mode `json:"mode"`
	// Missing says what keeps this server from giving instances processes of their own; "" nothing, or this is no such
	// server.
	Missing string       `json:"missing,omitempty"`
	Checks  []core.Check `json:"checks,omitempty"`
}

// RealMode is what a server brings to give instances processes of their own. vpm.cgi has none of it linked in.
type RealMode struct {
	Mode Mode
	// Runtime drives the instances that have one, and leaves the others to virtual. nil: none have.
	Runtime func(virtual core.Runtime) core.Runtime
	// Change has somebody close or open a site that has none, who may write where it lies; see virtual.Runtime.
	Change func(ctx context.Context, in core.Instance, dir string, closed *htaccess.Gate) error
	// Sites is the directory below which those instances' sites lie.
	Sites string
	// Figures gives what the process of an instance uses, nil for one that has none.
	Figures func(ctx context.Context, in core.Instance) any
	// Journal gives the last lines, at most n, of the journal of an instance's process, nil for one that has none.
	Journal func(ctx context.Context, in core.Instance, n int) *httpapi.Journal
	// Moves gives instances processes, and takes them back.
	Moves func(m *core.Manager) httpapi.Moves
}
