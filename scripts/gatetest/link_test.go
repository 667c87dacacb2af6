package gatetest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/lab"
)

// linked is an address with the secret, before, between or behind what its query has.
func linked(target, secret string) string {
	param := htaccess.BypassCookie + "=" + secret
	path, query, found := strings.Cut(target, "?")
	first, rest, several := strings.Cut(query, "&")
	switch {
	case !found:
		return path + "?" + param
	case several:
		return path + "?" + first + "&" + param + "&" + rest
	case len(query)%2 == 0:
		return path + "?" + param + "&" + query
	default:
		return path + "?" + query + "&" + param
	}
}

// judgeLink wants the link to open the site: what is closed is answered with the cookie and the address without the
// secret, where the site is as it was, or at once. What is open anyway does not notice the link.
func (w table) judgeLink(t *testing.T, p place, a answer, plain request) {
	t.Helper()
	link := plain
	link.target = linked(plain.target, token)
	was := w.running[link.String()]
	switch {
	case p == refused:
		a.wantAnswer(t, was)
	case p == missing:
		if a.status != was.status && a.status != 302 {
			t.Errorf("%s: %d, want %d", a.name, a.status, was.status)
		}
	case p == stays:
		a.wantSame(t, was)
	case plain.method == "POST", w.form == "redirect", w.form == "rules" && (p == ownEngine || p == ownRedirect):
		if was.header.Get("X-Site") != "" && w.form != "rules" { // else no .htaccess sets headers, as Action runs PHP elsewhere
			a.wantCookie(t, w.form)
		}
		was.header = was.header.Clone()
		for _, name := range []string{"Set-Cookie", "Cache-Control", "Referrer-Policy"} {
			a.header.Del(name)
			was.header.Del(name)
		}
		a.wantSame(t, was)
	default:
		if where := a.header.Get("Location"); a.status != 302 || where != w.host.URL+plain.target || strings.Contains(a.body, siteText) {
			t.Errorf("%s: %d to %q, want 302 to %s; %s", a.name, a.status, where, plain.target, head(a.body))
		}
		if cookie := a.wantCookie(t, w.form); plain.method == "GET" {
			plain.header = append(plain.header, "Cookie: "+cookie)
			ask(t, w.host.URL, plain).wantSame(t, w.running[plain.String()])
		}
	}
}

// wantCookie wants the bypass cookie, once, with its attributes, and gives it as a browser sends it.
func (a answer) wantCookie(t *testing.T, form string) string {
	t.Helper()
	cookies := (&http.Response{Header: a.header}).Cookies()
	ours := slices.DeleteFunc(cookies, func(c *http.Cookie) bool { return c.Name != htaccess.BypassCookie })
	if len(ours) != 1 || a.header.Get("Referrer-Policy") != "no-referrer" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %v", a.name, a.header)
		return ""
	}
	c := ours[0]
	if c.Value != token || c.Path != "/" || strings.Count(c.Raw, "HttpOnly") != 1 || c.SameSite != http.SameSiteLaxMode || c.Secure || c.MaxAge != 0 {
		t.Errorf("%s: the cookie is %s", a.name, c.Raw)
	}
	if form != "rules" && c.Domain != "" {
		t.Errorf("%s: the cookie goes to other hosts: %s", a.name, c.Raw)
	}
	return c.Name + "=" + c.Value
}

// judgeLinkWithout wants the link to open the page where Apache has not all modules.
func judgeLinkWithout(t *testing.T, url, without string) {
	t.Helper()
	a := get(t, url, "/page.html?vpm_bypass="+token)
	if strings.Contains(without, "rewrite") {
		if cookie := strings.Join(a.header.Values("Set-Cookie"), " | "); a.status != 200 || a.body != siteText || (cookie == "") != strings.Contains(without, "headers") {
			t.Errorf("%s: %d %q %s", a.name, a.status, cookie, head(a.body))
		}
		return
	}
	cookies := (&http.Response{Header: a.header}).Cookies()
	if a.status != 302 || a.header.Get("Location") != url+"/page.html" || len(cookies) != 1 || cookies[0].Value != token || !cookies[0].HttpOnly ||
		cookies[0].Path != "/" || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Secure {
		t.Errorf("%s: %d %v", a.name, a.status, a.header)
	}
}

// The secret goes, and nothing else of the address; nobody is led to another host.
func TestLinkKeepsTheAddress(t *testing.T) {
	t.Parallel()
	url, docroot := startApache(t, apache{})
	write(t, docroot+"/.htaccess", render(t, htaccess.Gate{Bypass: token, Page: "vpm-stopped.html", PagePath: "/vpm-stopped.html"}))
	host := strings.TrimPrefix(url, "http://")
	const link = "vpm_bypass=" + token
	for target, want := range map[string]string{
		"/?" + link:                 "/",
		"/page.html?" + link:        "/page.html",
		"/page.html?" + link + "&":  "/page.html",
		"/page.html?&" + link:       "/page.html",
		"/page.html?a&" + link:      "/page.html?a",
		"/page.html?" + link + "&a": "/page.html?a",
		"/?q=caf%C3%A9%20+%26&" + link + "&u=http://x.example/?a=b%0d%0aX:%20y&u=": "/?q=caf%C3%A9%20+%26&u=http://x.example/?a=b%0d%0aX:%20y&u=",
		"/?x" + link + "&" + link + "&" + link:                                     "/?x" + link + "&" + link, // one at a time
		"/a%20b/%e4/%25/c+d?" + link:                                               "/a%20b/%e4/%25/c+d",
		"//evil.example/..//x?" + link:                                             "//evil.example/..//x",
		"/%0d%0aX-Injected:%20y?" + link:                                           "/%0d%0aX-Injected:%20y",
		"http://" + host + "/page.html?" + link:                                    "/page.html",
		"/vpm-stopped.html?" + link:                                                "/vpm-stopped.html",
	} {
		a := get(t, url, target)
		if got := a.header.Get("Location"); a.status != 302 || got != url+want {
			t.Errorf("%s: %d to %q, want %q", a.name, a.status, got, want)
		}
		a.wantCookie(t, "")
	}
	for _, target := range []string{"/" + link, "/page.html?x" + link, "/page.html?" + link + "x", "/page.html?a=" + link, "/page.html?vpm_bypass%3D" + token,
		"/page.html?VPM_BYPASS=" + token, "/page.html?vpm_bypass=", "/?a=b%26" + link, "/page.html;" + link, "/%3F" + link} {
		if a := get(t, url, target); a.status != 503 || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", a.name, a.status, a.header)
		}
	}
	again := ask(t, url, request{method: "GET", target: "/page.html?" + link, header: []string{"Cookie: " + link}})
	if again.status != 302 || again.header.Get("Location") != url+"/page.html" {
		t.Errorf("with the cookie: %d %v", again.status, again.header)
	}
	// The secret counts in no other header.
	a := ask(t, url, request{method: "GET", target: "/page.html", header: []string{"Referer: " + url + "/?" + link, "X-Original-URL: /?" + link}})
	a.wantClosed(t, "3600", "own page")
}

// The site's own cookies and those of a plugin's rules stay beside the gate's.
func TestLinkBesideCookiesOfTheSite(t *testing.T) {
	t.Parallel()
	const rules = "Header always add Set-Cookie \"always=3\"\nHeader add Set-Cookie \"onsuccess=4\"\n"
	host := startHost(t, lab.Options{PHP: true, FCGID: true}, map[string]string{
		"page.php": "<?php setcookie('one', '1'); setcookie('two', '2', 0, '/', '', false, true); header('Referrer-Policy: origin'); echo '" + siteText + "';",
	})
	for _, gate := range []htaccess.Gate{{Bypass: token}, {Bypass: token, BypassUntil: time.Now().Add(time.Hour)}} {
		for name, block := range map[string]string{"both": render(t, gate), "redirect": redirectOnly(render(t, gate))} {
			closeSite(t, host, rules, block)
			for _, method := range []string{"POST", "GET"} {
				a := ask(t, host.URL, request{method: method, target: "/page.php?vpm_bypass=" + token})
				a.wantCookie(t, name)
				if method == "GET" && name == "both" {
					continue
				}
				var names []string
				for _, c := range (&http.Response{Header: a.header}).Cookies() {
					names = append(names, c.Name)
				}
				slices.Sort(names)
				if got := strings.Join(names, " "); a.status != 200 || a.body != siteText || got != "always one onsuccess two vpm_bypass" {
					t.Errorf("%s, %s: %d %s with the cookies %s", name, a.name, a.status, head(a.body), got)
				}
			}
		}
	}
}

// The cookie's attributes follow from the gate and from how the visitor came.
func TestLinkSetsTheCookie(t *testing.T) {
	t.Parallel()
	url, docroot := startApache(t, apache{server: "UseCanonicalName On"})
	until := time.Now().Add(90 * time.Minute)
	const tls, no = "X-Forwarded-Proto: https", "X-Forwarded-Proto: http"
	for _, c := range []struct {
		gate         htaccess.Gate
		header, want string
	}{
		{htaccess.Gate{}, no, "; Path=/; HttpOnly; SameSite=Lax"},
		{htaccess.Gate{}, tls, "; Path=/; HttpOnly; SameSite=Lax; Secure"},
		{htaccess.Gate{BypassUntil: until}, tls, "; Path=/; Expires=" + until.UTC().Format(http.TimeFormat) + "; HttpOnly; SameSite=Lax; Secure"},
		{htaccess.Gate{Path: "/blog/", BypassUntil: until}, no, "; Path=/blog; Expires=" + until.UTC().Format(http.TimeFormat) + "; HttpOnly; SameSite=Lax"},
		{htaccess.Gate{Path: "/blög", Host: "site.example"}, no, "; Path=/; HttpOnly; SameSite=Lax"}, // written in several ways
	} {
		c.gate.Bypass = token
		write(t, docroot+"/.htaccess", render(t, c.gate))
		path := strings.ReplaceAll(strings.TrimSuffix(c.gate.Path, "/"), "\u00f6", "%C3%B6")
		for _, method := range []string{"GET", "HEAD", "POST"} {
			a := ask(t, url, request{method: method, target: path + "/page.html?vpm_bypass=" + token, host: "site.example:81", header: []string{c.header}})
			if got := strings.Join(a.header.Values("Set-Cookie"), " | "); got != "vpm_bypass="+token+c.want {
				t.Errorf("%s, %s: %d with the cookie %s, want …%s", c.header, a.name, a.status, got, c.want)
			}
			scheme := strings.TrimPrefix(c.header, "X-Forwarded-Proto: ")
			if want := scheme + "://site.example:81" + path + "/page.html"; method != "POST" && a.header.Get("Location") != want {
				t.Errorf("%s, %s: %d to %q, want %s", c.header, a.name, a.status, a.header.Get("Location"), want)
			}
		}
	}
}
