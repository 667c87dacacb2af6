package core

import (
	"context"
	"time"
)

// PermissionTick lets cron run the tick, and nothing else. Whoever may manage instances has it too.
const PermissionTick Permission = "tick"

// The scopes of an API token.
const (
	ScopeView   = "view"
	ScopeManage = "manage" // and view, and create
	ScopeTick   = "tick"   // the periodic pass only
)

// APIToken lets a program call the API. What is stored of it lets nobody in.
type APIToken struct {
	ID         int64
	Name       string
	Scope      string
	CreatedBy  string
	CreatedAt  time.Time
	LastUsedAt time.Time // to the hour; zero: never
}

// Permissions are what the token may do.
func (t APIToken) Permissions() []Permission {
	switch t.Scope {
	case ScopeManage:
		return []Permission{PermissionView, PermissionManage, PermissionCreate, PermissionTick}
	case ScopeView:
		return []Permission{PermissionView}
	case ScopeTick:
		return []Permission{PermissionTick}
	}
	return []Permission{}
}

// TokenStore keeps API tokens.
type TokenStore interface {
	// CreateToken stores a token by its digest and records the event.
	CreateToken(ctx context.Context, t APIToken, digest string, ev Event) (id int64, err error)
	// Tokens lists all, newest first.
	Tokens(ctx context.Context) ([]APIToken, error)
	// DeleteToken forgets one and records the event; CodeNotFound where there is none of that id.
	DeleteToken(ctx context.Context, id int64, ev Event) error
	// TokenSession finds a token by its digest, or CodeUnauthenticated. The session tells whether the tables are
	// outdated.
	TokenSession(ctx context.Context, digest string, now time.Time) (Session, error)
}
