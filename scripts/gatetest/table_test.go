package gatetest

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/lab"
)

// siteGate is the gate of the docroot's site.
func siteGate(host *lab.Host) htaccess.Gate {
	return htaccess.Gate{
		Instance:  "site",
		Reason:    "We are moving.",
		Bypass:    token,
		OpenPaths: []string{"/api/", "/vpm/", "/old panel"},
		OpenDirs:  []string{filepath.Join(host.Docroot, "addon"), filepath.Join(host.Docroot, "plain (addon) [2]")},
	}
}

func requests() (all []request) {
	for _, u := range urls {
		for _, method := range []string{"GET", "POST", "HEAD"} {
			all = append(all, request{method: method, target: u.target})
		}
	}
	return all
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			t.Parallel()
			host := startHost(t, siteTree())
			running := map[string]answer{}
			for _, r := range requests() {
				running[r.String()] = ask(t, host.URL, r)
			}
			for _, u := range urls {
				a := running["GET "+u.target]
				if a.status != u.status || !strings.Contains(a.body, u.body) {
					t.Fatalf("running: %s says %d %s, want %d and %q", a.name, a.status, head(a.body), u.status, u.body)
				}
			}
			for _, s := range states(host) {
				if form.name != "both" && !s.each {
					continue
				}
				block := form.keep(render(t, s.gate))
				closeSite(t, host, siteRules, block)
				for i, r := range requests() {
					if s.cookie != "" {
						r.header = append(r.header, "Cookie: "+s.cookie)
					}
					a := ask(t, host.URL, r)
					a.name = s.name + ": " + a.name
					s.judge(t, form.name, urls[i/3].place, a, running[r.String()])
				}
				if t.Failed() {
					t.Fatalf("with\n%s", block)
				}
			}
		})
	}
}

// state is a stopped site and the visitor who comes.
type state struct {
	name   string
	gate   htaccess.Gate
	cookie string
	open   bool // to this visitor
	each   bool // asked of each form alone, too
}

func states(host *lab.Host) []state {
	hour := time.Hour
	with := func(change func(*htaccess.Gate)) htaccess.Gate {
		g := siteGate(host)
		change(&g)
		return g
	}
	soon, ago := time.Now().Add(hour), time.Now().Add(-time.Minute)
	bypass := htaccess.BypassCookie + "=" + token
	own := with(func(g *htaccess.Gate) { g.Page, g.PagePath = "vpm-stopped.html", "/vpm-stopped.html" })
	return []state{
		{name: "stopped", gate: siteGate(host)},
		{name: "stopped until", gate: with(func(g *htaccess.Gate) { g.Until = soon }), each: true},
		{name: "own page", gate: own, each: true},
		{name: "expired", gate: with(func(g *htaccess.Gate) { g.Until = ago }), open: true, each: true},
		{name: "bypass", gate: siteGate(host), cookie: "a=b; " + bypass + "; c=d", open: true},
		{name: "bypass that ends", gate: with(func(g *htaccess.Gate) { g.BypassUntil = soon }), cookie: bypass, open: true, each: true},
		{name: "bypass expired", gate: with(func(g *htaccess.Gate) { g.BypassUntil = ago }), cookie: bypass, each: true},
		{name: "wrong bypass", gate: siteGate(host), cookie: "x" + bypass + "; " + bypass + "0"},
		{name: "no bypass", gate: with(func(g *htaccess.Gate) { g.Bypass = "" }), cookie: htaccess.BypassCookie + "=" + token},
	}
}

// judge compares an answer with what the place is for, and with the one limit of each form.
func (s state) judge(t *testing.T, form string, p place, a, running answer) {
	t.Helper()
	switch {
	case s.open || p == stays:
		a.wantSame(t, running)
		return
	case form == "rules" && (p == ownEngine || p == ownRedirect), form == "redirect" && (p == redirects || p == ownRedirect):
		a.wantAnswer(t, running)
		return
	case p == refused || p == missing:
		if p == refused {
			a.wantAnswer(t, running)
		} else if a.status != 503 && a.status != 404 {
			t.Errorf("%s: status %d, want 404 or 503", a.name, a.status)
		}
		if strings.Contains(a.body, siteText) {
			t.Errorf("%s shows the site: %s", a.name, head(a.body))
		}
		return
	}
	retry, body := "3600", htaccess.DefaultPage(s.gate.Reason, s.gate.Until)
	if !s.gate.Until.IsZero() {
		retry = s.gate.Until.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	}
	if s.gate.Page != "" {
		body = "<p>the site's own page</p>"
	}
	if strings.Contains(a.name, ": HEAD ") {
		body = ""
	}
	a.wantClosed(t, retry, body)
}
