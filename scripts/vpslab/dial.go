package vpslab

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Dial connects to a server in the VPS: over TCP or UDP from its loopback, where every host name means 127.0.0.1, or to
// a unix socket at a path of the VPS.
func (v *VPS) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if host, port, split := net.SplitHostPort(address); split == nil {
		// A name would be resolved, and tried over IPv6 beside IPv4, on other threads and so in our own network.
		if _, err := netip.ParseAddr(host); err != nil {
			address = net.JoinHostPort("127.0.0.1", port)
		}
	}
	err = v.enter(func() error {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// HTTPClient returns a client whose connections are made inside the VPS, to its port 80 for http://any.name/. It follows
// no redirect and gives up after a minute. No connection is kept: a web server that reloads closes those, and a POST that
// is on its way then would fail.
func (v *VPS) HTTPClient() *http.Client {
	return &http.Client{
		Transport:     v.transport,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (v *VPS) newTransport() *http.Transport {
	return &http.Transport{DialContext: v.Dial, DisableKeepAlives: true}
}
