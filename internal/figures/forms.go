package figures

import (
	"fmt"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// form is one simple way to make a figure of two.
type form struct {
	text     string // with %[1]s and %[2]s for the two
	size     func(a, b float64) float64
	work     func(a, b decimal.Decimal) decimal.Decimal
	unit     func(a, b calculate.Unit) (calculate.Unit, bool)
	unsigned bool // texts tell it without its sign: "is 5 lower"
}

var one, two, hundred = decimal.NewFromInt(1), decimal.NewFromInt(2), decimal.NewFromInt(100)

// simplest is how many of the forms are tried on all that is known.
const simplest = 4

// forms are all that are tried, the simplest first.
func forms() []form {
	all := []form{
		{"%[1]s - %[2]s", func(a, b float64) float64 { return a - b }, decimal.Decimal.Sub, sameUnit, true},
		{"%[1]s + %[2]s", func(a, b float64) float64 { return a + b }, decimal.Decimal.Add, sameUnit, false},
		{"%[1]s / %[2]s", func(a, b float64) float64 { return a / b }, decimal.Decimal.Div, quotient, false},
		{"change(%[2]s, %[1]s)", func(a, b float64) float64 { return (a - b) / b }, func(a, b decimal.Decimal) decimal.Decimal { return a.Sub(b).Div(b) }, asRatio, true},
		{"avg(%[1]s, %[2]s)", func(a, b float64) float64 { return (a + b) / 2 }, func(a, b decimal.Decimal) decimal.Decimal { return a.Add(b).Div(two) }, sameUnit, false},
		{"%[1]s * %[2]s", func(a, b float64) float64 { return a * b / 100 }, func(a, b decimal.Decimal) decimal.Decimal { return a.Mul(b).Div(hundred) }, part, false},
		{"%[1]s * %[2]s", func(a, b float64) float64 { return a * b }, decimal.Decimal.Mul, product, false},
	}
	for years := 2.0; years <= 5; years++ {
		all = append(all, growth(years))
	}
	return all
}

// growth is by how much b grew to a in each of some years.
func growth(years float64) form {
	grown := func(a, b float64) float64 {
		if a <= 0 || b <= 0 {
			return 0
		}
		return math.Pow(a/b, 1/years) - 1
	}
	return form{fmt.Sprintf("cagr(%%[2]s, %%[1]s, %g)", years), grown, func(a, b decimal.Decimal) decimal.Decimal {
		return decimal.NewFromFloat(grown(a.InexactFloat64(), b.InexactFloat64()))
	}, asRatio, true}
}

func sameUnit(a, b calculate.Unit) (calculate.Unit, bool) { return a, a == b }

func asRatio(a, b calculate.Unit) (calculate.Unit, bool) {
	return calculate.Ratio, a == b && a != calculate.Percent
}

// quotient of like things is a ratio, and of money and shares money per share.
func quotient(a, b calculate.Unit) (calculate.Unit, bool) {
	switch {
	case a == calculate.Percent || b == calculate.Percent:
		return "", false
	case a == b, a == calculate.Ratio, b == calculate.Ratio:
		return calculate.Ratio, true
	case a.Currency() != "" && b == "shares":
		return a + "/" + b, true
	}
	return "", false
}

// part is so many percent of something.
func part(a, b calculate.Unit) (calculate.Unit, bool) {
	return a, b == calculate.Percent && a != calculate.Percent
}

// product is so many shares at a price.
func product(a, b calculate.Unit) (calculate.Unit, bool) {
	return calculate.Unit(a.Currency()), a.Currency() != "" && b == "shares"
}

// try works the form out, roughly first.
func (s form) try(f Figure, a, b term) (term, bool) {
	unit, ok := s.unit(a.unit, b.unit)
	if !ok || b.size == 0 || a.size == 0 || !roughly(f, s.size(a.size, b.size), unit) {
		return term{}, false
	}
	t := term{value: s.work(a.value, b.value), unit: unit, name: fmt.Sprintf(s.text, a.name, b.name), supports: slices.Concat(a.supports, b.supports)}
	f.Unsigned = f.Unsigned || s.unsigned
	return t, t.gives(f)
}
