package health

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"vpm/core"
)

// verdict says what an answer is worth that leads to no other page.
func (x *examination) verdict(u *url.URL, a answer) core.Check {
	page := what(u)
	switch s := a.status; {
	case a.err != nil:
		return x.unanswered(page, a)
	case s == http.StatusServiceUnavailable:
		after := a.header.Get("Retry-After")
		if after != "" {
			after = fmt.Sprintf(" and asks to come back later (Retry-After: %q)", clip(after))
		}
		return found(core.CheckFailed, "%s answered 503%s, as a site does that is closed or in maintenance. "+
			"End its maintenance, or look into its error log.", page, after)
	case s >= 500:
		return found(core.CheckFailed, "%s answered %d. The error log of the site says why.", page, s)
	case s == http.StatusNotFound || s == http.StatusGone:
		return found(core.CheckFailed, "%s answered %d. Look whether the address is right and the site's files are there.", page, s)
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusNotAcceptable,
		s == http.StatusTooManyRequests, s == http.StatusUnavailableForLegalReasons:
		return found(core.CheckWarning, "%s answered %d: it does not let the probe in, so what visitors get was not seen.", page, s)
	case s >= 200 && s < 300:
		return x.content(page, a)
	}
	return found(core.CheckFailed, "%s answered %d, which is no page. Look at the settings of the web server for this site.", page, a.status)
}

// unanswered tells a site that hangs from one that cannot be reached from here, which says nothing of its visitors:
// hosts may keep a site from asking itself.
func (x *examination) unanswered(page string, a answer) core.Check {
	if a.connected {
		return found(core.CheckFailed, "%s gave no answer though the server was connected to (%s). "+
			"Look for requests that hang, and into the error log.", page, explain(a.err))
	}
	if refused, ok := errors.AsType[notPublicError](a.err); ok {
		return found(core.CheckUnknown, "%s was not asked: %s.", page, refused)
	}
	return found(core.CheckUnknown, "%s could not be asked: the server was not reached from here (%s). "+
		"The host may keep a site from asking itself.", page, explain(a.err))
}

// content looks at a page that was served.
func (x *examination) content(page string, a answer) core.Check {
	kind := a.header.Get("Content-Type")
	switch coding := a.header.Get("Content-Encoding"); {
	case x.Expect == "" || bytes.Contains(a.body, []byte(x.Expect)):
	case coding != "" && coding != "identity":
		return found(core.CheckWarning, "%s answered %d, but compressed (%q) although asked not to be: the expected text "+
			"could not be looked for.", page, a.status, clip(coding))
	case a.broken != nil:
		return found(core.CheckFailed, "%s answered %d and broke off (%s) before the expected text. "+
			"Look into the error log.", page, a.status, explain(a.broken))
	default:
		return found(core.CheckFailed, "%s answered %d without the expected text in its first 64 kB. "+
			"Look at the page, or set another text.", page, a.status)
	}
	switch {
	case a.broken != nil:
		return found(core.CheckWarning, "%s answered %d and broke off (%s). Look into the error log.", page, a.status, explain(a.broken))
	case a.status == http.StatusOK && len(a.body) == 0 && (kind == "" || strings.HasPrefix(kind, "text/html")):
		return found(core.CheckWarning, "%s answered 200 with nothing in it, a white page. Look into the error log.", page)
	}
	return found(core.CheckOK, "%s answered %d.", page, a.status)
}
