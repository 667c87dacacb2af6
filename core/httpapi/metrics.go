package httpapi

import (
	"net/netip"

	"vpm/core"
)

// metrics is for a monitoring system.
func (a *API) metrics(*call) (any, error) {
	if a.Metrics == nil {
		return nil, core.Errorf(core.CodeNotFound, "cannot give metrics: only a server (vpm serve) measures, and vpm.cgi answers here")
	}
	return a.Metrics, nil
}

// forwarded are the headers by which a proxy tells of another client. Whoever sends one only loses by it.
var forwarded = []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server",
	"True-Client-Ip", "Cf-Connecting-Ip"}

// onThisMachine tells whether the client is a program on this machine. The web server says who its peer is; where that is
// a proxy on this machine, it has to be a trusted one, which says the same of its client.
func (c *call) onThisMachine(a *API) bool {
	from := peer(c.Request)
	if !isLoopback(from) || !isLoopback(c.client.address) {
		return false
	}
	if a.trusts(from) {
		return true
	}
	for _, name := range forwarded {
		if c.Header.Get(name) != "" {
			return false
		}
	}
	return true
}

func isLoopback(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && ip.IsLoopback()
}
