package researchtools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// historyInput is the input of the tool for past prices.
type historyInput struct {
	Symbols  []string      `json:"symbols" jsonschema:"Ticker symbols, such as AAPL, BRK.B, VOD.L, BTC-USD or ^GSPC" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$" minItems:"1" maxItems:"5"`
	First    calendar.Day  `json:"first" jsonschema:"The first day. The change is from its close on: to include the first day's own move, begin a trading day earlier."`
	Last     *calendar.Day `json:"last,omitempty" jsonschema:"The last day; leave it out for the latest close"`
	Interval string        `json:"interval,omitempty" jsonschema:"Left out, 1d. Within days, of which there are only recent ones: 5m to 1h." enum:"5m,15m,30m,1h,1d,1wk,1mo"`
}

// PriceHistory reads past prices.
func PriceHistory(p *pastprices.Service, r *research.Service) tool.Tool {
	return tool.New("get_price_history",
		"How prices went between two days: first and last close with change in money and percent, highest and lowest close, "+
			"return with dividends, dividends and splits, and up to 60 closes. Closes are per share as shares are now (adjusted for splits, not for dividends).",
		func(ctx context.Context, _ tool.Asker, in historyInput) (tool.Result, error) {
			return readHistory(ctx, p, r, in)
		})
}

// historyData is what is read of past prices.
type historyData struct {
	Histories []priceHistory `json:"histories"`
	Unknown   []string       `json:"unknown"`
}

// priceHistory is one symbol's.
type priceHistory struct {
	Symbol        string          `json:"symbol"`
	Currency      string          `json:"currency"`
	Interval      string          `json:"interval"`
	Period        string          `json:"period,omitempty"` // from the first close to the last
	Adjustment    string          `json:"adjustment"`       // of the closes: split, or none within days
	First         closing         `json:"first"`
	Last          closing         `json:"last"`
	Change        decimal.Decimal `json:"change" unit:"@currency/shares"`
	ChangePercent decimal.Decimal `json:"changePercent" unit:"%"`
	// TotalReturn counts dividends as if they had bought more; null where the source does not tell such prices.
	TotalReturn  *decimal.Decimal `json:"totalReturnPercent" unit:"%"`
	High         closing          `json:"highestClose"`
	Low          closing          `json:"lowestClose"`
	Dividends    []dividend       `json:"dividends"`
	DividendsSum decimal.Decimal  `json:"dividendsPerShare" unit:"@currency/shares"`
	Splits       []split          `json:"splits"`
	Count        int              `json:"closesInRange" unit:"closes"`
	Closes       []closing        `json:"closes"` // thinned evenly where there are more
	Source       string           `json:"source"`
	AsOf         time.Time        `json:"asOf"`
	Stale        bool             `json:"stale"`
}

// closing is the last price of a day, or of a bar that began within it.
type closing struct {
	Day   calendar.Day    `json:"day" figure:"period"`
	Start *time.Time      `json:"start,omitempty" figure:"asOf"`
	Close decimal.Decimal `json:"close" unit:"@currency/shares"`
}

type dividend struct {
	Day    calendar.Day    `json:"day" figure:"period"`
	Amount decimal.Decimal `json:"amount" unit:"@currency/shares"`
}

type split struct {
	Day  calendar.Day    `json:"day" figure:"period"`
	From decimal.Decimal `json:"from" unit:"shares"`
	To   decimal.Decimal `json:"to" unit:"shares"`
}

const (
	mostCloses    = 60
	mostDividends = 40
	// percentPlaces is more than anybody shows of a percent.
	percentPlaces = 6
)

func readHistory(ctx context.Context, p *pastprices.Service, r *research.Service, in historyInput) (tool.Result, error) {
	if in.Interval == "" {
		in.Interval = "1d"
	}
	last := calendar.Day{Year: 9999, Month: time.December, Day: 31} // services stop at today
	if in.Last != nil {
		last = *in.Last
	}
	if last.Before(in.First) {
		return tool.Result{}, fault.InvalidField("input.last", "must not be before the first day")
	}
	ask := func(symbol string) (priceHistory, []string, error) {
		return ofDays(ctx, p, pastprices.Query{Symbol: symbol, First: in.First, Last: last, Interval: in.Interval, Adjustment: pastprices.ForSplits})
	}
	if within := strings.HasSuffix(in.Interval, "m") || strings.HasSuffix(in.Interval, "h"); within {
		ask = func(symbol string) (priceHistory, []string, error) {
			return withinDays(ctx, r, symbol, in.Interval, in.First, last)
		}
	} else if len(in.Symbols) > 1 { // all of them at once, so that each is at hand below
		if _, _, err := p.Closes(ctx, in.Symbols, in.First); err != nil {
			return tool.Result{}, named(err)
		}
	}
	histories, unknown, warnings, err := several(ctx, in.Symbols, ask)
	if err != nil {
		return tool.Result{}, named(err)
	}
	return historyResult(histories, unknown, warnings), nil
}

func historyResult(histories []priceHistory, unknown, warnings []string) tool.Result {
	source := tool.Source{}
	var symbols, names []string
	for _, h := range histories {
		symbols, names, source.AsOf = append(symbols, h.Symbol), append(names, h.Source), older(source.AsOf, h.AsOf)
		if h.Count > len(h.Closes) {
			warnings = append(warnings, fmt.Sprintf("The closes of %s are thinned: %d of %d are shown. First, last, highest and lowest are of all of them.", h.Symbol, len(h.Closes), h.Count))
		}
	}
	source.Name, source.Title = joined(names), "Past prices: "+strings.Join(symbols, ", ")
	return tool.Result{Data: historyData{histories, unknown}, Warnings: warnings, Source: source}
}

// ofDays is a history by days, weeks or months, with what it returned with dividends.
func ofDays(ctx context.Context, p *pastprices.Service, q pastprices.Query) (priceHistory, []string, error) {
	past, warnings, err := p.History(ctx, q)
	if err != nil {
		return priceHistory{}, nil, err
	}
	h := priceHistory{
		Symbol: past.Symbol, Currency: past.Currency, Interval: past.Interval, Adjustment: string(past.Adjustment),
		Source: past.Source, AsOf: past.AsOf, Stale: past.Stale, Dividends: []dividend{}, Splits: []split{},
	}
	for _, d := range past.Dividends {
		h.Dividends, h.DividendsSum = append(h.Dividends, dividend(d)), h.DividendsSum.Add(d.Amount)
	}
	if n := len(h.Dividends); n > mostDividends {
		h.Dividends = h.Dividends[n-mostDividends:]
		warnings = append(warnings, fmt.Sprintf("Of %d dividends of %s the latest %d are listed; dividendsPerShare sums up all.", n, h.Symbol, mostDividends))
	}
	for _, s := range past.Splits {
		h.Splits = append(h.Splits, split(s))
	}
	var closes []closing
	for _, bar := range past.Bars {
		closes = append(closes, closing{Day: bar.LastDay, Close: bar.Close})
	}
	if err := h.measure(closes); err != nil {
		return priceHistory{}, nil, err
	}
	q.Adjustment = pastprices.ForTotal
	total, _, err := p.History(ctx, q)
	if n := len(total.Bars); err == nil && total.Adjusted && n > 0 && total.Bars[0].Close.IsPositive() {
		percent := percentOf(total.Bars[0].Close, total.Bars[n-1].Close)
		h.TotalReturn = &percent
	}
	return h, warnings, nil
}

// withinDays is a history by minutes or hours.
func withinDays(ctx context.Context, r *research.Service, symbol, interval string, first, last calendar.Day) (priceHistory, []string, error) {
	bars, warnings, err := r.Bars(ctx, symbol, interval, first, last)
	if err != nil {
		return priceHistory{}, nil, err
	}
	h := priceHistory{
		Symbol: bars.Symbol, Currency: bars.Currency, Interval: bars.Interval, Adjustment: string(pastprices.AsTraded),
		Source: bars.Source, AsOf: bars.FetchedAt, Stale: bars.Stale, Dividends: []dividend{}, Splits: []split{},
	}
	var closes []closing
	for _, bar := range bars.Bars {
		closes = append(closes, closing{Day: calendar.DayOf(bar.Start), Start: &bar.Start, Close: bar.Close})
	}
	return h, warnings, h.measure(closes)
}

// measure works out what the closes, the oldest first, come to, and keeps as many as are shown.
func (h *priceHistory) measure(closes []closing) error {
	if len(closes) == 0 {
		return fault.New(fault.NotFound, "there are no prices in this range; it may lie before the first day of trading, or hold no day of trading that is over")
	}
	byClose := func(a, b closing) int { return a.Close.Cmp(b.Close) }
	h.First, h.Last = closes[0], closes[len(closes)-1]
	h.High, h.Low = slices.MaxFunc(closes, byClose), slices.MinFunc(closes, byClose)
	h.Change = h.Last.Close.Sub(h.First.Close)
	h.ChangePercent = percentOf(h.First.Close, h.Last.Close)
	h.Count, h.Closes = len(closes), thinned(closes)
	h.Period = fmt.Sprintf("%s to %s", h.First.Day, h.Last.Day)
	return nil
}

func percentOf(from, to decimal.Decimal) decimal.Decimal {
	if from.IsZero() {
		return decimal.Zero
	}
	return to.Sub(from).Shift(2).DivRound(from, percentPlaces)
}

// thinned leaves out closes at even distances; the first and the last stay.
func thinned(closes []closing) []closing {
	if len(closes) <= mostCloses {
		return closes
	}
	some := make([]closing, mostCloses)
	for i := range some {
		some[i] = closes[i*(len(closes)-1)/(mostCloses-1)]
	}
	return some
}
