package vpstest

import (
	"net/http"
	"strings"
	"time"
)

// wantStops stops and starts a site that has no process of its own: the server's user may not write there, and it closes all
// the same, for all that visitors can ask for, and is as it was afterwards.
func (s *server) wantStops(dir, user string) {
	s.t.Helper()
	state := "cd " + dir + "; stat -c '%U:%G %a %s' .htaccess; sha256sum .htaccess; ls -A; ls -d /etc/*/vpm.d/*/gate-* 2>/dev/null || true"
	before := s.sh(state)
	stopped := s.change("stop", "reason", "new roof", "until", time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	evidence, _ := stopped["evidence"].(map[string]any)
	if stopped["observed"] != "stopped" || stopped["mode"] != "virtual" || evidence["how"] != "probe" {
		s.t.Errorf("a stop before the move: %v", stopped)
	}
	s.wantClosed("new roof")
	a := s.get("http://shop.test/blog/")
	if until, err := http.ParseTime(a.header.Get("Retry-After")); err != nil || time.Until(until) < 50*time.Minute || time.Until(until) > time.Hour {
		s.t.Errorf("Retry-After: %v", a.header)
	}
	for url, want := range map[string]int{"/": 200, "/api/mode.php": 200} {
		if a := s.get("http://shop.test" + url); a.status != want {
			s.t.Errorf("beside a stopped site, %s: %v", url, a)
		}
	}
	link, _ := s.change("bypass")["url"].(string)
	_, secret, _ := strings.Cut(link, "=")
	if a := s.getWith("http://shop.test/blog/style.css", "vpm_bypass="+secret); secret == "" || a.status != 200 {
		s.t.Errorf("with the bypass of %q: %v", link, a)
	}
	s.wantClosed("new roof")
	s.change("start")
	s.wantPage(dir, user)
	if after := s.sh(state); after != before {
		s.t.Errorf("before the stop:\n%s\nand after it:\n%s", before, after)
	}
}

// getWith asks as a browser with a cookie.
func (s *server) getWith(url, cookie string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.limited(), http.MethodGet, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Cookie", cookie)
	resp, err := s.HTTPClient().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	return answer{status: resp.StatusCode, header: resp.Header}
}
