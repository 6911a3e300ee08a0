package api

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestTheClientIsTheNearestHopThatIsNoProxyOfOurs(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("127.0.0.1/32")}
	for name, tc := range map[string]struct {
		peer string
		via  []string // X-Forwarded-For, line by line
		want string
	}{
		"no proxy":                     {"203.0.113.5:40", nil, "203.0.113.5"},
		"a stranger tells tales":       {"203.0.113.5:40", []string{"198.51.100.1"}, "203.0.113.5"},
		"a stranger says loopback":     {"203.0.113.5:40", []string{"127.0.0.1"}, "203.0.113.5"},
		"one proxy":                    {"10.1.1.1:40", []string{"203.0.113.5"}, "203.0.113.5"},
		"what the client put before":   {"10.1.1.1:40", []string{"1.2.3.4, 203.0.113.5"}, "203.0.113.5"},
		"two proxies":                  {"10.1.1.1:40", []string{"1.2.3.4, 203.0.113.5, 10.2.2.2"}, "203.0.113.5"},
		"lines are one list":           {"10.1.1.1:40", []string{"1.2.3.4", "203.0.113.5", "10.2.2.2"}, "203.0.113.5"},
		"a line with nothing":          {"10.1.1.1:40", []string{"203.0.113.5", ""}, "10.1.1.1"},
		"nothing said":                 {"10.1.1.1:40", nil, "10.1.1.1"},
		"proxies all the way":          {"10.1.1.1:40", []string{"10.3.3.3, 10.2.2.2"}, "10.3.3.3"},
		"garbage ends the walk":        {"10.1.1.1:40", []string{`203.0.113.5, unknown, _hidden, "[::1]:99", 999.1.1.1`}, "10.1.1.1"},
		"garbage behind a proxy":       {"10.1.1.1:40", []string{"203.0.113.5, unknown, 10.2.2.2"}, "10.2.2.2"},
		"a port":                       {"10.1.1.1:40", []string{"203.0.113.5:99"}, "10.1.1.1"},
		"IPv6":                         {"[fd00::1]:40", []string{"2001:db8::5"}, "2001:db8::5"},
		"a zone":                       {"[fe80::1%eth0]:40", nil, "fe80::1"},
		"a mapped peer":                {"[::ffff:10.1.1.1]:40", []string{"203.0.113.5"}, "203.0.113.5"},
		"a mapped hop":                 {"10.1.1.1:40", []string{"::ffff:203.0.113.5"}, "203.0.113.5"},
		"a thousand hops":              {"10.1.1.1:40", []string{strings.Repeat("9.9.9.9, ", 1000) + "203.0.113.5"}, "203.0.113.5"},
		"more proxies than are walked": {"10.1.1.1:40", []string{"203.0.113.5" + strings.Repeat(", 10.2.2.2", 1000)}, "10.2.2.2"},
		"no address at all":            {"@", []string{"203.0.113.5"}, "invalid IP"},
	} {
		req := &http.Request{RemoteAddr: tc.peer, Header: http.Header{}}
		for _, line := range tc.via {
			req.Header.Add("X-Forwarded-For", line)
		}
		for _, other := range []string{"X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "Forwarded", "X-Client-IP", "X-Original-Forwarded-For"} {
			req.Header.Set(other, "192.0.2.77")
		}
		if got := clientAddress(req, proxies).String(); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

func TestASubscribersIPv6AddressesAreOne(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true}, {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"::1", "::2", true}, {"203.0.113.5", "203.0.113.6", false}, {"::ffff:203.0.113.5", "203.0.113.5", true},
	} {
		got := networkOf(plainAddress(netip.MustParseAddr(tc.a))) == networkOf(plainAddress(netip.MustParseAddr(tc.b)))
		if got != tc.same {
			t.Errorf("%s and %s: got %v, want %v", tc.a, tc.b, got, tc.same)
		}
	}
}

func TestSpellingsOfAnAccountAreCountedAsOne(t *testing.T) {
	const want = "ada@example.com"
	for _, spelling := range []string{
		"ada@example.com", " ADA@Example.COM\t", "ａｄａ@example.com", "ada＠example.com", "ada+1@example.com", "ADA+x+y@EXAMPLE.com", "ada@exampl\u212f.com",
	} {
		if got := foldAccount(spelling); got != want {
			t.Errorf("%q: got %q, want %q", spelling, got, want)
		}
	}
	for a, b := range map[string]string{"ıda@example.com": "ida@example.com", "İda@example.com": "ida@example.com", "\u212aim@example.com": "kim@example.com"} {
		if foldAccount(a) != foldAccount(b) {
			t.Errorf("%q and %q: got %q and %q, want one", a, b, foldAccount(a), foldAccount(b))
		}
	}
	if foldAccount("ada@example.com") == foldAccount("ada@example.org") || foldAccount("ada@example.com") == foldAccount("ad@example.com") {
		t.Error("different accounts are counted as one")
	}
}
