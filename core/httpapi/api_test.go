package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"vpm/core"
)

// ask sends one request to an API whose backend is given, and returns the answer and the log.
func ask(t *testing.T, backend func() (*Backend, error), r *http.Request) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	api, err := New(API{Log: zerolog.New(&log), Backend: backend, Timeout: time.Minute}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w, log.String()
}

func authorized(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("X-Auth-Token", "x")
	return r
}

// TestPanic: a bug in a handler is answered as JSON with an id under which the log has the stack; the process
// goes on.
func TestPanic(t *testing.T) {
	w, log := ask(t, func() (*Backend, error) { panic("a bug with a secret") }, authorized("GET", "/api/instances/list.php"))
	var f failure
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || w.Code != 500 || f.Code != core.CodeInternal || f.Message != "Internal error" {
		t.Fatalf("answered %d %s", w.Code, w.Body)
	}
	// Apache since 2.4.59 does not pass the length on; mod_fcgid and nginx need it.
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) {
		t.Errorf("Content-Length is %q and the body has %d bytes", got, w.Body.Len())
	}
	if f.RequestID == "" || !strings.Contains(log, f.RequestID) || !strings.Contains(log, "a bug with a secret") || !strings.Contains(log, "api_test.go") {
		t.Errorf("request id %q, log %s", f.RequestID, log)
	}
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the cause is in the answer %s", w.Body)
	}
}

// TestUnknownErrors are logged whole, in one line, and answered with "Internal error".
func TestUnknownErrors(t *testing.T) {
	for _, cause := range []error{errors.New("dial unix /secret\n{\"level\":\"forged\"}"), core.Errorf(core.CodeInternal, "cannot read /secret")} {
		w, log := ask(t, func() (*Backend, error) { return nil, cause }, authorized("GET", "/api/instances/list.php"))
		if w.Code != 500 || !strings.Contains(w.Body.String(), `"message":"Internal error"`) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v is answered %d %s", cause, w.Code, w.Body)
		}
		if strings.Count(log, "\n") != 1 || !strings.Contains(log, "/secret") {
			t.Errorf("%v is logged as %s", cause, log)
		}
	}
}

// TestLogLines: what a client sends is one field of one line, whatever it holds.
func TestLogLines(t *testing.T) {
	r := authorized("GET", "/api/instances/list.php")
	r.URL.Path = "/x\n{\"level\":\"info\"}\x1b[31m/api/instances/list"
	_, log := ask(t, func() (*Backend, error) { return nil, errors.New("x") }, r)
	var line map[string]any
	if strings.Count(log, "\n") != 1 || json.Unmarshal([]byte(log), &line) != nil || strings.Contains(log, "\x1b") || line["level"] != "error" {
		t.Errorf("logged %q", log)
	}
}

func TestEveryCodeHasAStatus(t *testing.T) {
	for _, c := range []core.Code{core.CodeInvalid, core.CodeUnauthenticated, core.CodeForbidden, core.CodeNotFound, core.CodeConflict,
		core.CodeBusy, core.CodeNotEffective, core.CodeThrottled, core.CodeUnavailable, core.CodeInternal, codeMethod, codeTooLarge} {
		if httpStatus[c] == 0 {
			t.Errorf("code %s has no status", c)
		}
	}
}

// TestAccessOfEveryRoute: nothing but logging in, set-up and a reset answers without a token, and each route asks
// for the permission that its table entry names.
func TestAccessOfEveryRoute(t *testing.T) {
	open := []string{"auth/login", "setup", "reset"}
	for _, r := range routes {
		method := strings.Split(r.methods, ", ")[0]
		target := "/api/" + strings.ReplaceAll(r.name, "*", "some-id") + ".php"
		if slices.Contains(open, r.name) {
			if r.access != public {
				t.Errorf("%s is not public", r.name)
			}
			continue
		}
		if w, _ := ask(t, nil, httptest.NewRequest(method, target, nil)); w.Code != 401 {
			t.Errorf("%s without a token: %d %s", r.name, w.Code, w.Body)
		}
		nobody := core.Session{Key: "sha256:0", User: core.User{Role: core.RoleViewer, Permissions: []core.Permission{}}}
		backend := &Backend{Auth: Auth{
			Session: func(context.Context, string) (core.Session, error) { return nobody, nil },
			SessionReading: func(context.Context, string, string) (core.Session, *core.Record, error) {
				return nobody, &core.Record{}, nil
			},
			Logout: func(context.Context, core.Session) error { return nil },
		}, People: People{
			Sessions:   func(context.Context, int64, string) ([]core.SessionInfo, error) { return nil, nil },
			EndSession: func(context.Context, core.Session, core.Actor, int64) error { return nil },
		}}
		w, _ := ask(t, func() (*Backend, error) { return backend, nil }, authorized(method, target))
		if w.Code == 403 != (r.access != loggedIn) {
			t.Errorf("%s for a user without permissions: %d", r.name, w.Code)
		}
	}
}

// TestOutdated: tables of an older version stop everything but the upgrade and the session itself.
func TestOutdated(t *testing.T) {
	backend := &Backend{
		Auth: Auth{Session: func(context.Context, string) (core.Session, error) {
			return core.Session{User: core.User{Role: core.RoleAdmin}, Outdated: true}, nil
		}},
		Migrate: func(context.Context, core.Actor) (int, error) { return 0, nil },
	}
	get := func() (*Backend, error) { return backend, nil }
	for target, want := range map[string]int{"/api/instances/list.php": 503, "/api/auth/verify.php": 200} {
		if w, _ := ask(t, get, authorized("GET", target)); w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
	}
	if w, _ := ask(t, get, authorized("POST", "/api/migrate.php")); w.Code != 200 {
		t.Errorf("migrate: %d %s", w.Code, w.Body)
	}
}
