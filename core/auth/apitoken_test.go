package auth

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

func newTokens(o *office) *Tokens {
	return &Tokens{Store: o.db, Now: func() time.Time { return time.Unix(1795403510, 0) }}
}

func TestTokensAreIssuedAndRevoked(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tokens := newTokens(o)
	form := regexp.MustCompile(`^vpm_[0-9a-f]{64}$`)
	seen := map[string]bool{}
	for scope, may := range map[string]string{core.ScopeView: "[instances.view]", core.ScopeTick: "[tick]",
		core.ScopeManage: "[instances.view instances.manage instances.create tick]"} {
		token, issued, err := tokens.Issue(t.Context(), ann, " for "+scope+" ", scope)
		must(t, err)
		if !form.MatchString(token) || seen[token] || issued.ID == 0 || issued.Name != "for "+scope || issued.CreatedBy != "ann" {
			t.Errorf("issued is %q, %+v", token, issued)
		}
		seen[token] = true
		s, err := o.Session(t.Context(), token)
		if err != nil || fmt.Sprint(s.User.Permissions) != may || s.User.Role != "" || s.User.ID != 0 || s.Key != "" {
			t.Errorf("%s: the session is %+v, %v", scope, s, err)
		}
		if s, r, err := o.SessionReading(t.Context(), token, "one"); err != nil || r != nil || s.User.Username != "token for "+scope {
			t.Errorf("%s: with an instance it is %+v, %+v, %v", scope, s, r, err)
		}
		// What is stored, and whatever resembles the token, opens nothing.
		for _, wrong := range []string{digest(token), strings.ToUpper(token), token + " ", token[:len(token)-1], token[4:], "vpm_", "VPM_" + token[4:]} {
			_, err := o.Session(t.Context(), wrong)
			wantCode(t, err, core.CodeUnauthenticated)
		}
		must(t, tokens.Revoke(t.Context(), ann, issued.ID))
		_, err = o.Session(t.Context(), token)
		wantCode(t, err, core.CodeUnauthenticated)
		wantCode(t, tokens.Revoke(t.Context(), ann, issued.ID), core.CodeNotFound)
	}
	events, err := o.db.Events(t.Context(), "", 0, 100)
	must(t, err)
	told := 0
	for _, e := range events {
		if e.Action == core.ActionToken {
			told++
		}
		for token := range seen {
			if strings.Contains(fmt.Sprint(e), token[4:20]) || strings.Contains(fmt.Sprint(e), digest(token)) {
				t.Errorf("the history shows the token: %+v", e)
			}
		}
	}
	if told != 6 {
		t.Errorf("%d events are in the history", told)
	}
}

func TestTokensAreChecked(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for name, scope := range map[string]string{"": core.ScopeView, " \t": core.ScopeView, "a\nb": core.ScopeView, "a\x00": core.ScopeView, "a\xff": core.ScopeView,
		strings.Repeat("ä", 51): core.ScopeView, "no scope": "", "all": "*", "admin": "admin", "case": "View", "two": "view tick"} {
		if token, _, err := newTokens(o).Issue(t.Context(), ann, name, scope); core.CodeOf(err) != core.CodeInvalid || token != "" {
			t.Errorf("%q, %q: %v; want invalid", name, scope, err)
		}
	}
	if list, err := o.db.Tokens(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("issued are %+v, %v", list, err)
	}
	_, _, err := newTokens(o).Issue(t.Context(), ann, strings.Repeat("ä", 50), core.ScopeView)
	must(t, err)
}

// TestTokensOfProgramsAreNoPeople: no password, no session, no administration.
func TestTokensOfProgramsAreNoPeople(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, scope := range []string{core.ScopeView, core.ScopeManage, core.ScopeTick} {
		token, _, err := newTokens(o).Issue(t.Context(), ann, scope, scope)
		must(t, err)
		s, err := o.Session(t.Context(), token)
		must(t, err)
		wantCode(t, o.ChangePassword(t.Context(), s, ann, password, "another password"), core.CodeForbidden)
		wantCode(t, o.Logout(t.Context(), s), core.CodeInvalid)
		wantCode(t, o.EndSession(t.Context(), s, ann, 1), core.CodeForbidden)
		if s.User.May(core.PermissionAll) {
			t.Errorf("a token to %s may administer", scope)
		}
		if scope == core.ScopeTick && (s.User.May(core.PermissionView) || s.User.May(core.PermissionManage) || s.User.May(core.PermissionCreate) || !s.User.May(core.PermissionTick)) {
			t.Errorf("a token for the tick may %v", s.User.Permissions)
		}
	}
	o.enter(t, "ann", password) // whose password is the old one
}
