package ledger

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestNumbersAreReadAsDecimalReadsThem(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[-+]?[0-9]{0,21}(\.[0-9]{0,21})?(e-?[0-9])?|[-.x0-9]{0,4}`).Draw(rt, "text")
		want, wantErr := decimal.NewFromString(text)
		got, err := parse([]byte(text))
		if (err == nil) != (wantErr == nil) || err == nil && (!got.Equal(want) || got.Exponent() != want.Exponent()) {
			rt.Errorf("%q: got %s, %v, want %s, %v", text, got, err, want, wantErr)
		}
	})
}
