package httpapi

import (
	"net/http"
	"time"

	"vpm/core"
)

type tokenAnswer struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Scope      string     `json:"scope"`
	CreatedBy  string     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"` // to the hour; null: never
}

func newTokenAnswer(t core.APIToken) tokenAnswer {
	return tokenAnswer{t.ID, t.Name, t.Scope, t.CreatedBy, t.CreatedAt.UTC(), timeOrNull(t.LastUsedAt)}
}

// timeOrNull is null in JSON for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

func (a *API) createToken(c *call) (any, error) {
	var in struct {
		Name  string `json:"name" schema:"name"`
		Scope string `json:"scope" schema:"scope"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	token, t, err := c.backend.Tokens.Issue(c.Context(), c.actor(), in.Name, in.Scope)
	if err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return struct {
		messageAnswer
		Token string `json:"token"`
		tokenAnswer
	}{messageAnswer{true, "Token created; it is shown this once"}, token, newTokenAnswer(t)}, nil
}

func (a *API) listTokens(c *call) (any, error) {
	tokens, err := c.backend.Tokens.List(c.Context())
	if err != nil {
		return nil, err
	}
	out := make([]tokenAnswer, len(tokens))
	for i, t := range tokens {
		out[i] = newTokenAnswer(t)
	}
	return struct {
		Success bool          `json:"success"`
		Tokens  []tokenAnswer `json:"tokens"`
	}{true, out}, nil
}

func (a *API) revokeToken(c *call) (any, error) {
	var in struct {
		ID number `json:"id" schema:"id"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	if err := c.backend.Tokens.Revoke(c.Context(), c.actor(), int64(in.ID)); err != nil {
		return nil, err
	}
	return messageAnswer{true, "Token revoked"}, nil
}
