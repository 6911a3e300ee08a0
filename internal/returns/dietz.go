package returns

// Weighted is a flow (into the portfolio positive) and the share of the period for which it was there: 1 from the
// start, 0 at the end.
type Weighted struct{ Weight, Amount float64 }

// Dietz approximates a period's return without valuations at the flows:
//
//	(closing - opening - ΣF) / (opening + Σ w·F)
//
// It is undefined when the average capital, below the line, is not positive. With weights of ½ it is the simple Dietz
// method, with those of ModifiedDietz the modified one (Dietz 1966). Below -100 % it gives BelowTotalLoss as reason: the
// approximation has failed.
func Dietz(opening, closing float64, flows []Weighted) Figure {
	gain, capital := closing-opening, opening
	for _, f := range flows {
		gain -= f.Amount
		capital += f.Weight * f.Amount
	}
	switch {
	case !finite(gain) || !finite(capital):
		return None(NotFinite)
	case capital < -dust:
		return None(NegativeCapital)
	case capital <= dust:
		return None(NoCapital)
	}
	result := Figure{Value: gain / capital, Status: Approximate}
	if result.Value < -1 {
		result.Reason = BelowTotalLoss
	}
	return result
}

// Period is a time between two closings, (Start, End]. Its unit is the day, or any other for flows in it, too.
type Period struct{ Start, End int32 }

// ModifiedDietz weights each flow by the share of the period that is left after its day. What is not in the period
// is left out: it is in the opening value, or after the closing one.
func ModifiedDietz(opening, closing float64, flows []Flow, p Period) Figure {
	return ModifiedDietzAt(AtEnd, opening, closing, flows, p)
}

// ModifiedDietzAt is ModifiedDietz with flows at the start of their day, which then counts, or at its end.
func ModifiedDietzAt(timing Timing, opening, closing float64, flows []Flow, p Period) Figure {
	if p.End <= p.Start {
		return None(NoPeriod)
	}
	var weighted []Weighted
	for _, f := range flows {
		if f.Day > p.Start && f.Day <= p.End {
			weighted = append(weighted, Weighted{p.weight(f, timing), f.Amount})
		}
	}
	return Dietz(opening, closing, weighted)
}

// weight is the share of the period after the flow; AtStart, and coming in by StartInEndOut, its own day counts.
func (p Period) weight(f Flow, timing Timing) float64 {
	left := float64(p.End) - float64(f.Day)
	if timing == AtStart || timing == StartInEndOut && f.Amount > 0 {
		left++
	}
	return left / (float64(p.End) - float64(p.Start))
}

// Days is the period of whole days from the first to the last, both with it.
func Days(first, last int32) Period { return Period{Start: first - 1, End: last} }

// Weights are the shares of the period left after each flow at the end of its day. A flow outside it counts at the
// nearer end, where other formulas leave it out.
func (p Period) Weights(flows []Flow) []Weighted {
	weighted := make([]Weighted, len(flows))
	for i, f := range flows {
		f.Day = min(max(f.Day, p.Start), p.End)
		weighted[i] = Weighted{p.weight(f, AtEnd), f.Amount}
	}
	return weighted
}
