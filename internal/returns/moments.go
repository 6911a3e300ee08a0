package returns

import (
	"math"
	"slices"
)

// Figures that other programs publish, beyond those of Risk.

// GeometricMean is the return that each period would have to make the same in the end.
func GeometricMean(r []float64) Figure {
	return Annualise(Link(r), float64(len(present(r))))
}

// CoefficientOfVariation is the standard deviation over the mean.
func (c Convention) CoefficientOfVariation(r []float64) Figure { return ratio(c.Deviation(r), Mean(r)) }

// moment is the mean of the k-th power of what each value is off the mean.
func moment(x []float64, k float64) float64 {
	sum, m := 0.0, mean(x)
	for _, v := range x {
		sum += math.Pow(v-m, k)
	}
	return sum / float64(len(x))
}

// standardised is the k-th moment over the k-th power of the population's deviation.
func standardised(r []float64, k float64) Figure {
	r = present(r)
	if len(r) < 2 {
		return undefined(TooFewValues)
	}
	if constant(r) {
		return undefined(ZeroDenominator)
	}
	return known(moment(r, k) / math.Pow(moment(r, 2), k/2))
}

// Skewness is m₃/m₂^1.5 of the population.
func Skewness(r []float64) Figure { return standardised(r, 3) }

// Kurtosis is m₄/m₂² - 3 of the population: 0 for a normal distribution.
func Kurtosis(r []float64) Figure {
	return standardised(r, 4).then(func(k float64) float64 { return k - 3 })
}

// Semideviation is √(Σ min(r-mean,0)²/(n-ddof))·√periods: what the returns below the mean add to the volatility.
func (c Convention) Semideviation(r []float64) Figure {
	r = present(r)
	if len(r) < 2 || len(r) <= c.DDof {
		return undefined(TooFewValues)
	}
	sum, m := 0.0, mean(r)
	for _, x := range r {
		sum += min(x-m, 0) * min(x-m, 0)
	}
	return known(c.overYear(math.Sqrt(sum / float64(len(r)-c.DDof))))
}

// Logarithmic are the returns as ln(1+r); of a total loss there is none.
func Logarithmic(r []float64) []float64 {
	logs := make([]float64, len(r))
	for i, x := range r {
		logs[i] = Missing()
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
func TailRatio(r []float64) Figure {
	return ratio(Quantile(r, 1-TailShare).then(math.Abs), Quantile(r, TailShare).then(math.Abs))
}

// Stability is R² of the cumulative logarithmic returns against time.
func (c Convention) Stability(r []float64) Figure {
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
func (c Convention) MartinRatio(r []float64, riskFree float64) Figure {
	return ratio(c.annualOver(r, riskFree), UlcerIndex(r))
}

// PainRatio is the annual excess return over the pain index.
func (c Convention) PainRatio(r []float64, riskFree float64) Figure {
	return ratio(c.annualOver(r, riskFree), PainIndex(r))
}

// annualOver is the annual return less what is free of risk, by the period, in a year.
func (c Convention) annualOver(r []float64, riskFree float64) Figure {
	free := riskFree * c.PeriodsPerYear
	return c.AnnualReturn(r).then(func(annual float64) float64 { return annual - free })
}

// BattingAverage is the share of the days on which the series did better than the benchmark.
func BattingAverage(r, b []float64) Figure {
	x, y := pairs(r, b)
	if len(x) == 0 {
		return undefined(TooFewValues)
	}
	better := 0
	for i := range x {
		if x[i] > y[i] {
			better++
		}
	}
	return known(float64(better) / float64(len(x)))
}

// Interval is a time between two days and the return in it.
type Interval struct {
	From, To int32
	Return   float64
}

// IrregularVolatility is the standard deviation of returns of unequal times, for a year: std·√(365/mean days).
func IrregularVolatility(intervals []Interval) Figure {
	var r, days []float64
	for _, in := range intervals {
		r, days = append(r, in.Return), append(days, float64(in.To-in.From))
	}
	length := Mean(days)
	if !length.Known() || length.Value <= 0 {
		return undefined(NoPeriod)
	}
	return Convention{PeriodsPerYear: YearDays / length.Value, DDof: 1}.Volatility(r)
}

// PriceReturns are the returns from each price to the next; from a price that is not positive there is none.
func PriceReturns(prices []float64) []float64 {
	r := make([]float64, max(0, len(prices)-1))
	for i := range r {
		r[i] = Missing()
		if prices[i] > 0 {
			r[i] = prices[i+1]/prices[i] - 1
		}
	}
	return r
}

// Extremes are the worst and the best return.
func Extremes(r []float64) (worst, best Figure) {
	r = present(r)
	if len(r) == 0 {
		return undefined(TooFewValues), undefined(TooFewValues)
	}
	return known(slices.Min(r)), known(slices.Max(r))
}
