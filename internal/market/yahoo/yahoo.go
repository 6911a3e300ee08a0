// Package yahoo reads prices, companies and news from Yahoo Finance, which has no official API: it is for personal use and can be switched off.
package yahoo

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

const (
	// UserAgent must look like a browser's: the ones of programming languages are turned away.
	UserAgent = "Mozilla/5.0 (compatible; jaspers)"
	// batchSize keeps the address of a request short.
	batchSize = 50
)

// Source answers quotes, past prices and what is known of companies from Yahoo. It is safe for concurrent use.
type Source struct {
	door    door
	session *session
	now     func() time.Time
}

// New makes a source that calls the hosts through client, which must allow them all. Yahoo counts the requests of an
// address together and holds them off for minutes: the client must have SharedLimit set.
func New(hosts Hosts, client *upstream.Client, now func() time.Time) *Source {
	d := door{hosts: hosts, client: client}
	return &Source{door: d, session: &session{door: d, now: now, turn: make(chan struct{}, 1)}, now: now}
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
		if json.Unmarshal(raw, &row) == nil && row != nil && row.Symbol != "" {
			rows = append(rows, *row)
		}
	}
	result := body.QuoteResponse.Result
	if result == nil || body.QuoteResponse.Error != nil || len(rows) == 0 && len(result) > 0 {
		return rows, answer.Useless(fault.New(fault.UpstreamFailed, "Yahoo's answer holds no quotes; try again later"))
	}
	if len(rows) < len(result) {
		_ = answer.Useless(nil) // in part; what can be read is good
	}
	return rows, nil
}

// toYahoo spells a symbol as Yahoo does: classes of shares with a dash.
func toYahoo(symbol string) string {
	if company, class, ok := market.ShareClass(symbol); ok {
		return company + "-" + class
	}
	return symbol
}

// fromYahoo spells a symbol of Yahoo's as we do; false where that would not lead back to it.
func fromYahoo(symbol string) (string, bool) {
	ours, err := market.NormalizeSymbol(symbol)
	return ours, err == nil && toYahoo(ours) == strings.ToUpper(symbol)
}
