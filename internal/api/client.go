package api

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/limit"
)

// maxHops is how far back a request's way through proxies is followed.
const maxHops = 1000

// clientAddress tells who sent a request: the peer of the connection or, where that is a proxy of ours, the nearest hop
// that is not. X-Forwarded-For is read from the right, as proxies append to it; what stands left of the first stranger is
// the stranger's own tale. No other header is believed. What is no address ends the walk at the last proxy.
func clientAddress(req *http.Request, proxies []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := plainAddress(peer.Addr())
	way := strings.Join(req.Header.Values("X-Forwarded-For"), ",")
	for range maxHops {
		if way == "" || !isProxy(client, proxies) {
			break
		}
		hop := way
		if comma := strings.LastIndexByte(way, ','); comma >= 0 {
			way, hop = way[:comma], way[comma+1:]
		} else {
			way = ""
		}
		addr, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		client = plainAddress(addr)
	}
	return client
}

// plainAddress gives an address its one form: an IPv4 address that is written as IPv6 is IPv4, and zones say nothing here.
func plainAddress(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func isProxy(a netip.Addr, proxies []netip.Prefix) bool {
	for _, p := range proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// networkOf is whom an address is counted as: with IPv6 the /64, all of which one subscriber has.
func networkOf(a netip.Addr) string {
	if !a.Is6() {
		return a.String()
	}
	network, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return network.String()
}

// visit is what becomes known of a request while it is answered: to its limits, and to what is recorded of it at its end.
type visit struct {
	network string
	caller  *auth.Identity  // who is signed in; nil where nobody is
	route   string          // the pattern of its path; empty where there is no such route
	failure fault.Kind      // of the error it was answered with
	header  http.Header     // of the answer
	counts  []limit.Result  // what was counted so far, one of each policy
	unsure  bool            // what was asked may have been done, though the answer is an error
	bound   context.Context // in which it is answered: ends when it is given up; nil where it never is
}

type visitKey struct{}

// withVisit notes where a request comes from: for the limits, and for everything that is recorded under it.
func (r *router) withVisit(w http.ResponseWriter, req *http.Request) (ctx context.Context, client string) {
	address := clientAddress(req, r.TrustedProxies)
	if address.IsValid() {
		client = address.String()
	}
	ctx = audit.WithOrigin(req.Context(), audit.Origin{Address: client, UserAgent: req.UserAgent()})
	return context.WithValue(ctx, visitKey{}, &visit{network: networkOf(address), header: w.Header()}), client
}

// who is "user ID" or "key ID" of who is signed in, and empty where nobody is.
func (v *visit) who() string {
	if v.caller == nil {
		return ""
	}
	return v.caller.String()
}

// within is a context in which it is known who is asking, also where ctx is from before that was.
func (v *visit) within(ctx context.Context) context.Context {
	if v.caller == nil {
		return ctx
	}
	return withCaller(ctx, *v.caller)
}

func visitOf(ctx context.Context) *visit {
	return ctx.Value(visitKey{}).(*visit)
}
