package htaccess

import (
	"fmt"
	"slices"
	"strings"
)

// rewriteForm is the gate as rewrite rules.
func (g Gate) rewriteForm() []string {
	lines := []string{"<IfModule LiteSpeed>", "RewriteEngine On"}
	if g.Page != "" { // nothing of the site may redirect its page
		lines = append(lines, "RewriteCond %{REQUEST_URI} ^"+literal(g.PagePath)+"$", "RewriteCond %{ENV:REDIRECT_STATUS} ^503$", "RewriteRule ^ - [L]")
	}
	when, strangers := g.closedWhen(), g.strangers()
	outside := slices.Clone(when)
	for _, p := range atOrBelow(g.OpenDirs) {
		outside = append(outside, "RewriteCond %{REQUEST_FILENAME} !"+p)
	}
	lines = append(lines, g.linkRules(outside)...)
	for _, p := range atOrBelow(g.OpenDirs) {
		// A directory with rules of its own does not come here: what is missing in the others is none of the site's.
		lines = slices.Concat(lines, when, strangers, []string{"RewriteCond %{REQUEST_FILENAME} " + p,
			"RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME} !-d", "RewriteRule ^ - [E=vpm_missing:1,R=404,L]"})
	}
	if len(g.OpenDirs) > 0 { // nor is the page for that error
		lines = append(lines, "RewriteCond %{ENV:REDIRECT_vpm_missing} =1", "RewriteRule ^ - [R=404,L]")
	}
	return slices.Concat(lines, outside, strangers, []string{"RewriteRule ^ - [R=503,L]", "</IfModule>"})
}

// closedWhen are the conditions of a request that the gate is for, whoever sends it. LiteSpeed's REQUEST_URI is what the
// visitor sent, decoded but not cleaned: "/api/../x" must not count as below /api, and counts as below every path that
// is closed.
func (g Gate) closedWhen() (lines []string) {
	const dots = `/\.\.?(/|$)`
	add := func(format string, args ...any) {
		lines = append(lines, fmt.Sprintf("RewriteCond "+format, args...))
	}
	if g.Host != "" {
		add("%%{HTTP_HOST} %s [NC]", closedHost(g.Host))
	}
	if strings.Trim(g.Path, "/") != "" {
		add("%%{REQUEST_URI} (%s|%s)", closedPath(g.Path), dots)
	}
	if !g.Until.IsZero() {
		add("%%{TIME} <%s", clock(g.Until))
	}
	for _, p := range atOrBelow(g.open()) {
		add("%%{REQUEST_URI} !^(?!.*%s)%s", dots, strings.TrimPrefix(p, "^"))
	}
	return lines
}

// strangers are the conditions of a visitor who does not know the secret.
func (g Gate) strangers() (lines []string) {
	if g.Bypass == "" {
		return nil
	}
	for _, without := range []string{"%{HTTP_COOKIE} !" + bypassCookie(g.Bypass), "%{THE_REQUEST} !" + g.link(`\S+`)} {
		if g.BypassUntil.IsZero() {
			lines = append(lines, "RewriteCond "+without)
		} else {
			lines = append(lines, "RewriteCond "+without+" [OR]", "RewriteCond %{TIME} !<"+clock(g.BypassUntil))
		}
	}
	return lines
}
