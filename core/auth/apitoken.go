package auth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vpm/core"
)

// apiTokenPrefix tells API tokens from those of sessions, for us and for scanners that look for leaked secrets.
const apiTokenPrefix = "vpm_"

func isAPIToken(token string) bool { return strings.HasPrefix(token, apiTokenPrefix) }

// Tokens issues the tokens that programs use.
type Tokens struct {
	Store core.TokenStore
	Now   func() time.Time
}

// Issue makes a token. It is given here and never again.
func (s *Tokens) Issue(ctx context.Context, by core.Actor, name, scope string) (string, core.APIToken, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "" || utf8.RuneCountInString(name) > 50 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
		return "", core.APIToken{}, core.Errorf(core.CodeInvalid, "cannot use field 'name': it must be 1 to 50 characters that say what the token is for")
	case scope != core.ScopeView && scope != core.ScopeManage && scope != core.ScopeTick:
		return "", core.APIToken{}, core.Errorf(core.CodeInvalid, "cannot use field 'scope': it must be view, manage or tick")
	}
	var b [32]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	token := apiTokenPrefix + hex.EncodeToString(b[:])
	t := core.APIToken{Name: name, Scope: scope, CreatedBy: by.Name, CreatedAt: s.Now()}
	id, err := s.Store.CreateToken(ctx, t, digest(token), core.Event{At: s.Now(), Action: core.ActionToken, Actor: by,
		Reason: "issued " + name + ", which may " + scope, Result: core.ResultOK})
	t.ID = id
	return token, t, err
}

// Revoke makes a token useless.
func (s *Tokens) Revoke(ctx context.Context, by core.Actor, id int64) error {
	return s.Store.DeleteToken(ctx, id, core.Event{At: s.Now(), Action: core.ActionToken, Actor: by, Reason: "revoked token #" + strconv.FormatInt(id, 10), Result: core.ResultOK})
}
