package api

import (
	"cmp"
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

type historyInput struct {
	Symbol   string `path:"symbol" maxLength:"30" doc:"Such as AAPL, BRK.B, VOD.L or BTC-USD, in any case." example:"AAPL"`
	Range    string `query:"range" enum:"1W,1M,3M,6M,YTD,1Y,5Y,10Y,ALL" doc:"Up to today, unless from says when it begins; 1Y."`
	From     string `query:"from" maxLength:"10" doc:"The first day, YYYY-MM-DD, instead of range." example:"2026-01-02"`
	To       string `query:"to" maxLength:"10" doc:"The last day, YYYY-MM-DD; today." example:"2026-11-20"`
	Interval string `query:"interval" maxLength:"5" doc:"1d, a day, is all there is so far."`
	Adjusted bool   `query:"adjusted" doc:"Closes adjusted for dividends, too: what counts for total return."`
}

// historyRoutes registers the past of prices.
func (r *router) historyRoutes() {
	get(r, "/api/stocks/{symbol}/history", func(ctx context.Context, in *historyInput) (result[pastprices.Past], error) {
		first, last, err := in.span(calendar.DayOf(r.Now()))
		if err != nil {
			return result[pastprices.Past]{}, err
		}
		past, warnings, err := r.PastPrices.History(ctx, in.Symbol, first, last, in.Adjusted)
		return result[pastprices.Past]{data: past, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getHistory", tag: "Market", scope: auth.ScopeRead, summary: "What an instrument cost, day by day",
		detail: "Closes of days that are over, adjusted for splits, with the splits and dividends between. Days are those of the exchange.",
		errors: append([]fault.Kind{fault.UnknownSymbol}, upstreamErrors...)})
}

// oldestDay is before every price there is.
var oldestDay = calendar.Day{Year: 1970, Month: time.January, Day: 1}

// span is the days that are asked for; what cannot be is an Invalid that names every such field.
func (in *historyInput) span(today calendar.Day) (first, last calendar.Day, err error) {
	first, last = rangeStart(in.Range, today), today
	var wrong []fault.Field
	read := func(name, text string, day *calendar.Day) {
		if text == "" {
			return
		}
		parsed, err := calendar.ParseDay(text)
		if err != nil || parsed.Before(oldestDay) {
			wrong = append(wrong, fault.Field{Path: "query." + name, Message: "must be a day since 1970 such as 2026-11-20"})
			return
		}
		*day = parsed
	}
	read("from", in.From, &first)
	read("to", in.To, &last)
	if in.From != "" && in.Range != "" {
		wrong = append(wrong, fault.Field{Path: "query.range", Message: "is of no use beside from; leave one of them out"})
	}
	if len(wrong) == 0 && last.Before(first) {
		wrong = append(wrong, fault.Field{Path: "query.to", Message: "must not be before the first day"})
	}
	if in.Interval != "" && in.Interval != "1d" {
		wrong = append(wrong, fault.Field{Path: "query.interval", Message: "must be 1d; other intervals are not served yet"})
	}
	if len(wrong) > 0 {
		invalid := fault.New(fault.Invalid, "the request has wrong fields")
		invalid.Fields = wrong
		return first, last, invalid
	}
	return first, last, nil
}

// rangeStart is the day on which a range up to today begins: the last one before it, as performance has it.
func rangeStart(name string, today calendar.Day) calendar.Day {
	if name == "ALL" {
		return oldestDay
	}
	base, _ := returns.Range(cmp.Or(name, "1Y")).Base(today.Number()) // the schema lets no other name through
	return calendar.DayNumbered(base)
}
