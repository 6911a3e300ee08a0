package upstream

import (
	"net/http"
	"net/netip"
	"testing"
	"time"
)

func FuzzAWaitIsNeverLongerThanWeAllow(f *testing.F) {
	for _, text := range []string{"", "0", "30", "-5", "99999999999999999999", "1.5", "Wed, 18 Nov 2026 16:05:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(text)
	}
	now := time.Date(2026, 11, 18, 16, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		if wait := retryAfter(http.Header{"Retry-After": {text}}, now); wait < 0 || wait > maxQuiet {
			t.Errorf("%q: got %v", text, wait)
		}
	})
}

func FuzzNoAddressOfThisMachineIsPublic(f *testing.F) {
	for _, text := range []string{"127.0.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:1", "[fe80::1%lo]:80", "8.8.8.8:443", "x", "[64:ff9b::7f00:1]:80", "0.0.0.0:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if checkAddress("tcp", text, nil) != nil {
			return
		}
		addr, err := netip.ParseAddrPort(text)
		plain := addr.Addr().WithZone("").Unmap()
		if err != nil || plain.IsLoopback() || plain.IsPrivate() || plain.IsLinkLocalUnicast() || plain.IsMulticast() || plain.IsUnspecified() {
			t.Errorf("%q passes (%v)", text, err)
		}
	})
}
