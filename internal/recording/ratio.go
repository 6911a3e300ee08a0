package recording

import (
	"slices"

	"github.com/shopspring/decimal"
)

// ratio makes to shares of from ones.
type ratio struct{ from, to int64 }

// usual are the ratios that companies choose, the likelier ones before the others: so many for one, so many as one, and
// dividends in shares.
var usual = [][]ratio{
	slices.Concat(
		ofOne(2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 100), []ratio{{2, 3}, {4, 5}, {3, 4}, {2, 5}, {3, 5}}, dividends(5, 10),
	),
	slices.Concat(
		ofOne(6, 7, 8, 9, 12, 14, 16, 18, 35, 45, 60, 70, 75, 80, 90, 120, 125, 150, 180, 200, 250, 300, 400, 500, 1000),
		[]ratio{{5, 6}, {5, 7}, {5, 8}, {4, 7}, {3, 2}, {5, 4}, {4, 3}, {5, 2}}, dividends(1, 2, 3, 4, 6, 7, 8, 9, 15, 30),
	),
}

// ofOne are the splits of one share into so many, and those that make one of so many.
func ofOne(many ...int64) (all []ratio) {
	for _, n := range many {
		all = append(all, ratio{1, n}, ratio{n, 1})
	}
	return all
}

// dividends give so many per cent more shares.
func dividends(percents ...int64) (all []ratio) {
	for _, p := range percents {
		all = append(all, ratio{100, 100 + p})
	}
	return all
}

// likelyRatio is the ratio by which before shares probably became after ones. A usual one that is exact goes before one of which a
// fraction of a share was paid out, which can be where after is whole; of several such it is that with the least paid out.
// Where no usual one does, the quantities themselves are the ratio.
func likelyRatio(before, after decimal.Decimal) (from, to decimal.Decimal, ok bool) {
	if !before.IsPositive() || !after.IsPositive() {
		return from, to, false
	}
	for _, exact := range []bool{true, false} {
		for _, some := range usual {
			if r, found := closest(some, before, after, exact); found {
				return decimal.NewFromInt(r.from), decimal.NewFromInt(r.to), true
			}
		}
	}
	return before, after, true
}

// closest is the ratio that leaves the least of a share to be paid out: next to nothing where it has to be exact.
func closest(some []ratio, before, after decimal.Decimal, exact bool) (best ratio, found bool) {
	b, a := before.InexactFloat64(), after.InexactFloat64()
	const nothing = 1e-6
	most := nothing
	if !exact && after.IsInteger() {
		most = 1 - nothing
	}
	for _, r := range some {
		if paid := b*float64(r.to)/float64(r.from) - a; paid > -nothing && paid < most {
			best, found, most = r, true, paid
		}
	}
	return best, found
}
