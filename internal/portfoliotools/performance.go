package portfoliotools

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

type performanceInput struct {
	Range     string        `json:"range,omitempty" jsonschema:"How far back from now; ALL by default. Not together with first and last." enum:"1D,1W,1M,3M,6M,YTD,1Y,ALL"`
	First     *calendar.Day `json:"first,omitempty" jsonschema:"The first day that counts"`
	Last      *calendar.Day `json:"last,omitempty" jsonschema:"The last day that counts"`
	Benchmark string        `json:"benchmark,omitempty" jsonschema:"A symbol to compare with, where it is not to be the person's own benchmark" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$"`
}

// performanceData is how the portfolio did. What is embedded is missing where the person shows no amounts.
type performanceData struct {
	Privacy user.Amounts `json:"amountsShown,omitempty"`
	Period  string       `json:"period,omitempty"`
	AsOf    time.Time    `json:"asOf"`
	Live    bool         `json:"live,omitempty"`
	Status  string       `json:"status"`
	*drivers
	TimeWeighted  rate           `json:"timeWeighted"`
	MoneyWeighted rate           `json:"moneyWeighted"`
	Simple        rate           `json:"simple"`
	Benchmark     *benchmark     `json:"benchmark,omitempty"`
	Risk          risks          `json:"risk"`
	Best          []contribution `json:"best"`
	Worst         []contribution `json:"worst"`
	Days          []day          `json:"days"`
	Beside        []notInHistory `json:"notInHistory,omitempty"`
}

// drivers are where the change of value came from: opening + in − out + market + income − fees − taxes + fx = closing.
type drivers struct {
	BaseCurrency string           `json:"baseCurrency"`
	Gain         *decimal.Decimal `json:"gain" unit:"@baseCurrency"`
	Opening      *decimal.Decimal `json:"opening" unit:"@baseCurrency"`
	In           *decimal.Decimal `json:"in" unit:"@baseCurrency"`
	Out          *decimal.Decimal `json:"out" unit:"@baseCurrency"`
	Market       *decimal.Decimal `json:"market" unit:"@baseCurrency"`
	Income       *decimal.Decimal `json:"income" unit:"@baseCurrency"`
	Fees         *decimal.Decimal `json:"fees" unit:"@baseCurrency"`
	Taxes        *decimal.Decimal `json:"taxes" unit:"@baseCurrency"`
	FX           *decimal.Decimal `json:"fx" unit:"@baseCurrency"`
	Closing      *decimal.Decimal `json:"closing" unit:"@baseCurrency"`
}

// rate is a figure in percent with what one has to know to quote it; Annual is the same as a yearly rate.
type rate struct {
	Value  *float64 `json:"value" unit:"%"`
	Annual *float64 `json:"annual,omitempty" unit:"%"`
	Method string   `json:"method,omitempty"`
	noted
}

// noted says what a figure lacks; nothing where it is as it should be.
type noted struct {
	Status   string   `json:"status,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// ratio is a figure without a unit.
type ratio struct {
	Value *float64 `json:"value" unit:"ratio"`
	noted
}

type risks struct {
	Observations int    `json:"observations" unit:"days"`
	ShortHistory bool   `json:"shortHistory,omitempty"`
	Volatility   rate   `json:"volatility"`
	Sharpe       ratio  `json:"sharpe"`
	Sortino      ratio  `json:"sortino"`
	MaxDrawdown  fall   `json:"maxDrawdown"`
	Drawdown     rate   `json:"currentDrawdown"`
	Beta         *ratio `json:"beta,omitempty"`
}

// fall is the deepest fall; Recovery is missing while the peak has not been reached again.
type fall struct {
	rate
	Peak     *calendar.Day `json:"peak,omitempty"`
	Trough   *calendar.Day `json:"trough,omitempty"`
	Recovery *calendar.Day `json:"recovery,omitempty"`
}

type benchmark struct {
	Symbol       string `json:"symbol"`
	TotalReturn  bool   `json:"totalReturn"`
	TimeWeighted rate   `json:"timeWeighted"`
	// SameFlows is what the portfolio's money would have returned in it, each amount put in on its day.
	SameFlows     *rate            `json:"sameFlows,omitempty"`
	SameFlowsGain *decimal.Decimal `json:"sameFlowsGain,omitempty" unit:"@baseCurrency"`
}

// contribution is what one holding, or the cash of one currency, brought. Points are percent of what was there at the
// beginning and came in: over all holdings they come to the simple return.
type contribution struct {
	Symbol string           `json:"symbol"`
	Name   string           `json:"name,omitempty"`
	Points *decimal.Decimal `json:"points" unit:"%"`
	Gain   *decimal.Decimal `json:"gain,omitempty" unit:"@baseCurrency"`
}

// day is the close of a day: the returns are percent since the beginning, to four digits.
type day struct {
	Day          calendar.Day     `json:"day" figure:"period"`
	Value        *decimal.Decimal `json:"value,omitempty" unit:"@baseCurrency"`
	TimeWeighted *float64         `json:"timeWeighted" unit:"%"`
	Benchmark    *float64         `json:"benchmark,omitempty" unit:"%"`
}

type notInHistory struct {
	What  string           `json:"what"`
	Value *decimal.Decimal `json:"value" unit:"@baseCurrency"`
}

func (s Services) performance() tool.Tool {
	return tool.New("get_portfolio_performance",
		"How the person's portfolio did over a range or between two days: time-weighted (TWR), money-weighted (XIRR) and simple return, value at "+
			"begin and end, what came in and went out, gain by prices, income, fees, taxes and currencies, volatility, Sharpe, drawdown, the "+
			"benchmark's return, the holdings that brought and cost most, and some days of the way.",
		func(ctx context.Context, asker tool.Asker, in performanceInput) (tool.Result, error) {
			amounts, err := shown(ctx, s.Portfolio, asker)
			if err != nil {
				return tool.Result{}, err
			}
			if amounts == user.None {
				return tool.Result{}, refused("how the portfolio did")
			}
			return s.readPerformance(ctx, asker.UserID, in, amounts)
		})
}

// inputNames are what fields of queries are called in the inputs here.
var inputNames = map[string]string{"query.range": "range", "query.from": "first", "query.to": "last", "symbol": "benchmark"}

func (s Services) readPerformance(ctx context.Context, userID string, in performanceInput, amounts user.Amounts) (tool.Result, error) {
	query := performance.Query{Range: in.Range, Benchmark: in.Benchmark}
	if in.First != nil && in.Last != nil && in.Last.Before(*in.First) {
		return tool.Result{}, fault.InvalidField("last", "must not be before first")
	}
	if in.First != nil {
		query.From = in.First.AddDays(-1) // at whose close the period begins
	}
	if in.Last != nil {
		query.To = *in.Last
	}
	did, warnings, err := s.Performance.Performance(ctx, userID, query)
	if err != nil {
		return tool.Result{}, named(err, inputNames)
	}
	accounts, err := s.providers(ctx, userID)
	if err != nil {
		return tool.Result{}, err
	}
	data := didAs(did)
	title := "Portfolio performance, " + did.Range
	if data.Period != "" {
		title += ", " + data.Period
	}
	result := tool.Result{Data: data, Warnings: warnings, Source: sourceOf(accounts, title, &did.AsOf)}
	if amounts != user.Full {
		result.Data, result.Warnings = privatePerformance(data), []string{relativeWarning}
	}
	return result, nil
}

func didAs(p performance.Performance) performanceData {
	data := performanceData{
		AsOf: p.AsOf, Live: p.Live, Status: p.Status, drivers: driversOf(p),
		TimeWeighted: rateOf(p.TimeWeighted), MoneyWeighted: rateOf(p.MoneyWeighted.Figure), Simple: rateOf(p.Simple),
		Risk: risksOf(p.Risk), Days: thinned(p.Series),
	}
	data.TimeWeighted.Method, data.MoneyWeighted.Method = p.TimeWeighted.Method, p.MoneyWeighted.Method
	if p.From != nil && p.To != nil {
		data.Period = fmt.Sprintf("%s to %s", p.From.AddDays(1), p.To)
	}
	if b := p.Benchmark; b != nil {
		data.Benchmark = &benchmark{Symbol: b.Symbol, TotalReturn: b.TotalReturn, TimeWeighted: rateOf(b.TimeWeighted)}
		if b.SameFlows != nil {
			data.Benchmark.SameFlows, data.Benchmark.SameFlowsGain = new(rateOf(b.SameFlows.MoneyWeighted.Figure)), &b.SameFlows.Gain
		}
	}
	data.Best, data.Worst = contributors(p)
	for _, b := range p.NotInHistory {
		data.Beside = append(data.Beside, notInHistory{b.What, b.Value})
	}
	return data
}

func driversOf(p performance.Performance) *drivers {
	c := &drivers{BaseCurrency: p.BaseCurrency, Gain: p.Gain}
	if d := p.Drivers; d != nil {
		c.Opening, c.In, c.Out, c.Market, c.Income, c.Fees, c.Taxes, c.FX, c.Closing = d.Opening, &d.In, &d.Out, &d.Market, &d.Income, &d.Fees, &d.Taxes, &d.FX, &d.Closing
	}
	return c
}

func rateOf(f performance.Figure) rate {
	return rate{Value: f.Value, Annual: f.Annual, noted: notedOf(f)}
}

func ratioOf(f performance.Figure) ratio { return ratio{Value: f.Value, noted: notedOf(f)} }

func notedOf(f performance.Figure) noted {
	n := noted{Warnings: f.Warnings}
	if f.Status != "ok" {
		n.Status, n.Reason = f.Status, f.Reason
	}
	return n
}

func risksOf(r performance.Risk) risks {
	all := risks{
		Observations: r.Observations, ShortHistory: r.ShortHistory, Volatility: rateOf(r.Volatility), Sharpe: ratioOf(r.Sharpe), Sortino: ratioOf(r.Sortino),
		MaxDrawdown: fall{rateOf(r.MaxDrawdown.Figure), r.MaxDrawdown.Peak, r.MaxDrawdown.Trough, r.MaxDrawdown.Recovery},
		Drawdown:    rateOf(r.CurrentDrawdown),
	}
	if r.Beta.Value != nil {
		all.Beta = new(ratioOf(r.Beta))
	}
	for _, n := range []*noted{&all.Sharpe.noted, &all.Sortino.noted, &all.MaxDrawdown.noted, &all.Drawdown.noted} {
		if slices.Equal(n.Warnings, all.Volatility.Warnings) {
			n.Warnings = nil // said once
		}
	}
	return all
}

// maxContributors is how many of the best and of the worst are told.
const maxContributors = 5

// contributors are those who brought a gain, the largest first, and those who brought a loss.
func contributors(p performance.Performance) (best, worst []contribution) {
	best, worst = []contribution{}, []contribution{}
	var capital *decimal.Decimal
	if d := p.Drivers; d != nil && d.Opening != nil {
		capital = new(d.Opening.Add(d.In))
	}
	all := slices.DeleteFunc(slices.Clone(p.Holdings), func(c performance.Contribution) bool { return c.Gain == nil || c.Gain.IsZero() })
	slices.SortStableFunc(all, func(a, b performance.Contribution) int {
		return cmp.Or(b.Gain.Cmp(*a.Gain), cmp.Compare(a.Symbol, b.Symbol))
	})
	one := func(c performance.Contribution) contribution {
		return contribution{Symbol: c.Symbol, Name: c.Name, Points: percentOf(c.Gain, capital), Gain: c.Gain}
	}
	for i := range all {
		if c := all[i]; c.Gain.IsPositive() && len(best) < maxContributors {
			best = append(best, one(c))
		}
		if c := all[len(all)-1-i]; c.Gain.IsNegative() && len(worst) < maxContributors {
			worst = append(worst, one(c))
		}
	}
	return best, worst
}

// maxDays is about how many days of the way are told, the extremes beside them.
const maxDays = 50

// thinned are days in even steps, the first and the last among them, and those with the highest and lowest value and
// return.
func thinned(points []performance.Point) []day {
	picked := map[int]bool{}
	step := (len(points)-1)/maxDays + 1
	for i := len(points) - 1; i >= 0; i -= step {
		picked[i] = true
	}
	value := func(i int) (float64, bool) {
		if points[i].Value == nil {
			return 0, false
		}
		return points[i].Value.InexactFloat64(), true
	}
	earned := func(i int) (float64, bool) {
		if points[i].TimeWeighted == nil {
			return 0, false
		}
		return *points[i].TimeWeighted, true
	}
	for _, of := range []func(int) (float64, bool){value, earned} {
		least, most := math.Inf(1), math.Inf(-1)
		low, high := 0, 0
		for i := range points {
			if v, ok := of(i); ok && v < least {
				least, low = v, i
			}
			if v, ok := of(i); ok && v > most {
				most, high = v, i
			}
		}
		picked[low], picked[high] = true, true
	}
	days := []day{}
	for i, p := range points {
		if picked[i] || i == 0 {
			days = append(days, day{p.Day, p.Value, fourDigits(p.TimeWeighted), fourDigits(p.Benchmark)})
		}
	}
	return days
}

func fourDigits(x *float64) *float64 {
	if x == nil {
		return nil
	}
	return new(math.Round(*x*1e4) / 1e4)
}
