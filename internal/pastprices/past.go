package pastprices

import (
	"context"
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Past is the past of an instrument's price as users see it, the oldest day first. Prices are in Currency, per share as
// shares are now: those before a split are adjusted for it.
type Past struct {
	Symbol    string         `json:"symbol"`
	Currency  string         `json:"currency" doc:"ISO 4217."`
	Interval  string         `json:"interval" enum:"1d"`
	Adjusted  bool           `json:"adjusted" doc:"Whether closes are adjusted for dividends, too."`
	Bars      []PastBar      `json:"bars" doc:"Days that are over, without those on which it did not trade."`
	Splits    []PastSplit    `json:"splits"`
	Dividends []PastDividend `json:"dividends"`
	Source    string         `json:"source"`
	AsOf      time.Time      `json:"asOf" doc:"When the source was asked last."`
	Stale     bool           `json:"stale" doc:"Newer or earlier days could not be had."`
}

// PastBar is one day.
type PastBar struct {
	Day   calendar.Day    `json:"day" example:"2026-11-20" doc:"Where it trades."`
	Close decimal.Decimal `json:"close"`
}

// PastSplit made To shares of From before the market opened.
type PastSplit struct {
	Day  calendar.Day    `json:"day" example:"2026-11-20"`
	From decimal.Decimal `json:"from"`
	To   decimal.Decimal `json:"to"`
}

// PastDividend is per share as shares are now.
type PastDividend struct {
	Day    calendar.Day    `json:"day" example:"2026-11-20" doc:"From when on the share is traded without it."`
	Amount decimal.Decimal `json:"amount"`
}

// History is the past of one symbol from the first to the last day, closes adjusted for dividends where that is asked for
// and the source knows. What cannot be a symbol is an Invalid of path.symbol, one without a past an UnknownSymbol; where
// nothing is known and the source cannot be asked, it is the source's error.
func (s *Service) History(ctx context.Context, symbol string, first, last calendar.Day, adjusted bool) (Past, []string, error) {
	normal, err := market.NormalizeSymbol(symbol)
	if err != nil {
		return Past{}, nil, fault.InvalidField("path.symbol", market.SymbolRule)
	}
	all, err := s.histories(ctx, []string{normal}, first.Number())
	if err != nil {
		return Past{}, nil, err
	}
	h := all[normal]
	if !h.known() {
		return Past{}, nil, h.nothing()
	}
	var warnings []string
	warning := h.warning(first.Number(), s.now())
	if warning != "" {
		warnings = append(warnings, warning)
	}
	if adjusted && h.Total == nil {
		adjusted = false
		warnings = append(warnings, "The source does not tell the prices of "+normal+" adjusted for dividends.")
	}
	past := h.past(first, last, adjusted)
	past.Stale = warning != ""
	return past, warnings, nil
}

// nothing is why there is no history.
func (s *series) nothing() error {
	switch {
	case s.failure == nil:
		return fault.New(fault.UnknownSymbol, "no source has past prices of this symbol; look for its spelling with its exchange, such as VOD.L")
	case errors.Is(s.failure, errUnderWay):
		return fault.New(fault.UpstreamTimeout, "the past prices are being fetched; ask again in a moment")
	}
	return s.failure
}

func (s *series) past(first, last calendar.Day, adjusted bool) Past {
	p := Past{
		Symbol: s.symbol, Currency: s.currency, Interval: "1d", Adjusted: adjusted, Source: s.source, AsOf: s.fetchedAt.UTC(),
		Bars: []PastBar{}, Splits: []PastSplit{}, Dividends: []PastDividend{},
	}
	part := s.From(first.Number())
	prices := part.Close
	if adjusted {
		prices = part.Total
	}
	for i, day := range part.Days {
		if day > last.Number() {
			break
		}
		p.Bars = append(p.Bars, PastBar{calendar.DayNumbered(day), decimal.NewFromFloat(prices[i])})
	}
	for _, split := range s.splits {
		if !split.Day.Before(first) && !last.Before(split.Day) {
			p.Splits = append(p.Splits, PastSplit(split))
		}
	}
	for _, d := range s.dividends {
		if !d.Day.Before(first) && !last.Before(d.Day) {
			p.Dividends = append(p.Dividends, PastDividend(d))
		}
	}
	return p
}
