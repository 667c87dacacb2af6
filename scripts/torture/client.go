package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"vpm/scripts/apispec"
)

// ways are the prefixes of the three ways to the API.
var ways = []string{"/cgi/api", "/api", "/server/api"}

// patience is longer than any request may take.
const patience = 40 * time.Second

// anybody is who has no token.
const anybody = "-"

// call is a request.
type call struct {
	method, path string
	as           string // token; "" the administrator's
	body         any    // JSON
	raw          []byte // instead of it
	// announced is the Content-Length where it is not that of the body; such a body is a truncated one.
	announced int
}

// outcome is what a client knows of its request.
type outcome int

const (
	succeeded outcome = iota
	refused           // nothing was done
	unknown           // it may have been done or not
)

// answer is what came back.
type answer struct {
	status int
	body   []byte
	ours   bool // vpm answered, not a web server
	err    error
	fields map[string]any
}

func (a answer) text(field string) string {
	s, _ := a.fields[field].(string)
	return s
}

func (a answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("%d %.300s", a.status, bytes.TrimSpace(a.body))
}

// outcome goes by the contract: a refusal that names a fault of the request, or another change under way, was made
// before anything else was.
func (a answer) outcome() outcome {
	switch {
	case a.ours && a.status < 300:
		return succeeded
	case a.ours && a.status < 500 && a.text("code") != "busy" && a.text("code") != "not_effective" && a.text("code") != "conflict":
		return refused
	}
	return unknown
}

// client asks from an address of its own.
type client struct {
	world *world
	http  *http.Client
	check bool // hold answers against the description of the API
}

func newClient(w *world, n int) *client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1+byte(n/250), 1+byte(n%250))}, Timeout: 10 * time.Second}
	var transport http.RoundTripper = &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext}
	if w.transport != nil {
		transport = w.transport
	}
	return &client{world: w, http: &http.Client{Timeout: patience, Transport: transport}}
}

// do makes a request.
func (c *client) do(ctx context.Context, q call, way string) answer {
	text := q.raw
	if q.body != nil {
		text, _ = json.Marshal(q.body) // maps of plain values always can be
	}
	var body io.Reader = bytes.NewReader(text)
	if q.announced > 0 {
		body = io.MultiReader(body) // so that nobody knows its length
	}
	req, err := http.NewRequestWithContext(ctx, q.method, c.world.host.URL+way+q.path, body)
	if err != nil {
		return answer{err: err}
	}
	if q.announced > 0 {
		req.ContentLength = int64(q.announced)
	}
	req.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	if token := cmp.Or(q.as, c.world.tokens.get()); token != "" && token != anybody {
		req.Header.Set("X-Auth-Token", token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	// A page of Apache's has our header too where a program was killed after the head of its answer.
	a := answer{status: resp.StatusCode, ours: resp.Header.Get("X-Content-Type-Options") == "nosniff" && !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html")}
	if a.body, a.err = io.ReadAll(resp.Body); a.err != nil || !a.ours {
		a.ours = false
		return a
	}
	if json.Unmarshal(a.body, &a.fields) != nil && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		a.ours, a.err = false, errTorn
	}
	if c.check && q.raw == nil {
		a.err = errors.Join(a.err, apispec.CheckAnswer(req, a.status, resp.Header, a.body))
	}
	return a
}

var errTorn = errors.New("the answer is no JSON text")

// sessions keep the token that all clients use, until it no longer works.
type sessions struct {
	mu       sync.Mutex
	token    string
	renewing bool
}

func (s *sessions) get() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

func (s *sessions) set(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// renew logs in where nobody else does.
func (s *sessions) renew(ctx context.Context, w *world, old string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != old || s.renewing {
		return
	}
	s.renewing = true
	s.mu.Unlock()
	fresh := w.login(ctx)
	s.mu.Lock()
	s.renewing = false
	if fresh != "" {
		s.token = fresh
	}
}

// rng draws the choices of one who acts in a round.
func rng(seed uint64, database string, round int, who uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed+uint64(len(database))<<32, uint64(round)<<32+who))
}
