package api

import (
	"cmp"
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

type historyInput struct {
	Symbol string `path:"symbol" maxLength:"30" doc:"Such as AAPL, BRK.B, VOD.L or BTC-USD, in any case." example:"AAPL"`
	Range  string `query:"range" enum:"1D,5D,1W,1M,3M,6M,YTD,1Y,5Y,10Y,ALL" doc:"Up to today, instead of from; 1D and 5D are sessions of New York. 1Y, of bars within days 1D."`
	Days
	Interval string `query:"interval" enum:"1m,5m,15m,30m,1h,1d,1wk,1mo" default:"1d" doc:"How long a bar is."`
	Adjusted string `query:"adjusted" enum:"none,split,total,true,false" doc:"What prices are adjusted for: none, as they were traded; split, per share as shares are now, which is the default and false; total, for dividends, too, which is true. Bars within days have split alone."`
}

// Resolve is called by huma once the query is read.
func (in *historyInput) Resolve(ctx huma.Context) []error {
	wrong := in.Days.Resolve(ctx)
	add := func(field, message string) {
		wrong = append(wrong, &huma.ErrorDetail{Location: "query." + field, Message: message})
	}
	if in.From != "" && in.Range != "" {
		add("range", "is of no use beside from; leave one of them out")
	}
	if in.withinDays() && in.adjustment() != pastprices.ForSplits {
		add("adjusted", "must be split for bars within days: they have no other")
	}
	return wrong
}

func (in *historyInput) withinDays() bool {
	return in.Interval != "1d" && in.Interval != "1wk" && in.Interval != "1mo"
}

func (in *historyInput) adjustment() pastprices.Adjustment {
	switch in.Adjusted {
	case "", "false":
		return pastprices.ForSplits
	case "true":
		return pastprices.ForTotal
	}
	return pastprices.Adjustment(in.Adjusted)
}

// historyRoutes registers the past of prices.
func (r *router) historyRoutes() {
	get(r, "/api/stocks/{symbol}/history", func(ctx context.Context, in *historyInput) (result[pastprices.Past], error) {
		first, last, err := in.span(r.Now())
		if err != nil {
			return result[pastprices.Past]{}, err
		}
		if in.withinDays() {
			bars, warnings, err := r.Research.Bars(ctx, in.Symbol, in.Interval, first, last)
			return result[pastprices.Past]{data: pastWithin(bars), meta: Meta{Warnings: warnings}}, in.blame(err)
		}
		past, warnings, err := r.PastPrices.History(ctx, pastprices.Query{
			Symbol: in.Symbol, First: first, Last: last, Interval: in.Interval, Adjustment: in.adjustment(),
		})
		return result[pastprices.Past]{data: past, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getHistory", tag: "Market", scope: auth.ScopeRead, summary: "What an instrument cost, bar by bar",
		detail: "Days, weeks and months are made of the closes of days that are over, as the exchange dates them, with the splits and dividends between. " +
			"A week from Monday on and a month stand under their first day of trading and have the close of their last; the last one ends with the last day asked for. " +
			"Bars within days come from sources that have such, of days in New York: 1m of 7 days within the last 29, 5m of 31 and 15m and 30m of 59 days within the last 59, 1h of 366 within the last 729.",
		errors: researchErrors})
}

// span is the days that are asked for; the wrong way round they are an Invalid.
func (in *historyInput) span(now time.Time) (first, last calendar.Day, err error) {
	first, last = in.first, cmp.Or(in.last, calendar.DayOf(now))
	if in.From == "" {
		first = rangeStart(in.Range, in.withinDays(), now)
	}
	switch {
	case last.Before(first) && in.To == "":
		return first, last, fault.InvalidField("query.from", "must not be after today")
	case last.Before(first):
		return first, last, fault.InvalidField("query.to", "must not be before the first day")
	}
	return first, last, nil
}

// rangeStart is the day on which a range up to today begins: the last one before it, as performance has it. Of bars
// within days 1D and 5D are sessions alone, since their opens say what was before.
func rangeStart(name string, withinDays bool, now time.Time) calendar.Day {
	name = cmp.Or(name, map[bool]string{true: "1D", false: "1Y"}[withinDays])
	sessions := map[string]int{"1D": 1, "5D": 5}[name]
	switch {
	case name == "ALL":
		return oldestDay
	case sessions > 0 && withinDays:
		return sessionsBack(now, sessions-1)
	case sessions > 0:
		return sessionsBack(now, sessions)
	}
	base, _ := returns.Range(name).Base(calendar.DayOf(now).Number()) // the schema lets no other name through
	return calendar.DayNumbered(base)
}

// sessionsBack is the day of the session in New York that began last, or of one so many before it.
func sessionsBack(now time.Time, n int) calendar.Day {
	for day := calendar.DayOf(now); ; day = day.AddDays(-1) {
		opens, _, ok := calendar.Session(day)
		if !ok || now.Before(opens) {
			continue
		}
		if n == 0 {
			return day
		}
		n--
	}
}

// blame names the range where no first day was asked for.
func (in *historyInput) blame(err error) error {
	if f := fault.From(err); err != nil && f.Kind == fault.Invalid && in.From == "" {
		for i := range f.Fields {
			if f.Fields[i].Path == "query.from" {
				f.Fields[i].Path = "query.range"
			}
		}
	}
	return err
}

// pastWithin are bars within days in the form of longer ones.
func pastWithin(b research.Bars) pastprices.Past {
	past := pastprices.Past{
		Symbol: b.Symbol, Currency: b.Currency, Interval: b.Interval, Adjustment: pastprices.ForSplits, Source: b.Source, AsOf: b.FetchedAt, Stale: b.Stale,
		Bars: make([]pastprices.PastBar, len(b.Bars)), Splits: []pastprices.PastSplit{}, Dividends: []pastprices.PastDividend{},
	}
	for i, bar := range b.Bars {
		day := calendar.DayOf(bar.Start)
		past.Bars[i] = pastprices.PastBar{
			Day: day, LastDay: day, Start: new(bar.Start.UTC()), Open: bar.Open, High: bar.High, Low: bar.Low, Close: bar.Close, Volume: bar.Volume,
		}
	}
	return past
}
