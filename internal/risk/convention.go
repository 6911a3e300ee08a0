// Package risk measures how much returns vary and what was lost on the way: volatility, ratios, drawdowns, and all that beside a benchmark.
package risk

import "github.com/jaspers-ai/jaspers/internal/returns"

// Convention is what sources choose differently. The product shows figures by Ours alone; other conventions are there
// to check the formulas against what others published.
type Convention struct {
	// PeriodsPerYear is how many returns make a year.
	PeriodsPerYear float64
	// DDof is what is taken off the number of observations in a variance: 1 for a sample, 0 for a whole population.
	DDof int
	// CountMissing lets a missing return count as a period that has passed when returns are annualised.
	CountMissing bool
}

// Ours is what the product shows: returns of trading days, sample variances.
func Ours() Convention { return Convention{PeriodsPerYear: 252, DDof: 1} }

// PerPeriod is the return of one period that makes the annual one: (1+R)^(1/periods) - 1.
func (c Convention) PerPeriod(annual float64) returns.Figure {
	return returns.Annualise(returns.Of(annual), c.PeriodsPerYear)
}
