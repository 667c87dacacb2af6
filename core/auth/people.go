package auth

import (
	"context"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vpm/core"
)

// People administers those who may use the panel.
type People struct {
	Store    core.PeopleStore
	Attempts core.AccountStore
	Now      func() time.Time
}

// NewPerson is a user to create.
type NewPerson struct {
	Username, Password, FullName, Email, Role string
}

// Create adds a user with the permissions of a role.
func (s *People) Create(ctx context.Context, by core.Actor, n NewPerson) (int64, error) {
	if err := CheckUsername(n.Username); err != nil {
		return 0, err
	}
	if err := checkDetails(&n.FullName, &n.Email, &n.Role); err != nil {
		return 0, err
	}
	hash, err := HashPassword(n.Password)
	if err != nil {
		return 0, err
	}
	if n.FullName == "" {
		n.FullName = n.Username
	}
	u := core.User{Username: n.Username, FullName: &n.FullName, Email: &n.Email, Role: n.Role}
	return s.Store.CreatePerson(ctx, u, hash, s.event(by, "created "+n.Username+" as "+n.Role))
}

// Update changes a user: details, role, whether he or she may log in, and the password.
func (s *People) Update(ctx context.Context, by core.Session, actor core.Actor, id int64, c core.PersonChange, password *string) error {
	if err := checkDetails(c.FullName, c.Email, c.Role); err != nil {
		return err
	}
	if password != nil {
		hash, err := HashPassword(*password)
		if err != nil {
			return err
		}
		c.PasswordHash = &hash
	}
	return s.Store.ChangePerson(ctx, id, c, by.Key, s.event(actor, "changed user "+told(id, c)))
}

// ChangePassword lets people change their own, who know the old one. Other sessions of theirs end.
func (s *People) ChangePassword(ctx context.Context, session core.Session, actor core.Actor, old, fresh string) error {
	if session.Key == "" {
		return core.Errorf(core.CodeForbidden, "cannot change a password with an API token")
	}
	// Who found an open browser must not be able to try passwords. No address looks like this key.
	key := "password of user " + strconv.FormatInt(session.User.ID, 10)
	a, err := s.Attempts.BeginAttempt(ctx, key, "", core.AttemptWindow)
	if err != nil {
		return err
	}
	if a.FromAddress > core.PasswordTries {
		if err := s.Attempts.CancelAttempt(ctx, a.ID); err != nil { // or asking again would put off the end of the wait
			return err
		}
		e := core.Errorf(core.CodeThrottled, "Too many wrong passwords; try again in %d minutes", int(core.AttemptWindow.Minutes()))
		e.RetryAfter = core.AttemptWindow
		return e
	}
	hash, err := s.Store.PasswordHash(ctx, session.User.ID)
	if err != nil {
		return err
	}
	if !checkPassword(hash, old) {
		return core.Errorf(core.CodeInvalid, "cannot change the password: the old one is wrong")
	}
	if err := s.Attempts.ForgiveAttempts(ctx, key, ""); err != nil {
		return err
	}
	return s.Update(ctx, session, actor, session.User.ID, core.PersonChange{}, &fresh)
}

// EndSession ends a session: of anybody for those who administer, else of one's own.
func (s *People) EndSession(ctx context.Context, session core.Session, actor core.Actor, id int64) error {
	if session.Key == "" {
		return core.Errorf(core.CodeForbidden, "cannot end sessions with an API token")
	}
	owner := session.User.ID
	if session.User.Role == core.RoleAdmin {
		owner = 0
	}
	return s.Store.EndSession(ctx, id, owner, s.event(actor, "ended a session"))
}

func (s *People) event(by core.Actor, what string) core.Event {
	return core.Event{At: s.Now(), Action: core.ActionUser, Actor: by, Reason: core.Cut(what, core.MaxReason), Result: core.ResultOK}
}

// told says what was changed, without what a password or an address is now.
func told(id int64, c core.PersonChange) string {
	parts := []string{}
	if c.FullName != nil || c.Email != nil {
		parts = append(parts, "details")
	}
	if c.Role != nil {
		parts = append(parts, "role "+*c.Role)
	}
	if c.Active != nil {
		parts = append(parts, map[bool]string{true: "may log in", false: "may not log in"}[*c.Active])
	}
	if c.PasswordHash != nil {
		parts = append(parts, "password")
	}
	return strings.Join(append([]string{"#" + strconv.FormatInt(id, 10)}, parts...), ", ")
}

// CheckUsername refuses names that the column or people could not tell apart.
func CheckUsername(name string) error {
	unseen := func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
	if strings.TrimSpace(name) != name || name == "" || utf8.RuneCountInString(name) > 50 || strings.ContainsFunc(name, unseen) {
		return core.Errorf(core.CodeInvalid, "cannot use this username: it must be 1 to 50 visible characters with no space at either end")
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
}

func checkDetails(fullName, email, role *string) error {
	if fullName != nil && (utf8.RuneCountInString(*fullName) > 100 || hasControl(*fullName)) {
		return core.Errorf(core.CodeInvalid, "cannot use field 'full_name': it must be up to 100 characters")
	}
	if email != nil && *email != "" {
		if a, err := mail.ParseAddress(*email); err != nil || a.Address != *email || len(*email) > 100 {
			return core.Errorf(core.CodeInvalid, "cannot use field 'email': it must be an address as ann@example.org")
		}
	}
	if role != nil && !slices.Contains(core.Roles, *role) {
		return core.Errorf(core.CodeInvalid, "cannot use field 'role': it must be admin, manager or viewer")
	}
	return nil
}
