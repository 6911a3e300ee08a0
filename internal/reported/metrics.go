package reported

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/facts"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/market"
)

const (
	// quick bounds how long somebody who wants metrics waits for those of filings: vendors have some, too.
	quick = 5 * time.Second
	// dollars are what everything that the SEC's list has a symbol for is traded in.
	dollars = "USD"
)

// Metrics are the figures of a symbol that its company's filings give, as package market names them. A symbol of no company
// that files is an UnknownSymbol, and so is a CIK; one that never tagged a figure has none. Figures per share and counts of
// shares are told where the symbol stands for the shares that they are of.
func (s *Service) Metrics(ctx context.Context, symbol string) ([]market.Metric, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	if filings.IsCIK(symbol) {
		return nil, errNoSymbol
	}
	entry, company, err := s.company(ctx, symbol)
	switch {
	case errors.Is(err, filings.ErrNoFacts):
		return nil, nil
	case fault.Is(err, fault.Invalid): // of a currency or an index
		return nil, errNoSymbol
	case err != nil:
		return nil, err
	}
	common, err := s.filings.IsCommon(ctx, company)
	if err != nil {
		return nil, err
	}
	var all []market.Metric
	for _, f := range entry.Value.Figures() {
		if ofShares(f) && (!common || !ofTheSharesTraded(f)) {
			continue
		}
		end := time.Date(f.AsOf.Year, f.AsOf.Month, f.AsOf.Day, 0, 0, 0, 0, time.UTC)
		all = append(all, market.Metric{
			Name: f.Name, Value: f.Value, Unit: f.Unit, Currency: f.Money, Period: f.Period, AsOf: &end, Source: filings.Name, Filing: f.Filing,
		})
	}
	return all, nil
}

var errNoSymbol error = fault.New(fault.UnknownSymbol, "no company has this symbol")

func ofShares(f facts.Figure) bool { return f.Unit == market.AmountPerShare || f.Unit == market.Shares }

// ofTheSharesTraded is false for those who report on form 20-F: what is traded in New York of most of them are receipts,
// each for several of the shares that their figures are of, and nothing that they tag says for how many. It is false, too,
// for what is per share in another currency than the price.
func ofTheSharesTraded(f facts.Figure) bool {
	return !strings.HasPrefix(f.Form, "20-F") && (f.Unit == market.Shares || f.Money == dollars)
}
