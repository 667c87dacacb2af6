package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// client is who sent a request.
type client struct {
	address string
	https   bool
}

// client finds the sender: the peer of the connection or, where that is a trusted proxy, the last address in
// X-Forwarded-For that is not one. Everything left of it is the client's own word.
func (a *API) client(r *http.Request) client {
	c := client{address: peer(r), https: r.TLS != nil}
	if !a.trusts(c.address) {
		return c
	}
	c.https = c.https || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		ip, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		c.address = ip.Unmap().String()
		if !a.trusts(c.address) {
			break
		}
	}
	return c
}

func (a *API) trusts(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, n := range a.TrustedProxies {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// peer is the address of the connection without its port; RemoteAddr has none where REMOTE_PORT is missing.
func peer(r *http.Request) string {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap().String()
	}
	if ip, err := netip.ParseAddr(strings.Trim(r.RemoteAddr, "[]")); err == nil {
		return ip.Unmap().String()
	}
	return ""
}

// cookieName is the session cookie's. Under HTTPS its prefix keeps sibling domains and plain HTTP from
// setting it (RFC 6265bis, section 4.1.3.2).
func cookieName(https bool) string {
	if https {
		return "__Host-vpm_session"
	}
	return "vpm_session"
}

func sessionCookie(value string, https bool, ttl time.Duration) *http.Cookie {
	c := &http.Cookie{Name: cookieName(https), Value: value, Path: "/", HttpOnly: true, Secure: https,
		SameSite: http.SameSiteStrictMode, MaxAge: int(ttl / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// presentedToken is the token of a request, by whichever way it came through: Authorization, which many hosts
// drop, X-Auth-Token, or our cookie. Another scheme in Authorization is the web server's own password.
func presentedToken(r *http.Request, https bool) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if token := strings.TrimSpace(r.Header.Get("X-Auth-Token")); token != "" {
		return token
	}
	return sessionOf(r.CookiesNamed(cookieName(https)))
}

// sessionOf is the token in the session cookies of a request. Of two that differ one is not ours: pages of a sibling domain
// can put it there, and which comes first is theirs to choose. Then nobody is logged in.
func sessionOf(cookies []*http.Cookie) (token string) {
	for i, c := range cookies {
		if i > 0 && c.Value != token {
			return ""
		}
		token = c.Value
	}
	return token
}
