package htaccess

import (
	"fmt"
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
	if first, _ := block.marks(); len(first) > maxLine {
		return "", fmt.Errorf("cannot write the gate of %s: too many directories stay open", g.Instance)
	}
	return block.text(), nil
}

// open lists the paths that stay open.
func (g Gate) open() []string { return append([]string{AlwaysOpen}, g.OpenPaths...) }

// headers are what every 503 has.
func (g Gate) headers() []string {
	lines := []string{"<IfModule mod_headers.c>"}
	lines = append(lines, header("Retry-After", g.retryAfter())...)
	lines = append(lines, header("Cache-Control", "no-store")...)
	return append(append(lines, header("X-Robots-Tag", "noindex")...), "</IfModule>")
}

// header sets one, whatever the site says. Of Apache's two tables of headers, errors have only the first, but other
// pages are sent with both, and the site's own word may stand in the second.
func header(name, value string) []string {
	return []string{"Header onsuccess unset " + name, fmt.Sprintf("Header always set %s %q", name, value)}
}
