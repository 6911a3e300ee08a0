package risk

import (
	"math"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// Figures of a series beside a benchmark are of the days on which both have a return.

// Covariance is Σ(r-mean)(b-mean)/(n-ddof).
func (c Convention) Covariance(r, b []float64) returns.Figure { return c.covariance(pairs(r, b)) }

// Beta is cov(r,b)/var(b): how much of the benchmark's moves the series makes.
func (c Convention) Beta(r, b []float64) returns.Figure {
	x, y := pairs(r, b)
	return ratio(c.covariance(x, y), c.covariance(y, y))
}

// BetaIn is the beta of the market's periods alone.
func (c Convention) BetaIn(r, b []float64, in Market) returns.Figure { return c.Beta(in.in(r, b)) }

// Alpha is the part of a period's mean return that beta does not explain, mean(r) - β·mean(b); with both in excess of
// what was free of risk it is Jensen's (1968).
func (c Convention) Alpha(r, b []float64) returns.Figure {
	x, y := pairs(r, b)
	return c.Beta(x, y).Then(func(beta float64) float64 { return mean(x) - beta*mean(y) })
}

// AnnualAlpha is (1+α)^periods - 1.
func (c Convention) AnnualAlpha(r, b []float64) returns.Figure {
	return returns.Annualise(c.Alpha(r, b), 1/c.PeriodsPerYear)
}

// Correlation is Pearson's, cov(r,b)/(std(r)·std(b)).
func (c Convention) Correlation(r, b []float64) returns.Figure {
	x, y := pairs(r, b)
	vx, vy := c.covariance(x, x), c.covariance(y, y)
	if !vx.Known() {
		return vx
	}
	deviations := vy.Then(func(v float64) float64 { return math.Sqrt(v * vx.Value) })
	return ratio(c.covariance(x, y), deviations).Then(func(rho float64) float64 { return max(-1, min(1, rho)) })
}

// RSquared is the share of the series' variance that the benchmark explains, correlation².
func (c Convention) RSquared(r, b []float64) returns.Figure {
	return c.Correlation(r, b).Then(func(rho float64) float64 { return rho * rho })
}

// TrackingError is std(r-b)·√periods.
func (c Convention) TrackingError(r, b []float64) returns.Figure { return c.Volatility(Excess(r, b)) }

// ActiveReturn is the annual return of the series less the benchmark's.
func (c Convention) ActiveReturn(r, b []float64) returns.Figure {
	x, y := pairs(r, b)
	other := c.AnnualReturn(y)
	if !other.Known() {
		return other
	}
	return c.AnnualReturn(x).Then(func(own float64) float64 { return own - other.Value })
}

// InformationRatio is the active return over the tracking error.
func (c Convention) InformationRatio(r, b []float64) returns.Figure {
	return ratio(c.ActiveReturn(r, b), c.TrackingError(r, b))
}

// Treynor is the annual return in excess of what was free of risk over beta; both series are in excess of it.
func (c Convention) Treynor(r, b []float64) returns.Figure {
	x, y := pairs(r, b)
	return ratio(c.AnnualReturn(x), c.Beta(x, y))
}

// Market is which periods a capture ratio looks at, by the benchmark's return.
type Market int

// What a Market may be.
const (
	Always Market = iota // all periods
	Up                   // those in which the benchmark rose
	Down                 // those in which it fell
	NotUp                // those in which it fell or stood still
)

// in are the pairs of returns of the market's periods.
func (m Market) in(r, b []float64) (x, y []float64) {
	for i := range min(len(r), len(b)) {
		if m == Always || m == Up && b[i] > 0 || m == Down && b[i] < 0 || m == NotUp && b[i] <= 0 {
			x, y = append(x, r[i]), append(y, b[i])
		}
	}
	return x, y
}

// Capture is the compound return in the market's periods over the benchmark's.
func Capture(r, b []float64, in Market) returns.Figure {
	x, y := in.in(pairs(r, b))
	return ratio(returns.Link(x), returns.Link(y))
}

// AnnualCapture is Capture of annual returns instead.
func (c Convention) AnnualCapture(r, b []float64, in Market) returns.Figure {
	x, y := in.in(r, b)
	return ratio(c.AnnualReturn(x), c.AnnualReturn(y))
}

// UpDownCapture is the annual capture while the benchmark rose over that while it fell.
func (c Convention) UpDownCapture(r, b []float64) returns.Figure {
	return ratio(c.AnnualCapture(r, b, Up), c.AnnualCapture(r, b, Down))
}

// AnnualAlphaArithmetic is α·periods.
func (c Convention) AnnualAlphaArithmetic(r, b []float64) returns.Figure {
	return c.Alpha(r, b).Then(func(alpha float64) float64 { return alpha * c.PeriodsPerYear })
}
