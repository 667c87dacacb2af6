package health

import (
	"fmt"
	"net/http"
	"strings"

	"vpm/core"
)

// Judge says what the sightings amount to: stopped when everything that answered was 503, running when
// something was not, unknown when nothing answered. A refusal (401, 403) counts as no answer: Apache checks who
// may enter before it comes to the gate, so it says nothing of it. seen is a sentence for people, and cause the
// likely reason and what to do when a stopped site still answers ("" else).
func Judge(s []Sighting) (observed core.Observed, seen, cause string) {
	closed, open := split(s)
	switch {
	case len(open) > 0:
		return core.ObservedRunning, tell(s), likelyCause(closed, open)
	case len(closed) > 0:
		return core.ObservedStopped, tell(s), ""
	}
	return core.ObservedUnknown, tell(s), ""
}

// split picks what was closed and what was served.
func split(s []Sighting) (closed, open []Sighting) {
	for _, one := range s {
		switch one.Status {
		case 0, http.StatusUnauthorized, http.StatusForbidden:
		case http.StatusServiceUnavailable:
			closed = append(closed, one)
		default:
			open = append(open, one)
		}
	}
	return closed, open
}

// tell puts the sightings into a sentence, those that saw the same together.
func tell(s []Sighting) string {
	if len(s) == 0 {
		return "Nothing was asked for."
	}
	var outcomes []string
	subjects := map[string][]string{}
	for _, one := range s {
		outcome := fmt.Sprintf("answered %d", one.Status)
		if one.Status == 0 {
			outcome = "gave no answer (" + one.Err + ")"
		}
		if subjects[outcome] == nil {
			outcomes = append(outcomes, outcome)
		}
		subjects[outcome] = append(subjects[outcome], strings.TrimRight("the "+one.What+" "+one.Path, " "))
	}
	clauses := make([]string, len(outcomes))
	for i, outcome := range outcomes {
		clauses[i] = enumerate(subjects[outcome]) + " " + outcome
	}
	text := strings.Join(clauses, "; ") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

// enumerate writes "a", "a and b" or "a, b and c".
func enumerate(list []string) string {
	last := len(list) - 1
	if last == 0 {
		return list[0]
	}
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// likelyCause says why a stopped site still answers, and what to do.
func likelyCause(closed, open []Sighting) string {
	openPHP, openStatic := holds(open, phpFile), holds(open, staticFile)
	switch {
	case len(closed) > 0 && openPHP && openStatic:
		return "A server such as nginx in front of Apache answers for files by itself. " +
			"Have it pass every request of this site to Apache, or close the site there."
	case len(closed) > 0 && openStatic:
		return "A server such as nginx serves static files in front of Apache. " +
			"Switch that off for this site, or have it pass every request to Apache."
	case len(closed) > 0 && openPHP:
		return "ProxyPassMatch hands .php files to PHP-FPM before .htaccess is read. " +
			"Have the server use SetHandler \"proxy:...\" in a <FilesMatch> instead."
	case len(closed) > 0:
		return "A cache in front of Apache still has the front page. Empty it, or switch it off for this site."
	case says(open, "litespeed"):
		return "OpenLiteSpeed reads .htaccess only after a graceful restart. " +
			"Restart it gracefully, or ask the host to."
	case all(open, 500, 500):
		return "The server takes .htaccess for faulty, probably because it does not allow what closes a site. " +
			"Ask the host for AllowOverride FileInfo; its error log names the line."
	case all(open, 300, 399):
		return "The server redirects every visitor before .htaccess is read, as from http to https. " +
			"Set the url of this instance to the address where visitors arrive."
	}
	return "The server does not read .htaccess there (AllowOverride is missing for the directory), or visitors " +
		"of this site enter through another directory. Ask the host for AllowOverride FileInfo, or set the " +
		"docroot of this instance."
}

func holds(s []Sighting, what string) bool {
	for _, one := range s {
		if one.What == what {
			return true
		}
	}
	return false
}

// says tells whether a server called itself by the lower-case name.
func says(s []Sighting, name string) bool {
	for _, one := range s {
		if strings.Contains(strings.ToLower(one.Server), name) {
			return true
		}
	}
	return false
}

// all tells whether every status lies between first and last.
func all(s []Sighting, first, last int) bool {
	for _, one := range s {
		if one.Status < first || one.Status > last {
			return false
		}
	}
	return true
}
