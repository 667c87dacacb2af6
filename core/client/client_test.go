package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

const token = "0123456789abcdef0123456789abcdef"

// TestAsk: what the API says, and what others in its place say.
func TestAsk(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/panel/api/"), ".php"); name {
		case "who":
			fmt.Fprintf(w, `{"token":%q,"query":%q,"method":%q}`, r.Header.Get("X-Auth-Token"), r.URL.RawQuery, r.Method)
		case "gone":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"success":false,"message":"Instance not found","error":"Instance not found","code":"not_found"}`)
		case "busy":
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"success":false,"message":"Too many","error":"Too many","code":"throttled"}`)
		case "page":
			fmt.Fprint(w, "<html>")
		case "moved":
			http.Redirect(w, r, "https://elsewhere.example/secret", http.StatusMovedPermanently)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	for _, address := range []string{server.URL + "/panel", server.URL + "/panel/api/", server.URL + "/panel/?x=1#y"} {
		c, err := New(address, token)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := c.Get(t.Context(), "who", url.Values{"instance_id": {"a&b"}}); err != nil || string(a) != `{"token":"`+token+`","query":"instance_id=a%26b","method":"GET"}` {
			t.Errorf("%s: %s %v", address, a, err)
		}
		if a, err := c.Post(t.Context(), "who", struct{}{}); err != nil || !strings.Contains(string(a), "POST") {
			t.Errorf("%s: %s %v", address, a, err)
		}
		for path, want := range map[string]struct {
			code core.Code
			says string
		}{"gone": {core.CodeNotFound, "Instance not found"}, "busy": {core.CodeThrottled, "Too many"}, "page": {core.CodeUnavailable, "is not vpm's API (status 200)"},
			"nothing": {core.CodeUnavailable, "is not vpm's API (status 404)"}, "moved": {core.CodeUnavailable, "redirects to https://elsewhere.example;"}} {
			_, err := c.Get(t.Context(), path, nil)
			if core.CodeOf(err) != want.code || !strings.Contains(core.Sentence(err), want.says) || strings.Contains(err.Error(), token) {
				t.Errorf("%s: %v; want %s and %q", path, err, want.code, want.says)
			}
			if e, _ := err.(*core.Error); path == "busy" && (e == nil || e.RetryAfter != 30*time.Second) {
				t.Errorf("it says nothing of when to come again: %v", err)
			}
		}
	}
}

// TestAddresses: which may be asked, and which would show the token to a network.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, plain := range map[string]bool{"http://site.example": true, "https://site.example": false, "http://localhost:8080": false, "http://[::1]:80/panel": false, "http://127.0.0.1": false} {
		if c, err := New(address, token); err != nil || c.Plain() != plain {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"site.example", "ftp://site.example", "https://", "://", "/api", "http://user:pass word@x"} {
		if _, err := New(address, token); core.CodeOf(err) != core.CodeInvalid || strings.Contains(err.Error(), "pass word") {
			t.Errorf("%s: %v", address, err)
		}
	}
	c, err := New("http://ann:hidden@127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "who", nil); core.CodeOf(err) != core.CodeUnavailable || strings.Contains(err.Error(), "hidden") {
		t.Errorf("where nobody listens: %v", err)
	}
}

// TestInterrupted: who ends the wait is not told that the panel is at fault.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	c, err := New("http://127.0.0.1:1", token)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Get(ctx, "who", nil)
	if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(core.Sentence(err), "interrupted") || !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestLocal asks a handler without a network.
func TestLocal(t *testing.T) {
	t.Parallel()
	c := Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RemoteAddr != "" || r.Header.Get("X-Auth-Token") != "" || r.URL.Path != "/api/instances/list.php" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprint(w, `{"success":true}`)
	}))
	if a, err := c.Get(t.Context(), "instances/list", nil); err != nil || string(a) != `{"success":true}` {
		t.Errorf("%s %v", a, err)
	}
}
