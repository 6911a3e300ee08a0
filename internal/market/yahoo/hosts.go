package yahoo

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// Hosts are where Yahoo lives, each as scheme://host and what its paths begin with.
type Hosts struct {
	// Query are hosts that answer the same. The first is asked, and the next ones where it is down.
	Query []string
	// Cookie answers 404, and sets the cookie all the same.
	Cookie string
	// Pages has pages for people, which set the cookie as well, and the news.
	Pages string
	// Consent are asked only on the way to a page, where it leads there: in Europe.
	Consent []string
}

// DefaultHosts are Yahoo's own.
func DefaultHosts() Hosts {
	return Hosts{
		Query:  []string{"https://query1.finance.yahoo.com", "https://query2.finance.yahoo.com"},
		Cookie: "https://fc.yahoo.com", Pages: "https://finance.yahoo.com",
		Consent: []string{"https://guce.yahoo.com", "https://consent.yahoo.com"},
	}
}

// HostsAt are those of a Yahoo that has everything at one address, as the simulated one has.
func HostsAt(base string) Hosts { return Hosts{Query: []string{base}, Cookie: base, Pages: base} }

// All are the addresses that a client must allow.
func (h Hosts) All() []string {
	return append(append([]string{h.Cookie, h.Pages}, h.Query...), h.Consent...)
}

// own tells whether an address is at one of the hosts.
func (h Hosts) own(u *url.URL) bool {
	for _, base := range h.All() {
		if b, err := url.Parse(base); err == nil && b.Scheme == u.Scheme && b.Host == u.Host && u.User == nil {
			return true
		}
	}
	return false
}

// door sends what is asked to where Yahoo lives.
type door struct {
	hosts  Hosts
	client *upstream.Client
}

// query asks a query host for a path, and the next one where it is down. That the limit is reached or the answer late is
// the same everywhere: nobody else is asked then.
func (d door) query(ctx context.Context, path, endpoint string, header http.Header) (answer *upstream.Answer, err error) {
	for _, host := range d.hosts.Query {
		answer, err = d.client.Do(ctx, upstream.Request{Method: http.MethodGet, URL: host + path, Header: header, Endpoint: endpoint})
		if err == nil && answer.Status < 500 || err != nil && !fault.Is(err, fault.UpstreamDown) {
			break
		}
	}
	return answer, err
}

// accepting are the headers of who wants JSON.
func accepting(cookie string) http.Header {
	header := http.Header{"Accept": {"application/json"}}
	if cookie != "" {
		header.Set("Cookie", cookie)
	}
	return header
}

// openly asks for what needs no session. Where Yahoo wants one all the same, it gets one.
func (s *Source) openly(ctx context.Context, path string, query url.Values, endpoint string) (*upstream.Answer, error) {
	answer, err := s.door.query(ctx, path+"?"+query.Encode(), endpoint, accepting(""))
	if err != nil || answer.Status != http.StatusUnauthorized {
		return answer, err
	}
	let, err := s.withSession(ctx, path, query, endpoint)
	if fault.Is(err, fault.UpstreamDown) { // perhaps without having asked anything: it is this answer that was of no use
		err = answer.Useless(err)
	}
	return let, err
}

// withSession asks with the session's cookie and crumb; a session that is no longer good is made anew, once.
func (s *Source) withSession(ctx context.Context, path string, query url.Values, endpoint string) (*upstream.Answer, error) {
	var refusal *upstream.Answer
	for range 2 {
		pass, err := s.session.get(ctx)
		if err != nil {
			return nil, err
		}
		query.Set("crumb", pass.crumb)
		answer, err := s.door.query(ctx, path+"?"+query.Encode(), endpoint, accepting(pass.cookie))
		if err != nil {
			return nil, err
		}
		if answer.Status != http.StatusUnauthorized {
			return answer, nil
		}
		refusal = answer
		s.session.drop(pass)
	}
	s.session.rest()
	return nil, refusal.Useless(fault.New(fault.UpstreamDown, "Yahoo does not accept a new session; try again later").WithRetryAfter(restTime))
}

// restTime is how long no session is asked for after Yahoo gave none that it takes itself: asking on is what it throttles.
const restTime = time.Minute
