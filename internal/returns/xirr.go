package returns

import (
	"cmp"
	"math"
	"slices"
)

// Timed is money at a time in years; its sign says which way it goes.
type Timed struct{ Years, Amount float64 }

// Rate is an internal rate of return, or why there is none.
type Rate struct {
	// Annual is the effective rate of a year. Its Status may be Invalid or NoRoot. Of several roots it is the one
	// nearest to 10 % a year, as ln(1+r) goes.
	Annual Figure
	// Period is what Annual makes over the whole time, (1+r)^T - 1: what to show of less than a year. There may be one
	// where Annual is Unrepresentable.
	Period Figure
	// Roots are all the rates that solve the equation, in rising order.
	Roots []float64
	// Unique is false where several rates solve the equation, and none is more right than the others.
	Unique bool
	Years  float64 // the whole time
}

// A rate is sought as x = ln(1+r) between these: below, r is -1 in a float64, above, it means nothing.
const (
	lowest, highest = -36.0, 60.0
	scanStep        = 0.1
)

// usual is ln(1.1), near which the root of several is that people mean.
var usual = math.Log(1.1)

// XIRR is the rate at which the flows' present values, discounted by ACT/365F from the first of them, sum to 0. All
// signs may be turned round.
func XIRR(flows []Flow) Rate { return XIRRBy(flows, Actual365) }

// XIRRBy is XIRR by any rule for counting days.
func XIRRBy(flows []Flow, years DayCount) Rate {
	return IRR(timed(flows, years))
}

// timed counts the flows' times from the first of them.
func timed(flows []Flow, years DayCount) []Timed {
	if len(flows) == 0 {
		return nil
	}
	first := slices.MinFunc(flows, func(a, b Flow) int { return cmp.Compare(a.Day, b.Day) }).Day
	all := make([]Timed, len(flows))
	for i, f := range flows {
		all[i] = Timed{Years: years(first, f.Day), Amount: f.Amount}
	}
	return all
}

// MoneyWeighted is the return of the money that was in a portfolio: the internal rate of the opening value paid in,
// the flows (into the portfolio positive) and the closing value paid out.
func MoneyWeighted(opening Flow, flows []Flow, closing Flow) Rate {
	return MoneyWeightedBy(opening, flows, closing, Actual365)
}

// MoneyWeightedBy is MoneyWeighted by any rule for counting days.
func MoneyWeightedBy(opening Flow, flows []Flow, closing Flow, years DayCount) Rate {
	all := make([]Flow, 0, len(flows)+2)
	all = append(append(append(all, opening), flows...), Flow{Day: closing.Day, Amount: -closing.Amount})
	return XIRRBy(all, years)
}

// IRR is the internal rate of return of money at any times, in years or other periods.
func IRR(flows []Timed) Rate {
	terms, why := merge(flows)
	if why != "" {
		return refused(Invalid, why)
	}
	e := equation{terms: terms, span: terms[len(terms)-1].Years}
	var roots []float64
	if e.signChanges() == 1 { // then there is exactly one root (Descartes' rule for generalised polynomials)
		roots = []float64{e.only()}
		if roots[0] < lowest || roots[0] > highest {
			rate := refused(NoRoot, Unrepresentable)
			rate.Period, rate.Years = Of(math.Expm1(roots[0]*e.span)), e.span
			return rate
		}
	} else {
		roots = e.scan()
	}
	if len(roots) == 0 {
		return refused(NoRoot, NoZero)
	}
	return e.rate(roots)
}

func refused(status Status, why Reason) Rate {
	return Rate{Annual: Figure{Status: status, Reason: why}, Period: None(why)}
}

// rate picks the headline of the roots, which are ln(1+r).
func (e equation) rate(roots []float64) Rate {
	headline := slices.MinFunc(roots, func(a, b float64) int {
		return cmp.Compare(math.Abs(a-usual), math.Abs(b-usual))
	})
	rate := Rate{
		Annual: Of(math.Expm1(headline)),
		Period: Of(math.Expm1(headline * e.span)),
		Unique: len(roots) == 1,
		Years:  e.span,
	}
	for _, x := range roots {
		rate.Roots = append(rate.Roots, math.Expm1(x))
	}
	return rate
}

// merge sums what is at one time and drops what comes to nothing. The reason says why what is left has no rate. Times
// count from the first that is left, as a factor common to all values changes no root.
func merge(flows []Timed) ([]Timed, Reason) {
	sorted := slices.Clone(flows)
	slices.SortStableFunc(sorted, func(a, b Timed) int { return cmp.Compare(a.Years, b.Years) })
	var terms []Timed
	var in, out bool
	for _, f := range sorted {
		if !finite(f.Years) || !finite(f.Amount) {
			return nil, NotFinite
		}
		in, out = in || f.Amount > 0, out || f.Amount < 0
		if n := len(terms); n > 0 && terms[n-1].Years == f.Years {
			terms[n-1].Amount += f.Amount
		} else {
			terms = append(terms, f)
		}
	}
	oneTime := len(terms) == 1
	terms = slices.DeleteFunc(terms, func(t Timed) bool { return t.Amount == 0 })
	switch {
	case len(flows) < 2 || !in && !out:
		return nil, FewerThanTwo
	case in != out:
		return nil, SameSign
	case oneTime:
		return nil, SameDay
	}
	positive := slices.ContainsFunc(terms, func(t Timed) bool { return t.Amount > 0 })
	negative := slices.ContainsFunc(terms, func(t Timed) bool { return t.Amount < 0 })
	if !positive || !negative { // only within single days did money go both ways
		return nil, SameSign
	}
	for i := len(terms) - 1; i >= 0; i-- {
		terms[i].Years -= terms[0].Years
	}
	return terms, ""
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
