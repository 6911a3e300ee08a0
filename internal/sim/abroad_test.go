package sim

import "testing"

func TestWhatIsTradedAbroadIsQuotedInItsCurrency(t *testing.T) {
	w, _ := worldAt(monday)
	for symbol, want := range map[string]struct {
		currency string
		places   int32
	}{
		"HSBA.L": {"GBp", 2}, "SAP.DE": {"EUR", 2}, "ASML.AS": {"EUR", 2},
	} {
		q := quoteOf(t, w, symbol)
		if q.Currency != want.currency || q.Price.Exponent() != -want.places || !q.Price.IsPositive() {
			t.Errorf("%s: got %s %s, want %s to %d places", symbol, q.Price, q.Currency, want.currency, want.places)
		}
		if in, ok := w.findYahoo(symbol); !ok || in.Symbol != symbol {
			t.Errorf("Yahoo does not know %s", symbol)
		}
	}
}
