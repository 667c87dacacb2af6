package httpapi

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

func TestTickAnswers(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one", "two")
	p.post("tick", nil).want(200).says(`"message":"Tick done","ran":true,"seen":2,"left":false,"completed":[],"repaired":[],"disputed":[],"unhealthy":[],"failed":[]`)
	// While another one has the lease nothing is done.
	_, err := p.db.Lease(t.Context(), "tick", "another", p.clock(), p.clock().Add(time.Minute))
	must(t, err)
	p.get("tick").want(200).says(`"message":"Another tick is under way","ran":false,"seen":0`)
}

// TestTickHasItsOwnTime, and no other request has it.
func TestTickHasItsOwnTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ timeout, budget, tick, other time.Duration }{
		"usual":     {10 * time.Second, time.Hour, time.Hour + tickMargin, 10 * time.Second},
		"the other": {2 * time.Hour, time.Hour, 2 * time.Hour, 2 * time.Hour},
	} {
		p := newPanel(t)
		p.Timeout, p.TickBudget = c.timeout, c.budget
		backend := p.backend()
		var left time.Duration
		session := backend.Auth.Session
		backend.Auth.Session = func(ctx context.Context, token string) (core.Session, error) {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return session(ctx, token)
		}
		p.Backend = func() (*Backend, error) { return backend, nil }
		for path, want := range map[string]time.Duration{"tick": c.tick, "tick.php": c.tick, "/./tick/": c.tick, "instances/list": c.other, "tick/list": c.other, "instances/bulk": c.other} {
			left = 0
			p.send(httptest.NewRequest("POST", "/api/"+path, nil))
			if left == 0 {
				p.send(httptest.NewRequest("GET", "/api/"+path, nil))
			}
			if path != "tick/list" && (left > want || left < want-5*time.Second) { // the machine may be slow
				t.Errorf("%s: %s has %s left; want %s", name, path, left, want)
			}
		}
	}
}

// TestTokenInTheQuery is for the tick alone: an address is kept in logs and histories.
func TestTokenInTheQuery(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	session, token := p.token, p.issue(core.ScopeTick)
	p.token = ""
	for _, r := range routes {
		for method := range strings.SplitSeq(r.methods, ", ") {
			for _, given := range []string{session, token} {
				query := "?instance_id=one&token=" + given
				a := p.send(httptest.NewRequest(method, "/api/"+strings.ReplaceAll(r.name, "*", "one")+".php"+query, nil))
				switch {
				case r.access == public:
				case r.name == "tick":
					a.want(200)
				default:
					a.want(401)
				}
			}
		}
	}
	for _, query := range []string{"", "?token=", "?token=vpm_" + strings.Repeat("0", 64), "?Token=" + token, "?token[]=" + token, "?x=" + token, "?token=x&token=" + token} {
		p.send(httptest.NewRequest("GET", "/api/tick.php"+query, nil)).want(401)
	}
	// A body is none, and what a header says comes first.
	r := httptest.NewRequest("POST", "/api/tick.php", strings.NewReader("token="+token))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p.send(r).want(401)
	for header, value := range map[string]string{"X-Auth-Token": "wrong", "Authorization": "Bearer wrong"} {
		r := httptest.NewRequest("GET", "/api/tick.php?token="+token, nil)
		r.Header.Set(header, value)
		p.send(r).want(401)
	}
	p.send(httptest.NewRequest("GET", "/api/tick.php?token="+token, nil)).want(200)
}

// TestTickTokenMayDoNothingElse than the tick, and say whose it is.
func TestTickTokenMayDoNothingElse(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	root := p.token
	p.token = p.issue(core.ScopeTick)
	for _, r := range routes {
		if r.access == public || r.name == "tick" || r.name == "auth/verify" {
			continue
		}
		for method := range strings.SplitSeq(r.methods, ", ") {
			body := `{"instance_id":"one","instance_ids":["one"],"action":"stop","id":1,"old_password":"` + password + `","new_password":"another password","name":"x","scope":"manage"}`
			a := p.send(httptest.NewRequest(method, "/api/"+strings.ReplaceAll(r.name, "*", "one")+".php?instance_id=one", strings.NewReader(body)))
			if want := []int{403, 400}[map[bool]int{false: 0, true: 1}[r.name == "auth/logout"]]; a.Code != want {
				t.Errorf("%s: answered %d %s; want %d", a.name, a.Code, a.Body, want)
			}
		}
	}
	p.get("auth/verify").want(200).says(`"permissions":["tick"]`)
	p.get("tick").want(200)
	p.token = root
	if got := p.wanted("one"); got != "running" {
		t.Errorf("one is wanted %s", got)
	}
	if _, err := p.db.PasswordHash(t.Context(), 1); err != nil {
		t.Error(err)
	}
	p.post("auth/login", map[string]any{"username": "root", "password": password}).want(200)
}

// TestTokensAreNotLogged, whatever goes wrong.
func TestTokensAreNotLogged(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.issue(core.ScopeTick)
	backend := p.backend()
	for _, fail := range []func() (*Backend, error){
		func() (*Backend, error) { return nil, errors.New("no database") },
		func() (*Backend, error) { panic("a bug") },
		func() (*Backend, error) { return nil, core.Errorf(core.CodeUnavailable, "cannot reach it") },
		func() (*Backend, error) {
			broken := *backend
			broken.Tick = nil
			return &broken, nil
		},
	} {
		p.Backend = fail
		before := len(p.log.String())
		root := p.token
		p.token = ""
		if a := p.send(httptest.NewRequest("GET", "/api/tick.php?token="+token, nil)); a.Code < 500 || strings.Contains(a.Body.String(), token) {
			t.Errorf("answered %d %s", a.Code, a.Body)
		}
		p.token = root
		p.get("instances/list")
		if logged := p.log.String(); len(logged) == before {
			t.Error("nothing is logged")
		}
	}
	for _, secret := range []string{token, token[4:20], p.token, p.token[:16]} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log has the token: %s", p.log.String())
		}
	}
	if !slices.Contains(strings.FieldsFunc(p.log.String(), func(r rune) bool { return r == '"' }), "/api/tick.php") {
		t.Errorf("the log does not say what failed: %s", p.log.String())
	}
}
