package health

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
)

// notPublicError is an address that a public client does not dial.
type notPublicError struct{ address string }

func (e notPublicError) Error() string {
	return fmt.Sprintf("the name of the site leads to %s, which is no public address", e.address)
}

// refuseUnlessPublic is called with the very address that is about to be dialled, so what DNS says at another time,
// or of which others it speaks, plays no part.
func refuseUnlessPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(to.Addr()) {
		return notPublicError{address}
	}
	return nil
}

// isPublic tells whether an address belongs to the public Internet by the registries of special addresses
// (RFC 6890 and the IANA tables that continue it). An IPv4 address within one of IPv6 counts as what it is.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if nat64 := netip.MustParsePrefix("64:ff9b::/96"); nat64.Contains(a) { // RFC 6052
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsValid() || a.Zone() != "" || a.Is6() && !netip.MustParsePrefix("2000::/3").Contains(a) {
		return false
	}
	for _, prefix := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
		"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4",
		// Of 2000::/3: protocol assignments with Teredo, documentation, and 6to4, which holds any IPv4 address.
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	} {
		if netip.MustParsePrefix(prefix).Contains(a) {
			return false
		}
	}
	return true
}
