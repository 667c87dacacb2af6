package htaccess

import (
	"fmt"
	"strings"
)

// Render gives the marked block for a .htaccess that may use AllowOverride FileInfo. It closes in two ways.
//
// Rewrite rules come first, for LiteSpeed: its open edition reads nothing else, and reads them without regard to the
// sections around them. Alone they leave open what lies below a directory whose own file turns the rewrite engine on.
// Apache passes them over: turning its engine on would turn everything into a 403 where links may not be followed, for
// the sites that stay open too.
//
// The chain of conditions comes second: whoever reaches its Else is closed. Apache merges it last, so its rule takes
// the place of all rules of the site, those of the directories below too; RedirectMatch closes where mod_rewrite is
// missing, but a redirect of the site's own rewrite rules comes before it. It is a chain rather than one condition, as
// each line then stays short, and a condition that cannot be evaluated keeps the site closed.
func (g Gate) Render() (string, error) {
	if err := g.check(); err != nil {
		return "", err
	}
	lines := append([]string{
		"# vpm stopped this site and takes these lines out when it is started; what is changed in them gets lost.",
		"# To open the site by hand, delete everything from BEGIN to END.",
	}, g.rewriteForm()...)
	lines = append(lines, g.ifForm()...)
	for _, line := range lines {
		if len(line) > maxLine {
			return "", fmt.Errorf("cannot write the gate of %s: a path in it is too long", g.Instance)
		}
	}
	block := newBlock(g.Instance, lines)
	if len(block.mark(begin)) > maxLine {
		return "", fmt.Errorf("cannot write the gate of %s: too many directories stay open", g.Instance)
	}
	return block.text(), nil
}

// open lists the paths that stay open.
func (g Gate) open() []string { return append([]string{AlwaysOpen}, g.OpenPaths...) }

// rewriteForm is the gate as rewrite rules. LiteSpeed's REQUEST_URI is what the visitor sent, decoded but not cleaned:
// "/api/../x" must not count as below /api, and counts as below every path that is closed.
func (g Gate) rewriteForm() []string {
	const dots = `/\.\.?(/|$)`
	lines := []string{"<IfModule LiteSpeed>", "RewriteEngine On"}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if g.Page != "" { // nothing of the site may redirect its page
		add("RewriteCond %%{REQUEST_URI} ^%s$", literal(g.PagePath))
		add("RewriteCond %%{ENV:REDIRECT_STATUS} ^503$")
		add("RewriteRule ^ - [L]")
	}
	if g.Host != "" {
		add("RewriteCond %%{HTTP_HOST} %s [NC]", closedHost(g.Host))
	}
	if strings.Trim(g.Path, "/") != "" {
		add("RewriteCond %%{REQUEST_URI} (%s|%s)", closedPath(g.Path), dots)
	}
	if !g.Until.IsZero() {
		add("RewriteCond %%{TIME} <%s", clock(g.Until))
	}
	for _, p := range atOrBelow(g.open()) {
		add("RewriteCond %%{REQUEST_URI} !^(?!.*%s)%s", dots, strings.TrimPrefix(p, "^"))
	}
	for _, p := range atOrBelow(g.OpenDirs) {
		add("RewriteCond %%{REQUEST_FILENAME} !%s", p)
	}
	if g.Bypass != "" {
		cookie := bypassCookie(g.Bypass)
		if g.BypassUntil.IsZero() {
			add("RewriteCond %%{HTTP_COOKIE} !%s", cookie)
		} else {
			add("RewriteCond %%{HTTP_COOKIE} !%s [OR]", cookie)
			add("RewriteCond %%{TIME} !<%s", clock(g.BypassUntil))
		}
	}
	add("RewriteRule ^ - [R=503,L]")
	return append(lines, "</IfModule>")
}

// ifForm is the gate as a chain of conditions.
func (g Gate) ifForm() []string {
	var lines []string
	section := "If"
	unless := func(format string, args ...any) {
		lines = append(lines, fmt.Sprintf("<%s \"%s\">", section, fmt.Sprintf(format, args...)), "</"+section+">")
		section = "ElseIf"
	}
	if g.Host != "" {
		unless("%%{HTTP_HOST} !~ m#%s#i", closedHost(g.Host))
	}
	if strings.Trim(g.Path, "/") != "" {
		unless("%%{REQUEST_URI} !~ m#%s#", closedPath(g.Path))
	}
	if !g.Until.IsZero() {
		unless("%%{TIME} >= '%s'", clock(g.Until))
	}
	for _, p := range atOrBelow(g.open()) {
		unless("%%{REQUEST_URI} =~ m#%s#", p)
	}
	for _, p := range atOrBelow(g.OpenDirs) {
		unless("%%{REQUEST_FILENAME} =~ m#%s#", p)
	}
	if g.Bypass != "" {
		until := ""
		if !g.BypassUntil.IsZero() {
			until = " && %{TIME} < '" + clock(g.BypassUntil) + "'"
		}
		unless("%%{HTTP_COOKIE} =~ m#%s#%s", bypassCookie(g.Bypass), until)
	}
	document := `"` + DefaultPage(g.Reason, g.Until) + `"`
	if g.Page != "" {
		// Only Apache's own redirect to the page of the error has this status; a visitor cannot bring it along.
		lines = append(lines, `<ElseIf "%{REQUEST_URI} =~ m#^`+literal(g.PagePath)+`$# && reqenv('REDIRECT_STATUS') == '503'">`)
		lines = append(append(lines, g.headers()...), rewriteHere("[L]")...)
		lines = append(lines, "</ElseIf>")
		document = escapedPath(g.PagePath)
	}
	lines = append(append(lines, "<Else>"), g.headers()...)
	lines = append(lines, "ErrorDocument 503 "+document, "<IfModule mod_alias.c>", "RedirectMatch 503 ^", "</IfModule>")
	return append(append(lines, rewriteHere("[R=503,L]")...), "</Else>")
}

// rewriteHere is a rule inside a condition. A server that reads rewrite rules without the sections around them must
// not follow it.
func rewriteHere(flags string) []string {
	return []string{
		"<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteCond %{SERVER_SOFTWARE} !LiteSpeed [NC]",
		"RewriteRule ^ - " + flags, "</IfModule>",
	}
}

// headers are what every 503 has. Of Apache's two tables of headers, errors have only the first, but the own page
// is sent with both, and a site's Cache-Control may stand in the second.
func (g Gate) headers() []string {
	lines := []string{"<IfModule mod_headers.c>"}
	for _, h := range [][2]string{{"Retry-After", g.retryAfter()}, {"Cache-Control", "no-store"}, {"X-Robots-Tag", "noindex"}} {
		lines = append(lines, "Header onsuccess unset "+h[0], fmt.Sprintf("Header always set %s %q", h[0], h[1]))
	}
	return append(lines, "</IfModule>")
}
