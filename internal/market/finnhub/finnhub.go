// Package finnhub reads prices, companies, earnings and news from Finnhub, with a key of the operator's.
package finnhub

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// DefaultURL is where Finnhub lives.
const DefaultURL = "https://finnhub.io/api/v1"

// What Finnhub lets a key ask on the free plan, and any key.
const (
	PerMinute = 60
	PerSecond = 30
)

// Source answers from Finnhub. Prices are those of New York: of other exchanges the free plan has none, and no answer
// tells a price's currency. It is safe for concurrent use.
type Source struct {
	base   string
	key    string
	client *upstream.Client
	now    func() time.Time
}

// New makes a source that calls the given address with a key through client, which must allow its host. Finnhub counts
// the requests of a key together: the client must have SharedLimit set.
func New(base, key string, client *upstream.Client, now func() time.Time) *Source {
	return &Source{base: base, key: key, client: client, now: now}
}

// Name is "finnhub".
func (*Source) Name() string { return "finnhub" }

// get asks for what ("quotes"). The key goes into a header, since addresses end up in logs. Statuses with a meaning of
// Finnhub's own become faults here: a key that is refused, what the plan does not include, and what is no question to Finnhub.
func (s *Source) get(ctx context.Context, path string, query url.Values, what string) (*upstream.Answer, error) {
	answer, err := s.client.Do(ctx, upstream.Request{
		Method: http.MethodGet, URL: s.base + path + "?" + query.Encode(), Endpoint: "GET " + path,
		Header: http.Header{"X-Finnhub-Token": {s.key}, "Accept": {"application/json"}},
	})
	if err != nil {
		return nil, err
	}
	switch answer.Status {
	case http.StatusUnauthorized:
		return nil, fault.New(fault.UpstreamFailed, "Finnhub does not take the key that the server has; its operator can set a valid one as JASPERS_FINNHUB_API_KEY")
	case http.StatusForbidden:
		return nil, fault.New(fault.NotOffered, "the plan of the server's Finnhub key does not include %s of this symbol", what)
	case http.StatusUnprocessableEntity:
		return nil, fault.New(fault.NotOffered, "Finnhub takes no such question for %s", what)
	}
	return answer, answer.Fault(what)
}

// Probe asks the least that shows whether Finnhub answers: for one quote.
func (s *Source) Probe(ctx context.Context) error {
	_, _, err := s.quote(ctx, "AAPL")
	return err
}

// noAnswer is the error of an answer that has not the form of one.
func noAnswer(answer *upstream.Answer, cause error, what string) error {
	return answer.Useless(fault.Wrap(fault.UpstreamFailed, cause, "Finnhub's answer holds no %s; try again later", what))
}

var (
	// listed matches symbols of New York: AAPL, BRK.B, and MKC-V, whose class could be taken for an exchange.
	listed = regexp.MustCompile(`^([A-Z]{1,12})(?:\.([A-Z])|-([FLTV]))?$`)
	// foreign matches those of other exchanges: VOD.L, 7203.T, 0700.HK.
	foreign = regexp.MustCompile(`^[A-Z0-9-]{1,12}\.[A-Z]{1,3}$`)
)

// toListed spells a symbol of New York as Finnhub does: classes of shares with a dot. It is false for all others.
func toListed(symbol string) (string, bool) {
	parts := listed.FindStringSubmatch(symbol)
	if parts == nil || market.IsAbroad(symbol) {
		return "", false
	}
	if class := parts[2] + parts[3]; class != "" {
		return parts[1] + "." + class, true
	}
	return parts[1], true
}

// toFinnhub spells a symbol of any exchange as Finnhub does. Of currencies, crypto, indices and futures it has what is
// asked here on no plan, or under other names: these are a NotOffered.
func toFinnhub(symbol string) (string, error) {
	if theirs, ok := toListed(symbol); ok {
		return theirs, nil
	}
	if market.IsAbroad(symbol) && foreign.MatchString(symbol) {
		return symbol, nil
	}
	return "", fault.New(fault.NotOffered, "Finnhub has shares only, by symbols such as AAPL, BRK.B or VOD.L")
}

// fromFinnhub is our spelling of a symbol; false for what cannot be one.
func fromFinnhub(symbol string) (string, bool) {
	ours, err := market.NormalizeSymbol(symbol)
	return ours, err == nil
}
