package app

import "vpm/core"

// Mode is what is known of the mode that instances run in here.
type Mode struct {
	Mode core.Mode `json:"mode"`
	// Missing says what keeps this server from giving instances processes of their own; "" nothing, or this is no such
	// server.
	Missing string       `json:"missing,omitempty"`
	Checks  []core.Check `json:"checks,omitempty"`
}
