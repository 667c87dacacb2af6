package gatetest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vpm/htaccess"
)

// judgeNginxLink wants what is closed to be answered with the cookie and the address without the secret, where the site is
// as it was, and other methods to be let in at once.
func judgeNginxLink(t *testing.T, url string, a answer, plain, link request, running string) {
	t.Helper()
	if strings.HasPrefix(plain.target, "/.vpm-gate") {
		return // a name of ours, which the site does not have
	}
	if plain.method == "POST" {
		a.wantSame(t, ask(t, running, link))
		return
	}
	want := "/" + strings.TrimLeft(plain.target, "/") // two slashes would make the rest another host's name
	if where := a.header.Get("Location"); a.status != 302 || where != want {
		t.Errorf("%s: %d to %q, want 302 to %s", a.name, a.status, where, want)
	}
	plain.header = append(plain.header, "Cookie: "+a.wantCookie(t, ""))
	ask(t, url, plain).wantSame(t, ask(t, running, plain))
}

// What is missing in a directory that stays open is not answered with the site's own page.
func TestMissingInNginx(t *testing.T) {
	t.Parallel()
	url := startNginx(t, func(docroot string) string {
		gate := nginxGate(docroot)
		gate.Page, gate.PagePath = "vpm-stopped.html", "/vpm-stopped.html"
		text, err := gate.RenderNginx()
		if err != nil {
			t.Fatal(err)
		}
		return text
	})
	for target, want := range map[string]int{
		"/addon/missing": 404, "/addon/no/such/page/?a=b": 404, "/plain%20(addon)%20%5b2%5D/missing": 404, "/plain%20%28addon%29%20[2]/missing": 404,
		"/addon/../about.html": 404, "/addon-not/missing": 503, "/x/addon/missing": 503, "/addon%2fmissing": 503,
	} {
		if a := get(t, url, target); a.status != want || strings.Contains(a.body, siteText) {
			t.Errorf("%s: %d %s, want %d", a.name, a.status, head(a.body), want)
		}
	}
	if a := ask(t, url, request{method: "GET", target: "/addon/missing", header: []string{"Cookie: vpm_bypass=" + token}}); a.body != siteText {
		t.Errorf("with the cookie: %d %s", a.status, head(a.body))
	}
}

// The cookie is for TLS only where the visitor came by it, and sets no expiry but its own.
func TestNginxSetsTheCookie(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(time.Hour)
	url := startNginx(t, func(string) string {
		first, err := htaccess.Gate{Instance: "blog", Path: "/blog", Bypass: token, BypassUntil: until}.RenderNginx()
		second, err2 := htaccess.Gate{Instance: "shop", Path: "/shop", Bypass: strings.ToUpper(token)}.RenderNginx()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		return first + second
	})
	for target, want := range map[string]string{
		"/blog/a?b&vpm_bypass=" + token:              "vpm_bypass=" + token + "; Path=/blog; Expires=" + until.UTC().Format(http.TimeFormat) + "; HttpOnly; SameSite=Lax",
		"/shop?vpm_bypass=" + strings.ToUpper(token): "vpm_bypass=" + strings.ToUpper(token) + "; Path=/shop; HttpOnly; SameSite=Lax",
	} {
		for header, secure := range map[string]string{"X-Forwarded-Proto: https": "; Secure", "X-Forwarded-Proto: http": "", "X-A: b": ""} {
			a := ask(t, url, request{method: "GET", target: target, header: []string{header}})
			if got := strings.Join(a.header.Values("Set-Cookie"), " | "); a.status != 302 || got != want+secure {
				t.Errorf("%s: %d with the cookie %s, want %s%s", a.name, a.status, got, want, secure)
			}
		}
	}
	if a := ask(t, url, request{method: "GET", target: "/blog/a?vpm_bypass=" + token, header: []string{"Cookie: vpm_bypass=" + token}}); a.status != 302 {
		t.Errorf("with the cookie: %d", a.status)
	}
	if a := get(t, url, "/shop?vpm_bypass="+token); a.status != 503 {
		t.Errorf("another site's secret: %d", a.status)
	}
}
