package htaccess

import (
	"fmt"
	"strings"
	"time"
)

// maxLine is the longest line that we write, in bytes. Apache reads at most 8,192 of a line of a .htaccess.
const maxLine = 7900

// literal is a regular expression that matches s and nothing else, and that can stand in quotes, between any
// delimiters and as an argument of RewriteCond: every byte of doubtful meaning is written as \xHH. "\\" would not
// survive, as Apache takes a backslash off when it splits the line into words.
func literal(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '/', c == '_', c == '-':
			b.WriteByte(c)
		case c == '.':
			b.WriteString(`\.`)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

// atOrBelow gives patterns that together match the paths and everything below them, and no neighbour: "/api" is not
// "/apiX". There are several where one would be too long for a line.
func atOrBelow(paths []string) (patterns []string) {
	var group []string
	size := 0
	flush := func() {
		if group != nil {
			patterns = append(patterns, "^("+strings.Join(group, "|")+")(/|$)")
		}
		group, size = nil, 0
	}
	for _, p := range paths {
		l := literal(strings.TrimSuffix(p, "/"))
		if size+len(l) > maxLine-500 {
			flush()
		}
		group = append(group, l)
		size += len(l) + 1
	}
	flush()
	return patterns
}

// closedPath matches the URL path that a gate closes. A server that does not merge slashes sends "//x" to the
// file of "/x", so that any number of them has to count.
func closedPath(p string) string {
	return "^" + strings.ReplaceAll(literal(strings.TrimSuffix(p, "/")), "/", "/+") + "(/|$)"
}

// closedHost matches the Host header: with a port, with the dot of a full name, in any case (left to the flags).
func closedHost(host string) string { return "^" + literal(host) + `\.?(:[0-9]*)?$` }

func bypassCookie(secret string) string {
	return `(^|[;,]\s*)` + BypassCookie + "=" + secret + `\s*($|[;,])`
}

// escapedPath is a URL path for ErrorDocument and error_page, which evaluate %{ and $.
func escapedPath(p string) string {
	var b strings.Builder
	for i := range len(p) {
		c := p[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/._-~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// clock is a time as Apache's %{TIME} has it: local, and comparable as text.
func clock(t time.Time) string { return t.Local().Format("20060102150405") }
