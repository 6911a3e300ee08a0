package risk

import (
	"math"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// Every figure here is of simple returns of single periods; a missing one is left out.

// Mean is the arithmetic mean of a period's return.
func Mean(r []float64) returns.Figure {
	r = present(r)
	if len(r) == 0 {
		return returns.None(returns.TooFewValues)
	}
	return returns.Of(mean(r))
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// Variance is Σ(r-mean)²/(n-ddof).
func (c Convention) Variance(r []float64) returns.Figure { return c.covariance(present(r), present(r)) }

// covariance of series without missing values; of values that are all the same it is exactly 0.
func (c Convention) covariance(x, y []float64) returns.Figure {
	if len(x) < 2 || len(x) <= c.DDof {
		return returns.None(returns.TooFewValues)
	}
	if constant(x) || constant(y) {
		return returns.Of(0)
	}
	sum, mx, my := 0.0, mean(x), mean(y)
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return returns.Of(sum / float64(len(x)-c.DDof))
}

// constant tells whether the values differ by nothing but their rounding.
func constant(x []float64) bool {
	low, high := slices.Min(x), slices.Max(x)
	return high-low <= 1e-14*max(1, math.Abs(low), math.Abs(high))
}

// Deviation is the standard deviation of a period's return.
func (c Convention) Deviation(r []float64) returns.Figure { return c.Variance(r).Then(math.Sqrt) }

// Volatility is the annualised standard deviation: std·√periods.
func (c Convention) Volatility(r []float64) returns.Figure {
	return c.Deviation(r).Then(c.overYear)
}

func (c Convention) overYear(x float64) float64 { return x * math.Sqrt(c.PeriodsPerYear) }

// AnnualReturn is the geometric mean return, over a year: ∏(1+r)^(periods/n) - 1.
func (c Convention) AnnualReturn(r []float64) returns.Figure {
	n := len(r)
	if !c.CountMissing {
		n = len(present(r))
	}
	if n == 0 {
		return returns.None(returns.TooFewValues)
	}
	return returns.Annualise(returns.Link(r), float64(n)/c.PeriodsPerYear)
}

// MeanAnnualReturn is the arithmetic mean return times the periods of a year.
func (c Convention) MeanAnnualReturn(r []float64) returns.Figure {
	return Mean(r).Then(func(m float64) float64 { return m * c.PeriodsPerYear })
}

// Excess are the returns less those of another series, such as a benchmark or what was free of risk; a day that either
// misses is missing.
func Excess(r, less []float64) []float64 {
	excess := make([]float64, min(len(r), len(less)))
	for i := range excess {
		excess[i] = r[i] - less[i]
	}
	return excess
}

// ExcessOver are the returns less one rate of each period.
func ExcessOver(r []float64, rate float64) []float64 {
	excess := slices.Clone(r)
	for i := range excess {
		excess[i] -= rate
	}
	return excess
}

// Sharpe is mean/std·√periods of returns in excess of what was free of risk (Sharpe 1994).
func (c Convention) Sharpe(excess []float64) returns.Figure {
	return ratio(Mean(excess), c.Deviation(excess)).Then(c.overYear)
}

// DownsideDeviation is √(Σ min(e,0)²/n)·√periods of returns in excess of the least acceptable, n being all of them.
func (c Convention) DownsideDeviation(excess []float64) returns.Figure {
	excess = present(excess)
	if len(excess) == 0 {
		return returns.None(returns.TooFewValues)
	}
	sum := 0.0
	for _, e := range excess {
		sum += min(e, 0) * min(e, 0)
	}
	return returns.Of(c.overYear(math.Sqrt(sum / float64(len(excess)))))
}

// Sortino is mean/downside deviation·√periods of returns in excess of the least acceptable (Sortino and Price 1994).
func (c Convention) Sortino(excess []float64) returns.Figure {
	if len(present(excess)) < 2 {
		return returns.None(returns.TooFewValues)
	}
	year := c.MeanAnnualReturn(excess)
	return ratio(year, c.DownsideDeviation(excess))
}

// Omega is what was gained over what was lost against a threshold that is taken off already (Keating and Shadwick 2002).
func Omega(excess []float64) returns.Figure {
	gained, lost := 0.0, 0.0
	for _, e := range present(excess) {
		gained += max(e, 0)
		lost -= min(e, 0)
	}
	if len(present(excess)) < 2 {
		return returns.None(returns.TooFewValues)
	}
	return ratio(returns.Of(gained), returns.Of(lost))
}

// Calmar is the annual return over the depth of the deepest drawdown.
func (c Convention) Calmar(r []float64) returns.Figure {
	return ratio(c.AnnualReturn(r), MaxDrawdown(r).Then(math.Abs))
}

// MaxDrawdown is the deepest fall of the index of returns, at most 0.
func MaxDrawdown(r []float64) returns.Figure {
	if len(present(r)) == 0 {
		return returns.None(returns.TooFewValues)
	}
	return DrawdownsOf(nil, returns.Index(r)).Max
}

// Quantile is the p-quantile of the returns, linear between them (type 7 of Hyndman and Fan). Of p = 5 % it is the
// historical value at risk.
func Quantile(r []float64, p float64) returns.Figure {
	sorted := present(r)
	if len(sorted) == 0 || !(p >= 0 && p <= 1) {
		return returns.None(returns.TooFewValues)
	}
	slices.Sort(sorted)
	at := p * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return returns.Of(sorted[below] + (at-float64(below))*(sorted[above]-sorted[below]))
}

// ValueAtRisk is the return that one period in 20 falls short of: below 0 where there is something to lose.
func ValueAtRisk(r []float64) returns.Figure { return Quantile(r, TailShare) }

// TailShare is the share of periods that ValueAtRisk and ExpectedShortfall look at.
const TailShare = 0.05

// ExpectedShortfall is the mean of the returns at or below their p-quantile: CVaR.
func ExpectedShortfall(r []float64, p float64) returns.Figure {
	return Quantile(r, p).Then(func(limit float64) float64 {
		var tail []float64
		for _, x := range present(r) {
			if x <= limit {
				tail = append(tail, x)
			}
		}
		return mean(tail)
	})
}
