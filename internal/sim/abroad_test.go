package sim

import (
	"net/http"
	"testing"
)

func TestWhatIsTradedAbroadIsQuotedInItsCurrency(t *testing.T) {
	w, _ := worldAt(monday)
	for symbol, want := range map[string]struct {
		currency string
		places   int32
	}{
		"HSBA.L": {"GBp", 2}, "SAP.DE": {"EUR", 2}, "ASML.AS": {"EUR", 2}, "EURUSD=X": {"USD", 4}, "GBPUSD=X": {"USD", 4},
	} {
		q := quoteOf(t, w, symbol)
		if q.Currency != want.currency || q.Price.Exponent() != -want.places || !q.Price.IsPositive() {
			t.Errorf("%s: got %s %s, want %s to %d places", symbol, q.Price, q.Currency, want.currency, want.places)
		}
		if in, ok := w.findYahoo(symbol); !ok || in.Symbol != symbol {
			t.Errorf("Yahoo does not know %s", symbol)
		}
	}
	if pounds := quoteOf(t, w, "GBPUSD=X").Price; pounds.LessThan(dec("0.9")) || pounds.GreaterThan(dec("2")) {
		t.Errorf("a pound costs %s dollars", pounds)
	}
	if err := w.Trade("alex", Live, "EURUSD=X", dec("1"), dec("1")); err == nil {
		t.Error("Alpaca trades currencies")
	}
}

func TestYahooHasWhatACurrencyCosts(t *testing.T) {
	_, server := serve(t)
	got := fetch(t, newRequest(t, http.MethodGet, server.URL+"/yahoo/v8/finance/chart/EURUSD=X?range=5d&interval=1d", ""))
	chart := decoded[struct {
		Chart struct {
			Result []struct {
				Meta struct{ Currency, InstrumentType string }
			}
		}
	}](t, got)
	if got.status != http.StatusOK || len(chart.Chart.Result) != 1 || chart.Chart.Result[0].Meta.InstrumentType != "CURRENCY" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
