package health

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// ends is the generous bound for what must take 2 seconds.
	ends = 30 * time.Second
	// patient is what a server of the tests is given instead, which answers on a busy machine in its own time.
	patient = 20 * time.Second
)

// look is Look with more patience.
func look(t *testing.T, s Site) []Sighting {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	return client{Site: s, limit: patient}.look(ctx)
}

// lookInTime wants Look to end.
func lookInTime(t *testing.T, s Site) []Sighting {
	t.Helper()
	began := time.Now()
	sightings := Look(t.Context(), s)
	if took := time.Since(began); took > ends {
		t.Errorf("Look took %s", took)
	}
	return sightings
}

// siteAt is the site name on a server of this machine, with all three things to ask for.
func siteAt(t *testing.T, scheme, name string, server net.Addr) Site {
	t.Helper()
	addr, ok := server.(*net.TCPAddr)
	if !ok {
		t.Fatalf("%v is no TCP address", server)
	}
	return Site{
		URL:    scheme + "://" + net.JoinHostPort(name, strconv.Itoa(addr.Port)) + "/",
		Server: addr.IP.String(), Port: addr.Port, PHP: "index.php", Static: "a.css",
	}
}

// wantStatus checks the sightings of a case and passes them on.
func wantStatus(t *testing.T, name string, got []Sighting, want ...int) []Sighting {
	t.Helper()
	same := len(got) == len(want)
	for i := 0; same && i < len(want); i++ {
		same = got[i].Status == want[i] && (got[i].Err == "") == (want[i] != 0)
	}
	if !same {
		t.Errorf("%s: saw %+v, want %v", name, got, want)
	}
	return got
}

// recorder is a site that keeps what it was asked.
type recorder struct {
	mu       sync.Mutex
	requests []*http.Request
	answer   http.HandlerFunc
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.requests = append(r.requests, request)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, request)
	}
}

// byPath returns the requests by their path, and checks that there are so many.
func (r *recorder) byPath(t *testing.T, count int) map[string]*http.Request {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.requests) != count {
		t.Errorf("%d requests came, want %d", len(r.requests), count)
	}
	paths := map[string]*http.Request{}
	for _, request := range r.requests {
		paths[request.URL.Path] = request
	}
	return paths
}

func serve(t *testing.T, r *recorder) net.Addr {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.Listener.Addr()
}

func TestItAsksAsAVisitor(t *testing.T) {
	t.Parallel()
	r := &recorder{answer: func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.Header().Set("Server", "Test/1")
	}}
	s := siteAt(t, "http", "shop.invalid", serve(t, r)) // a name that no DNS knows
	s.URL = strings.Replace(s.URL, "http://", "http://user:secret@", 1)
	first := look(t, s)
	front := r.byPath(t, 3)["/"]
	wantStatus(t, "the first time", first, 200, 200, 200)
	wantStatus(t, "again", look(t, s), 200, 200, 200)
	asked := r.byPath(t, 6)
	again := asked["/"]
	if front == nil || again == nil || front.URL.RawQuery == "" || front.URL.RawQuery == again.URL.RawQuery {
		t.Errorf("the front pages asked for are %v and %v", front, again)
	}
	for _, path := range []string{"/", "/index.php", "/a.css"} {
		got := asked[path]
		if got == nil {
			t.Errorf("%s was not asked for", path)
			continue
		}
		if got.Method != http.MethodGet || !strings.HasPrefix(got.Host, "shop.invalid:") || got.UserAgent() != "vpm-probe" ||
			got.Header.Get("Cache-Control") != "no-cache" || got.Header.Get("Cookie") != "" || got.Header.Get("Accept-Encoding") != "" || got.Header.Get("Authorization") != "" ||
			!got.Close || (path != "/" && got.URL.RawQuery != "") {
			t.Errorf("%s was asked for with %s %s %v", path, got.Method, got.Host, got.Header)
		}
	}
	want := []Sighting{{frontPage, "/", 200, "Test/1", ""}, {phpFile, "/index.php", 200, "Test/1", ""}, {staticFile, "/a.css", 200, "Test/1", ""}}
	for i, one := range first {
		if one != want[i] {
			t.Errorf("saw %+v, want %+v", one, want[i])
		}
	}
}

// TestSideBySide answers nobody before all three have asked.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	all.Add(3)
	r := &recorder{answer: func(http.ResponseWriter, *http.Request) {
		all.Done()
		all.Wait()
	}}
	wantStatus(t, "answers", look(t, siteAt(t, "http", "a.example", serve(t, r))), 200, 200, 200)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	r := &recorder{answer: func(w http.ResponseWriter, request *http.Request) {
		http.Redirect(w, request, "/elsewhere", http.StatusMovedPermanently)
	}}
	wantStatus(t, "answers", look(t, siteAt(t, "http", "a.example", serve(t, r))), 301, 301, 301)
	r.byPath(t, 3)
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, php, static, wantFront, wantPHP, wantStatic string }{
		{"", "index.php", "/css/a.css", "/", "/index.php", "/css/a.css"},
		{"/", "/index.php", "css/a.css", "/", "/index.php", "/css/a.css"},
		{"/blog", "index.php", "/css/a.css", "/blog/", "/blog/index.php", "/blog/css/a.css"},
		{"/blog/", "/blog/index.php", "/blog/a.css", "/blog/", "/blog/index.php", "/blog/a.css"},
		{"/site.example", "/blog.php", "a b%41?.css", "/site.example/", "/site.example/blog.php", "/site.example/a b%41?.css"},
		{"/blog/index.php", "x.php", "a.css", "/blog/index.php", "/blog/x.php", "/blog/a.css"},
		{"/a%20b?page=2#top", "x.php", "", "/a b/", "/a b/x.php", ""},
	} {
		r := &recorder{}
		s := siteAt(t, "http", "a.example", serve(t, r))
		s.URL, s.PHP, s.Static = strings.TrimSuffix(s.URL, "/")+c.url, c.php, c.static
		want := []string{c.wantFront, c.wantPHP, c.wantStatic}
		if c.static == "" {
			want = want[:2]
		}
		sightings := look(t, s)
		asked := r.byPath(t, len(want))
		for i, path := range want {
			if asked[path] == nil || sightings[i].Path != path {
				t.Errorf("%s: asked for %v, said %+v; want %s", c.url, asked, sightings, path)
			}
		}
	}
}

func TestWhatIsNotAsked(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	good := siteAt(t, "http", "a.example", serve(t, r))
	u, err := url.Parse(good.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Site){
		"no server":         func(s *Site) { s.Server = "" },
		"a name":            func(s *Site) { s.Server = "localhost" },
		"any address":       func(s *Site) { s.Server = "0.0.0.0" },
		"an address, port":  func(s *Site) { s.Server += ":80" },
		"another port":      func(s *Site) { s.Port++ },
		"no port known":     func(s *Site) { s.Port = 0 },
		"port 0":            func(s *Site) { s.URL, s.Port = "http://a.example:0/", 0 },
		"no such port":      func(s *Site) { s.URL, s.Port = "http://a.example:99999/", 99999-65536 },
		"another scheme":    func(s *Site) { s.URL = "ftp://a.example:" + u.Port() + "/" },
		"no URL":            func(s *Site) { s.URL = "" },
		"no host":           func(s *Site) { s.URL = "http://:" + u.Port() + "/" },
		"only a name":       func(s *Site) { s.URL = "a.example" },
		"a broken URL":      func(s *Site) { s.URL = "http://a.example:" + u.Port() + "/%zz" },
		"a line in the URL": func(s *Site) { s.URL = "http://a.example:" + u.Port() + "/\r\nX: y" },
		"a host of spaces":  func(s *Site) { s.URL = "http://a%20b:" + u.Port() + "/" },
	} {
		s := good
		change(&s)
		if s == good {
			t.Fatalf("%s changes nothing", name)
		}
		wantStatus(t, name, look(t, s), 0, 0, 0)
	}
	r.byPath(t, 0)
}

// TestDefaultPorts dials 80 and 443 of an address where nobody listens.
func TestDefaultPorts(t *testing.T) {
	t.Parallel()
	for scheme, port := range map[string]string{"http": ":80", "https": ":443"} {
		p, err := newProbe(Site{URL: scheme + "://a.example", Server: "::ffff:127.1.2.3", Port: 8080})
		if err != nil || p.address != "127.1.2.3"+port {
			t.Errorf("%s dials %q, %v", scheme, p.address, err)
		}
	}
	if p, err := newProbe(Site{URL: "http://a.example:443/", Server: "[2001:db8::1]"}); err != nil || p.address != "[2001:db8::1]:443" {
		t.Errorf("dials %q, %v", p.address, err)
	}
}

// TestProxiesOfTheEnvironment is not parallel, for it changes the environment.
func TestProxiesOfTheEnvironment(t *testing.T) {
	proxy := &recorder{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }}
	address := "http://" + serve(t, proxy).String()
	t.Setenv("HTTP_PROXY", address)
	t.Setenv("http_proxy", address)
	wantStatus(t, "answers", look(t, siteAt(t, "http", "a.example", serve(t, &recorder{}))), 200, 200, 200)
	proxy.byPath(t, 0)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	names := map[string]int{}
	r := &recorder{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }}
	server := httptest.NewUnstartedServer(r)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		mu.Lock()
		defer mu.Unlock()
		names[hello.ServerName]++
		return nil, nil
	}}
	server.StartTLS()
	t.Cleanup(server.Close)
	wantStatus(t, "answers", look(t, siteAt(t, "https", "bücher.invalid", server.Listener.Addr())), 503, 503, 503)
	mu.Lock()
	defer mu.Unlock()
	if len(names) != 1 || names["xn--bcher-kva.invalid"] != 3 {
		t.Errorf("the names asked for are %v", names)
	}
	for path, request := range r.byPath(t, 3) {
		if !strings.HasPrefix(request.Host, "xn--bcher-kva.invalid:") || request.ProtoMajor != 1 {
			t.Errorf("%s was asked of %s by %s", path, request.Host, request.Proto)
		}
	}
}

// TestTLSOnThePlainPort gets the complaint of the server.
func TestTLSOnThePlainPort(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(&recorder{})
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	wantStatus(t, "answers", look(t, siteAt(t, "http", "a.example", server.Listener.Addr())), 400, 400, 400)
}

func TestPlainOnTheTLSPort(t *testing.T) {
	t.Parallel()
	wantStatus(t, "answers", look(t, siteAt(t, "https", "a.example", serve(t, &recorder{}))), 0, 0, 0)
}

func TestItEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := &recorder{answer: func(_ http.ResponseWriter, request *http.Request) {
		cancel()
		<-request.Context().Done() // until the client is gone
	}}
	wantStatus(t, "ended", Look(ctx, siteAt(t, "http", "a.example", serve(t, r))), 0, 0, 0)
	wantStatus(t, "ended", Look(ctx, siteAt(t, "http", "a.example", serve(t, r))), 0, 0, 0)
}
