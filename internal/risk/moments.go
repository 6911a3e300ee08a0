package risk

import (
	"math"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// Figures that other programs publish, beyond those of Measure.

// GeometricMean is the return that each period would have to make the same in the end.
func GeometricMean(r []float64) returns.Figure {
	return returns.Annualise(returns.Link(r), float64(len(present(r))))
}

// CoefficientOfVariation is the standard deviation over the mean.
func (c Convention) CoefficientOfVariation(r []float64) returns.Figure {
	return ratio(c.Deviation(r), Mean(r))
}

// moment is the mean of the k-th power of what each value is off the mean.
func moment(x []float64, k float64) float64 {
	sum, m := 0.0, mean(x)
	for _, v := range x {
		sum += math.Pow(v-m, k)
	}
	return sum / float64(len(x))
}

// standardised is the k-th moment over the k-th power of the population's deviation.
func standardised(r []float64, k float64) returns.Figure {
	r = present(r)
	if len(r) < 2 {
		return returns.None(returns.TooFewValues)
	}
	if constant(r) {
		return returns.None(returns.ZeroDenominator)
	}
	return returns.Of(moment(r, k) / math.Pow(moment(r, 2), k/2))
}

// Skewness is m₃/m₂^1.5 of the population.
func Skewness(r []float64) returns.Figure { return standardised(r, 3) }

// Kurtosis is m₄/m₂² - 3 of the population: 0 for a normal distribution.
func Kurtosis(r []float64) returns.Figure {
	return standardised(r, 4).Then(func(k float64) float64 { return k - 3 })
}

// Semideviation is √(Σ min(r-mean,0)²/(n-ddof))·√periods: what the returns below the mean add to the volatility.
func (c Convention) Semideviation(r []float64) returns.Figure {
	r = present(r)
	if len(r) < 2 || len(r) <= c.DDof {
		return returns.None(returns.TooFewValues)
	}
	sum, m := 0.0, mean(r)
	for _, x := range r {
		sum += min(x-m, 0) * min(x-m, 0)
	}
	return returns.Of(c.overYear(math.Sqrt(sum / float64(len(r)-c.DDof))))
}

// Logarithmic are the returns as ln(1+r); of a total loss there is none.
func Logarithmic(r []float64) []float64 {
	logs := make([]float64, len(r))
	for i, x := range r {
		logs[i] = returns.Missing()
		if x > -1 {
			logs[i] = math.Log1p(x)
		}
	}
	return logs
}

// Whole is the convention by which a series' volatility is that of its whole time: what it has of periods make a year.
func (c Convention) Whole(r []float64) Convention {
	c.PeriodsPerYear = float64(len(present(r)))
	return c
}

// TailRatio is the magnitude of the 95 % quantile over that of the 5 % quantile.
func TailRatio(r []float64) returns.Figure {
	return ratio(Quantile(r, 1-TailShare).Then(math.Abs), Quantile(r, TailShare).Then(math.Abs))
}

// Stability is R² of the cumulative logarithmic returns against time.
func (c Convention) Stability(r []float64) returns.Figure {
	logs := present(Logarithmic(r))
	time := make([]float64, len(logs))
	for i := range logs {
		time[i] = float64(i)
		if i > 0 {
			logs[i] += logs[i-1]
		}
	}
	return c.RSquared(logs, time)
}

// MartinRatio is the annual excess return over the ulcer index; PainRatio over the pain index.
func (c Convention) MartinRatio(r []float64, riskFree float64) returns.Figure {
	return ratio(c.annualOver(r, riskFree), UlcerIndex(r))
}

// PainRatio is the annual excess return over the pain index.
func (c Convention) PainRatio(r []float64, riskFree float64) returns.Figure {
	return ratio(c.annualOver(r, riskFree), PainIndex(r))
}

// annualOver is the annual return less what is free of risk, by the period, in a year.
func (c Convention) annualOver(r []float64, riskFree float64) returns.Figure {
	free := riskFree * c.PeriodsPerYear
	return c.AnnualReturn(r).Then(func(annual float64) float64 { return annual - free })
}

// BattingAverage is the share of the days on which the series did better than the benchmark.
func BattingAverage(r, b []float64) returns.Figure {
	x, y := pairs(r, b)
	if len(x) == 0 {
		return returns.None(returns.TooFewValues)
	}
	better := 0
	for i := range x {
		if x[i] > y[i] {
			better++
		}
	}
	return returns.Of(float64(better) / float64(len(x)))
}

// Interval is a time between two days and the return in it.
type Interval struct {
	From, To int32
	Return   float64
}

// IrregularVolatility is the standard deviation of returns of unequal times, for a year: std·√(365/mean days).
func IrregularVolatility(intervals []Interval) returns.Figure {
	var r, days []float64
	for _, in := range intervals {
		r, days = append(r, in.Return), append(days, float64(in.To-in.From))
	}
	length := Mean(days)
	if !length.Known() || length.Value <= 0 {
		return returns.None(returns.NoPeriod)
	}
	return Convention{PeriodsPerYear: returns.YearDays / length.Value, DDof: 1}.Volatility(r)
}
