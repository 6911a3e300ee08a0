package performance

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/returns"
	"github.com/jaspers-ai/jaspers/internal/risk"
)

// Risk is how unsteady the way was: of the daily returns behind the time-weighted one. A day that is not over is left
// out, as are days on which nothing was invested.
type Risk struct {
	Observations      int             `json:"observations" doc:"How many daily returns the figures rest on"`
	ShortHistory      bool            `json:"shortHistory" doc:"They are fewer than 60: the figures say little"`
	RiskFreeRate      decimal.Decimal `json:"riskFreeRate" doc:"A year's, as a fraction, of my settings"`
	Volatility        Figure          `json:"volatility" doc:"Of a year"`
	Sharpe            Figure          `json:"sharpe"`
	Sortino           Figure          `json:"sortino"`
	MaxDrawdown       Drawdown        `json:"maxDrawdown"`
	CurrentDrawdown   Figure          `json:"currentDrawdown"`
	ValueAtRisk       Figure          `json:"valueAtRisk" doc:"The return that one day in 20 falls short of"`
	ExpectedShortfall Figure          `json:"expectedShortfall" doc:"The mean of the returns at or below it"`
	Beta              Figure          `json:"beta"`
	Alpha             Figure          `json:"alpha" doc:"Of a year"`
	Correlation       Figure          `json:"correlation"`
	TrackingError     Figure          `json:"trackingError" doc:"Of a year"`
	InformationRatio  Figure          `json:"informationRatio"`
}

// Drawdown is the deepest fall below the highest so far.
type Drawdown struct {
	Figure
	Peak     *calendar.Day `json:"peak" doc:"Null when it never fell"`
	Trough   *calendar.Day `json:"trough"`
	Recovery *calendar.Day `json:"recovery" doc:"Null while the peak has not been reached again"`
}

// risk measures the chain of a stretch. over is how many of its days are over: all, or all but the last.
func (p period) risk(chain returns.Chain, b *benchmark, after, over int, rate decimal.Decimal) Risk {
	series := chain.Series()[:over]
	var beside []float64
	if b != nil {
		beside = b.returns(after, after+over)
	}
	m := risk.Measure(series, beside, risk.Free(history.Float(rate), len(series)))
	var short []string
	if m.Short {
		short = []string{fmt.Sprintf("It rests on %d daily returns alone.", m.Observations)}
	}
	percent := func(method string, f returns.Figure) Figure { return p.figure(method, percentUnit, f, short...) }
	ratio := func(method string, f returns.Figure) Figure { return p.figure(method, ratioUnit, f, short...) }
	r := Risk{
		Observations: m.Observations, ShortHistory: m.Short, RiskFreeRate: rate,
		Volatility: percent("std_ddof1_sqrt252", m.Volatility), Sharpe: ratio("sharpe_sqrt252", m.Sharpe), Sortino: ratio("sortino_sqrt252", m.Sortino),
		ValueAtRisk: percent("historical_var_5", m.ValueAtRisk), ExpectedShortfall: percent("historical_cvar_5", m.ExpectedShortfall),
		Beta: ratio("beta_ddof1", m.Beta), Alpha: percent("jensen_annual", m.Alpha), Correlation: ratio("pearson", m.Correlation),
		TrackingError: percent("std_active_sqrt252", m.TrackingError), InformationRatio: ratio("active_return_over_tracking_error", m.InformationRatio),
	}
	r.MaxDrawdown, r.CurrentDrawdown = p.drawdowns(chain)
	return r
}

// drawdowns are of all days, the one that is not over included.
func (p period) drawdowns(chain returns.Chain) (Drawdown, Figure) {
	days := []int32{p.from.Number()}
	for _, day := range chain.Days {
		days = append(days, day.Day)
	}
	falls := risk.DrawdownsOf(days, returns.Index(chain.Series()))
	deepest := Drawdown{Figure: p.figure("drawdown_of_twr_index", percentUnit, falls.Max)}
	if e := falls.Deepest; e != nil {
		deepest.Peak, deepest.Trough = new(calendar.DayNumbered(days[e.Peak])), new(calendar.DayNumbered(days[e.Trough]))
		if e.Recovery >= 0 {
			deepest.Recovery = new(calendar.DayNumbered(days[e.Recovery]))
		}
	}
	return deepest, p.figure("drawdown_of_twr_index", percentUnit, falls.Current)
}

// figures are all there are.
func (r *Risk) figures() []*Figure {
	return []*Figure{&r.Volatility, &r.Sharpe, &r.Sortino, &r.MaxDrawdown.Figure, &r.CurrentDrawdown, &r.ValueAtRisk,
		&r.ExpectedShortfall, &r.Beta, &r.Alpha, &r.Correlation, &r.TrackingError, &r.InformationRatio}
}
