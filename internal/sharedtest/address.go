package sharedtest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ports that Address gives lie below those that systems take for connections that go out, one of which could otherwise
// have it before a server listens there, or while it is down.
const (
	firstPort = 10_000
	lastPort  = 30_000
)

// Address is one of this machine, host:port, on which nobody listens: for a server that is started elsewhere, or more than
// once in the same place.
func Address(t testing.TB) string {
	t.Helper()
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort) // #nosec G404 -- nothing depends on it
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("found no port to listen on")
	return ""
}
