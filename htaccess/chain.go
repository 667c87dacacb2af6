package htaccess

import (
	"fmt"
	"slices"
	"strings"
)

// Variables of requests, which a visitor cannot set. Apache puts "REDIRECT_" before them when rules or an error lead the
// request on; what it asks itself on behalf of a request has them as they are.
const (
	spared = "vpm_spared" // it began in a directory that stays open
	shut   = "vpm_shut"   // it is answered by the gate
)

// ifForm is the gate as a chain of conditions.
func (g Gate) ifForm() []string {
	var lines []string
	section := "If"
	unless := func(condition string, content ...string) {
		lines = append(append(lines, "<"+section+` "`+condition+`">`), content...)
		lines = append(lines, "</"+section+">")
		section = "ElseIf"
	}
	if g.Host != "" {
		unless("%{HTTP_HOST} !~ m#" + closedHost(g.Host) + "#i")
	}
	if strings.Trim(g.Path, "/") != "" {
		unless("%{REQUEST_URI} !~ m#" + closedPath(g.Path) + "#")
	}
	if !g.Until.IsZero() {
		unless("%{TIME} >= '" + clock(g.Until) + "'")
	}
	for _, p := range atOrBelow(g.OpenDirs) { // first, as a panel's are among the open paths too
		unless("%{REQUEST_FILENAME} =~ m#"+p+"#", set(spared)...)
	}
	for _, p := range atOrBelow(g.open()) {
		unless("%{REQUEST_URI} =~ m#" + p + "#")
	}
	if g.Bypass != "" {
		lines = append(lines, g.linkSections()...) // first, as it takes the secret away from those who have the cookie too
		unless(g.known("%{HTTP_COOKIE} =~ m#" + bypassCookie(g.Bypass) + "#"))
	}
	if len(g.OpenDirs) > 0 {
		unless("reqenv('"+spared+"') == '1' || reqenv('REDIRECT_"+spared+"') == '1'", missing()...)
	}
	document := `"` + DefaultPage(g.Reason, g.Until) + `"`
	if g.Page != "" {
		// Only Apache's own redirect to the page of the error has this status; a visitor cannot bring it along.
		unless("%{REQUEST_URI} =~ m#^"+literal(g.PagePath)+"$# && reqenv('REDIRECT_STATUS') == '503'",
			append(g.headers(), rewriteHere("[L]")...)...)
		document = escapedPath(g.PagePath)
	}
	closed := append(g.headers(), "ErrorDocument 503 "+document)
	// MultiViews looks for files to answer with before it comes to rules, and says 404 where all that it finds are
	// closed. It may find them: the request goes on with the section of its file, where the rule closes it.
	unless("%{IS_SUBREQ} == 'true' && reqenv('"+shut+"') == '1' && -z reqenv('REDIRECT_STATUS')",
		slices.Concat(closed, rewriteHere("[R=503,L]"), []string{"<IfModule !mod_rewrite.c>", "RedirectMatch 503 ^", "</IfModule>"})...)
	return slices.Concat(lines, []string{"<Else>"}, set(shut), closed,
		[]string{"<IfModule mod_alias.c>", "RedirectMatch 503 ^", "</IfModule>"}, rewriteHere("[R=503,L]"), []string{"</Else>"})
}

// set gives a request a variable.
func set(variable string) []string {
	return []string{"<IfModule mod_setenvif.c>", "SetEnvIf Request_URI ^ " + variable + "=1", "</IfModule>"}
}

// missing answers what began in a directory that stays open and came here by the site's rules or its pages for errors.
// Those must not answer, and it is no stopped site's address either: it is missing, or it is the error that it was.
func missing() []string {
	lines := []string{"ErrorDocument 404 default"}
	rules := []string{"<IfModule mod_rewrite.c>", "RewriteEngine On"}
	for _, status := range []int{401, 403, 500} {
		lines = append(lines, fmt.Sprintf("ErrorDocument %d default", status))
		rules = append(rules, notForLiteSpeed, fmt.Sprintf("RewriteCond %%{ENV:REDIRECT_STATUS} =%d", status), fmt.Sprintf("RewriteRule ^ - [R=%d,L]", status))
	}
	rules = append(rules, notForLiteSpeed, "RewriteRule ^ - [R=404,L]", "</IfModule>")
	return slices.Concat(lines, []string{"<IfModule mod_alias.c>", "RedirectMatch 404 ^", "</IfModule>"}, rules)
}

// rewriteHere is a rule inside a condition. A server that reads rewrite rules without the sections around them must
// not follow it.
func rewriteHere(flags string) []string {
	return []string{"<IfModule mod_rewrite.c>", "RewriteEngine On", notForLiteSpeed, "RewriteRule ^ - " + flags, "</IfModule>"}
}
