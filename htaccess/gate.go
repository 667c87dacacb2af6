package htaccess

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// BypassCookie is the cookie whose right value lets a visitor into a stopped site.
const BypassCookie = "vpm_bypass"

// AlwaysOpen is where certificate authorities look for the files that prove a domain (RFC 8555, 8.3): a stopped
// site keeps its certificate.
const AlwaysOpen = "/.well-known/acme-challenge/"

const (
	maxReason         = 500 // characters
	defaultRetryAfter = time.Hour
	httpDate          = "Mon, 02 Jan 2006 15:04:05 GMT"
)

// Gate is what closes a stopped site. Its URL paths are decoded ones ("/my site/", not "/my%20site/").
type Gate struct {
	Instance string // instance id, for the markers: letters, digits, ".", "_" and "-", at most 64
	Reason   string // shown to visitors of the default page; "" none; at most 500 characters

	// Until is when the gate ends by itself; zero: never. Apache decides by its clock in the server's time zone,
	// which has to be this process's too. In the hour that autumn repeats it can be an hour early.
	Until      time.Time
	RetryAfter time.Duration // for Retry-After when Until is zero (default an hour)

	Bypass      string    // secret of the bypass cookie and link (32 to 128 hex digits); "" none
	BypassUntil time.Time // when the secret ends, by the same clock as Until; zero: never

	// OpenPaths stay open with all below: "/api/" and "/api" mean the same. AlwaysOpen is always one of them.
	OpenPaths []string
	// OpenDirs are directories of nested sites that stay open, with all below: absolute, and as the server names
	// them. A docroot reached through a symlink has two names, and only the one in its configuration counts. What is
	// missing there, so that the site's own rules or page for errors would answer, is a 404.
	OpenDirs []string

	// Host and Path limit the gate to requests for this host name (any port, any case) and at or below this URL
	// path; "" every one. It is the form for a docroot that several sites share. A host's other names ("www.") need
	// gates of their own.
	Host, Path string

	Page     string // name of the instance's own page ("vpm-stopped.html"), the body of the 503; "" the default page
	PagePath string // URL path of that page
}

// Compiled at first use: every request would pay for them at its start, and few need them.
var (
	secret   = lazily(`^[0-9A-Fa-f]{32,128}$`)
	hostName = lazily(`^(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}$|^\[[0-9A-Fa-f:.]{2,45}\]$`)
)

func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// check refuses values that cannot be written, or that would leave the site open.
func (g Gate) check() error {
	switch {
	case !isInstanceID(g.Instance):
		return fmt.Errorf("cannot close %q: an instance id is 1 to 64 letters, digits, dots, underscores and hyphens", g.Instance)
	case utf8.RuneCountInString(g.Reason) > maxReason:
		return fmt.Errorf("cannot show a reason of more than %d characters", maxReason)
	case g.Bypass != "" && !secret().MatchString(g.Bypass):
		return errors.New("cannot use the bypass secret: it has to be 32 to 128 hex digits")
	case g.Host != "" && !hostName().MatchString(g.Host):
		return fmt.Errorf("cannot close %q: that is no host name", g.Host)
	case g.Path != "" && g.Path != "/" && !cleanPath(g.Path):
		return fmt.Errorf("cannot close %q: it has to be a URL path without empty, . and .. parts", g.Path)
	case g.RetryAfter < 0:
		return fmt.Errorf("cannot ask visitors to come back after %s", g.RetryAfter)
	}
	for _, t := range []time.Time{g.Until, g.BypassUntil} {
		if year := t.Year(); !t.IsZero() && (year < 1971 || year > 2200) {
			return fmt.Errorf("cannot compare the clock with a time in the year %d", year)
		}
	}
	if err := g.checkOpen(); err != nil {
		return err
	}
	return g.checkPage()
}

// isInstanceID is no pattern: compiling one would take each stop longer than all other checks together.
func isInstanceID(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-", c) >= 0) {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 64
}

func (g Gate) checkOpen() error {
	for _, p := range g.OpenPaths {
		if !cleanPath(p) {
			return fmt.Errorf("cannot keep %q open: it has to be a URL path below / without empty, . and .. parts", p)
		}
		if g.Path != "" && below(g.Path, p) {
			return fmt.Errorf("cannot close %s while %s stays open", g.Path, p)
		}
	}
	for _, d := range g.OpenDirs {
		if !cleanPath(d) {
			return fmt.Errorf("cannot keep %q open: it has to be an absolute directory without empty, . and .. parts", d)
		}
	}
	return nil
}

func (g Gate) checkPage() error {
	switch {
	case g.Page == "" && g.PagePath == "":
		return nil
	case g.Page == "" || !cleanPath(g.PagePath) || strings.HasSuffix(g.PagePath, "/"):
		return fmt.Errorf("cannot show the page %q at %q: it needs a name and a URL path", g.Page, g.PagePath)
	case g.Path != "" && !below(g.PagePath, g.Path):
		return fmt.Errorf("cannot show the page %s: it is not below %s, so that people could open it by itself", g.PagePath, g.Path)
	}
	for _, p := range append([]string{AlwaysOpen}, g.OpenPaths...) {
		if below(g.PagePath, p) {
			return fmt.Errorf("cannot show the page %s: below %s, which stays open, people could open it by itself", g.PagePath, p)
		}
	}
	return nil
}

// cleanPath tells whether p is absolute, names something below the root and has no part that a server would take
// out before it compares.
func cleanPath(p string) bool {
	p = strings.TrimSuffix(p, "/")
	if !strings.HasPrefix(p, "/") || strings.ContainsRune(p, 0) {
		return false
	}
	for part := range strings.SplitSeq(p[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// below tells whether the URL path p is at or below top.
func below(p, top string) bool {
	return strings.HasPrefix(strings.TrimSuffix(p, "/")+"/", strings.TrimSuffix(top, "/")+"/")
}

// retryAfter is the value of Retry-After: a delay, or the date after which the site is open. A delay counted now
// would be wrong by the time of the visit (RFC 9110, 10.2.3 allows both).
func (g Gate) retryAfter() string {
	if !g.Until.IsZero() {
		return g.Until.UTC().Format(httpDate)
	}
	after := g.RetryAfter
	if after == 0 {
		after = defaultRetryAfter
	}
	return fmt.Sprint(int64((after + time.Second - 1) / time.Second))
}
