package core

import (
	"context"
	"time"
)

// Roles are those of the contract.
var Roles = []string{RoleAdmin, RoleManager, RoleViewer}

// Person is a user as those who administer the panel see one.
type Person struct {
	User
	Active    bool
	CreatedAt Timestamp
	Sessions  int // that have not expired
}

// PersonChange is what is to be changed of a person; nil leaves a field as it is. A new role brings its usual
// permissions.
type PersonChange struct {
	FullName, Email, Role *string
	Active                *bool
	PasswordHash          *string
}

// SessionInfo is one login that lasts. What is stored of its token is not among it.
type SessionInfo struct {
	ID        int64
	UserID    int64
	Username  string
	CreatedAt Timestamp
	ExpiresAt Timestamp
	ReadAt    Timestamp // when these were read, in the same zone
	Current   bool      // the one that asks
}

// PeopleStore keeps the people who may use the panel, for those who administer it. At least one active administrator
// stays: what would take the last one away is CodeConflict.
type PeopleStore interface {
	People(ctx context.Context) ([]Person, error)
	// CreatePerson stores a new active user; CodeConflict for a name that is taken.
	CreatePerson(ctx context.Context, u User, passwordHash string, ev Event) (id int64, err error)
	// ChangePerson changes a user. Whoever is made inactive, has another role or another password loses all sessions,
	// but the one of the stored form keep.
	ChangePerson(ctx context.Context, id int64, c PersonChange, keep string, ev Event) error
	// PasswordHash gives the hash of an active user's password.
	PasswordHash(ctx context.Context, id int64) (string, error)
	// Sessions lists the unexpired sessions of a user, or with 0 of all. current is the stored form of the one that
	// asks.
	Sessions(ctx context.Context, userID int64, current string) ([]SessionInfo, error)
	// EndSession ends one session, of that user unless userID is 0; CodeNotFound where there is none.
	EndSession(ctx context.Context, id, userID int64, ev Event) error
}

// PasswordTries bounds how often a session may try the old password of its user, in AttemptWindow.
const (
	PasswordTries = 5
	AttemptWindow = 15 * time.Minute
)
