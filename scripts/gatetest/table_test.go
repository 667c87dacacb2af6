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

// stacks are the servers of shared hosts.
var stacks = map[string]lab.Options{"cgid": {PHP: true}, "prefork": {PHP: true, Prefork: true}, "fcgid": {PHP: true, FCGID: true}}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, form := range forms {
		for stack, options := range stacks {
			if form.name != "both" && stack != "cgid" {
				continue
			}
			t.Run(form.name+" on "+stack, func(t *testing.T) {
				t.Parallel()
				w := table{host: startHost(t, options, siteTree()), form: form.name, running: map[string]answer{}}
				for i := range urls {
					if stack == "cgid" || i%4 == 0 {
						w.urls = append(w.urls, i)
					}
				}
				w.askRunning(t)
				for _, s := range states(w.host) {
					// Conditions alone are the same to Apache, and PHP takes its time.
					if form.name == "both" && s.each && s.open || form.name != "both" && !s.each {
						continue
					}
					if stack == "cgid" || s.everywhere {
						w.askStopped(t, s, form.keep(render(t, s.gate)))
					}
				}
			})
		}
	}
}

// table is what is asked of a server, and what it said when the site ran.
type table struct {
	host    *lab.Host
	form    string
	urls    []int
	running map[string]answer
}

// each gives the requests.
func (w table) each(ask func(r request, i int)) {
	for _, i := range w.urls {
		for _, method := range []string{"GET", "POST", "HEAD"} {
			ask(request{method: method, target: urls[i].target}, i)
		}
	}
}

// askRunning asks for everything, and for what the secret link does not redirect with the secret as well.
func (w table) askRunning(t *testing.T) {
	t.Helper()
	w.each(func(r request, i int) {
		a := ask(t, w.host.URL, r)
		w.running[r.String()] = a
		noPath := strings.HasPrefix(a.body, "No input file") // php-cgi under mod_fcgid wants no path behind the script
		if u := urls[i]; r.method == "GET" && (a.status != u.status || !strings.Contains(a.body, u.body)) && !noPath {
			t.Fatalf("running: %s says %d %s, want %d and %q", a.name, a.status, head(a.body), u.status, u.body)
		}
		if p := urls[i].place; r.method == "POST" || p == stays || p == refused || p == missing || w.form == "redirect" ||
			w.form == "rules" && (p == ownEngine || p == ownRedirect) {
			r.target = linked(r.target, token)
			w.running[r.String()] = ask(t, w.host.URL, r)
		}
	})
}

// askStopped closes the site and goes through the table.
func (w table) askStopped(t *testing.T, s state, block string) {
	t.Helper()
	closeSite(t, w.host, siteRules, block)
	w.each(func(r request, i int) {
		if s.cookie != "" {
			r.header = append(r.header, "Cookie: "+s.cookie)
		}
		plain := r
		if s.link != "" {
			r.target = linked(r.target, s.link)
		}
		a := ask(t, w.host.URL, r)
		a.name = s.name + ": " + a.name
		switch {
		case s.open && s.link != "":
			w.judgeLink(t, urls[i].place, a, plain)
		case s.open || urls[i].place == stays && s.link == "":
			a.wantSame(t, w.running[plain.String()])
		case urls[i].place == stays: // PHP says the address that it was asked for
			if a.status != urls[i].status {
				t.Errorf("%s: %d, want %d", a.name, a.status, urls[i].status)
			}
		default:
			was, ok := w.running[r.String()]
			if !ok {
				was = w.running[plain.String()]
			}
			s.judge(t, w.form, urls[i].place, a, was)
		}
	})
	if t.Failed() {
		t.Fatalf("with\n%s", block)
	}
}

// state is a stopped site and the visitor who comes.
type state struct {
	name       string
	gate       htaccess.Gate
	cookie     string
	link       string // the secret in the address
	open       bool   // to this visitor
	each       bool   // asked of each form alone, too
	everywhere bool   // asked on every stack
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
		{name: "stopped", gate: siteGate(host), everywhere: true},
		{name: "stopped until", gate: with(func(g *htaccess.Gate) { g.Until = soon }), each: true},
		{name: "own page", gate: own, each: true},
		{name: "expired", gate: with(func(g *htaccess.Gate) { g.Until = ago }), open: true, each: true},
		{name: "bypass", gate: siteGate(host), cookie: "a=b; " + bypass + "; c=d", open: true, everywhere: true},
		{name: "bypass that ends", gate: with(func(g *htaccess.Gate) { g.BypassUntil = soon }), cookie: bypass, open: true, each: true},
		{name: "bypass expired", gate: with(func(g *htaccess.Gate) { g.BypassUntil = ago }), cookie: bypass, each: true},
		{name: "wrong bypass", gate: siteGate(host), cookie: "x" + bypass + "; " + bypass + "0"},
		{name: "link", gate: siteGate(host), link: token, open: true, everywhere: true},
		{name: "link that ends", gate: with(func(g *htaccess.Gate) { g.BypassUntil = soon }), link: token, open: true, each: true},
		{name: "link expired", gate: with(func(g *htaccess.Gate) { g.BypassUntil = ago }), link: token, each: true},
		{name: "wrong link", gate: siteGate(host), link: strings.ToUpper(token)},
		{name: "longer link", gate: siteGate(host), link: token + "0"},
		{name: "no link", gate: with(func(g *htaccess.Gate) { g.Bypass = "" }), link: token},
		{name: "no bypass", gate: with(func(g *htaccess.Gate) { g.Bypass = "" }), cookie: htaccess.BypassCookie + "=" + token},
	}
}

// judge compares an answer with what the place is for, and with the one limit of each form.
func (s state) judge(t *testing.T, form string, p place, a, running answer) {
	t.Helper()
	switch {
	case p == absent:
		if a.status != 404 || strings.Contains(a.body, siteText) || a.header.Get("Retry-After") != "" {
			t.Errorf("%s: %d %v %s, want a 404 that is not the site's", a.name, a.status, a.header, head(a.body))
		}
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
