package httpapi

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"vpm/core"
)

// TestOperator: whoever owns the settings needs no token and may do everything, and the history names them; what comes
// through the web gains nothing by that.
func TestOperator(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "site")
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		p.Operator(core.Actor{Name: "ann (shell)"}).ServeHTTP(w, httptest.NewRequest(method, "/api/"+path, strings.NewReader(body)))
		return w
	}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "instances/list", "", 200}, {"POST", "instances/stop", `{"instance_id":"site","verify":false}`, 200}, {"GET", "users/list", "", 200},
		{"POST", "tokens/create", `{"name":"x","scope":"view"}`, 201}, {"POST", "tick", "{}", 200}, {"POST", "migrate", "{}", 200},
		{"POST", "users/password", `{"old_password":"x","new_password":"correct horse"}`, 403}, {"POST", "auth/logout", "", 400}, {"GET", "sessions/list", "", 403},
		{"GET", "nowhere", "", 404}, {"DELETE", "instances/list", "", 405},
	} {
		if w := ask(c.method, c.path, c.body); w.Code != c.status {
			t.Errorf("%s %s: %d %s; want %d", c.method, c.path, w.Code, w.Body, c.status)
		}
	}
	events, err := p.db.Events(t.Context(), "site", 0, 1)
	if err != nil || len(events) != 1 || events[0].Actor != (core.Actor{Name: "ann (shell)"}) || events[0].Action != core.ActionStop {
		t.Errorf("the history has %+v, %v", events, err)
	}
	if w := ask("GET", "auth/verify", ""); !strings.Contains(w.Body.String(), `"username":"ann (shell)"`) {
		t.Errorf("who it is: %s", w.Body)
	}
	for _, header := range [][2]string{{}, {"X-Auth-Token", "ann (shell)"}, {"Remote-User", "ann (shell)"}} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/api/instances/list", nil)
		if header[0] != "" {
			r.Header.Set(header[0], header[1])
		}
		if p.ServeHTTP(w, r); w.Code != 401 {
			t.Errorf("with %v the web gets %d %s", header, w.Code, w.Body)
		}
	}
	backend, err := p.Backend()
	must(t, err)
	old := *backend
	old.Outdated = func(_ context.Context) (bool, error) { return true, nil }
	p.Backend = func() (*Backend, error) { return &old, nil }
	if w := ask("GET", "instances/list", ""); w.Code != 503 {
		t.Errorf("with old tables: %d %s", w.Code, w.Body)
	}
	if w := ask("POST", "migrate", "{}"); w.Code != 200 {
		t.Errorf("the upgrade: %d %s", w.Code, w.Body)
	}
}
