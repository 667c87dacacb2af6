package htaccess

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// goPattern is a pattern of ours without the look-ahead that Go does not have; request lines have no other white space.
func goPattern(pattern string) *regexp.Regexp {
	return regexp.MustCompile(strings.NewReplacer(`(?=\s|$)`, "", `(?=&|\s|$)`, "").Replace(pattern))
}

// What the link's rule is for must be what the link opens, or the redirect would lead to a page that is closed.
func TestLinkIsFoundInTheRequestLine(t *testing.T) {
	t.Parallel()
	g := Gate{Bypass: strings.Repeat("aB", 16)}
	secret := BypassCookie + "=" + g.Bypass
	link, parts := goPattern(g.link(safeMethods)), goPattern("^"+g.linkParts())
	for line, want := range map[string][]string{
		"GET /?" + secret + " HTTP/1.1":                        {"/", "", ""},
		"HEAD /a/b.html?" + secret + "&x=y HTTP/2.0":           {"/a/b.html", "", "x=y"},
		"GET /a?x=y&" + secret + " HTTP/1.1":                   {"/a", "x=y", ""},
		"GET /a?x=y&" + secret + "&z=?&/ HTTP/1.0":             {"/a", "x=y", "&z=?&/"},
		"GET http://site.example:80/a?" + secret + " HTTP/1.1": {"/a", "", ""},
		"GET /http://other.example/?" + secret + " HTTP/1.1":   {"/http://other.example/", "", ""},
		"GET //other.example/?" + secret + " HTTP/1.1":         {"//other.example/", "", ""},
		"POST /?" + secret + " HTTP/1.1":                       nil,
		"GET /" + secret + " HTTP/1.1":                         nil,
		"GET /?x" + secret + " HTTP/1.1":                       nil,
		"GET /?a=" + secret + " HTTP/1.1":                      nil,
		"GET /?" + strings.ToLower(secret) + " HTTP/1.1":       nil,
		"GET /?a HTTP/1.1?" + secret:                           nil,
		"GET /?" + BypassCookie + "= HTTP/1.1":                 nil,
		"GETS /?" + secret + " HTTP/1.1":                       nil,
	} {
		m := parts.FindStringSubmatch(line)
		if link.MatchString(line) != (want != nil) || (m != nil) != (want != nil) {
			t.Errorf("%s: %t, %q", line, link.MatchString(line), m)
			continue
		}
		if m != nil && strings.Join(m[1:], "|") != strings.Join(want, "|") {
			t.Errorf("%s: the parts are %q, want %q", line, m[1:], want)
		}
	}
}

// The end of the secret must not be taken for that of the gate.
func TestStandingOfAGateWithALink(t *testing.T) {
	t.Parallel()
	until := time.Date(2030, 1, 2, 3, 4, 5, 0, time.Local)
	for _, g := range []Gate{
		{Until: until}, {Until: until, BypassUntil: until.Add(-time.Hour)}, {BypassUntil: until}, {},
	} {
		g.Instance, g.Bypass, g.OpenDirs, g.OpenPaths = "site", strings.Repeat("0f", 16), []string{"/home/acct/addon"}, []string{"/api/"}
		text, err := g.Render()
		if err != nil {
			t.Fatal(err)
		}
		if got, found := Standing([]byte(text), "site"); found != Intact || !got.Equal(g.Until) {
			t.Errorf("until %v, the link until %v: found %d, until %v", g.Until, g.BypassUntil, found, got)
		}
	}
}

// Nothing about the link is in a gate that has none, nor the secret in more than its own lines.
func TestGateWithoutALink(t *testing.T) {
	t.Parallel()
	g := Gate{Instance: "site", OpenDirs: []string{"/home/acct/addon"}, BypassUntil: time.Now()}
	for _, render := range []func() (string, error){g.Render, g.RenderNginx} {
		if text, err := render(); err != nil || strings.Contains(text, "vpm_bypass") || strings.Contains(text, "Set-Cookie") || strings.Contains(text, " 302") {
			t.Errorf("%v\n%s", err, text)
		}
	}
}
