package performance

import (
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

// Benchmark is what the same money would have done in something else, in the base currency.
type Benchmark struct {
	Symbol       string     `json:"symbol"`
	TotalReturn  bool       `json:"totalReturn" doc:"Whether its dividends are in its returns; else it is its price alone"`
	TimeWeighted Figure     `json:"timeWeighted" doc:"What it returned over the same days"`
	SameFlows    *SameFlows `json:"sameFlows" doc:"What would have become of the portfolio's money in it; null when it has no price on one of the days"`
}

// SameFlows is what would be if all that was there and came in had bought the benchmark at the day's close, and all that
// went out had sold it.
type SameFlows struct {
	Closing       decimal.Decimal `json:"closing"`
	Gain          decimal.Decimal `json:"gain"`
	MoneyWeighted MoneyWeighted   `json:"moneyWeighted"`
}

// benchmark are a benchmark's values in the base currency by the days of a history; nil when there is none.
type benchmark struct {
	symbol string
	total  bool
	value  []float64 // NaN where it is not known; carried on over days without a close
	traded []bool    // whether the day has a close of its own
}

// newBenchmark lays a benchmark's closes beside the days of a history; totals, which have the dividends in them, where
// the source has such. now is its price of the last day, when that is not over; 0 for none.
func newBenchmark(h *history.History, closes market.Closes, fx *market.Rates, now float64) *benchmark {
	b := &benchmark{symbol: closes.Symbol, total: closes.Total != nil, value: make([]float64, len(h.Days())), traded: make([]bool, len(h.Days()))}
	column := closes.Close
	if b.total {
		column = closes.Total
	}
	for i, day := range h.Days() {
		at, value := last(closes.Days, day), returns.Missing()
		switch {
		case at >= 0 && closes.Days[at] == day:
			value, b.traded[i] = column[at], true
		case at >= 0 && h.Live(i) && now > 0:
			value, b.traded[i] = column[at]*now/closes.Close[at], true
		case at >= 0:
			value = column[at]
		}
		if fx != nil {
			if at := last(fx.Days, day); at >= 0 {
				value *= fx.Rate[at]
			} else {
				value = returns.Missing()
			}
		}
		b.value[i] = value
	}
	return b
}

// growth is the value at the end of a day over that at the end of another; before the first day it is the first's own.
func (b *benchmark) growth(after, index int) (float64, bool) {
	if b == nil {
		return 0, false
	}
	growth := b.value[index] / b.value[max(after, 0)]
	return growth, growth == growth // no NaN
}

// returns are those of the days of a stretch, missing where either end has no close of its own.
func (b *benchmark) returns(after, through int) []float64 {
	series := make([]float64, 0, through-after)
	for i := after + 1; i <= through; i++ {
		r := returns.Missing()
		if b != nil && i > 0 && b.traded[i] && b.traded[i-1] {
			r = b.value[i]/b.value[i-1] - 1
		}
		series = append(series, r)
	}
	return series
}

// compare works out the benchmark over a stretch, by its own and by the portfolio's flows.
func (b *benchmark) compare(p period, whole *history.Breakdown, payments []history.Payment, after, through int) *Benchmark {
	if b == nil {
		return nil
	}
	f := returns.Figure{Status: returns.Undefined, Reason: returns.TooFewValues}
	if growth, known := b.growth(after, through); known {
		f = returns.Figure{Value: growth - 1, Status: returns.OK}
	}
	method := "price_return"
	if b.total {
		method = "total_return"
	}
	p.partial = false
	shown := p.figure(method, percentUnit, f).aYear(returns.Annualised(f, p.days()))
	if !b.total {
		shown.Warnings = append(shown.Warnings, "The benchmark's price alone: its dividends are not in it.")
	}
	return &Benchmark{Symbol: b.symbol, TotalReturn: b.total, TimeWeighted: shown, SameFlows: b.sameFlows(p, whole, payments, after, through)}
}

func (b *benchmark) sameFlows(p period, whole *history.Breakdown, payments []history.Payment, after, through int) *SameFlows {
	opening, units := history.Float(whole.Opening), 0.0
	if after >= 0 && opening != 0 {
		units = opening / b.value[after]
	}
	short := units < 0
	for _, pay := range payments {
		units += history.Float(pay.Amount) / b.value[pay.Index]
		short = short || units < -1e-9
	}
	closing := units * b.value[through]
	if closing != closing { // NaN: a price is missing
		return nil
	}
	m := p.moneyWeighted(opening, closing, payments)
	if short {
		m.Warnings = append(m.Warnings, "More was taken out than the benchmark would have had by then: it is sold short from there on.")
	}
	gain := cents(closing).Sub(whole.Opening).Sub(whole.In).Add(whole.Out).Round(2)
	return &SameFlows{Closing: cents(closing), Gain: gain, MoneyWeighted: m}
}
