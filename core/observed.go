package core

import "time"

// Observed is what was seen of an instance, as opposed to what is wanted of it.
type Observed string

// The values of Observed. Unknown is the honest one when nothing could be seen.
const (
	ObservedRunning Observed = "running"
	ObservedStopped Observed = "stopped"
	ObservedUnknown Observed = "unknown"
	ObservedError   Observed = "error"
)

// The ways a fact is obtained.
const (
	HowGate  = "gate"  // the block in the .htaccess file was read
	HowProbe = "probe" // the site was asked as a visitor asks it
	HowUnit  = "unit"  // systemd was asked
)

// Evidence says how an observation was made, when, and what was seen.
type Evidence struct {
	Observed Observed
	How      string
	Seen     string // for people
	At       time.Time
	// Ended tells that a gate is there that closes nothing any more, and would again if the clock were set back.
	Ended bool
}
