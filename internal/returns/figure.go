// Package returns measures what a portfolio earned and at what risk: TWR, XIRR, Dietz, drawdowns and the statistics of returns.
package returns

import "math"

// Status says how far a figure can be relied on.
type Status string

const (
	OK          Status = "ok"
	Undefined   Status = "undefined"   // there is no figure, for the reason given
	Partial     Status = "partial"     // the figure leaves out what is not known
	Approximate Status = "approximate" // the figure comes from a formula that approximates
	Invalid     Status = "invalid"     // an internal rate of return was asked of flows that cannot have one
	NoRoot      Status = "no_root"     // no rate of return solves the equation of the flows
)

// Reason says why a figure is not plainly OK.
type Reason string

const (
	TooFewValues     Reason = "too_few_values"       // fewer observations than the figure needs
	NoPeriod         Reason = "no_period"            // the period has no length
	UnderAYear       Reason = "under_a_year"         // too short a period to speak of a year's return
	Gap              Reason = "gap"                  // days in the chain have no return
	BelowTotalLoss   Reason = "below_total_loss"     // more than everything was lost
	NoCapital        Reason = "no_capital"           // nothing was invested
	ZeroDenominator  Reason = "zero_denominator"     // nothing is divided by nothing, or a measure does not vary
	Unbounded        Reason = "unbounded"            // a gain is divided by no risk at all
	UnboundedBelow   Reason = "unbounded_below"      // a loss is divided by no risk at all
	FewerThanTwo     Reason = "fewer_than_two_flows" // of flows that are not zero
	SameSign         Reason = "all_same_sign"        // flows go one way only
	SameDay          Reason = "same_day"             // all flows are of one day
	NotFinite        Reason = "not_finite"           // an amount is no number
	NoZero           Reason = "no_zero"              // the net present value is never zero
	Unrepresentable  Reason = "unrepresentable"      // the annual rate is next to -100 % or beyond 10^26
	NegativeCapital  Reason = "negative_capital"     // more had been taken out than was there
	UnknownReturn    Reason = "unknown_return"       // a return of the series is missing where none may
	NotLogarithmable Reason = "total_loss"           // the logarithm of a total loss
)

// Figure is a number, or why there is none. Value means nothing, and is 0, unless Known.
type Figure struct {
	Value  float64
	Status Status
	Reason Reason
}

// Known tells whether there is a value, be it partial or approximate.
func (f Figure) Known() bool { return f.Status == OK || f.Status == Partial || f.Status == Approximate }

// Ptr is the value for where null stands for none.
func (f Figure) Ptr() *float64 {
	if !f.Known() {
		return nil
	}
	return &f.Value
}

func undefined(why Reason) Figure { return Figure{Status: Undefined, Reason: why} }

// known is an OK figure; a value that is no number makes it undefined.
func known(value float64) Figure {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return undefined(NotFinite)
	}
	return Figure{Value: value, Status: OK}
}

// then computes with a figure's value; one without stays as it is. Statuses short of OK are kept.
func (f Figure) then(compute func(float64) float64) Figure {
	if !f.Known() {
		return f
	}
	result := known(compute(f.Value))
	if result.Status == OK {
		result.Status, result.Reason = f.Status, f.Reason
	}
	return result
}

// ratio divides two figures. By zero it is undefined, and says on which side the quotient would leave all bounds.
func ratio(n, d Figure) Figure {
	switch {
	case !n.Known():
		return n
	case !d.Known():
		return d
	case d.Value != 0:
		return known(n.Value / d.Value)
	case n.Value > 0:
		return undefined(Unbounded)
	case n.Value < 0:
		return undefined(UnboundedBelow)
	}
	return undefined(ZeroDenominator)
}

// Missing stands in a series for a day without an observation. No result is ever it.
func Missing() float64 { return math.NaN() }

func missing(x float64) bool { return math.IsNaN(x) }

// present are the observations that are there.
func present(series []float64) []float64 {
	kept := make([]float64, 0, len(series))
	for _, x := range series {
		if !missing(x) {
			kept = append(kept, x)
		}
	}
	return kept
}

// pairs are the observations of days on which both series have one; the longer is cut to the shorter.
func pairs(a, b []float64) (x, y []float64) {
	n := min(len(a), len(b))
	x, y = make([]float64, 0, n), make([]float64, 0, n)
	for i := range n {
		if !missing(a[i]) && !missing(b[i]) {
			x, y = append(x, a[i]), append(y, b[i])
		}
	}
	return x, y
}
