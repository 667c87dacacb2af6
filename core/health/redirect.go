package health

import (
	"net/url"
	"strings"

	"vpm/core"
)

// after says what follows from an answer: another page of the site to ask for, or the end.
func (x *examination) after(u *url.URL, a answer) (next *url.URL, end core.Check) {
	location := a.header.Get("Location")
	if a.err != nil || a.status < 300 || a.status > 399 || location == "" {
		return nil, x.verdict(u, a)
	}
	next, err := u.Parse(location)
	if err != nil {
		return nil, found(core.CheckFailed, "%s redirects to what is no address. Look at the site's redirect rules.", what(u))
	}
	next.User, next.Fragment = nil, ""
	_, err = x.client.address(next)
	switch {
	case isSetup(next.Path):
		return nil, found(core.CheckFailed, "The site is not installed yet: %s redirects to %s. Finish its set-up there, "+
			"before somebody else does.", what(u), shown(next))
	case err != nil || !sameSite(u, next):
		return nil, found(core.CheckWarning, "%s redirects to %s, which was not followed. "+
			"If visitors are to arrive there, set the url of this instance to it.", what(u), shown(next))
	}
	return next, core.Check{}
}

// isSetup knows where WordPress, Joomla and Drupal send the visitors of a site that nobody has set up.
func isSetup(path string) bool {
	for _, page := range []string{"/wp-admin/install.php", "/wp-admin/setup-config.php", "/installation/index.php", "/core/install.php"} {
		if strings.HasSuffix(path, page) {
			return true
		}
	}
	return false
}

// sameSite tells whether two URLs have the same host, with or without "www.".
func sameSite(a, b *url.URL) bool {
	bare := func(u *url.URL) string {
		return strings.TrimPrefix(strings.TrimSuffix(asciiHost(u), "."), "www.")
	}
	return bare(a) == bare(b)
}

// shown is a URL for people, without what may be secret in it.
func shown(u *url.URL) string {
	return clip((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
}

// what names a page for people.
func what(u *url.URL) string { return "The page " + shown(u) }
