package htaccess

import (
	"fmt"
	"strings"
	"time"
)

// nginxToken is the longest word that nginx takes in its configuration, less its quotes and some room.
const nginxToken = 3900

// RenderNginx gives the gate as an include file for a server block, to stand above its own rewrite rules and returns.
// The decisions are Render's, except that the clock counts seconds since 1970, so that time zones play no part, and that
// OpenDirs are compared with the file below the root of the server block itself, and that the link sets no cookie where
// it does not redirect. Gates of several instances may be included in one server block.
func (g Gate) RenderNginx() (string, error) {
	if err := g.check(); err != nil {
		return "", err
	}
	if strings.ContainsAny(g.PagePath, "$\"\\") {
		return "", fmt.Errorf("cannot show the page %s: nginx cannot name a file with $, \" or \\", g.PagePath)
	}
	n := &nginxText{at: "/.vpm-gate/" + g.Instance}
	n.line("# vpm stopped %s and takes this file out when it is started.", g.Instance)
	n.line("set $vpm_gate 1;")
	n.openWhen(g)
	to := n.at
	if g.Page != "" {
		to = n.at + "/own"
	}
	n.line(`if ($vpm_gate = 1) { rewrite ^ "%s" last; }`, to)
	if g.Bypass != "" {
		n.linkLocation(g)
	}
	n.location(n.at, g, func() { n.page(DefaultPage(g.Reason, g.Until)) })
	if g.Page != "" {
		n.location(n.at+"/own", g, func() {
			// The redirect to the page of an error makes a GET of any method, and keeps the 503.
			n.line(`error_page 503 "%s/page";`, n.at)
			n.line("return 503;")
		})
		n.location(n.at+"/page", g, func() { n.line(`try_files "%s" "%s";`, g.PagePath, n.at) })
	}
	if n.long {
		return "", fmt.Errorf("cannot write the gate of %s: a path in it is too long", g.Instance)
	}
	return n.text.String(), nil
}

// nginxText is the include file as it grows.
type nginxText struct {
	at   string // the URL path of the answer, which only nginx itself reaches
	text strings.Builder
	long bool // a word is too long for nginx
}

func (n *nginxText) line(format string, args ...any) { fmt.Fprintf(&n.text, format+"\n", args...) }

// openIf opens the gate where the variable matches.
func (n *nginxText) openIf(variable, operator, pattern string) {
	n.long = n.long || len(pattern) > nginxToken
	n.line(`if (%s %s "%s") { set $vpm_gate 0; }`, variable, operator, pattern)
}

// openWhen writes everything that opens the gate, one condition each: nginx has no "and" and no "or" here.
func (n *nginxText) openWhen(g Gate) {
	if g.Host != "" {
		n.openIf("$host", "!~*", "^"+literal(g.Host)+`\.?$`)
	}
	if strings.Trim(g.Path, "/") != "" {
		n.openIf("$uri", "!~", closedPath(g.Path))
	}
	if !g.Until.IsZero() {
		n.openIf("$msec", "~", from(g.Until))
	}
	for _, p := range g.open() {
		n.openIf("$uri", "~", "^"+literal(strings.TrimSuffix(p, "/"))+"(/|$)")
	}
	for _, d := range g.OpenDirs {
		n.openIf("$request_filename", "~", "^"+literal(strings.TrimSuffix(d, "/"))+"(/|$)")
	}
	if g.Bypass != "" {
		n.openByLink(g) // first, as it takes the secret away from those who have the cookie too
		n.openByCookie(g)
	}
	if len(g.OpenDirs) > 0 {
		n.missing(g.OpenDirs)
	}
	if g.Page != "" { // the redirect to the page passes here again; visitors get a 404 for this address
		n.openIf("$uri", "~", "^"+literal(n.at+"/page")+"$")
	}
}

// location writes one that only nginx itself reaches. Its headers replace those of the server block.
func (n *nginxText) location(at string, g Gate, content func()) {
	n.line(`location = "%s" {`, at)
	n.line("internal;")
	n.line(`add_header Retry-After "%s" always;`, g.retryAfter())
	n.line(`add_header Cache-Control "no-store" always;`)
	n.line(`add_header X-Robots-Tag "noindex" always;`)
	content()
	n.line("}")
}

// page answers with a page, in pieces that nginx can read.
func (n *nginxText) page(html string) {
	var all string
	for i := 0; len(html) > 0; i++ {
		piece := html[:min(len(html), nginxToken)]
		html = html[len(piece):]
		n.line(`set $vpm_page%d "%s";`, i, piece)
		all += fmt.Sprintf("${vpm_page%d}", i)
	}
	n.line("types { }")
	n.line(`default_type "text/html; charset=utf-8";`)
	n.line(`return 503 "%s";`, all)
}

// from is a pattern for $msec, seconds since 1970 with ten digits and a fraction, that matches from t on: for each
// digit of t a larger one in its place and any behind, or t itself.
func from(t time.Time) string {
	digits := fmt.Sprintf("%010d", t.Unix())
	var later []string
	for i := range len(digits) {
		if digits[i] < '9' {
			later = append(later, fmt.Sprintf("%s[%c-9][0-9]{%d}", digits[:i], digits[i]+1, len(digits)-1-i))
		}
	}
	return "^(" + strings.Join(append(later, digits), "|") + `)\.`
}
