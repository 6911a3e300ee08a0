package returns

import "math"

// YearDays is the length of a year, as in ACT/365F.
const YearDays = 365

// Annualised is the yearly return that makes the total over the days, undefined under a year: a short period says
// nothing of a year (GIPS).
func Annualised(total Figure, days int) Figure {
	if total.Known() && days < YearDays {
		return None(UnderAYear)
	}
	return Annualise(total, float64(days)/YearDays)
}

// Annualise is the yearly return that makes the total over the years, however short: (1+R)^(1/years) - 1.
func Annualise(total Figure, years float64) Figure {
	switch {
	case !total.Known():
		return total
	case years <= 0:
		return None(NoPeriod)
	case total.Value < -1:
		return None(BelowTotalLoss)
	case years == 1:
		return total
	}
	return total.Then(func(r float64) float64 { return math.Expm1(math.Log1p(r) / years) })
}
