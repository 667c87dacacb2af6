package htaccess

import (
	"fmt"
	"strings"
)

func (n *nginxText) openByCookie(g Gate) {
	n.line(`set $vpm_cookie "; $http_cookie";`)
	n.forget("$vpm_cookie", g)
	n.openIf("$vpm_cookie", "~", bypassCookie(g.Bypass))
}

// forget empties a variable once the secret has ended.
func (n *nginxText) forget(variable string, g Gate) {
	if !g.BypassUntil.IsZero() {
		n.line(`if ($msec ~ "%s") { set %s ""; }`, from(g.BypassUntil), variable)
	}
}

// openByLink opens to the secret link (see bypass.go), or leads it to its location. The groups have names, as nginx
// encodes what $1 stands for once more.
func (n *nginxText) openByLink(g Gate) {
	secret := BypassCookie + "=" + g.Bypass
	n.line(`set $vpm_link "$vpm_gate $request";`)
	n.forget("$vpm_link", g)
	n.line(`set $vpm_secure "";`)
	n.line(`set $vpm_scheme "$scheme,$http_x_forwarded_proto";`)
	n.line(`if ($vpm_scheme ~* "^(https,|[^,]*,https)") { set $vpm_secure "; Secure"; }`)
	n.line(`set $vpm_to "";`)
	// One slash: with two, the rest would be another host's name.
	n.line(`if ($vpm_link ~ "^1 %s\s(?:[A-Za-z]+://[^/?\s]*)?[/\x5c]+(?<vpm_path>[^?\s]*)\?(?:%s(?:&|(?=\s|$))|(?<vpm_before>\S*)&%s(?=&|\s|$))(?<vpm_after>\S*)")`+
		` { set $vpm_to "/$vpm_path?$vpm_before$vpm_after"; }`, safeMethods, secret, secret)
	n.line(`if ($vpm_to ~ "^(?<vpm_path>[^?]*)\?$") { set $vpm_to $vpm_path; }`)
	n.line(`if ($vpm_to) { rewrite ^ "%s/link" last; }`, n.at)
	n.openIf("$vpm_link", "~", "^1 "+strings.TrimPrefix(g.link(`\S+`), "^"))
}

func (n *nginxText) linkLocation(g Gate) {
	n.line(`location = "%s/link" {`, n.at)
	n.line("internal;")
	n.line(`add_header Set-Cookie "%s$vpm_secure" always;`, g.setCookie(false))
	n.line(`add_header Cache-Control "no-store" always;`)
	n.line(`add_header Referrer-Policy "no-referrer" always;`)
	n.line("return 302 $vpm_to;")
	n.line("}")
}

// missing answers 404 where the server's own rules send a request here that was for one of the directories: the
// file is missing there. What the visitor sent is not cleaned, so that this must not open anything.
func (n *nginxText) missing(dirs []string) {
	n.line(`set $vpm_spared "";`)
	n.line(`set $vpm_sent "$document_root$request_uri";`)
	for _, d := range dirs {
		pattern := "^" + asSent(strings.TrimSuffix(d, "/")) + `([/?]|$)`
		if len(pattern) <= nginxToken { // else it is the 503 of the site
			n.line(`if ($vpm_sent ~ "%s") { set $vpm_spared 1; }`, pattern)
		}
	}
	n.line(`set $vpm_spared "$vpm_gate$vpm_spared";`)
	n.line("if ($vpm_spared = 11) { return 404; }")
}

// asSent matches a path as it may stand in a URL, each byte as it is or encoded.
func asSent(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if l := literal(path[i : i+1]); l == path[i:i+1] {
			b.WriteString(l)
		} else {
			fmt.Fprintf(&b, "(?:%s|(?i:%%%02x))", l, path[i])
		}
	}
	return b.String()
}
