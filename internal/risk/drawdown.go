package risk

import (
	"math"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// Episode is one fall of an index from a peak until the peak is reached again, as positions in the index.
type Episode struct {
	Peak, Trough int
	Recovery     int     // -1 while the peak has not been reached again
	Depth        float64 // trough/peak - 1, below 0
}

// Drawdowns are the falls of an index.
type Drawdowns struct {
	// Episodes are in the order of time.
	Episodes []Episode
	// Max is the deepest fall, 0 when the index never fell; undefined for an empty index.
	Max returns.Figure
	// Deepest is the episode of Max, the first of several; nil when there was none.
	Deepest *Episode
	// Current is how far the index is below its highest at the end.
	Current returns.Figure
	// Series is the index over its highest so far, less 1, at each position.
	Series []float64

	days []int32
}

// DrawdownsOf finds the falls of an index of positive values, which starts with 1 before the first return; days are
// those of its values. An index that falls below 0 is more than 100 % down.
func DrawdownsOf(days []int32, index []float64) Drawdowns {
	d := Drawdowns{Series: make([]float64, len(index)), Max: returns.None(returns.TooFewValues), Current: returns.None(returns.TooFewValues), days: days}
	if len(index) == 0 {
		return d
	}
	peak, open := 0, false
	for i, level := range index {
		if level >= index[peak] {
			if open {
				d.Episodes[len(d.Episodes)-1].Recovery, open = i, false
			}
			peak = i
			continue
		}
		d.Series[i] = level/index[peak] - 1
		if !open {
			d.Episodes, open = append(d.Episodes, Episode{Peak: peak, Trough: i, Recovery: -1, Depth: d.Series[i]}), true
		}
		if e := &d.Episodes[len(d.Episodes)-1]; d.Series[i] < e.Depth {
			e.Trough, e.Depth = i, d.Series[i]
		}
	}
	d.Max, d.Current = returns.Of(0), returns.Of(d.Series[len(index)-1])
	for i := range d.Episodes {
		if e := &d.Episodes[i]; e.Depth < d.Max.Value {
			d.Max, d.Deepest = returns.Of(e.Depth), e
		}
	}
	return d
}

// Span is a time between two days; Open when it had not ended by the last.
type Span struct {
	From, To int32
	Open     bool
}

// Days is the length of the span.
func (s Span) Days() int { return int(s.To - s.From) }

// LongestUnderWater is the longest time from a peak to its recovery or, while that is open, to the last day.
func (d Drawdowns) LongestUnderWater() Span {
	return d.longest(func(e Episode) int { return e.Peak })
}

// LongestRecovery is the longest time from a trough to the recovery or, while that is open, to the last day.
func (d Drawdowns) LongestRecovery() Span {
	return d.longest(func(e Episode) int { return e.Trough })
}

// longest is zero when the index never fell; of equal spans it is the first.
func (d Drawdowns) longest(from func(Episode) int) Span {
	var longest Span
	for _, e := range d.Episodes {
		span := Span{From: d.days[from(e)], To: d.days[len(d.days)-1], Open: e.Recovery < 0}
		if !span.Open {
			span.To = d.days[e.Recovery]
		}
		if span.Days() > longest.Days() {
			longest = span
		}
	}
	return longest
}

// LongestBetweenHighs is the longest time without a new high, be the index under water or standing still: from one
// high to the next or to the last day.
func (d Drawdowns) LongestBetweenHighs(index []float64) Span {
	var longest Span
	high := 0
	for i := range index {
		isHigh := index[i] > index[high]
		span := Span{From: d.days[high], To: d.days[i], Open: !isHigh}
		if (isHigh || i == len(index)-1) && span.Days() > longest.Days() {
			longest = span
		}
		if isHigh {
			high = i
		}
	}
	return longest
}

// Worst are the n deepest episodes, the deepest first.
func (d Drawdowns) Worst(n int) []Episode {
	worst := slices.Clone(d.Episodes)
	slices.SortStableFunc(worst, func(a, b Episode) int {
		switch {
		case a.Depth < b.Depth:
			return -1
		case a.Depth > b.Depth:
			return 1
		}
		return 0
	})
	return worst[:min(max(n, 0), len(worst))]
}

// PainIndex is the mean depth below the highest so far, over all returns.
func PainIndex(r []float64) returns.Figure { return meanDepth(r, math.Abs) }

// UlcerIndex is the root of the mean square of those depths (Martin 1987).
func UlcerIndex(r []float64) returns.Figure {
	return meanDepth(r, func(x float64) float64 { return x * x }).Then(math.Sqrt)
}

func meanDepth(r []float64, of func(float64) float64) returns.Figure {
	r = present(r)
	if len(r) == 0 {
		return returns.None(returns.TooFewValues)
	}
	sum := 0.0
	for _, x := range DrawdownsOf(nil, returns.Index(r)).Series[1:] {
		sum += of(x)
	}
	return returns.Of(sum / float64(len(r)))
}

// Periods are the lengths of an episode in returns: from the first below the peak to the recovery, or to the last of n
// while it is open; to the trough, with it; and from there.
type Periods struct{ Length, ToTrough, Recovery int }

// Periods counts the returns of an episode of an index of n returns.
func (e Episode) Periods(n int) Periods {
	end := e.Recovery
	if end < 0 {
		end = n
	}
	return Periods{Length: end - e.Peak, ToTrough: e.Trough - e.Peak, Recovery: end - e.Trough}
}
