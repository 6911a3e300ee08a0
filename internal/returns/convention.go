package returns

import "math"

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

// Ours: returns of trading days, sample variances.
func Ours() Convention { return Convention{PeriodsPerYear: 252, DDof: 1} }

// YearDays is the length of a year, as in ACT/365F.
const YearDays = 365

// Annualised is the yearly return that makes the total over the days, undefined under a year: a short period says
// nothing of a year (GIPS).
func Annualised(total Figure, days int) Figure {
	if total.Known() && days < YearDays {
		return undefined(UnderAYear)
	}
	return Annualise(total, float64(days)/YearDays)
}

// Annualise is the yearly return that makes the total over the years, however short: (1+R)^(1/years) - 1.
func Annualise(total Figure, years float64) Figure {
	switch {
	case !total.Known():
		return total
	case years <= 0:
		return undefined(NoPeriod)
	case total.Value < -1:
		return undefined(BelowTotalLoss)
	}
	return total.then(func(r float64) float64 { return math.Expm1(math.Log1p(r) / years) })
}

// PerPeriod is the return of one period that makes the annual one: (1+R)^(1/periods) - 1.
func (c Convention) PerPeriod(annual float64) Figure {
	return Annualise(known(annual), c.PeriodsPerYear)
}
