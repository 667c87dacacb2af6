package health

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"vpm/core"
)

// redirects is a site whose pages redirect as the map says; the others are there.
func redirects(to map[string]string) *recorder {
	return &recorder{answer: func(w http.ResponseWriter, r *http.Request) {
		if location, ok := to[r.URL.Path]; ok {
			w.Header().Set("Location", strings.ReplaceAll(location, "HOST", r.Host))
			w.WriteHeader(http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("here"))
	}}
}

func TestRedirectsOfTheSite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		host, to string
		want     core.CheckResult
		word     string
		requests int
	}{
		"a path":           {"a.example", "/to", core.CheckOK, "/to answered 200", 2},
		"relative":         {"a.example", "to?a=b", core.CheckOK, "/to answered 200", 2},
		"complete":         {"a.example", "http://u:p@HOST/to#x", core.CheckOK, "/to answered 200", 2},
		"in capitals":      {"a.example", "http://A.EXAMPLE:PORT/to", core.CheckOK, "", 2},
		"to www":           {"a.example", "http://www.a.example:PORT/to", core.CheckOK, "", 2},
		"from www":         {"www.a.example", "http://a.example:PORT/to", core.CheckOK, "", 2},
		"with a last dot":  {"a.example", "http://a.example.:PORT/to", core.CheckOK, "", 2},
		"letters as sent":  {"bücher.example", "http://xn--bcher-kva.example:PORT/to", core.CheckOK, "", 2},
		"in a circle":      {"a.example", "/", core.CheckFailed, "more than 5 times", 6},
		"WordPress":        {"a.example", "http://HOST/wp-admin/install.php", core.CheckFailed, "not installed yet", 1},
		"no configuration": {"a.example", "wp-admin/setup-config.php?step=0", core.CheckFailed, "not installed yet", 1},
		"Joomla":           {"a.example", "/installation/index.php", core.CheckFailed, "not installed yet", 1},
		"Drupal":           {"a.example", "/core/install.php", core.CheckFailed, "not installed yet", 1},
		"no address":       {"a.example", "http://[::1", core.CheckFailed, "no address", 1},
	} {
		to := map[string]string{}
		r := redirects(to)
		s := subject(t, siteAt(t, "http", c.host, serve(t, r)))
		to["/"] = strings.ReplaceAll(c.to, "PORT", fmt.Sprint(s.Port))
		s.Expect = "here"
		got := httpOf(t, s)
		wantCheck(t, name, got, c.want, c.word)
		r.mu.Lock()
		if len(r.requests) != c.requests {
			t.Errorf("%s: there were %d requests, want %d", name, len(r.requests), c.requests)
		}
		for _, request := range r.requests {
			if request.Header.Get("Authorization") != "" {
				t.Errorf("%s: it was asked for with %v", name, request.Header)
			}
		}
		r.mu.Unlock()
	}
}

// TestRedirectsElsewhere tries to make the probe ask what it must not. Whatever the name, the site's own server is the
// only one that may be dialled, so the victim, on this very address, is out of reach.
func TestRedirectsElsewhere(t *testing.T) {
	t.Parallel()
	victim := &recorder{answer: say200("secret")}
	at := serve(t, victim).String()
	_, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	for _, location := range []string{
		"http://" + at + "/", "http://localhost:" + port + "/", "http://127.1:" + port + "/", "http://2130706433:" + port + "/",
		"http://a.example:" + port + "/", "//a.example:" + port + "/", "http://www.a.example:" + port + "/",
		"http://a.example@" + at + "/", "http://[::ffff:127.0.0.1]:" + port + "/", `http:\\` + at + "/", "//" + at,
		"http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://[::1]/", "http://0.0.0.0/", "http://10.0.0.1/",
		"http://metadata.google.internal/", "http://a.example.evil.example/", "http://evil-a.example/", "http://wwwa.example/",
		"http://www.www.a.example/", "http://a.example:22/", "http://a.example:0/", "http://a.example:99999/",
		"https://b.example/?token=s3cret", "file:///etc/passwd", "gopher://a.example/", "ftp://a.example/", "javascript:alert(1)", "mailto:a@a.example",
	} {
		r := redirects(map[string]string{"/": location})
		s := subject(t, siteAt(t, "http", "a.example", serve(t, r)))
		h := quick().examine(t.Context(), s)
		got := checkOf(t, h, "http")
		wantCheck(t, location, got, core.CheckWarning, "not followed")
		wantCheck(t, location, checkOf(t, h, "certificate"), core.CheckSkipped, "")
		if strings.Contains(got.Reason, "s3cret") {
			t.Errorf("the reason holds a secret: %s", got.Reason)
		}
		r.byPath(t, 1)
	}
	victim.byPath(t, 0)
}
