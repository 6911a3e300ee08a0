// Package yahoo reads prices from Yahoo Finance, which has no official API: it is for personal use and can be switched off.
package yahoo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// Where Yahoo lives. The cookie host answers 404, and sets the cookie all the same.
const (
	DefaultQueryURL  = "https://query1.finance.yahoo.com"
	DefaultCookieURL = "https://fc.yahoo.com"
	// UserAgent must look like a browser's: the ones of programming languages are turned away.
	UserAgent = "Mozilla/5.0 (compatible; jaspers)"
	// batchSize keeps the address of a request short.
	batchSize = 50
)

// Source answers quotes from Yahoo. It is safe for concurrent use.
type Source struct {
	queryURL string
	client   *upstream.Client
	session  *session
	now      func() time.Time
}

// New makes a source that calls the given addresses through client, which must allow their hosts. Yahoo counts the
// requests of an address together and holds them off for minutes: the client must have SharedLimit set.
func New(queryURL, cookieURL string, client *upstream.Client, now func() time.Time) *Source {
	return &Source{
		queryURL: queryURL, client: client, now: now,
		session: &session{queryURL: queryURL, cookieURL: cookieURL, client: client, turn: make(chan struct{}, 1)},
	}
}

// Name is "yahoo".
func (*Source) Name() string { return "yahoo" }

// Quotes asks for the symbols in batches. What was found before an error is returned with it.
func (s *Source) Quotes(ctx context.Context, symbols []string) (map[string]market.Quote, error) {
	found := map[string]market.Quote{}
	for len(symbols) > 0 {
		n := min(batchSize, len(symbols))
		if err := s.batch(ctx, symbols[:n], found); err != nil {
			return found, err
		}
		symbols = symbols[n:]
	}
	return found, nil
}

// batch asks for some symbols. Yahoo leaves out what it does not know, and may answer in another order and case, so rows
// are found by the symbol they carry.
func (s *Source) batch(ctx context.Context, symbols []string, found map[string]market.Quote) error {
	ours := map[string]string{}
	theirs := make([]string, len(symbols))
	for i, symbol := range symbols {
		theirs[i] = toYahoo(symbol)
		ours[theirs[i]] = symbol
	}
	const path = "/v7/finance/quote"
	answer, err := s.withSession(ctx, path, url.Values{"symbols": {strings.Join(theirs, ",")}}, "GET "+path)
	if err == nil {
		err = answer.Fault("quotes")
	}
	if err != nil {
		return err
	}
	rows, err := readRows(answer)
	now := s.now().UTC()
	for _, row := range rows {
		symbol, asked := ours[strings.ToUpper(string(row.Symbol))]
		if !asked {
			continue
		}
		if quote, ok := row.quote(symbol, s.Name(), now); ok {
			found[symbol] = quote
		}
	}
	return err
}

// readRows reads the rows that can be read. Without an answer in the form of one nothing is said of any symbol, least of
// all that it is unknown: that is an UpstreamFailed.
func readRows(answer *upstream.Answer) ([]quoteRow, error) {
	var body struct {
		QuoteResponse struct {
			Result []json.RawMessage `json:"result"`
			Error  any               `json:"error"`
		} `json:"quoteResponse"`
	}
	if err := answer.JSON(&body); err != nil {
		return nil, err
	}
	var rows []quoteRow
	for _, raw := range body.QuoteResponse.Result {
		row := new(quoteRow)
		if json.Unmarshal(raw, &row) == nil && row != nil {
			rows = append(rows, *row)
		}
	}
	result := body.QuoteResponse.Result
	if result == nil || body.QuoteResponse.Error != nil || len(rows) == 0 && len(result) > 0 {
		return rows, fault.New(fault.UpstreamFailed, "Yahoo's answer holds no quotes; try again later")
	}
	return rows, nil
}

// withSession asks with the session's cookie and crumb; a session that is no longer good is made anew, once.
func (s *Source) withSession(ctx context.Context, path string, query url.Values, endpoint string) (*upstream.Answer, error) {
	for try := range 2 {
		pass, err := s.session.get(ctx)
		if err != nil {
			return nil, err
		}
		query.Set("crumb", pass.crumb)
		answer, err := s.client.Do(ctx, upstream.Request{
			Method: http.MethodGet, URL: s.queryURL + path + "?" + query.Encode(), Endpoint: endpoint,
			Header: http.Header{"Cookie": {pass.cookie}, "Accept": {"application/json"}},
		})
		if err != nil {
			return nil, err
		}
		if answer.Status != http.StatusUnauthorized {
			return answer, nil
		}
		s.session.drop(pass)
		if try == 1 {
			return nil, fault.New(fault.UpstreamDown, "Yahoo does not accept a new session; try again later").WithRetryAfter(time.Minute)
		}
	}
	panic("unreachable")
}

// toYahoo spells a symbol as Yahoo does: classes of shares with a dash.
func toYahoo(symbol string) string {
	if company, class, ok := market.ShareClass(symbol); ok {
		return company + "-" + class
	}
	return symbol
}
