package health

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vpm/core"
)

// doors keeps at which addresses connections came in.
type doors struct {
	net.Listener
	mu   *sync.Mutex
	came *[]string
}

func (d doors) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err == nil {
		d.mu.Lock()
		*d.came = append(*d.came, conn.LocalAddr().String())
		d.mu.Unlock()
	}
	return conn, err
}

// internet is one web server at every address, on the ports 80 and 443, and what leads there.
type internet struct {
	examiner
	names nameServer
	mu    sync.Mutex
	came  []string
}

func (i *internet) open(t *testing.T, answer http.Handler, by issuer) {
	t.Helper()
	i.names.asked = map[string]int{}
	i.resolver = i.names.start(t)
	for _, port := range []string{"80", "443"} {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			t.Fatal(err)
		}
		listener = doors{listener, &i.mu, &i.came}
		if port == "443" {
			listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{by.server()}})
		}
		server := &http.Server{Handler: answer, ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
	}
}

// visited gives where connections came in since it was last called.
func (i *internet) visited() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	came := i.came
	i.came = nil
	slices.Sort(came)
	return came
}

// addresses makes what a name leads to.
func addresses(list ...string) (set []net.IP) {
	for _, one := range list {
		set = append(set, net.ParseIP(one))
	}
	return set
}

// TestOnlyPublicAddressesAreDialled where the address of the web server is not known.
func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	t.Parallel()
	if !inItsOwnInternet(t) {
		return
	}
	i := internet{examiner: quick()}
	i.names.names = map[string][][]net.IP{}
	urls := map[string]string{"http://localhost/": refused, "http://[fe80::1%25lo]/": refused, "http://none.example/": "not reached", "http://8.8.8.8:8080/": "port 8080"}
	for n, address := range notPublic {
		name := fmt.Sprintf("n%d.example", n)
		i.names.names[name] = [][]net.IP{addresses(address)}
		urls["http://"+name], urls["https://"+name] = refused, refused
		if strings.Contains(address, ":") {
			address = "[" + address + "]"
		}
		urls["http://"+address], urls["https://"+address] = refused, refused
	}
	root := issuer{}.issue(t, time.Now().Add(-day), time.Now().Add(90*day), forServers, "a.example")
	i.open(t, &recorder{answer: say200("welcome")}, root)
	for url, word := range urls {
		s := subject(t, Site{URL: url, PHP: "index.php", Static: "a.css"})
		h := i.examine(t.Context(), s)
		wantCheck(t, url, checkOf(t, h, "http"), core.CheckUnknown, word)
		if strings.HasPrefix(url, "https") {
			wantCheck(t, url, checkOf(t, h, "certificate"), core.CheckUnknown, word)
		}
		s.Wanted = core.ObservedStopped
		h = i.examine(t.Context(), s)
		wantCheck(t, url+" closed", checkOf(t, h, "http"), core.CheckUnknown, "The front page")
		if came := i.visited(); len(came) > 0 {
			t.Errorf("%s: %v was dialled", url, came)
		}
	}
}

const refused = "no public address"

// TestNamesThatChange gives names that lead to a public address, and to others of which they speak at the same time
// or later.
func TestNamesThatChange(t *testing.T) {
	t.Parallel()
	if !inItsOwnInternet(t) {
		return
	}
	const public, private, metadata = "93.184.216.34", "127.0.0.1", "169.254.169.254"
	i := internet{examiner: quick()}
	i.names.names = map[string][][]net.IP{
		"rebinds.example":   {addresses(public), addresses(private)},
		"redirects.example": {addresses(public), addresses(metadata)},
		"moves.example":     {addresses(public)}, "www.moves.example": {addresses(metadata)},
		"many.example":   {addresses(private, metadata, "::1", public)},
		"inside.example": {addresses(private, "10.0.0.1", "fd00::1")},
		"six.example":    {addresses("2606:2800:220:1::7")},
		"nat64.example":  {addresses("64:ff9b::5db8:d822")},
		"here.example":   {addresses(public)},
		"there.example":  {addresses(public)},
		"hops.example":   {addresses(public)},
		"flips.example":  {addresses(public), addresses(private)},
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"redirects.example/": "/to", "moves.example/": "http://www.moves.example/", "here.example/": "http://127.0.0.1/",
			"there.example/": "http://169.254.169.254/latest/meta-data/", "hops.example/": "https://hops.example:8443/",
		}[r.Host+r.URL.Path]
		if to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("welcome"))
	}
	root := issuer{}.issue(t, time.Now().Add(-day), time.Now().Add(90*day), forServers, "flips.example")
	i.open(t, http.HandlerFunc(answer), root)
	for _, c := range []struct {
		url    string
		want   core.CheckResult
		word   string
		dialed string
	}{
		{"http://rebinds.example", core.CheckOK, "", public + ":80"},
		{"http://rebinds.example", core.CheckUnknown, refused, ""},
		{"http://redirects.example", core.CheckUnknown, "leads to " + metadata, public + ":80"},
		{"http://moves.example", core.CheckUnknown, "leads to " + metadata, public + ":80"},
		{"http://many.example", core.CheckOK, "", public + ":80"},
		{"http://inside.example", core.CheckUnknown, refused, ""},
		{"http://six.example", core.CheckOK, "", "[2606:2800:220:1::7]:80"},
		{"http://nat64.example", core.CheckOK, "", "[64:ff9b::5db8:d822]:80"},
		{"http://here.example", core.CheckWarning, "not followed", public + ":80"},
		{"http://there.example", core.CheckWarning, "not followed", public + ":80"},
		{"http://hops.example", core.CheckWarning, "not followed", public + ":80"},
		{"http://" + public, core.CheckOK, "", public + ":80"},
	} {
		h := i.examine(t.Context(), subject(t, Site{URL: c.url}))
		wantCheck(t, c.url, checkOf(t, h, "http"), c.want, c.word)
		if came := strings.Join(i.visited(), " "); came != c.dialed {
			t.Errorf("%s: dialled %q, want %q", c.url, came, c.dialed)
		}
	}
	// The page and the certificate are asked for at the same time, and whoever comes second is lied to.
	for range 5 {
		i.names.forget()
		i.examine(t.Context(), subject(t, Site{URL: "https://flips.example"}))
		for _, came := range i.visited() {
			if came != public+":443" {
				t.Errorf("dialled %s", came)
			}
		}
	}
}

// TestFromHTTPToHTTPSAndWWW follows a site to where it sends its visitors, and looks at the certificate there.
func TestFromHTTPToHTTPSAndWWW(t *testing.T) {
	t.Parallel()
	if !inItsOwnInternet(t) {
		return
	}
	const public, own = "93.184.216.34", "127.0.0.9"
	i := internet{examiner: quick()}
	i.names.names = map[string][][]net.IP{"s.example": {addresses(public)}, "www.s.example": {addresses(public)}}
	answer := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.TLS == nil:
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
		case r.Host == "s.example":
			http.Redirect(w, r, "https://www.s.example"+r.URL.Path, http.StatusMovedPermanently)
		default:
			_, _ = w.Write([]byte(r.TLS.ServerName))
		}
	}
	root := issuer{}.issue(t, time.Now().Add(-day), time.Now().Add(9*day), forServers, "s.example", "www.s.example")
	i.roots = root.pool()
	i.open(t, http.HandlerFunc(answer), root)
	for server, address := range map[string]string{"": public, own: own} {
		s := subject(t, Site{URL: "http://s.example/shop", Server: server, Port: 80})
		s.Expect = "www.s.example"
		h := i.examine(t.Context(), s)
		wantCheck(t, server, checkOf(t, h, "http"), core.CheckOK, "https://www.s.example/shop/ answered 200")
		wantCheck(t, server, checkOf(t, h, "certificate"), core.CheckOK, "valid until")
		wantHealthy(t, server, h, "healthy")
		want := strings.ReplaceAll("X:443 X:443 X:443 X:80", "X", address)
		if came := strings.Join(i.visited(), " "); came != want {
			t.Errorf("dialled %q, want %q", came, want)
		}
	}
}
