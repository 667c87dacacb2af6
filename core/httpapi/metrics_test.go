package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

// TestMetricsAccess: programs on the server need no token, and nobody becomes one by what he sends.
func TestMetricsAccess(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	viewer, ticker := p.issue("view"), p.issue("tick")
	for _, proxies := range [][]netip.Prefix{nil, {netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")}} {
		trusted := proxies != nil
		for _, c := range []struct {
			name, peer, token string
			header            [2]string
			status            int
		}{
			{name: "on this machine", peer: "127.0.0.1:4711", status: 200},
			{name: "without a port", peer: "::1", status: 200},
			{name: "mapped", peer: "[::ffff:127.0.0.1]:4711", status: 200},
			{name: "elsewhere", peer: "192.0.2.7:4711", status: 401},
			{name: "not known", peer: "", status: 401},
			{name: "elsewhere, with a token", peer: "192.0.2.7:4711", token: viewer, status: 200},
			{name: "elsewhere, with cron's token", peer: "192.0.2.7:4711", token: ticker, status: 403},
			{name: "forged", peer: "192.0.2.7:4711", header: [2]string{"X-Forwarded-For", "127.0.0.1"}, status: 401},
			{name: "through a proxy here", peer: "127.0.0.1:4711", header: [2]string{"X-Forwarded-For", "192.0.2.7"}, status: 401},
			{name: "through a proxy here that says so otherwise", peer: "127.0.0.1:4711", header: [2]string{"Forwarded", "for=192.0.2.7"},
				status: map[bool]int{true: 200, false: 401}[trusted]},
			{name: "forged through a proxy here", peer: "127.0.0.1:4711", header: [2]string{"X-Forwarded-For", "127.0.0.1, 192.0.2.7"}, status: 401},
			{name: "here, through a proxy here", peer: "127.0.0.1:4711", header: [2]string{"X-Forwarded-For", "127.0.0.1"},
				status: map[bool]int{true: 200, false: 401}[trusted]},
			{name: "at the proxy's own loopback", peer: "10.0.0.9:4711", header: [2]string{"X-Forwarded-For", "127.0.0.1"}, status: 401},
		} {
			api := *p.API
			api.TrustedProxies = proxies
			api.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain; version=0.0.4")
				w.Write([]byte("up 1\n"))
			})
			var observed string
			api.Observe = func(route, _ string, status int, took time.Duration) {
				if status == c.status && took > 0 {
					observed = route
				}
			}
			r := httptest.NewRequest("GET", "/api/metrics", nil)
			r.RemoteAddr = c.peer
			if c.header[0] != "" {
				r.Header.Set(c.header[0], c.header[1])
			}
			if c.token != "" {
				r.Header.Set("X-Auth-Token", c.token)
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			if w.Code != c.status || (w.Body.String() == "up 1\n") != (c.status == 200) || w.Header().Get("X-Content-Type-Options") != "nosniff" || observed != "metrics" {
				t.Errorf("%s (trusted %v): %d %s %v, observed %q; want %d", c.name, trusted, w.Code, w.Body, w.Header(), observed, c.status)
			}
		}
	}
}

// TestObservedStatusIsThatOfThePage: what measures may be busy too.
func TestObservedStatusIsThatOfThePage(t *testing.T) {
	t.Parallel()
	observed := 0
	api := *newPanel(t).API
	api.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "busy", http.StatusServiceUnavailable) })
	api.Observe = func(_, _ string, status int, _ time.Duration) { observed = status }
	r := httptest.NewRequest("GET", "/api/metrics", nil)
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	if observed != http.StatusServiceUnavailable || w.Code != observed {
		t.Errorf("observed is %d, answered %d", observed, w.Code)
	}
}

// TestNoMetricsUnderCGI: a CGI program measures nothing, and says what does.
func TestNoMetricsUnderCGI(t *testing.T) {
	t.Parallel()
	newPanel(t).get("metrics").want(404).says("vpm serve")
}
