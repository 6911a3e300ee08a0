package allocation

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func decs(words string) []decimal.Decimal {
	var all []decimal.Decimal
	for word := range strings.FieldsSeq(words) {
		all = append(all, decimal.RequireFromString(word))
	}
	return all
}

func text(parts []decimal.Decimal) string { return strings.Trim(fmt.Sprint(parts), "[]") }

func amounts(t *rapid.T, least int64) []decimal.Decimal {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) decimal.Decimal {
		return decimal.New(rapid.Int64Range(least, 1_000_000_000).Draw(t, "cents"), -rapid.Int32Range(0, 8).Draw(t, "places"))
	}), 0, 20).Draw(t, "weights")
}

func TestSharesAddUpToExactlyAHundred(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights, places := amounts(t, -1_000_000), rapid.Int32Range(0, 4).Draw(t, "decimals")
		total := decimal.Sum(decimal.Zero, weights...)
		parts, err := Percent(weights, places)
		if !total.IsPositive() {
			if parts != nil || !errors.Is(err, ErrNoTotal) {
				t.Fatalf("got shares %v (%v) of a total of %s", parts, err, total)
			}
			return
		}
		if got := decimal.Sum(decimal.Zero, parts...); err != nil || !got.Equal(decimal.NewFromInt(100)) {
			t.Fatalf("got shares %v (%v), together %s", parts, err, got)
		}
		for i, part := range parts {
			// Within a unit of the last decimal of the true share: |part·total − 100·weight| < unit·total.
			if off := part.Mul(total).Sub(weights[i].Shift(2)).Abs(); !off.LessThan(total.Shift(-places)) {
				t.Fatalf("got share %s of %s in %s", part, weights[i], total)
			}
			if !part.Equal(part.Truncate(places)) {
				t.Fatalf("got share %s with more than %d decimals", part, places)
			}
		}
	})
}

func TestAnAmountIsDividedWithoutLossAndItsOppositeAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights, units := amounts(t, 0), rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "units")
		for name, divide := range map[string]func(int64, []decimal.Decimal) ([]decimal.Decimal, error){"Split": Split, "SplitInTurn": SplitInTurn} {
			parts, err := divide(units, weights)
			opposite, _ := divide(-units, weights)
			if err != nil {
				continue
			}
			if got := decimal.Sum(decimal.Zero, parts...); !got.Equal(decimal.NewFromInt(units)) {
				t.Fatalf("%s: got %v, together %s, of %d", name, parts, got, units)
			}
			for i := range parts {
				if !parts[i].Equal(opposite[i].Neg()) {
					t.Fatalf("%s: got %v of %d and %v of its opposite", name, parts, units, opposite)
				}
				if weights[i].IsZero() && !parts[i].IsZero() {
					t.Fatalf("%s: got %s for no weight", name, parts[i])
				}
			}
		}
	})
}

func TestTiesGoToTheLargerWeightAndThenToTheFirst(t *testing.T) {
	for _, test := range []struct {
		ties          Ties
		units         int64
		weights, want string
	}{
		{LargerWeight, 2, "1 3", "0 2"}, // a half is left of each
		{First, 2, "1 3", "1 1"},
		{LargerWeight, 3, "2 2 2 2", "1 1 1 0"},
		{First, 3, "2 2 2 2", "1 1 1 0"},
		{First, 5, "3 7", "2 3"},
		{LargerWeight, 5, "3 7", "1 4"},
	} {
		parts, err := SplitBy(test.ties, test.units, decs(test.weights))
		if err != nil || text(parts) != test.want {
			t.Errorf("%d by %s: got %s (%v), want %s", test.units, test.weights, text(parts), err, test.want)
		}
	}
}

func TestWhatCannotBeDividedIsRefused(t *testing.T) {
	for _, test := range []struct {
		units   int64
		weights string
		want    error
	}{
		{10, "", ErrNoTotal},
		{0, "", ErrNoTotal},
		{10, "0 0", ErrNoTotal},
		{0, "0 0", nil},
		{10, "3 -1", ErrNegative},
	} {
		if _, err := Split(test.units, decs(test.weights)); !errors.Is(err, test.want) {
			t.Errorf("%d by %q: got %v, want %v", test.units, test.weights, err, test.want)
		}
	}
	if _, err := Percent(decs("5 -5"), 2); !errors.Is(err, ErrNoTotal) {
		t.Errorf("a total of nothing: got %v, want %v", err, ErrNoTotal)
	}
	if parts, err := Percent(decs("-50 150"), 2); err != nil || text(parts) != "-50 150" {
		t.Errorf("a short position: got %s (%v), want -50 150", text(parts), err)
	}
}
