// Package returns measures what a portfolio earned: TWR, XIRR, Dietz, and returns of periods that are joined or made yearly.
package returns

import "math"

// Status says how far a figure can be relied on.
type Status string

// What a Status may be.
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

// What a Reason may be.
const (
	TooFewValues    Reason = "too_few_values"       // fewer observations than the figure needs
	NoPeriod        Reason = "no_period"            // the period has no length
	UnderAYear      Reason = "under_a_year"         // too short a period to speak of a year's return
	Gap             Reason = "gap"                  // days in the chain have no return
	BelowTotalLoss  Reason = "below_total_loss"     // more than everything was lost
	NoCapital       Reason = "no_capital"           // nothing was invested
	ZeroDenominator Reason = "zero_denominator"     // nothing is divided by nothing, or a measure does not vary
	Unbounded       Reason = "unbounded"            // a gain is divided by no risk at all
	UnboundedBelow  Reason = "unbounded_below"      // a loss is divided by no risk at all
	FewerThanTwo    Reason = "fewer_than_two_flows" // of flows that are not zero
	SameSign        Reason = "all_same_sign"        // flows go one way only
	SameDay         Reason = "same_day"             // all flows are of one day
	NotFinite       Reason = "not_finite"           // an amount is no number
	NoZero          Reason = "no_zero"              // the net present value is never zero
	Unrepresentable Reason = "unrepresentable"      // the annual rate is next to -100 % or beyond 10^26
	NegativeCapital Reason = "negative_capital"     // more had been taken out than was there
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

// None is an undefined figure.
func None(why Reason) Figure { return Figure{Status: Undefined, Reason: why} }

// Of is the figure of a value; one that is no number makes it undefined.
func Of(value float64) Figure {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return None(NotFinite)
	}
	return Figure{Value: value, Status: OK}
}

// Then computes with a figure's value; one without stays as it is. Statuses short of OK are kept.
func (f Figure) Then(compute func(float64) float64) Figure {
	if !f.Known() {
		return f
	}
	result := Of(compute(f.Value))
	if result.Status == OK {
		result.Status, result.Reason = f.Status, f.Reason
	}
	return result
}

// Missing stands in a series for a day without an observation. No result is ever it.
func Missing() float64 { return math.NaN() }
