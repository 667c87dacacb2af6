package htaccess

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A browser gets the bypass cookie by the secret link: any address of the site with "vpm_bypass=SECRET" in its query.
// The answer sets the cookie and leads to the same address without the secret, so that it stays neither in the address
// bar nor in what the site logs and sends to others. Where that cannot be done, and for methods that a redirect would
// not repeat, the link opens the site to its own request.
//
// The link is looked for in the request line, which stays the same when the site's own rules, its index and its pages
// for errors lead the request on.

// link matches the request line of the link with this method.
func (g Gate) link(method string) string {
	return `^` + method + `\s[^?\s]*\?(\S*&)?` + BypassCookie + "=" + g.Bypass + `(&|\s|$)`
}

// linkParts matches the same line with a safe method. Its first group is the path, the others are what the query has
// besides the secret.
func (g Gate) linkParts() string {
	secret := BypassCookie + "=" + g.Bypass
	return safeMethods + `\s(?:[A-Za-z]+://[^/?\s]*)?(/[^?\s]*)\?` +
		`(?:` + secret + `(?:&|(?=\s|$))|(\S*)&` + secret + `(?=&|\s|$))(\S*)`
}

// known limits an expression to the time in which the secret is known.
func (g Gate) known(expression string) string {
	if g.BypassUntil.IsZero() {
		return expression
	}
	return expression + " && %{TIME} < '" + clock(g.BypassUntil) + "'"
}

// Browsers make a GET of what a 302 answers.
const safeMethods = "(?:GET|HEAD)"

// A server behind another one that speaks TLS to the visitors is told so by it.
const (
	overTLS         = `(%{HTTPS} == 'on' || %{HTTP:X-Forwarded-Proto} =~ m#^https#i)`
	ruleOverTLS     = "RewriteCond %{HTTPS},%{HTTP:X-Forwarded-Proto} ^(?:on,|[^,]*,https) [NC]"
	ruleOverNoTLS   = "RewriteCond %{HTTPS},%{HTTP:X-Forwarded-Proto} !^(?:on,|[^,]*,https) [NC]"
	notForLiteSpeed = "RewriteCond %{SERVER_SOFTWARE} !LiteSpeed [NC]"
)

// linkSections are the sections of the chain that the link opens.
func (g Gate) linkSections() (lines []string) {
	for _, method := range []string{safeMethods, `\S+`} {
		for _, secure := range []bool{true, false} {
			when := g.known("%{THE_REQUEST} =~ m#" + g.link(method) + "#")
			if secure {
				when += " && " + overTLS
			}
			lines = append(lines, `<ElseIf "`+when+`">`, "<IfModule mod_headers.c>",
				// Added, as the site has cookies of its own.
				fmt.Sprintf("Header always add Set-Cookie %q", g.setCookie(secure)))
			lines = append(lines, header("Cache-Control", "no-store")...)
			lines = append(append(lines, header("Referrer-Policy", "no-referrer")...), "</IfModule>")
			if method == safeMethods {
				lines = append(lines, "<IfModule mod_rewrite.c>", "RewriteEngine On", "<IfModule mod_headers.c>")
				lines = append(lines, g.linkRule(secure, false, notForLiteSpeed)...)
				lines = append(lines, "</IfModule>", "<IfModule !mod_headers.c>")
				lines = append(lines, g.linkRule(secure, true, notForLiteSpeed)...)
				lines = append(lines, "</IfModule>", "</IfModule>")
			}
			lines = append(lines, "</ElseIf>")
		}
	}
	return lines
}

// linkRules are the link's for a server that reads rewrite rules only.
func (g Gate) linkRules(when []string) (lines []string) {
	if g.Bypass == "" {
		return nil
	}
	when = slices.Clone(when)
	if !g.BypassUntil.IsZero() { // not "<", which is how the end of the gate itself is written
		when = append(when, "RewriteCond %{TIME} !>"+clock(g.BypassUntil.Truncate(time.Second).Add(-time.Second)))
	}
	lines = g.linkRule(true, true, append(slices.Clone(when), ruleOverTLS)...)
	return append(lines, g.linkRule(false, true, append(when, ruleOverNoTLS)...)...)
}

// linkRule is the redirect to the address without the secret. cookie tells whether the rule has to set the cookie as
// well; a rule's needs a domain, knows its end only in minutes from now, so that it has none, and SameSite only since
// Apache 2.4.47.
func (g Gate) linkRule(secure, cookie bool, when ...string) []string {
	scheme, flags, secureFlag := "http", "R=302,L,NE", "no"
	if secure {
		scheme, secureFlag = "https", "secure"
	}
	if cookie {
		// HttpOnly stands behind the path, as mod_rewrite forgets it where Secure is not wanted.
		flags += ",CO=" + strings.Join([]string{BypassCookie, g.Bypass, "%1", "0", g.cookiePath() + ";HttpOnly", secureFlag, "no", "Lax"}, ":")
	}
	return append(when,
		// The name that the visitor used, which need not be the server's own, nor the port.
		`RewriteCond %{HTTP_HOST};%{THE_REQUEST} ^([^:;]*)[^;]*;`+g.linkParts(),
		"RewriteRule ^ "+scheme+"://%{HTTP_HOST}%2?%3%4 ["+flags+"]")
}

// setCookie is the bypass cookie as a header has it.
func (g Gate) setCookie(secure bool) string {
	text := BypassCookie + "=" + g.Bypass + "; Path=" + g.cookiePath()
	if !g.BypassUntil.IsZero() {
		text += "; Expires=" + g.BypassUntil.UTC().Format(httpDate)
	}
	text += "; HttpOnly; SameSite=Lax"
	if secure {
		text += "; Secure"
	}
	return text
}

// cookiePath is the gate's path, so that two sites on one host have their own cookies. Browsers compare it as it was
// typed: one that may be written in several ways is no use.
func (g Gate) cookiePath() string {
	path := strings.TrimSuffix(g.Path, "/")
	if path == "" || escapedPath(path) != path {
		return "/"
	}
	return path
}
