package core

import "time"

// Actor is who asks for a change and from where.
type Actor struct {
	UserID  int64 // 0: nobody who logged in (set-up)
	Name    string
	Address string // IP address of the client
}

// The actions that leave an event.
const (
	ActionStart   = "start"
	ActionStop    = "stop"
	ActionRestart = "restart"
	ActionCreate  = "create"
	ActionDelete  = "delete"
	ActionSetup   = "setup"
	ActionReset   = "reset_password"
	ActionMigrate = "migrate"
	ActionBackup  = "backup"
	ActionRestore = "restore"
	ActionExpire  = "expire" // a stop ended by itself
	ActionRepair  = "repair" // the gate was not as it should be, and was put right
	ActionUpdate  = "update" // what is registered of an instance was changed
	ActionBypass  = "bypass" // a secret link past the gate was made
	ActionMute    = "mute"   // alerts were muted, or no longer are
	ActionToken   = "token"  // an API token was issued or revoked
	ActionUser    = "user"   // people who may use the panel were changed, or a session ended
)

// Event is one row of the history: who changed what, when, from where, why and with what result.
type Event struct {
	ID         int64 // 0 before it is stored
	At         time.Time
	InstanceID string // empty for changes of the panel itself
	Action     string
	Actor      Actor
	Reason     string // given by the person, at most MaxReason characters
	Result     string
	PID        string // the run that began or ended
}

// MaxReason is the longest reason a change may carry, in characters.
const MaxReason = 500

// ResultOK is the Result of a change that was made.
const ResultOK = "ok"
