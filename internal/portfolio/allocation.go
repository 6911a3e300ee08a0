package portfolio

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"
)

// hundredPercent in the unit shares are dealt in, hundredths of a percent.
const hundredPercent = 10_000

// allocate sets each holding's share of everything counted, which is the holdings in BaseCurrency and cash. No holding
// has a share when the total is not positive.
func allocate(holdings []Holding, cash decimal.Decimal) {
	amounts := []decimal.Decimal{cash}
	var counted []*Holding
	for i := range holdings {
		if value, ok := countedValue(holdings[i]); ok {
			amounts = append(amounts, value)
			counted = append(counted, &holdings[i])
		}
	}
	parts := shares(amounts)
	if parts == nil {
		return
	}
	for i, h := range counted {
		h.AllocationPercent = &parts[i+1]
	}
}

// countedValue is what of a holding is in the totals: the market values its sources know, if they are in BaseCurrency.
func countedValue(h Holding) (decimal.Decimal, bool) {
	var value sum
	for _, s := range h.Sources {
		if s.MarketValue != nil {
			value.addIf(true, *s.MarketValue)
		}
	}
	return value.total, h.Currency == BaseCurrency && value.known > 0
}

// shares are the amounts in percent of their sum, with two decimals that add up to exactly 100: each share is rounded
// down and what is left goes to the largest remainders (Hamilton's method). Nil when the sum is not positive.
func shares(amounts []decimal.Decimal) []decimal.Decimal {
	total := decimal.Sum(decimal.Zero, amounts...)
	if !total.IsPositive() {
		return nil
	}
	parts := make([]decimal.Decimal, len(amounts))
	remainders := make([]decimal.Decimal, len(amounts))
	order := make([]int, len(amounts))
	left := decimal.NewFromInt(hundredPercent)
	for i, amount := range amounts {
		parts[i], remainders[i] = floorDiv(amount.Mul(decimal.NewFromInt(hundredPercent)), total)
		left = left.Sub(parts[i])
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(remainders[b].Cmp(remainders[a]), cmp.Compare(a, b))
	})
	one := decimal.NewFromInt(1)
	for _, i := range order[:left.IntPart()] { // fewer than there are amounts: each remainder is less than one share
		parts[i] = parts[i].Add(one)
	}
	for i := range parts {
		parts[i] = parts[i].Shift(-2)
	}
	return parts
}

// floorDiv divides rounding down, also below zero, so that the remainder is never negative. d is positive.
func floorDiv(n, d decimal.Decimal) (quotient, remainder decimal.Decimal) {
	quotient, remainder = n.QuoRem(d, 0)
	if remainder.IsNegative() {
		return quotient.Sub(decimal.NewFromInt(1)), remainder.Add(d)
	}
	return quotient, remainder
}
