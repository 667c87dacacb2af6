package main

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// elsewhere are the calls that no client makes amid the others, and who makes them.
var elsewhere = map[string]string{
	"GET /tick.php": "the POST does the same by the same function; a GET is for cron jobs that cannot do better, and takes a token in its address",
}

// TestEveryCallIsMade: a route that is new in the API needs its place in the torture too, or a word why not.
func TestEveryCallIsMade(t *testing.T) {
	t.Parallel()
	made, _ := callsOf(t)
	for name := range described(t) {
		why, excepted := elsewhere[name]
		if found := made[name]; found == excepted {
			t.Errorf("%s is made: %v, and is said to be left out: %v (%s)", name, found, excepted, why)
		}
	}
	for name := range elsewhere {
		if !described(t)[name] {
			t.Errorf("%s is left out and is no call of the API", name)
		}
	}
}

// described are the calls in the description of the API, which core/httpapi holds against its routes.
func described(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../core/httpapi/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var api struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &api); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for path, methods := range api.Paths {
		for method := range methods {
			if slices.Contains([]string{"get", "post", "put", "delete", "patch"}, method) {
				names[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	if len(names) < 40 {
		t.Fatalf("the description has %d calls only", len(names))
	}
	return names
}

// TestWhatMustNotSucceed: where everything is answered as done, all that must not be is told.
func TestWhatMustNotSucceed(t *testing.T) {
	t.Parallel()
	_, r := callsOf(t)
	var told strings.Builder
	for _, v := range r.violations {
		told.WriteString(v.what + "\n")
	}
	for _, want := range []string{"POST /instances/move.php is answered 200", "POST /setup.php is answered 200", "POST /reset.php is answered 200",
		"POST /restore.php is answered 200", "POST /auth/logout.php is answered 200", "a spoilt body is answered 200",
		"changes its password without the old one", "logs in who may not", "which is its password no more"} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("not told: %s", want)
		}
	}
}

// TestSessions: what is known of a session tells which answers it may get.
func TestSessions(t *testing.T) {
	t.Parallel()
	a := &account{name: "ann", passwords: []string{"one"}}
	old, kept := &session{token: "old", lives: present}, &session{token: "kept", lives: present}
	a.sessions = []*session{old, kept}
	a.changed("two", unknown, kept)
	if old.lives != either || kept.lives != present || len(a.passwords) != 2 || len(a.former) != 0 {
		t.Errorf("after a change that may have been made: %+v, %v, %v", a, old.lives, kept.lives)
	}
	a.changed("three", succeeded, kept)
	if old.lives != absent || kept.lives != present || a.password() != "three" || len(a.passwords) != 1 || len(a.former) != 2 {
		t.Errorf("after a change that was made: %+v, %v, %v", a, old.lives, kept.lives)
	}
	w := &world{built: programs{clock: &clock{seconds: new(int64)}}}
	for _, c := range []struct {
		lives  presence
		until  time.Duration
		status int
		wrong  bool
	}{
		{absent, time.Hour, 200, true}, {absent, time.Hour, 401, false}, {present, time.Hour, 200, false}, {present, time.Hour, 401, true},
		{present, -time.Hour, 401, false}, {either, time.Hour, 401, false}, {either, time.Hour, 200, false}, {absent, time.Hour, 503, false},
	} {
		r := newRound(w, 1)
		r.judgeSession(a, &session{"t", c.lives, time.Now().Add(c.until)},
			answer{status: c.status, ours: true, fields: map[string]any{"code": "unauthenticated"}})
		if (len(r.violations) > 0) != c.wrong {
			t.Errorf("%+v: %v", c, r.violations)
		}
	}
}

// callsOf lets a client make all that it can, and gives what it asked for and what is told of that. Whatever is asked for, the
// answer is that it is done.
func callsOf(t *testing.T) (map[string]bool, *round) {
	t.Helper()
	r := &recorder{made: map[string]bool{}}
	w := &world{people: newLedger(), host: &lab.Host{Home: t.TempDir(), URL: "http://localhost"}, built: programs{clock: &clock{seconds: new(int64)}},
		transport: r}
	in := &instance{world: w, id: "one", dir: filepath.Join(t.TempDir(), "gone"), ends: map[string]time.Time{}}
	in.forget()
	w.instances = []*instance{in}
	turns := &turns{client: newClient(w, 1), round: newRound(w, 1), rng: rand.New(rand.NewPCG(1, 2)), name: "c1", owner: true}
	for range 100 {
		for _, a := range acts {
			a.do(turns, t.Context(), in)
		}
		for _, a := range accountActs {
			turns.account(t.Context(), in)
			a.do(turns, t.Context())
		}
		turns.n++
	}
	return r.made, turns.round
}

// recorder is told of requests in the place of a web server.
type recorder struct{ made map[string]bool }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	path := req.URL.Path
	for _, way := range ways {
		if rest, found := strings.CutPrefix(path, way); found && len(path)-len(rest) == len(way) {
			path = rest
			break
		}
	}
	if rest, found := strings.CutPrefix(path, "/v1/instances/"); found && rest != "" {
		path = "/v1/instances/{instance_id}"
	}
	r.made[req.Method+" "+path] = true
	body := `{"success":true,"id":1,"token":"t","sessions":[{"id":1,"current":true}]}`
	return &http.Response{StatusCode: 200, Request: req, Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"X-Content-Type-Options": {"nosniff"}, "Content-Type": {"application/json"}}}, nil
}
