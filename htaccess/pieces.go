package htaccess

import (
	"bytes"
	"strings"
)

// heads are how the lines of a gate begin, behind their spaces.
var heads = []string{
	"# vpm stopped this site", "# To open the site by hand", "<IfModule ", "</IfModule>", "RewriteEngine On", "RewriteCond %{", "RewriteRule ^ - [", "RewriteRule ^ http",
	`<If "%{`, "</If>", `<ElseIf "`, "</ElseIf>", "<Else>", "</Else>", "Header onsuccess unset ", "Header always set ", "Header always add Set-Cookie ",
	"ErrorDocument 40", "ErrorDocument 50", "RedirectMatch 503 ^", "RedirectMatch 404 ^", "SetEnvIf Request_URI ^ vpm_",
}

// cutOff tells whether the last line of a file, without an end, may be the beginning of one of ours: it has our
// indent.
func cutOff(line []byte) bool {
	text := strings.TrimLeft(string(line), " ")
	if text == "" {
		return len(line) > 0 // cut in the indent; nobody misses spaces
	}
	if indent := len(line) - len(text); indent%2 == 0 {
		return false
	}
	for _, head := range heads {
		if strings.HasPrefix(text, head) || strings.HasPrefix(head, text) {
			return true
		}
	}
	return false
}

// endCutOff tells the same of an end marker.
func endCutOff(line []byte) bool {
	return len(line) > 0 && strings.HasPrefix("# "+end+" vpm gate ", string(line))
}

// firstBlock gives the whole, unchanged block that a text starts with, and its length; 0: there is none.
func firstBlock(text []byte) (string, int) {
	l := splitLines(text)
	m, ok := parseMarker(l.text[0])
	if !ok || m.which != begin {
		return "", 0
	}
	last := l.partner(0, m)
	if last == 0 {
		return "", 0
	}
	whole := string(bytes.Join(l.text[:last+1], nil))
	if b, ok := parseBlock(whole); !ok || b.instance != m.instance {
		return "", 0
	}
	return whole, len(whole)
}
