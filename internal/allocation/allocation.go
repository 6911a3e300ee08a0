// Package allocation divides a whole into parts that add up to it exactly.
package allocation

import (
	"cmp"
	"errors"
	"slices"

	"github.com/shopspring/decimal"
)

var (
	// ErrNoTotal means that the weights add up to nothing, or less: there is no share of that.
	ErrNoTotal = errors.New("the weights add up to nothing that could be shared")
	// ErrNegative means that an amount was to be divided by a weight below zero.
	ErrNegative = errors.New("a weight is below zero")
)

// Ties says who gets a unit when remainders are equal; where it does not decide, who comes first does.
type Ties int

const (
	// LargerWeight is ours: the larger of two weights, and of equal ones who comes first.
	LargerWeight Ties = iota
	// First is who comes first.
	First
)

// Percent are the weights in percent of their sum, with decimals places that add up to exactly 100. Each share is
// rounded down and what is left goes to the largest remainders (Hamilton's method), among equals to the larger weight,
// then to who comes first. A weight below zero, as of a short position, has a share below zero. ErrNoTotal when the sum
// is not positive.
func Percent(weights []decimal.Decimal, places int32) ([]decimal.Decimal, error) {
	return PercentBy(LargerWeight, weights, places)
}

// PercentBy is Percent with another rule for ties.
func PercentBy(ties Ties, weights []decimal.Decimal, places int32) ([]decimal.Decimal, error) {
	parts, err := largestRemainders(ties, decimal.New(100, places), weights)
	for i := range parts {
		parts[i] = parts[i].Shift(-places)
	}
	return parts, err
}

// Split divides an amount by weights as Percent does, in whole units such as cents. Of an amount below zero the parts are
// those of its opposite, negated.
func Split(units int64, weights []decimal.Decimal) ([]decimal.Decimal, error) {
	return SplitBy(LargerWeight, units, weights)
}

// SplitBy is Split with another rule for ties.
func SplitBy(ties Ties, units int64, weights []decimal.Decimal) ([]decimal.Decimal, error) {
	return mirrored(units, weights, func(whole decimal.Decimal) ([]decimal.Decimal, error) {
		return largestRemainders(ties, whole, weights)
	})
}

// SplitInTurn divides an amount, rounding every part down and giving what is left one unit each to those who come first
// and have a weight at all.
func SplitInTurn(units int64, weights []decimal.Decimal) ([]decimal.Decimal, error) {
	return mirrored(units, weights, func(whole decimal.Decimal) ([]decimal.Decimal, error) {
		parts, _, left := floors(whole, decimal.Sum(decimal.Zero, weights...), weights)
		for i := range parts {
			if left.IsPositive() && weights[i].IsPositive() {
				parts[i], left = parts[i].Add(one), left.Sub(one)
			}
		}
		return parts, nil
	})
}

var one = decimal.NewFromInt(1)

// mirrored divides the magnitude of an amount and gives the parts its sign. Nothing is divided among anybody as nothing.
func mirrored(units int64, weights []decimal.Decimal, divide func(decimal.Decimal) ([]decimal.Decimal, error)) ([]decimal.Decimal, error) {
	if slices.ContainsFunc(weights, decimal.Decimal.IsNegative) {
		return nil, ErrNegative
	}
	if units == 0 && len(weights) > 0 {
		return make([]decimal.Decimal, len(weights)), nil
	}
	if !decimal.Sum(decimal.Zero, weights...).IsPositive() {
		return nil, ErrNoTotal
	}
	whole := decimal.NewFromInt(units)
	parts, err := divide(whole.Abs())
	for i := range parts {
		if units < 0 {
			parts[i] = parts[i].Neg()
		}
	}
	return parts, err
}

func largestRemainders(ties Ties, whole decimal.Decimal, weights []decimal.Decimal) ([]decimal.Decimal, error) {
	total := decimal.Sum(decimal.Zero, weights...)
	if !total.IsPositive() {
		return nil, ErrNoTotal
	}
	parts, remainders, left := floors(whole, total, weights)
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		larger := 0
		if ties == LargerWeight {
			larger = weights[b].Cmp(weights[a])
		}
		return cmp.Or(remainders[b].Cmp(remainders[a]), larger, cmp.Compare(a, b))
	})
	for _, i := range order[:left.IntPart()] { // fewer than there are weights: each remainder is less than one unit
		parts[i] = parts[i].Add(one)
	}
	return parts, nil
}

// floors are the weights' parts of the whole, rounded down to units, and what is left of each and of all.
func floors(whole, total decimal.Decimal, weights []decimal.Decimal) (parts, remainders []decimal.Decimal, left decimal.Decimal) {
	parts, remainders, left = make([]decimal.Decimal, len(weights)), make([]decimal.Decimal, len(weights)), whole
	for i, weight := range weights {
		parts[i], remainders[i] = floorDiv(weight.Mul(whole), total)
		left = left.Sub(parts[i])
	}
	return parts, remainders, left
}

// floorDiv divides rounding down, also below zero, so that the remainder is never negative. d is positive.
func floorDiv(n, d decimal.Decimal) (quotient, remainder decimal.Decimal) {
	quotient, remainder = n.QuoRem(d, 0)
	if remainder.IsNegative() {
		return quotient.Sub(one), remainder.Add(d)
	}
	return quotient, remainder
}
