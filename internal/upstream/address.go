package upstream

import (
	"fmt"
	"net/netip"
	"syscall"
)

// special are blocks that netip's own predicates leave out and that never lead to a company's public service.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays, deprecated
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("::/96"),           // an IPv4 address in disguise, deprecated
	netip.MustParsePrefix("64:ff9b::/96"),    // NAT64: an IPv4 address in disguise
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),      // discard
	netip.MustParsePrefix("2001::/23"),     // Teredo and other protocol assignments
	netip.MustParsePrefix("2001:db8::/32"), // documentation
	netip.MustParsePrefix("2002::/16"),     // 6to4: an IPv4 address in disguise
	netip.MustParsePrefix("3fff::/20"),     // documentation
	netip.MustParsePrefix("fec0::/10"),     // site-local, deprecated
}

// isPublic tells whether an address lies on the open internet.
func isPublic(addr netip.Addr) bool {
	addr = addr.WithZone("").Unmap() // no block contains an address with a zone
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, block := range special {
		if block.Contains(addr) {
			return false
		}
	}
	return true
}

// checkAddress runs after a name was resolved and before the connection is made, for each address that is tried: what a
// name points at is only known here.
func checkAddress(_, address string, _ syscall.RawConn) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("the address dialled cannot be read: %w", err)
	}
	if !isPublic(parsed.Addr()) {
		return errPrivateAddress
	}
	return nil
}
