package health

import (
	"strings"
	"testing"

	"vpm/core"
)

// sightings makes some of statuses, in the order of Look; -1 leaves one out.
func sightings(server string, statuses ...int) []Sighting {
	var s []Sighting
	for i, status := range statuses {
		one := Sighting{What: []string{frontPage, phpFile, staticFile}[i], Path: []string{"/", "/index.php", "/a.css"}[i], Status: status}
		switch status {
		case -1:
			continue
		case 0:
			one.Err = "no answer in time"
		default:
			one.Server = server
		}
		s = append(s, one)
	}
	return s
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const running, stopped, unknown = core.ObservedRunning, core.ObservedStopped, core.ObservedUnknown
	for _, c := range []struct {
		sightings []Sighting
		want      core.Observed
		cause     string // a word of it
	}{
		{sightings("Apache", 503, 503, 503), stopped, ""},
		{sightings("Apache", 503, -1, -1), stopped, ""},
		{sightings("Apache", 0, 503, 0), stopped, ""},
		{sightings("LiteSpeed", 503, 403, 503), stopped, ""},
		{sightings("", 0, 0, 0), unknown, ""},
		{nil, unknown, ""},
		{sightings("Apache", 401, 401, 401), unknown, ""},
		{sightings("Apache", 403, 0, -1), unknown, ""},

		{sightings("nginx", 503, 503, 200), running, "nginx"},
		{sightings("Apache", 0, 503, 304), running, "nginx"},
		{sightings("Apache", 503, 200, 503), running, "ProxyPassMatch"},
		{sightings("Apache", 503, 404, -1), running, "ProxyPassMatch"},
		{sightings("Apache", 200, 200, 503), running, "ProxyPassMatch"},
		{sightings("nginx", 503, 200, 200), running, "nginx"},
		{sightings("Apache", 200, 503, 503), running, "cache"},
		{sightings("LiteSpeed", 200, 301, 200), running, "OpenLiteSpeed"},
		{sightings("LiteSpeed", 503, 503, 200), running, "nginx"},
		{sightings("Apache", 301, 301, 301), running, "http to https"},
		{sightings("Apache", 500, 500, 500), running, "faulty"},
		{sightings("Apache", 301, 200, 200), running, "AllowOverride"},
		{sightings("Apache", 200, -1, -1), running, "AllowOverride"},
		{sightings("Apache", 404, 404, 404), running, "AllowOverride"},
		{sightings("Apache", 200, 403, 0), running, "AllowOverride"},
	} {
		observed, seen, cause := Judge(c.sightings)
		if observed != c.want || !strings.Contains(cause, c.cause) || (c.cause == "") != (cause == "") {
			t.Errorf("%+v: judged %s, cause %q; want %s, %q", c.sightings, observed, cause, c.want, c.cause)
		}
		if !strings.HasSuffix(seen, ".") || strings.ToUpper(seen[:1]) != seen[:1] {
			t.Errorf("%+v: %q is no sentence", c.sightings, seen)
		}
	}
}

func TestSeenIsForPeople(t *testing.T) {
	t.Parallel()
	for want, s := range map[string][]Sighting{
		"The front page / answered 503.": sightings("", 503),
		"The front page /, the PHP file /index.php and the static file /a.css answered 503.":                                    sightings("", 503, 503, 503),
		"The front page / and the PHP file /index.php answered 503; the static file /a.css answered 200.":                       sightings("", 503, 503, 200),
		"The front page / and the static file /a.css gave no answer (no answer in time); the PHP file /index.php answered 503.": sightings("", 0, 503, 0),
		"The front page gave no answer (the address of the web server is not known).":                                           {{What: frontPage, Err: "the address of the web server is not known"}},
		"Nothing was asked for.": nil,
	} {
		if _, seen, _ := Judge(s); seen != want {
			t.Errorf("seen is %q, want %q", seen, want)
		}
	}
}
