package risk

import (
	"math"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// ratio divides two figures. By zero it is undefined, and says on which side the quotient would leave all bounds.
func ratio(n, d returns.Figure) returns.Figure {
	switch {
	case !n.Known():
		return n
	case !d.Known():
		return d
	case d.Value != 0:
		return returns.Of(n.Value / d.Value)
	case n.Value > 0:
		return returns.None(returns.Unbounded)
	case n.Value < 0:
		return returns.None(returns.UnboundedBelow)
	}
	return returns.None(returns.ZeroDenominator)
}

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
