package prose

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/reference"
)

// basis is what a value rests on: what was read, and with what numbers that was reckoned which nobody read.
type basis struct {
	read       []reference.Figure
	numbers    []decimal.Decimal
	expression string // by which it was worked out; empty where it was read
}

// basisOf looks through what the calculate tool worked out to what that was worked out from. The expression is that of the
// text, with the numbers that stand in it.
func basisOf(facts []fact, expression string, numbers []decimal.Decimal) basis {
	b := basis{numbers: slices.Clone(numbers)}
	if len(facts) != 1 || !calculatesNothing(expression) {
		b.expression = expression
	}
	for _, f := range facts {
		of := f.call.Result.Basis
		if of == nil {
			b.read = append(b.read, f.Figure)
			continue
		}
		b.read, b.numbers = append(b.read, of.Figures...), append(b.numbers, of.Numbers...)
		if b.expression == "" {
			b.expression = of.Expression
		}
	}
	return b
}

// counts are the numbers that an expression may hold without anybody's having named them, beside those up to a dozen: the
// weeks, days and trading days of a year, and what makes a ratio a percentage.
var counts = []int64{52, 100, 252, 365}

const dozen = 12

// madeUp says of a value that it rests on numbers that were not read and stand neither in the question nor in the line, as
// themselves or as percentages; empty where it does not.
func (w *Writer) madeUp(b basis) string {
	if len(b.read) == 0 {
		return "it was worked out from numbers that nothing read bears out"
	}
	for _, n := range b.numbers {
		if !w.isNamed(n) {
			return "it was worked out with " + n.String() + ", which was not read and stands neither in the question nor beside it"
		}
	}
	return ""
}

func (w *Writer) isNamed(n decimal.Decimal) bool {
	if whole := n.Abs().IntPart(); n.IsInteger() && (whole <= dozen || slices.Contains(counts, whole)) {
		return true
	}
	one := decimal.NewFromInt(1)
	spoken := []decimal.Decimal{n, n.Shift(2), n.Sub(one).Abs().Shift(2)} // 0.07 and 1.07 are 7 percent
	is := func(said decimal.Decimal) bool {
		return slices.ContainsFunc(spoken, func(n decimal.Decimal) bool { return n.Equal(said.Abs()) })
	}
	for _, s := range w.said {
		if is(s.Value) {
			return true
		}
	}
	return slices.ContainsFunc(w.named, is)
}
