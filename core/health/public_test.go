package health

import (
	"net/netip"
	"testing"
)

// notPublic are addresses of every kind that must not be asked, as a host in a URL may have them.
var notPublic = []string{
	"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",
	"169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
	"198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::7f00:1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "4000::1", "5f00::1",
	"2001::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1",
	"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::ffff:0:7f00:1",
	"64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::169.254.169.254", "64:ff9b::100.64.0.1", "64:ff9b:1::808:808", "64:ff9b::1:808:808",
}

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range notPublic {
		if isPublic(netip.MustParseAddr(address)) {
			t.Errorf("%s counts as public", address)
		}
	}
	for _, address := range []string{
		"1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1", "169.253.1.1", "172.15.0.1",
		"172.32.0.1", "192.0.1.1", "192.167.1.1", "192.169.1.1", "198.17.1.1", "198.20.1.1", "223.255.255.254",
		"2606:4700:4700::1111", "2a00:1450::1", "2001:200::1", "2001:4860:4860::8888", "2003::1", "3ffe::1",
		"::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
	} {
		if !isPublic(netip.MustParseAddr(address)) {
			t.Errorf("%s does not count as public", address)
		}
	}
	for _, address := range []string{"", "8.8.8.8", "8.8.8.8:", "a.example:80", "[fe80::1%lo]:80", "[2606:4700::1%lo]:80", "[::1]:80"} {
		if refuseUnlessPublic(t.Context(), "tcp", address, nil) == nil {
			t.Errorf("%q may be dialled", address)
		}
	}
	if err := refuseUnlessPublic(t.Context(), "tcp4", "8.8.8.8:80", nil); err != nil {
		t.Error(err)
	}
}
