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

// Past is the past of an instrument's price as users see it, the oldest bar first. Prices are in Currency.
type Past struct {
	Symbol     string         `json:"symbol"`
	Currency   string         `json:"currency" doc:"ISO 4217."`
	Interval   string         `json:"interval" enum:"1m,5m,15m,30m,1h,1d,1wk,1mo"`
	Adjustment Adjustment     `json:"adjustment" enum:"none,split,total" doc:"What prices are adjusted for: none, as they were traded; split, per share as shares are now; total, for dividends, too."`
	Adjusted   bool           `json:"adjusted" doc:"Whether adjustment is total."`
	Bars       []PastBar      `json:"bars" doc:"Of days and longer those that are over, without those on which it did not trade."`
	Splits     []PastSplit    `json:"splits" doc:"Of the days; none where bars are within days."`
	Dividends  []PastDividend `json:"dividends" doc:"Of the days; none where bars are within days."`
	Source     string         `json:"source"`
	AsOf       time.Time      `json:"asOf" doc:"When the source was asked last."`
	Stale      bool           `json:"stale" doc:"Newer or earlier bars could not be had."`
}

// PastBar is a bar. Of days and longer closes are all that is kept.
type PastBar struct {
	Day     calendar.Day     `json:"day" example:"2026-11-20" doc:"Where it trades; of a week or month its first day of trading, of a bar within days the day in New York."`
	LastDay calendar.Day     `json:"lastDay" example:"2026-11-20" doc:"That of the close: of a week or month its last day of trading, or the last one asked for."`
	Start   *time.Time       `json:"start" doc:"When a bar within days begins; null for others."`
	Open    *decimal.Decimal `json:"open" doc:"Null where only closes are known: for days and longer."`
	High    *decimal.Decimal `json:"high" doc:"As open."`
	Low     *decimal.Decimal `json:"low" doc:"As open."`
	Close   decimal.Decimal  `json:"close"`
	Volume  *int64           `json:"volume" doc:"As open."`
}

// PastSplit made To shares of From before the market opened.
type PastSplit struct {
	Day  calendar.Day    `json:"day" example:"2026-11-20"`
	From decimal.Decimal `json:"from"`
	To   decimal.Decimal `json:"to"`
}

// PastDividend is per share as shares are now or, where prices are not adjusted, as they were.
type PastDividend struct {
	Day    calendar.Day    `json:"day" example:"2026-11-20" doc:"From when on the share is traded without it."`
	Amount decimal.Decimal `json:"amount"`
}

// Adjustment is what past prices are adjusted for.
type Adjustment string

// The adjustments.
const (
	AsTraded  Adjustment = "none"
	ForSplits Adjustment = "split"
	ForTotal  Adjustment = "total" // splits and dividends: what counts for total return
)

// Query says which past is wanted, of the days from First to Last. Interval is 1d, 1wk or 1mo; weeks and months are whole,
// so that the first may begin before First.
type Query struct {
	Symbol      string
	First, Last calendar.Day
	Interval    string
	Adjustment  Adjustment
}

// History is the past of one symbol, adjusted for dividends where that is asked for and the source knows. What cannot be a
// symbol is an Invalid of path.symbol, one without a past an UnknownSymbol; where nothing is known and the source cannot be
// asked, it is the source's error.
func (s *Service) History(ctx context.Context, q Query) (Past, []string, error) {
	normal, err := market.NormalizeSymbol(q.Symbol)
	if err != nil {
		return Past{}, nil, fault.InvalidField("path.symbol", market.SymbolRule)
	}
	q.First = firstOf(q.Interval, q.First)
	all, err := s.histories(ctx, []string{normal}, q.First.Number())
	if err != nil {
		return Past{}, nil, err
	}
	h := all[normal]
	if !h.known() {
		return Past{}, nil, h.nothing()
	}
	var warnings []string
	warning := h.warning(q.First.Number(), s.now())
	if warning != "" {
		warnings = append(warnings, warning)
	}
	if q.Adjustment == ForTotal && h.Total == nil {
		q.Adjustment = ForSplits
		warnings = append(warnings, "The source does not tell the prices of "+normal+" adjusted for dividends.")
	}
	past := h.past(q)
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

func (s *series) past(q Query) Past {
	p := Past{
		Symbol: s.symbol, Currency: s.currency, Interval: q.Interval, Adjustment: q.Adjustment, Adjusted: q.Adjustment == ForTotal,
		Source: s.source, AsOf: s.fetchedAt.UTC(), Bars: []PastBar{}, Splits: []PastSplit{}, Dividends: []PastDividend{},
	}
	part := s.From(q.First.Number())
	prices := part.Close
	if q.Adjustment == ForTotal {
		prices = part.Total
	}
	for i, number := range part.Days {
		if number > q.Last.Number() {
			break
		}
		day, price := calendar.DayNumbered(number), decimal.NewFromFloat(prices[i])
		if q.Adjustment == AsTraded {
			price = s.asTraded(price, day)
		}
		n := len(p.Bars)
		if n > 0 && firstOf(q.Interval, p.Bars[n-1].Day) == firstOf(q.Interval, day) {
			p.Bars[n-1].LastDay, p.Bars[n-1].Close = day, price
			continue
		}
		p.Bars = append(p.Bars, PastBar{Day: day, LastDay: day, Close: price})
	}
	within := func(day calendar.Day) bool { return !day.Before(q.First) && !q.Last.Before(day) }
	for _, split := range s.splits {
		if within(split.Day) {
			p.Splits = append(p.Splits, PastSplit(split))
		}
	}
	for _, d := range s.dividends {
		if !within(d.Day) {
			continue
		}
		if q.Adjustment == AsTraded {
			d.Amount = s.asTraded(d.Amount, d.Day)
		}
		p.Dividends = append(p.Dividends, PastDividend(d))
	}
	return p
}

// asTraded takes the splits since a day out of a price of it.
func (s *series) asTraded(price decimal.Decimal, day calendar.Day) decimal.Decimal {
	const places = 6 // as sources have them
	for _, split := range s.splits {
		if day.Before(split.Day) {
			price = price.Mul(split.To).DivRound(split.From, places)
		}
	}
	return price
}

// firstOf is the first day of the week from Monday on, or of the month, that a day is in; for single days the day itself.
func firstOf(interval string, day calendar.Day) calendar.Day {
	const week = 7
	switch interval {
	case "1wk":
		return day.AddDays(-(int(day.Weekday()) + week - 1) % week)
	case "1mo":
		return calendar.Day{Year: day.Year, Month: day.Month, Day: 1}
	}
	return day
}
