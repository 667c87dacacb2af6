package health

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"vpm/core"
	"vpm/scripts/lab"
)

// httpOf examines a site and gives the check http.
func httpOf(t *testing.T, s Subject) core.Check {
	t.Helper()
	return checkOf(t, quick().examine(t.Context(), s), "http")
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		want   core.CheckResult
		word   string
	}{
		{200, core.CheckOK, "answered 200"}, {202, core.CheckOK, ""}, {204, core.CheckOK, ""},
		{300, core.CheckFailed, "no page"}, {302, core.CheckFailed, "no page"}, {304, core.CheckFailed, "no page"},
		{400, core.CheckFailed, ""}, {401, core.CheckWarning, "not let the probe in"}, {403, core.CheckWarning, "403"}, {404, core.CheckFailed, "404"},
		{406, core.CheckWarning, ""}, {410, core.CheckFailed, ""}, {421, core.CheckFailed, ""}, {429, core.CheckWarning, ""}, {451, core.CheckWarning, ""},
		{500, core.CheckFailed, "error log"}, {502, core.CheckFailed, ""}, {503, core.CheckFailed, `(Retry-After: "600")`}, {599, core.CheckFailed, ""},
	} {
		r := &recorder{answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(c.status)
			if c.status != 204 && c.status != 304 {
				_, _ = w.Write([]byte("x"))
			}
		}}
		got := httpOf(t, subject(t, siteAt(t, "http", "a.example", serve(t, r))))
		wantCheck(t, fmt.Sprint(c.status), got, c.want, c.word)
		if got.Details["status"] != c.status {
			t.Errorf("%d: the details are %v", c.status, got.Details)
		}
		r.byPath(t, 1)
	}
}

// TestARunningSiteIsAskedGently lets a cache answer.
func TestARunningSiteIsAskedGently(t *testing.T) {
	t.Parallel()
	r := &recorder{answer: say200("x")}
	s := subject(t, siteAt(t, "http", "shop.invalid", serve(t, r)))
	s.URL = strings.Replace(s.URL, "http://", "http://user:secret@", 1)
	wantCheck(t, "asked", httpOf(t, s), core.CheckOK, "")
	got := r.byPath(t, 1)["/"]
	if got == nil || got.URL.RawQuery != "" || got.Header.Get("Cache-Control") != "" || got.Header.Get("Accept-Encoding") != "identity" ||
		got.Header.Get("Authorization") != "" || got.UserAgent() != "vpm-probe" || !strings.HasPrefix(got.Host, "shop.invalid:") {
		t.Errorf("it was asked for with %+v", got)
	}
}

func TestProbePaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, path, want string }{
		{"/", "", "/"}, {"/blog", "", "/blog/"},
		{"/blog/", "feed?a=b&c", "/blog/feed?a=b&c"}, {"/blog/", "/blog/feed", "/blog/feed"}, {"/blog/", "/feed", "/blog/feed"},
		{"/", "/a%2Fb/%C3%BC", "/a%2Fb/%C3%BC"}, {"/?page=2", "", "/?page=2"}, {"/", "a#b", "/a"},
		{"/", "//evil.example/x", ""}, {"/", "http://evil.example/", ""}, {"/", "mailto:x", ""}, {"/", "/%zz", ""}, {"/", "/\n", ""},
	} {
		r := &recorder{answer: say200("x")}
		s := subject(t, siteAt(t, "http", "a.example", serve(t, r)))
		s.URL, s.ProbePath = strings.TrimSuffix(s.URL, "/")+c.url, c.path
		got := httpOf(t, s)
		if c.want == "" {
			wantCheck(t, c.path, got, core.CheckUnknown, "the path to ask for is none")
			r.byPath(t, 0)
			continue
		}
		wantCheck(t, c.path, got, core.CheckOK, "")
		for _, request := range r.byPath(t, 1) {
			if request.RequestURI != c.want {
				t.Errorf("%s %s: asked for %s, want %s", c.url, c.path, request.RequestURI, c.want)
			}
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	const head = "HTTP/1.1 200 OK\r\n"
	filler := strings.Repeat("y", bodyLimit-len("hello"))
	for name, c := range map[string]struct {
		talk   func(net.Conn)
		expect string
		want   core.CheckResult
		word   string
	}{
		"the text is there":          {say(head + "Content-Length: 9\r\n\r\nOh, hello"), "hello", core.CheckOK, ""},
		"it is not":                  {say(head + "Content-Length: 3\r\n\r\nbye"), "hello", core.CheckFailed, "without the expected text"},
		"last within 64 kB":          {say(head + "\r\n" + filler + "hello"), "hello", core.CheckOK, ""},
		"beyond 64 kB":               {say(head + "\r\n" + filler + "yhello"), "hello", core.CheckFailed, "first 64 kB"},
		"endless":                    {repeat(head+"\r\n", strings.Repeat("y", 4096), 0), "", core.CheckOK, ""},
		"endless, text awaited":      {repeat(head+"\r\n", strings.Repeat("y", 4096), 0), "hello", core.CheckFailed, "first 64 kB"},
		"drips":                      {repeat(head+"\r\nhello", "y", drip), "", core.CheckWarning, "broke off (no answer in time)"},
		"drips after the text":       {repeat(head+"\r\nhello", "y", drip), "hello", core.CheckWarning, "broke off"},
		"drips without the text":     {repeat(head+"\r\n", "y", drip), "hello", core.CheckFailed, "before the expected text"},
		"shorter than it says":       {say(head + "Content-Length: 100\r\n\r\ny"), "", core.CheckWarning, "broke off"},
		"hangs in the body":          {func(c net.Conn) { say(head + "Content-Length: 100\r\n\r\n")(c); hang(c) }, "", core.CheckWarning, "broke off"},
		"compressed all the same":    {say(head + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\ny"), "hello", core.CheckWarning, "compressed"},
		"compressed, nobody asks":    {say(head + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\ny"), "", core.CheckOK, ""},
		"a white page":               {say(head + "Content-Type: text/html; charset=UTF-8\r\nContent-Length: 0\r\n\r\n"), "", core.CheckWarning, "white page"},
		"a white page of no type":    {say(head + "Content-Length: 0\r\n\r\n"), "", core.CheckWarning, "white page"},
		"an empty text":              {say(head + "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n"), "", core.CheckOK, ""},
		"a site that hangs":          {hang, "", core.CheckFailed, "no answer though"},
		"closes at once":             {func(net.Conn) {}, "", core.CheckFailed, "no answer though"},
		"another protocol":           {say("SSH-2.0-OpenSSH_9.2\r\n"), "", core.CheckFailed, "no answer though"},
		"endless header":             {repeat(head, "X: "+strings.Repeat("y", 1000)+"\r\n", 0), "", core.CheckFailed, "no answer though"},
		"endless early hints":        {repeat("", "HTTP/1.1 103 Early Hints\r\n\r\n", 0), "", core.CheckFailed, "no answer though"},
		"changes the protocol":       {func(c net.Conn) { say("HTTP/1.1 101 OK\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")(c); hang(c) }, "", core.CheckFailed, "answered 101"},
		"an endless body of a hop":   {repeat("HTTP/1.1 302 Found\r\nLocation: http://b.example/\r\n\r\n", "y", drip), "", core.CheckWarning, "not followed"},
		"an endless body of a fault": {repeat("HTTP/1.1 500 No\r\n\r\n", "y", drip), "", core.CheckFailed, "answered 500"},
	} {
		s := subject(t, siteAt(t, "http", "a.example", listen(t, true, c.talk)))
		s.Expect = c.expect
		all.Go(func() { wantCheck(t, name, httpOf(t, s), c.want, c.word) })
	}
}

// TestWhatCannotBeReachedIsUnknown, for the host may keep a site from asking itself.
func TestWhatCannotBeReachedIsUnknown(t *testing.T) {
	t.Parallel()
	s := subject(t, siteAt(t, "http", "a.example", lab.RefusingAddr(t)))
	h := quick().examine(t.Context(), s)
	wantCheck(t, "nobody listens", checkOf(t, h, "http"), core.CheckUnknown, "connection refused")
	wantHealthy(t, "nobody listens", h, "unknown")

	for word, change := range map[string]func(*Subject){
		"no address":                    func(s *Subject) { s.URL = "" },
		"none that can be asked":        func(s *Subject) { s.URL = "ftp://a.example/" },
		"none that can be":              func(s *Subject) { s.URL = "http://a.example/%zz" },
		"neither 80":                    func(s *Subject) { s.Port++ },
		"server is not known":           func(s *Subject) { s.Server = "localhost" },
		"of the web server is not":      func(s *Subject) { s.Server = "0.0.0.0" },
		"address of the web server is ": func(s *Subject) { s.Server = "::ffff:0.0.0.0" },
	} {
		one := s
		change(&one)
		wantCheck(t, word, httpOf(t, one), core.CheckUnknown, word)
	}
}

func TestServersThatDoNotAcceptAreUnknown(t *testing.T) {
	t.Parallel()
	s := subject(t, siteAt(t, "http", "a.example", full(t)))
	wantCheck(t, "does not accept", httpOf(t, s), core.CheckUnknown, "no answer in time")
}

// TestAllChecksRunSideBySide lets none end before all have begun.
func TestAllChecksRunSideBySide(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	all.Add(3)
	together := func() {
		all.Done()
		all.Wait()
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		together()
		_, _ = w.Write([]byte("x"))
	}))
	t.Cleanup(server.Close)
	s := subject(t, siteAt(t, "http", "a.example", server.Listener.Addr()))
	s.ConfigFile = func() (string, error) { together(); return s.Dir + "/index.php", nil }
	s.Database = func(context.Context) error { together(); return nil }
	wantHealthy(t, "together", quick().examine(t.Context(), s), "healthy")
}
