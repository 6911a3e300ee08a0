// Package performance is how a person's portfolio did: returns, risk, benchmark and drivers, worked out from its history.
package performance

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

// Performance is how a portfolio did over a period: from the close of From, exclusive, to To.
type Performance struct {
	Range        string        `json:"range" enum:"1D,1W,1M,3M,6M,YTD,1Y,ALL,custom"`
	From         *calendar.Day `json:"from" doc:"The day at whose close the period begins; for a period from the beginning on, the day before the first; null without a history"`
	To           *calendar.Day `json:"to"`
	AsOf         time.Time     `json:"asOf" doc:"When the prices of the last day were looked at"`
	Live         bool          `json:"live" doc:"The last day is not over: its prices are those of now"`
	BaseCurrency string        `json:"baseCurrency"`
	Status       string        `json:"status" enum:"ok,partial,undefined" doc:"partial when something is held that has no price or rate of exchange; undefined when that is everything, or there is no history"`

	Gain          *decimal.Decimal `json:"gain" doc:"The change of value that nothing which came in or went out explains; null where status is undefined"`
	Drivers       *Drivers         `json:"drivers" doc:"Where the change came from; they add up to the cent. Null as gain is"`
	TimeWeighted  Figure           `json:"timeWeighted" doc:"What a unit of money earned that was there all the time"`
	MoneyWeighted MoneyWeighted    `json:"moneyWeighted" doc:"What the money earned that was there"`
	Simple        Figure           `json:"simple" doc:"The gain relative to what was there and what came in"`
	Benchmark     *Benchmark       `json:"benchmark" doc:"Null when its prices cannot be had, which a warning says, or status is undefined"`
	Risk          Risk             `json:"risk"`
	Series        []Point          `json:"series" doc:"At most 500 days, the oldest first"`
	SeriesStep    int              `json:"seriesStep" doc:"How many trading days lie between two points of the series"`
	Accounts      []Contribution   `json:"accounts" doc:"What each account contributed to the gain"`
	Holdings      []Contribution   `json:"holdings" doc:"What each instrument, and the cash of each currency, contributed to the gain"`
	NotInHistory  []Beside         `json:"notInHistory" doc:"What the summary's total has beside drivers.closing, as of now: with it the two are the same, but for prices and rates of other moments. Empty for periods that end earlier"`
	InputsHash    string           `json:"inputsHash" doc:"The same as long as nothing that the figures rest on changes"`
}

// MoneyWeighted is an internal rate of return. Several rates may solve its equation; then none is more right.
type MoneyWeighted struct {
	Figure
	Unique bool      `json:"unique"`
	Roots  []float64 `json:"roots" doc:"All yearly rates that solve the equation, in percent"`
}

// Point is the close of a day.
type Point struct {
	Day          calendar.Day     `json:"day"`
	Value        *decimal.Decimal `json:"value" doc:"Of what has a price and a rate; null where nothing that was held had them"`
	Cash         *decimal.Decimal `json:"cash" doc:"Null as value is"`
	Invested     *decimal.Decimal `json:"invested" doc:"What was there at the beginning, and came in less what went out since; null as value is"`
	TimeWeighted *float64         `json:"timeWeighted" doc:"Percent since the beginning of the period; null as value is"`
	Benchmark    *float64         `json:"benchmark" doc:"The benchmark's percent; null where it has no price"`
}

// maxPoints bounds a series: more than a screen is wide helps nobody.
const maxPoints = 500

// Query says which performance is wanted. Without From and To it is a Range, by default ALL.
type Query struct {
	Range        string
	From, To     calendar.Day // zero when not given
	ConnectionID string       // of the accounts wanted; empty for all
	Benchmark    string       // a symbol; empty for the one of the person's settings
}

// custom is the range of a period that was given by its days.
const custom = "custom"

// check gives what is wrong with a query.
func (q Query) check() error {
	given := q.From != (calendar.Day{}) || q.To != (calendar.Day{})
	if given && q.Range != "" {
		return fault.InvalidField("query.range", "must not be there together with from and to")
	}
	if q.From != (calendar.Day{}) && q.To != (calendar.Day{}) && !q.From.Before(q.To) {
		return fault.InvalidField("query.to", "must be later than from")
	}
	return nil
}

func (q Query) name() string {
	if q.From != (calendar.Day{}) || q.To != (calendar.Day{}) {
		return custom
	}
	return cmp.Or(q.Range, "ALL")
}

// stretch is the days of a history that a query is about: after one, through another; -1 is before the first. early tells
// that it would begin before the history.
func (q Query) stretch(h *history.History) (after, through int, early bool, err error) {
	through = len(h.Days()) - 1
	if q.To != (calendar.Day{}) {
		through = last(h.Days(), q.To.Number())
	}
	if through < 0 {
		return 0, 0, false, fault.InvalidField("query.to", "is before the history begins, on "+h.DayOf(0).String())
	}
	base, bounded := returns.Range(q.name()).Base(h.Days()[through])
	if q.From != (calendar.Day{}) {
		base, bounded = q.From.Number(), true
	}
	if !bounded {
		return -1, through, false, nil
	}
	after = last(h.Days(), base)
	if after >= through {
		return 0, 0, false, fault.InvalidField("query.from", "must be before the last day of the history, "+h.DayOf(through).String())
	}
	return after, through, after < 0, nil
}

// last is the index of the last of the days that is not after the day; -1 when all are.
func last(days []int32, day int32) int {
	i, found := slices.BinarySearch(days, day)
	if found {
		return i
	}
	return i - 1
}

// chain links the daily returns of a stretch. The point before the first day is worth nothing.
func chain(h *history.History, v *history.View, after, through int) returns.Chain {
	days := h.Days()
	points := make([]returns.Point, 0, through-after+1)
	if after < 0 {
		points = append(points, returns.Point{Day: days[0] - 1})
	} else {
		points = append(points, returns.Point{Day: days[after], Value: v.Value[after]})
	}
	for i := after + 1; i <= through; i++ {
		points = append(points, returns.Point{Day: days[i], Value: v.Value[i], In: v.In[i], Out: v.Out[i]})
	}
	return returns.TWR(points)
}

// moneyWeighted is the internal rate of return of what was there, what came and went, and what is there.
func (p period) moneyWeighted(opening, closing float64, payments []history.Payment) MoneyWeighted {
	flows := make([]returns.Flow, len(payments))
	for i, pay := range payments {
		flows[i] = returns.Flow{Day: pay.Day, Amount: history.Float(pay.Amount)}
	}
	rate := returns.MoneyWeighted(returns.Flow{Day: p.from.Number(), Amount: opening}, flows, returns.Flow{Day: p.to.Number(), Amount: closing})
	m := MoneyWeighted{Figure: p.figure("xirr_act365f", percentUnit, rate.Period), Unique: rate.Unique, Roots: []float64{}}
	if !rate.Annual.Known() {
		m.Status, m.Reason = string(rate.Annual.Status), string(rate.Annual.Reason)
	} else if p.days() >= returns.YearDays {
		m.Figure = m.aYear(rate.Annual)
	}
	for _, root := range rate.Roots {
		m.Roots = append(m.Roots, rounded(root*100))
	}
	if len(rate.Roots) > 1 {
		m.Warnings = append(m.Warnings, "Several rates solve the equation of these flows; the one shown is nearest to 10 % a year.")
	}
	return m
}

// simple is the gain over what was there at the beginning and came in since.
func (p period) simple(b *history.Breakdown) Figure {
	capital := history.Float(b.Opening.Add(b.In))
	f := returns.Figure{Status: returns.Undefined, Reason: returns.NoCapital}
	if capital > 0 {
		f = returns.Figure{Value: history.Float(b.Gain()) / capital, Status: returns.OK}
	}
	return p.figure("gain_over_opening_and_inflows", percentUnit, f)
}

// series are the points of a chart, with the step between them: the first day, and from the last one back.
func series(h *history.History, v *history.View, after, through int, index []float64, b *benchmark, opening decimal.Decimal) ([]Point, int) {
	first := max(after, 0)
	step := (through-first)/maxPoints + 1
	days := []int{first}
	for i := through - (through-first)/step*step; i <= through; i += step {
		if i > first {
			days = append(days, i)
		}
	}
	points := make([]Point, 0, len(days))
	for _, i := range days {
		at := v.Between(after, i)
		p := Point{
			Day: h.DayOf(i), Value: known(v, v.Value, i), Cash: known(v, v.Cash, i),
		}
		if p.Value != nil {
			p.Invested = new(opening.Add(at.In).Sub(at.Out).Round(2))
			p.TimeWeighted = new(rounded((index[i-after] - 1) * 100))
		}
		if growth, known := b.growth(after, i); known {
			p.Benchmark = new(rounded((growth - 1) * 100))
		}
		points = append(points, p)
	}
	return points, step
}

// known is what a column has of a day; nil for nothing, where something had no value.
func known(v *history.View, column []float64, i int) *decimal.Decimal {
	if column[i] == 0 && v.Lacks(i) {
		return nil
	}
	return new(cents(column[i]))
}

func cents(x float64) decimal.Decimal { return decimal.NewFromFloat(x).Round(2) }
