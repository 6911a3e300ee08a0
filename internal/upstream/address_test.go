package upstream

import (
	"net/netip"
	"testing"
)

func TestAddressesOfOurNetworkAreKnownInEveryDisguise(t *testing.T) {
	for _, text := range []string{
		"127.0.0.1", "10.1.2.3", "169.254.169.254", "192.88.99.1", "::1", "::", "::127.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0",
		"64:ff9b::7f00:1%lo", "2002:7f00:1::%lo", "3fff::1", "fd00::1",
	} {
		if isPublic(netip.MustParseAddr(text)) {
			t.Errorf("%s passes for public", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "192.88.98.1", "2606:4700::1111", "::ffff:1.1.1.1"} {
		if !isPublic(netip.MustParseAddr(text)) {
			t.Errorf("%s does not pass for public", text)
		}
	}
}
