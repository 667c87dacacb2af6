package main

import (
	"net/http"
	"strings"
	"testing"
)

// visitWith asks for a page with headers.
func (s *site) visitWith(method, path string, header http.Header) *answer {
	s.t.Helper()
	req, err := http.NewRequest(method, s.host.URL+path, nil)
	s.must(err)
	for name, values := range header {
		req.Header[name] = values
	}
	return s.send(req)
}

// bypassLink makes a link past the gate, opens it as a browser does, and gives the cookies that it has then.
func (s *site) bypassLink(id string) http.Header {
	s.t.Helper()
	made := s.post("/instances/bypass.php", map[string]any{"instance_id": id, "duration": "1h"}).want(200)
	link, _ := made.field("url").(string)
	path, ours := strings.CutPrefix(link, s.host.URL)
	if !ours || !strings.Contains(path, "vpm_bypass=") {
		s.t.Fatalf("the link is %s", made.body)
	}
	first := s.visit("GET", path)
	if first.status == 503 {
		s.t.Fatalf("the link answers %d %s", first.status, first.body)
	}
	var pairs []string
	for _, c := range (&http.Response{Header: first.header}).Cookies() {
		if c.Name == "vpm_bypass" {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || c.MaxAge <= 0 && c.Expires.IsZero() {
				s.t.Errorf("the cookie of the link is %v", c)
			}
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	if len(pairs) != 1 {
		s.t.Fatalf("the link sets %q", first.header.Values("Set-Cookie"))
	}
	return http.Header{"Cookie": pairs}
}

// wantPagesWith checks that a visitor with a cookie meets the site as it runs.
func (s *site) wantPagesWith(state string, cookie http.Header, pages []page) {
	s.t.Helper()
	for i, p := range pages {
		method := []string{"GET", "HEAD", "POST"}[i%3]
		a := s.visitWith(method, p.path, cookie)
		if a.status == 503 || method != "POST" && a.status != p.status || method == "GET" && !strings.Contains(string(a.body), p.holds) {
			s.t.Errorf("%s: %s %s answers %d, want %d with %q\n%.300s", state, method, p.path, a.status, p.status, p.holds, a.body)
		}
	}
}

// TestBypassLink: whoever has the link sees the stopped site, and nobody else; the next link and a start end it.
func TestBypassLink(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "sqlite", php: true}, {driver: "mysql", php: true, fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			s.blog()
			s.post("/instances/bypass.php", map[string]any{"instance_id": "blog"}).want(409).says("conflict", "not stopped")
			s.post("/instances/stop.php", map[string]any{"instance_id": "blog", "reason": "works"}).want(200)
			s.post("/instances/bypass.php", map[string]any{"instance_id": "blog", "duration": "soon"}).want(400)
			s.post("/instances/bypass.php", map[string]any{"instance_id": "blog", "duration": "9999h"}).want(400)
			first := s.bypassLink("blog")
			s.wantClosed(blogPages...)
			open := func(cookie http.Header, want bool) {
				t.Helper()
				for _, path := range blogPages {
					if a := s.visitWith("GET", path, cookie); (a.status != 503) != want {
						t.Errorf("with the cookie, GET %s answers %d", path, a.status)
					}
				}
			}
			open(first, true)
			open(http.Header{"Cookie": {"vpm_bypass=" + strings.Repeat("0", 64)}}, false)
			if page := s.visit("GET", "/blog/"); !strings.Contains(string(page.body), "works") {
				t.Errorf("others do not read the reason any more: %s", page.body)
			}
			second := s.bypassLink("blog")
			open(first, false)
			open(second, true)
			s.post("/instances/start.php", map[string]any{"instance_id": "blog"}).want(200)
			s.post("/instances/stop.php", map[string]any{"instance_id": "blog"}).want(200)
			open(second, false)
			s.wantClosed(blogPages...)
		})
	}
}
