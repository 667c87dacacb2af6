package httpapi

import (
	"context"
	"net/http"

	"vpm/core"
)

// People are the doors to those who may use the panel.
type People struct {
	List       func(ctx context.Context) ([]core.Person, error)
	Create     func(ctx context.Context, by core.Actor, username, password, fullName, email, role string) (int64, error)
	Update     func(ctx context.Context, by core.Session, actor core.Actor, id int64, c core.PersonChange, password *string) error
	Password   func(ctx context.Context, session core.Session, actor core.Actor, old, fresh string) error
	Sessions   func(ctx context.Context, userID int64, current string) ([]core.SessionInfo, error)
	EndSession func(ctx context.Context, session core.Session, actor core.Actor, id int64) error
}

type personAnswer struct {
	core.User
	Status    string         `json:"status"`
	CreatedAt core.Timestamp `json:"created_at"`
	Sessions  int            `json:"sessions"`
}

func (a *API) listPeople(c *call) (any, error) {
	people, err := c.backend.People.List(c.Context())
	if err != nil {
		return nil, err
	}
	out := make([]personAnswer, len(people))
	for i, p := range people {
		out[i] = personAnswer{p.User, map[bool]string{true: "active", false: "inactive"}[p.Active], p.CreatedAt, p.Sessions}
	}
	return struct {
		Success bool           `json:"success"`
		Users   []personAnswer `json:"users"`
	}{true, out}, nil
}

// personBody is the body of both creating and changing a user; what is not there stays.
type personBody struct {
	ID       number  `json:"id" schema:"id"`
	Username string  `json:"username" schema:"username"`
	Password *string `json:"password" schema:"password"`
	FullName *string `json:"full_name" schema:"full_name"`
	Email    *string `json:"email" schema:"email"`
	Role     *string `json:"role" schema:"role"`
	Status   *string `json:"status" schema:"status"`
}

func (a *API) createPerson(c *call) (any, error) {
	var in personBody
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	role := text(in.Role)
	if role == "" {
		role = core.RoleViewer
	}
	id, err := c.backend.People.Create(c.Context(), c.actor(), in.Username, text(in.Password), text(in.FullName), text(in.Email), role)
	if err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return struct {
		messageAnswer
		ID int64 `json:"id"`
	}{messageAnswer{true, "User created"}, id}, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (a *API) updatePerson(c *call) (any, error) {
	var in personBody
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	change := core.PersonChange{FullName: in.FullName, Email: in.Email, Role: in.Role}
	if in.Status != nil {
		active := *in.Status == "active"
		if !active && *in.Status != "inactive" {
			return nil, core.Errorf(core.CodeInvalid, "cannot use field 'status': it must be active or inactive")
		}
		change.Active = &active
	}
	if err := c.backend.People.Update(c.Context(), c.session, c.actor(), int64(in.ID), change, in.Password); err != nil {
		return nil, err
	}
	return messageAnswer{true, "User changed"}, nil
}

func (a *API) changePassword(c *call) (any, error) {
	var in struct {
		Old string `json:"old_password" schema:"old_password"`
		New string `json:"new_password" schema:"new_password"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	if in.Old == "" || in.New == "" {
		return nil, core.Errorf(core.CodeInvalid, "old_password and new_password required")
	}
	if err := c.backend.People.Password(c.Context(), c.session, c.actor(), in.Old, in.New); err != nil {
		return nil, err
	}
	return messageAnswer{true, "Password changed; other sessions have ended"}, nil
}

type sessionAnswer struct {
	ID        int64          `json:"id"`
	UserID    int64          `json:"user_id"`
	Username  string         `json:"username"`
	CreatedAt core.Timestamp `json:"created_at"`
	ExpiresAt core.Timestamp `json:"expires_at"`
	ReadAt    core.Timestamp `json:"-"`
	Current   bool           `json:"current"`
}

// listSessions lists one's own, and for an administrator with all=1 everybody's.
func (a *API) listSessions(c *call) (any, error) {
	var q struct {
		All bool `schema:"all"`
	}
	if err := c.decodeQuery(&q); err != nil {
		return nil, err
	}
	if c.session.Key == "" {
		return nil, core.Errorf(core.CodeForbidden, "cannot list sessions with an API token")
	}
	of := c.session.User.ID
	if q.All {
		if c.session.User.Role != core.RoleAdmin {
			return nil, core.Errorf(core.CodeForbidden, "Permission denied")
		}
		of = 0
	}
	sessions, err := c.backend.People.Sessions(c.Context(), of, c.session.Key)
	if err != nil {
		return nil, err
	}
	out, now := make([]sessionAnswer, len(sessions)), core.Timestamp("")
	for i, s := range sessions {
		out[i] = sessionAnswer(s)
		now = s.ReadAt
	}
	return struct {
		Success   bool            `json:"success"`
		Sessions  []sessionAnswer `json:"sessions"`
		Timestamp core.Timestamp  `json:"timestamp"` // now, in the same zone
	}{true, out, now}, nil
}

func (a *API) endSession(c *call) (any, error) {
	var in struct {
		ID number `json:"id" schema:"id"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	if err := c.backend.People.EndSession(c.Context(), c.session, c.actor(), int64(in.ID)); err != nil {
		return nil, err
	}
	return messageAnswer{true, "Session ended"}, nil
}
