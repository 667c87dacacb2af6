package core

import (
	"context"
	"time"
)

// Store keeps instances, their runs and the events. Its errors are *Error: CodeNotFound, CodeConflict for an
// id that is taken, CodeBusy when another change of the same instance took too long, CodeUnavailable when
// the database cannot be used.
type Store interface {
	// Record reads one instance.
	Record(ctx context.Context, id string) (Record, error)
	// Records reads a page of instances and counts all that match. Limit 0 reads all.
	Records(ctx context.Context, q Query) (records []Record, total int, err error)
	// CreateInstance stores a new instance with its first run and the event, all or nothing.
	CreateInstance(ctx context.Context, in Instance, run Run, ev Event) error
	// ChangeInstance locks the instance against other changes, in this process and every other, passes
	// what is stored to decide and writes what it returns: all of it or, where decide fails, nothing.
	// decide may be called again when the database rolled the first attempt back.
	ChangeInstance(ctx context.Context, id string, decide func(Record) (Change, error)) error
	// SaveGate stores what came of carrying out generation of an instance's wanted state; done is whether that
	// is complete. It stores nothing
	// when the wanted state has changed since: what was done is out of date then.
	SaveGate(ctx context.Context, in Instance, generation int64, done bool, entry string, e Evidence) error
	// RecordEvent stores an event that changes no row of an instance.
	RecordEvent(ctx context.Context, ev Event) error
	// SaveUsage stores a measurement, replacing the last one.
	SaveUsage(ctx context.Context, id string, u Usage) error
}

// WatchStore keeps what the ticks need and find.
type WatchStore interface {
	// Lease takes the lease of that name for owner until the given time, or tells that somebody else has it. The
	// owner may take it again, to prolong it. now is the caller's clock: a lease that has run out is free,
	// and so is one that ends so late that the clock must have been set back.
	Lease(ctx context.Context, name, owner string, now, until time.Time) (bool, error)
	// Release gives a lease back. One that owner no longer has is no error.
	Release(ctx context.Context, name, owner string) error
	// Unseen reads up to limit instances that no tick has come to since before, longest unseen first, and those that were
	// seen later than latest, when the clock must have been set back.
	Unseen(ctx context.Context, before, latest time.Time, limit int) ([]Record, error)
	// Seen notes that a tick comes to the instances of the records at that time; zero: that none ever did.
	Seen(ctx context.Context, records []Record, at time.Time) error
	// SaveWatch stores what a tick found: what is to be remembered, a sample (nil: none) and the alerts of it
	// with one delivery for each of channels, all or nothing. It leaves MutedUntil alone.
	SaveWatch(ctx context.Context, in Instance, w Watch, s *Sample, alerts []Alert, channels []string) error
	// Mute sets MutedUntil; zero ends it.
	Mute(ctx context.Context, in Instance, until time.Time) error
	// SaveHealth stores a result that was found between ticks.
	SaveHealth(ctx context.Context, in Instance, h Health) error

	// Samples gives the history of an instance from (including) to (excluding), put together in steps of that length,
	// which begin at multiples of it since 1970; zero: as it is stored. Oldest first.
	Samples(ctx context.Context, in Instance, from, to time.Time, step time.Duration) ([]Sample, error)
	// ThinSamples puts samples together that are past their age, see RawSamplesFor. It does so in small
	// transactions until ctx ends or nothing is left, and gives the number of rows that went.
	ThinSamples(ctx context.Context, now time.Time) (int, error)

	// Walk gives where the walk through an instance's tree stopped, nil for at its beginning. One that nobody went on
	// with for a day begins anew.
	Walk(ctx context.Context, in Instance) ([]byte, error)
	// SaveWalk stores it; nil: the walk is complete.
	SaveWalk(ctx context.Context, in Instance, position []byte) error

	// Deliveries reads up to limit deliveries that are due.
	Deliveries(ctx context.Context, now time.Time, limit int) ([]Delivery, error)
	// PostponeDelivery stores a failed attempt, why it failed, and when the next one is due.
	PostponeDelivery(ctx context.Context, id int64, attempts int, next time.Time, reason string) error
	// EndDelivery forgets a delivery that has arrived or is given up.
	EndDelivery(ctx context.Context, id int64) error

	// Active notes that the instance was changed by its users at that time, in last_activity of its run.
	Active(ctx context.Context, in Instance, at time.Time) error
	// Events reads the history, newest first: of one instance, or with "" of all. before is the ID of the
	// last event of the page before, 0 for the first page.
	Events(ctx context.Context, instanceID string, before int64, limit int) ([]Event, error)
}

// Query selects and orders instances.
type Query struct {
	Status  InstanceStatus // "" for all
	Search  string         // part of the id, name or domain; "" for all
	Sort    string         // one of SortFields; "" for the order of creation
	Reverse bool
	Limit   int
	Offset  int
}

// SortFields are the columns a Query may sort by.
var SortFields = []string{"id", "instance_id", "instance_name", "cms_type", "domain", "status", "created_at", "updated_at", "activated_at"}

// Change is what ChangeInstance writes.
type Change struct {
	Kind ChangeKind
	PID  string    // of the run that begins
	At   time.Time // when the run began or ended; zero: now
	Stop Stop      // of a ChangeStop
	// Bypass and BypassUntil of a ChangeBypass; a ChangeStart clears them.
	Bypass      string
	BypassUntil time.Time
	Instance    Instance // of a ChangeUpdate: as it is to be
	Event       Event
}

// ChangeKind says which rows a Change touches.
type ChangeKind int

// The kinds of change.
const (
	ChangeNothing ChangeKind = iota // everything is as wanted already
	ChangeStart                     // active, and a new run with PID
	ChangeStop                      // inactive, and the run ended
	ChangeDelete                    // the instance, its run and its measurements are forgotten; events stay
	ChangeUpdate                    // what is registered is another: name, addresses, database, config, resources
	ChangeBypass                    // the secret link of a stopped instance is another
)

// Login is what the store knows of a user name at login.
type Login struct {
	User         User
	PasswordHash string
	Known        bool // false: there is no active user of that name, and the rest is another user's
	// HighestCost is the greatest bcrypt cost of all users, as two digits; "" where there is none.
	HighestCost string
}

// Grant is a login that worked.
type Grant struct {
	Token     string
	User      User
	ExpiresAt Timestamp
}

// Session is a login that lasts until it expires.
type Session struct {
	User User
	Key  string // the value stored in the token column
	// Outdated: the tables are of an older version, and only an upgrade may be asked for.
	Outdated bool
}

// AccountStore keeps the people who may use the panel, their sessions and their failed logins.
type AccountStore interface {
	// Login reads the active user of that name. An unknown name is no error: see Login.Known.
	Login(ctx context.Context, username string) (Login, error)
	// CreateSession stores a session that ends after ttl, forgets the user's expired ones, and gives its
	// end in the database's session time zone.
	CreateSession(ctx context.Context, userID int64, key string, ttl time.Duration) (Timestamp, error)
	// Session finds an unexpired session of an active user whose stored token is one of keys, or
	// CodeUnauthenticated.
	Session(ctx context.Context, keys ...string) (Session, error)
	// SessionReading finds a session as Session does and reads an instance in the same round trip; the
	// record is nil where there is none of that id.
	SessionReading(ctx context.Context, id string, keys ...string) (Session, *Record, error)
	// DeleteSession forgets one session; one that is gone already is no error.
	DeleteSession(ctx context.Context, key string) error
	// BeginAttempt records a login attempt and counts those within window, this one included.
	BeginAttempt(ctx context.Context, address, username string, window time.Duration) (Attempt, error)
	// AttemptsBefore counts the attempts from address within window up to attempt id: those of logins that
	// worked are forgotten meanwhile.
	AttemptsBefore(ctx context.Context, address string, id int64, window time.Duration) (int, error)
	// CancelAttempt forgets an attempt that was refused before its password was looked at.
	CancelAttempt(ctx context.Context, id int64) error
	// ForgiveAttempts forgets the attempts of one user name from one address, after a login that worked.
	ForgiveAttempts(ctx context.Context, address, username string) error
}

// Attempt is a recorded login attempt and how many there were in the window.
type Attempt struct {
	ID          int64
	FromAddress int // for any user name
	ForUsername int // from any address
}
