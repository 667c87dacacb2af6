// Package health finds out how a site answers, by asking for it as a visitor would.
package health

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

const (
	timeLimit = 2 * time.Second // for everything that one Look does
	bodyLimit = 64 << 10        // bytes read of a page, and of its header
	textLimit = 200             // bytes kept of what a server says of itself or of an error
)

// What a Sighting is of.
const (
	frontPage  = "front page"
	phpFile    = "PHP file"
	staticFile = "static file"
)

// Site is what a probe asks for. The paths of the two files may be complete, or relative to that of the URL;
// they are not percent-encoded.
type Site struct {
	URL    string // of the site, as core.Instance.URL gives it
	Server string // the address of the web server as it told this request (SERVER_ADDR); "" not known
	Port   int    // the port this request came in on (SERVER_PORT)
	PHP    string // URL path of a .php file below the site, "" none is known
	Static string // URL path of a static file below the site, "" none is known
}

// Sighting is what one request saw.
type Sighting struct {
	What   string // "front page", "PHP file", "static file"
	Path   string // URL path that was asked for, without the random query
	Status int    // 0: no answer
	Server string // Server header
	Err    string // why there was no answer
}

// Look asks for the front page with a random query, the PHP file and the static file, side by side, within
// 2 seconds in all. The site's own server address is dialled, whatever DNS says of the host, so neither a CDN
// nor a URL that points elsewhere plays a part. Redirects are not followed and certificates not verified.
func Look(ctx context.Context, s Site) []Sighting {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	return client{Site: s, limit: timeLimit}.look(ctx)
}

func (c client) look(ctx context.Context) []Sighting {
	sightings := []Sighting{{What: frontPage}}
	if c.PHP != "" {
		sightings = append(sightings, Sighting{What: phpFile, Path: c.PHP})
	}
	if c.Static != "" {
		sightings = append(sightings, Sighting{What: staticFile, Path: c.Static})
	}
	p, err := c.probe()
	if err != nil {
		for i := range sightings {
			sightings[i].Err = clip(err.Error())
		}
		return sightings
	}
	sightings[0].Path = p.front.Path
	for i := range sightings[1:] {
		sightings[1+i].Path = below(p.front.Path, sightings[1+i].Path)
	}

	transport := c.transport(p.address, func() {})
	defer transport.CloseIdleConnections()
	var asking sync.WaitGroup
	for i := range sightings {
		asking.Go(func() { p.ask(ctx, transport, &sightings[i]) })
	}
	asking.Wait()
	return sightings
}

// probe is a Site that may be asked.
type probe struct {
	front   url.URL // the front page
	address string  // IP address and port to dial, "" for a public client
}

func newProbe(s Site) (probe, error) { return client{Site: s}.probe() }

func (c client) probe() (probe, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return probe{}, errURL
	}
	address, err := c.address(u)
	if err != nil {
		return probe{}, err
	}
	if ext := path.Ext(u.Path); !strings.HasSuffix(u.Path, "/") && ext != ".php" && ext != ".html" {
		// Apache redirects a directory without the slash, gate or not.
		u = u.JoinPath("/")
	}
	return probe{*u, address}, nil
}

// below is the URL path of a file of the site whose front page has the given path.
func below(front, file string) string {
	dir := front[:strings.LastIndexByte(front, '/')+1]
	if strings.HasPrefix(file, dir) {
		return file
	}
	return dir + strings.TrimLeft(file, "/")
}

// ask fills in what one request sees.
func (p probe) ask(ctx context.Context, transport *http.Transport, s *Sighting) {
	u := p.front
	if s.What == frontPage { // past any cache
		query := u.Query()
		query.Set("vpm-probe", rand.Text())
		u.RawQuery = query.Encode()
	} else {
		u.Path, u.RawPath, u.RawQuery = s.Path, "", ""
	}
	request, err := newRequest(ctx, &u)
	if err != nil {
		s.Err = clip(err.Error())
		return
	}
	request.Header.Set("Cache-Control", "no-cache")
	response, err := transport.RoundTrip(request)
	if err != nil {
		s.Err = explain(err)
		return
	}
	// The status is the answer, however the body ends. It is read so that the page may finish.
	_, _ = io.CopyN(io.Discard, response.Body, bodyLimit)
	_ = response.Body.Close()
	s.Status, s.Server = response.StatusCode, clip(response.Header.Get("Server"))
}

func newRequest(ctx context.Context, u *url.URL) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "vpm-probe")
	request.Header.Set("Accept", "*/*") // firewalls suspect a client without it
	return request, nil
}

func explain(err error) string {
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return "no answer in time"
	}
	return clip(err.Error())
}

// clip keeps a text from elsewhere short and valid.
func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), textLimit)], "")
}
