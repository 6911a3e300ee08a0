package returns

import (
	"math"
	"slices"
)

// Flow is money that came into a portfolio, or left it when negative.
type Flow struct {
	Day    int32 // calendar.Day.Number
	Amount float64
}

// Point is what a portfolio was worth at the close of a day, and what came in and went out since the point before;
// In and Out are not negative.
type Point struct {
	Day            int32
	Value, In, Out float64
}

// Timing is when within a period flows are taken to have happened.
type Timing int

const (
	// StartInEndOut puts what comes in at the start and what goes out at the end: r = (V+out)/(V₀+in) - 1. It is
	// Portfolio Performance's rule and ours; a purchase and full sale of one day have a return by it.
	StartInEndOut Timing = iota
	// AtEnd puts all flows at the end: r = (V-in+out)/V₀ - 1.
	AtEnd
	// AtStart puts all flows at the start: r = V/(V₀+in-out) - 1.
	AtStart
)

// dust is less money than can be: what is left of a balance of nothing after sums in floating point.
const dust = 1e-9

// DayReturn is one link of the chain.
type DayReturn struct {
	Day    int32
	Return float64 // 0 unless Status is OK
	Status Status  // OK, or Undefined with the reason
	Reason Reason  // NoCapital: nothing was invested, the chain pauses; NegativeCapital: a gap in the chain
	// Appeared marks a value without capital it could come from, such as a dividend after all was sold. It is in no
	// return and wants a warning.
	Appeared bool
}

// Chain is the time-weighted return of consecutive days. Its Return is Partial when days have none, and undefined with
// fewer than two points.
type Chain struct {
	Days   []DayReturn
	Return Figure
	// NoCapital, Gaps and Appeared count the days so marked.
	NoCapital, Gaps, Appeared int
}

// TWR links the returns between consecutive points, by our convention StartInEndOut. The flows of the first point are
// in its value already.
func TWR(points []Point) Chain { return ChainOf(points, StartInEndOut) }

// ChainOf is TWR by any timing of flows.
func ChainOf(points []Point, timing Timing) Chain {
	if len(points) < 2 {
		return Chain{Return: None(TooFewValues)}
	}
	chain := Chain{Days: make([]DayReturn, 0, len(points)-1)}
	growth := 1.0
	for i, p := range points[1:] {
		day := link(points[i].Value, p, timing)
		chain.count(day)
		growth *= 1 + day.Return
		chain.Days = append(chain.Days, day)
	}
	chain.Return = Of(growth - 1)
	if chain.Gaps > 0 && chain.Return.Known() {
		chain.Return.Status, chain.Return.Reason = Partial, Gap
		if chain.Gaps == len(chain.Days) {
			chain.Return = None(Gap)
		}
	}
	return chain
}

func (c *Chain) count(day DayReturn) {
	switch {
	case day.Status == OK:
	case day.Reason == NoCapital:
		c.NoCapital++
	default:
		c.Gaps++
	}
	if day.Appeared {
		c.Appeared++
	}
}

// link is the return from the value of the day before to the point.
func link(before float64, p Point, timing Timing) DayReturn {
	base, result := before+p.In, p.Value+p.Out
	switch timing {
	case AtEnd:
		base, result = before, p.Value-p.In+p.Out
	case AtStart:
		base, result = before+p.In-p.Out, p.Value
	}
	day := DayReturn{Day: p.Day, Status: OK}
	switch {
	case math.IsNaN(base) || math.IsInf(base, 0) || math.IsNaN(result) || math.IsInf(result, 0):
		day.Status, day.Reason = Undefined, NotFinite
	case math.Abs(base) <= dust:
		day.Status, day.Reason, day.Appeared = Undefined, NoCapital, math.Abs(result) > dust
	case base < 0:
		day.Status, day.Reason = Undefined, NegativeCapital
	default:
		day.Return = result/base - 1
	}
	return day
}

// Series are the returns of the chain's days for statistics: days without capital and gaps are Missing.
func (c Chain) Series() []float64 {
	series := make([]float64, len(c.Days))
	for i, day := range c.Days {
		series[i] = day.Return
		if day.Status != OK {
			series[i] = Missing()
		}
	}
	return series
}

// Valuation is what a portfolio was worth just before a flow.
type Valuation struct{ Before, Flow float64 }

// ValuedAtFlows is the true time-weighted return of a portfolio that was valued just before each flow.
func ValuedAtFlows(opening float64, at []Valuation, closing float64) Chain {
	// With each flow at the start of the period after it, the return up to it does not know of it.
	points := []Point{{Value: opening}}
	pending := 0.0
	for i, v := range append(slices.Clone(at), Valuation{Before: closing}) {
		points = append(points, Point{Day: int32(i + 1), Value: v.Before, In: pending}) // #nosec G115 -- a number of flows
		pending = v.Flow
	}
	return ChainOf(points, AtStart)
}

// Link is the return of returns one after the other, ∏(1+r) - 1. Missing ones are gaps and are skipped; undefined when
// nothing is left.
func Link(series []float64) Figure {
	growth, linked := 1.0, false
	for _, r := range series {
		if !math.IsNaN(r) {
			growth, linked = growth*(1+r), true
		}
	}
	if !linked {
		return None(TooFewValues)
	}
	return Of(growth - 1)
}

// Index is 1 and then the value of what was 1 after each return; over a missing one it stands still.
func Index(series []float64) []float64 {
	index := make([]float64, 1, len(series)+1)
	index[0] = 1
	for _, r := range series {
		last := index[len(index)-1]
		if !math.IsNaN(r) {
			last *= 1 + r
		}
		index = append(index, last)
	}
	return index
}

// Accumulated is the index of returns since its start: 1 and each.
func Accumulated(since []float64) []float64 {
	index := make([]float64, len(since))
	for i, r := range since {
		index[i] = 1 + r
	}
	return index
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
