package health

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// client asks a site for pages. Where its connections lead is its own decision, not that of a URL.
type client struct {
	Site
	public   bool          // the address of the server is not known: dials the public ones that DNS gives for the host
	resolver *net.Resolver // for a public client; nil: the system's
	limit    time.Duration // for a connection, from its beginning to its end
}

var errURL = errors.New("the URL of the site is none that can be asked")

// address checks that u may be asked and gives the IP address and port to dial, "" for a public client.
func (c client) address(u *url.URL) (string, error) {
	if u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errURL
	}
	// SERVER_ADDR is an IPv4 address in IPv6 clothes where Apache listens to both with one socket.
	server, err := netip.ParseAddr(strings.Trim(c.Server, "[]"))
	server = server.Unmap()
	if !c.public && (err != nil || server.IsUnspecified()) {
		return "", errors.New("the address of the web server is not known")
	}
	port, err := portOf(u)
	if err != nil || port <= 0 || port != 80 && port != 443 && port != c.Port {
		return "", fmt.Errorf("port %s is neither 80, 443 nor the one this request came in on", u.Port())
	}
	if c.public {
		return "", nil
	}
	return net.JoinHostPort(server.String(), strconv.Itoa(port)), nil
}

func portOf(u *url.URL) (int, error) {
	switch {
	case u.Port() != "":
		return strconv.Atoi(u.Port())
	case u.Scheme == "https":
		return 443, nil
	}
	return 80, nil
}

// dial connects to the address, or as a public client to host, which is "name:port".
func (c client) dial(ctx context.Context, address, host string) (net.Conn, error) {
	var dialer net.Dialer
	if c.public {
		dialer.Resolver, dialer.ControlContext = c.resolver, refuseUnlessPublic
		address = host
	}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	// Holds for what the context no longer reaches, as a connection that changed its protocol.
	if err := conn.SetDeadline(time.Now().Add(c.limit)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// transport makes connections for requests to one address, and calls connected after each; the zero values keep
// proxies, HTTP/2 and, unless the client is public, DNS out of it.
func (c client) transport(address string, connected func()) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, host string) (net.Conn, error) {
			conn, err := c.dial(ctx, address, host)
			if err == nil {
				connected()
			}
			return conn, err
		},
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true}, // the question is what the site answers
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: bodyLimit,
	}
}

// asciiHost is the host of u as certificates and redirects have it: "bücher.example" is "xn--bcher-kva.example".
// Only net/http can tell, by what it sends.
func asciiHost(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if strings.IndexFunc(host, func(c rune) bool { return c > 127 }) < 0 {
		return host
	}
	var wire bytes.Buffer
	request := http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: host, Path: "/"}}
	if request.Write(&wire) != nil {
		return host
	}
	sent, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return host
	}
	return sent.Host
}
