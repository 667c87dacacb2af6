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
	made := callsOf(t)
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

// callsOf lets a client make all that it can, and gives what it asked for. Whatever that is, it is told that it is done.
func callsOf(t *testing.T) map[string]bool {
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
	return r.made
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
