package performance

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/history"
)

func TestCentsAddUpAndAreNextToWhatTheyAreRoundedFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var exact []decimal.Decimal
		for _, n := range rapid.SliceOfN(rapid.Int64Range(-1e12, 1e12), 1, 12).Draw(t, "amounts") {
			exact = append(exact, decimal.New(n, -int32(rapid.IntRange(0, 9).Draw(t, "digits"))))
		}
		total := decimal.Sum(decimal.Zero, exact...).Round(2)
		rounded := append([]decimal.Decimal{}, exact...)
		toCents(rounded, total)
		if sum := decimal.Sum(decimal.Zero, rounded...); !sum.Equal(total) {
			t.Fatalf("%v add up to %s, want %s", rounded, sum, total)
		}
		for i := range exact {
			if off := rounded[i].Sub(exact[i]).Abs(); off.GreaterThanOrEqual(dec("0.02")) || exact[i].IsZero() && !rounded[i].IsZero() {
				t.Fatalf("got %s for %s", rounded[i], exact[i])
			}
		}
	})
}

func TestDriversThatDoNotAddUpAreAnErrorOfOurs(t *testing.T) {
	b := &history.Breakdown{Closing: dec("100")}
	b.In = dec("99.99")
	if d, err := driversOf(b); err == nil {
		t.Errorf("got %+v", d)
	}
	b.In = dec("99.996")
	if d, err := driversOf(b); err != nil || d.text() != "0 100 0 0 0 0 0 0 100" {
		t.Errorf("got %+v, %v", d, err)
	}
}
