package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// account is a user that one client has to itself for a round, and what it knows of that user: the others change nothing of
// it, so each answer says what has to be the case.
type account struct {
	name      string
	id        int64
	passwords []string // each of these may be the one; one alone is
	former    []string // none of these is
	barred    presence // whether the user may not log in
	sessions  []*session
	drawn     int // passwords
}

// session is one of a user's, by its token.
type session struct {
	token string
	lives presence
	until time.Time // it may have ended by itself after this moment of the torture's clock
}

// sessionLasts is shorter than sessions last.
const sessionLasts = 23 * time.Hour

func (a *account) password() string { return a.passwords[0] }

func (a *account) fresh() string {
	a.drawn++
	return fmt.Sprintf("%s number %d", adminPassword, a.drawn)
}

// changed takes in what came of a change of the password to fresh. Sessions other than kept end with it.
func (a *account) changed(fresh string, out outcome, kept *session) {
	switch out {
	case succeeded:
		a.former, a.passwords = append(a.former, a.passwords...), []string{fresh}
	case unknown:
		a.passwords = append(a.passwords, fresh)
	}
	a.end(out, kept)
}

// end takes in that all sessions but one were to end.
func (a *account) end(out outcome, kept *session) {
	for _, s := range a.sessions {
		if s != kept {
			s.ended(out)
		}
	}
}

func (s *session) ended(out outcome) {
	switch {
	case out == succeeded:
		s.lives = absent
	case out == unknown && s.lives == present:
		s.lives = either
	}
}

// living is a session that an answer may be had with, nil where there is none.
func (a *account) living() *session {
	for i := len(a.sessions) - 1; i >= 0; i-- {
		if a.sessions[i].lives != absent {
			return a.sessions[i]
		}
	}
	return nil
}

// accountActs are what a client does with its account, with how many of all they are.
var accountActs = []struct {
	weight int
	do     func(t *turns, ctx context.Context)
}{
	{6, (*turns).logIn},
	{3, (*turns).logInWrong},
	{4, (*turns).changePassword},
	{2, (*turns).givePassword},
	{2, (*turns).bar},
	{2, (*turns).rename},
	{4, (*turns).logOut},
	{2, (*turns).endSession},
	{2, (*turns).resetPassword},
}

// account makes one of the calls that people make for themselves, or that an administrator makes about them.
func (t *turns) account(ctx context.Context, _ *instance) {
	if t.own == nil {
		t.open(ctx)
		return
	}
	all := 0
	for _, a := range accountActs {
		all += a.weight
	}
	at := t.rng.IntN(all)
	for _, a := range accountActs {
		if at -= a.weight; at < 0 {
			a.do(t, ctx)
			return
		}
	}
}

// open has the administrator make the account. One that may be there or not is of no use, and another is tried.
func (t *turns) open(ctx context.Context) {
	a := &account{name: strings.NewReplacer(", ", "-", " ", "-").Replace("own " + t.reason())}
	a.passwords = []string{a.fresh()}
	made := t.ask(ctx, call{method: "POST", path: "/users/create.php", body: map[string]any{"username": a.name, "password": a.password(), "role": "viewer"}})
	t.world.people.added("user "+a.name, made.outcome())
	if id, ok := made.fields["id"].(float64); ok && made.outcome() == succeeded {
		a.id, t.own = int64(id), a
		t.round.opened(a)
	}
}

func (t *turns) logIn(ctx context.Context) {
	a, before := t.own, t.world.built.clock.now()
	word := a.passwords[t.rng.IntN(len(a.passwords))]
	got := t.ask(ctx, call{method: "POST", path: "/auth/login.php", as: anybody, body: map[string]any{"username": a.name, "password": word}})
	switch {
	case got.outcome() == succeeded:
		if a.barred == present {
			t.round.violate(nil, "%s logs in who may not", a.name)
		}
		a.passwords, a.barred = []string{word}, absent
		a.sessions = append(a.sessions, &session{got.text("token"), present, before.Add(sessionLasts)})
	case got.ours && got.status == 401 && a.barred == absent && len(a.passwords) == 1:
		t.round.violate(nil, "%s cannot log in with the password in force: %s", a.name, got)
	case got.ours && got.status == 401 && a.barred == absent: // then it is one of the others
		a.passwords = without(a.passwords, word)
	}
}

func without(list []string, word string) (rest []string) {
	for _, w := range list {
		if w != word {
			rest = append(rest, w)
		}
	}
	return rest
}

// logInWrong tries a password that was given up, or never was one.
func (t *turns) logInWrong(ctx context.Context) {
	a, word := t.own, "never was one"
	if len(a.former) > 0 {
		word = a.former[t.rng.IntN(len(a.former))]
	}
	if got := t.ask(ctx, call{method: "POST", path: "/auth/login.php", as: anybody, body: map[string]any{"username": a.name, "password": word}}); got.ours && got.status < 300 {
		t.round.violate(nil, "%s logs in with %q, which is its password no more", a.name, word)
	}
}

// with asks with a session of the account's, and looks whether it is answered as that session has to be. nil: it has none.
func (t *turns) with(ctx context.Context, q call) (*session, answer) {
	s := t.own.living()
	if s == nil {
		t.logIn(ctx)
		return nil, answer{}
	}
	q.as = s.token
	got := t.ask(ctx, q)
	t.round.judgeSession(t.own, s, got)
	return s, got
}

// judgeSession holds an answer to a request of a session against what is known of it.
func (r *round) judgeSession(a *account, s *session, got answer) {
	switch out := got.ours && got.status == 401 && got.text("code") == "unauthenticated"; {
	case out && s.lives == present && r.latest().Before(s.until):
		r.violate(nil, "a session of %s has ended by itself: %s", a.name, got)
	case out:
		s.lives = absent
	case got.ours && got.status < 300 && s.lives == absent:
		r.violate(nil, "an ended session of %s is answered %s", a.name, got)
	}
}

func (t *turns) changePassword(ctx context.Context) {
	a, old, fresh := t.own, t.own.password(), t.own.fresh()
	wrong := t.rng.IntN(4) == 0
	if wrong {
		old = "never was one"
	}
	s, got := t.with(ctx, call{method: "POST", path: "/users/password.php", body: map[string]any{"old_password": old, "new_password": fresh}})
	switch {
	case s == nil:
	case !wrong:
		a.changed(fresh, got.outcome(), s)
	case got.ours && got.status < 300:
		t.round.violate(nil, "%s changes its password without the old one", a.name)
	}
}

// givePassword is what an administrator does for those who forgot theirs.
func (t *turns) givePassword(ctx context.Context) {
	fresh := t.own.fresh()
	got := t.ask(ctx, call{method: "POST", path: "/users/update.php", body: map[string]any{"id": t.own.id, "password": fresh}})
	t.own.changed(fresh, got.outcome(), nil)
}

// bar keeps the user out, or lets him or her in again.
func (t *turns) bar(ctx context.Context) {
	a := t.own
	status, then := "inactive", present
	if a.barred != absent {
		status, then = "active", absent
	}
	got := t.ask(ctx, call{method: "POST", path: "/users/update.php", body: map[string]any{"id": a.id, "status": status}})
	switch out := got.outcome(); {
	case out == succeeded:
		a.barred = then
	case out == unknown && a.barred != then:
		a.barred = either
	}
	if then == present {
		a.end(got.outcome(), nil)
	}
}

// rename changes what ends no session.
func (t *turns) rename(ctx context.Context) {
	t.ask(ctx, call{method: "POST", path: "/users/update.php", body: map[string]any{"id": t.own.id, "full_name": t.reason(), "email": "own@example.org"}})
}

func (t *turns) logOut(ctx context.Context) {
	if s, got := t.with(ctx, call{method: "POST", path: "/auth/logout.php", body: map[string]any{}}); s != nil {
		s.ended(got.outcome())
	}
}

// endSession ends the session that asks, by its number in the list.
func (t *turns) endSession(ctx context.Context) {
	s, got := t.with(ctx, call{method: "GET", path: "/sessions/list.php"})
	list, _ := got.fields["sessions"].([]any)
	for _, item := range list {
		one, _ := item.(map[string]any)
		if one["current"] != true || s == nil {
			continue
		}
		ended := t.ask(ctx, call{method: "POST", path: "/sessions/revoke.php", as: s.token, body: map[string]any{"id": one["id"]}})
		t.round.judgeSession(t.own, s, ended)
		s.ended(ended.outcome())
		return
	}
}

// resetPassword takes the way of who has lost the password and has the account's files.
func (t *turns) resetPassword(ctx context.Context) {
	a, fresh := t.own, t.own.fresh()
	t.ask(ctx, call{method: "GET", path: "/reset.php", as: anybody})
	text, _ := os.ReadFile(filepath.Join(t.world.dataDir(), "reset-code.txt"))
	code, _, _ := strings.Cut(string(text), "\n")
	if code == "" {
		code = "AAAAA-AAAAA-AAAAA-AAAAA"
	}
	got := t.ask(ctx, call{method: "POST", path: "/reset.php", as: anybody, body: map[string]any{"code": code, "username": a.name, "password": fresh}})
	if got.outcome() == succeeded {
		a.barred = absent // who has the files may do everything
	} else if got.outcome() == unknown && a.barred == present {
		a.barred = either
	}
	a.changed(fresh, got.outcome(), nil)
}

func (r *round) opened(a *account) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accounts = append(r.accounts, a)
}

// judgeAccounts looks whether the sessions that ended are dead and those that did not live, and which passwords open.
func (r *round) judgeAccounts(ctx context.Context) {
	for i, a := range r.accounts {
		c, way := newClient(r.world, 120+i), ways[(i+r.n)%len(ways)]
		c.check = true
		for _, s := range a.sessions {
			got := c.do(ctx, call{method: "GET", path: "/auth/verify.php", as: s.token}, way)
			if got.err != nil || got.status != 200 && got.status != 401 {
				r.violate(nil, "verify of %s is answered %s", a.name, got)
			}
			r.judgeSession(a, s, got)
		}
		opens := func(word string) bool {
			got := c.do(ctx, call{method: "POST", path: "/auth/login.php", as: anybody, body: map[string]any{"username": a.name, "password": word}}, way)
			if got.err != nil || got.status != 200 && got.status != 401 {
				r.violate(nil, "a login of %s in the calm is answered %s", a.name, got)
			}
			return got.status == 200
		}
		if n := len(a.former); n > 0 && opens(a.former[n-1]) {
			r.violate(nil, "%s logs in with a password that was given up", a.name)
		}
		open := 0
		for _, word := range a.passwords[max(0, len(a.passwords)-4):] { // five wrong ones would be too many
			if opens(word) {
				open++
			}
		}
		switch {
		case a.barred == present && open > 0:
			r.violate(nil, "%s logs in who may not", a.name)
		case open > 1, a.barred == absent && open == 0 && len(a.passwords) <= 4:
			r.violate(nil, "%d of the passwords that %s may have are right", open, a.name)
		}
	}
}
