package core

import "time"

// Watch is what the ticks remember of an instance from one to the next.
type Watch struct {
	SeenAt time.Time // when a tick last came to it; zero: never
	Health Health    // what was last found
	// Failures counts the ticks in a row that found it unhealthy.
	Failures int
	// Alarms are the states that people were told of and not yet told the end of.
	Alarms Alarms
	// MutedUntil: no alert is sent before that time. Zero: alerts are sent.
	MutedUntil time.Time
}

// Alarms are the states of an instance that people were told of, so that each is told once.
type Alarms struct {
	Unhealthy bool
	Disk      bool
	// Drift is the generation whose drift was repaired and told of; a stop or start begins a new one.
	Drift int64
}

// AlertKind says which change of state an alert tells of.
type AlertKind string

// The kinds of alert.
const (
	AlertUnhealthy AlertKind = "unhealthy" // twice in a row
	AlertHealthy   AlertKind = "healthy"   // back again
	AlertDrift     AlertKind = "drift"     // somebody else opened or closed the site
	AlertDisk      AlertKind = "disk"      // above the threshold
	AlertDiskOK    AlertKind = "disk_ok"   // below it again
)

// Alert is one message to people. It is stored with the change of state that it tells of, and sent by this tick or
// by later ones until it has arrived.
type Alert struct {
	ID         string // the same at every attempt, so that a receiver can tell a repetition
	Kind       AlertKind
	InstanceID string
	Name       string // of the instance
	URL        string // of the site, "" where it has none
	At         time.Time
	Subject    string // one line
	Text       string // what was seen and what to do
}

// Delivery is an alert on its way through one channel.
type Delivery struct {
	ID       int64
	Channel  string // AlertWebhook or AlertMail
	Alert    Alert
	Attempts int // so far
	NextAt   time.Time
}

// The channels of alerts.
const (
	AlertWebhook = "webhook"
	AlertMail    = "mail"
)
