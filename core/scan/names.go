package scan

import (
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"vpm/core"
)

// guess tells at which address a directory is probably reached: below the docroot, by its place in it; elsewhere, by
// a directory on the way that is named as a domain, as hosts name the docroots of addon domains.
func (f *Finder) guess(dir, host string) string {
	if core.Within(dir, f.Docroot) && host != "" {
		return "http://" + host + urlPath(strings.TrimPrefix(dir, f.Docroot))
	}
	parts := strings.Split(filepath.ToSlash(dir), "/")
	for i := len(parts) - 1; i > 0; i-- {
		if isDomain(parts[i]) {
			below := parts[i+1:]
			if len(below) > 0 && (below[0] == "public_html" || below[0] == "htdocs" || below[0] == "httpdocs" || below[0] == "www") {
				below = below[1:]
			}
			return "http://" + parts[i] + urlPath("/"+strings.Join(below, "/"))
		}
	}
	return ""
}

// isAddress tells whether a CMS has an address stored that visitors can use.
func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func urlPath(p string) string {
	p = strings.Trim(p, "/")
	if p == "" {
		return "/"
	}
	return (&url.URL{Path: "/" + p + "/"}).EscapedPath()
}

// isDomain tells whether a directory is named as a domain is: labels with a dot between, and a last one of letters.
func isDomain(name string) bool {
	labels := strings.Split(name, ".")
	if len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || strings.Trim(strings.ToLower(l), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	last := strings.ToLower(labels[len(labels)-1])
	return len(last) >= 2 && strings.Trim(last, "abcdefghijklmnopqrstuvwxyz") == ""
}

// suggest makes an id of a site's address, or else of its directory, that is not taken.
func suggest(address, dir string, taken map[string]bool) string {
	from := filepath.Base(dir)
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		from = strings.TrimPrefix(u.Hostname(), "www.") + u.Path
	}
	var b strings.Builder
	for _, c := range strings.ToLower(from) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	base := strings.Trim(b.String()[:min(b.Len(), 45)], "-")
	if len(base) < 3 {
		base = strings.Trim("site-"+base, "-")
	}
	id := base
	for n := 2; taken[id]; n++ {
		id = base + "-" + strconv.Itoa(n)
	}
	return id
}
