package httpapi

import (
	"net/http"

	"vpm/core"
)

type userAnswer struct {
	Success bool      `json:"success"`
	User    core.User `json:"user"`
}

func (a *API) login(c *call) (any, error) {
	var in struct {
		Username string `json:"username" schema:"username"`
		Password string `json:"password" schema:"password"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	if in.Username == "" || in.Password == "" {
		return nil, core.Errorf(core.CodeInvalid, "Username and password required")
	}
	backend, err := a.Backend()
	if err != nil {
		return nil, err
	}
	g, err := backend.Auth.Login(c.Context(), c.client.address, in.Username, in.Password)
	if err != nil {
		return nil, err
	}
	c.header.Add("Set-Cookie", sessionCookie(g.Token, c.client.https, a.SessionTTL).String())
	answer := struct {
		Success   bool           `json:"success"`
		Token     string         `json:"token"`
		User      core.User      `json:"user"`
		ExpiresAt core.Timestamp `json:"expires_at"`
		Warnings  []string       `json:"warnings,omitempty"`
	}{true, g.Token, g.User, g.ExpiresAt, nil}
	if g.User.Role == core.RoleAdmin {
		answer.Warnings = a.Warnings
	}
	return answer, nil
}

func (a *API) verify(c *call) (any, error) {
	return userAnswer{true, c.session.User}, nil
}

func (a *API) logout(c *call) (any, error) {
	if err := c.backend.Auth.Logout(c.Context(), c.session); err != nil {
		return nil, err
	}
	if _, err := c.Cookie(cookieName(c.client.https)); err == nil {
		c.header.Add("Set-Cookie", sessionCookie("", c.client.https, 0).String())
	}
	return messageAnswer{true, "Logged out"}, nil
}

type messageAnswer struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

func (a *API) migrate(c *call) (any, error) {
	if c.session.User.Role != core.RoleAdmin {
		return nil, core.Errorf(core.CodeForbidden, "Permission denied")
	}
	from, err := c.backend.Migrate(c.Context(), c.actor())
	if err != nil {
		return nil, err
	}
	c.status = http.StatusOK
	return struct {
		messageAnswer
		From int `json:"from_version"`
	}{messageAnswer{true, "Database is up to date"}, from}, nil
}
