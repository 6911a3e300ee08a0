package market_test

import (
	"regexp"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/market"
)

func FuzzASymbolHasOneSpelling(f *testing.F) {
	for _, symbol := range []string{"AAPL", " $brk-b ", "BTC/USD", "^GSPC", "VOD.L", "EURUSD=X", "", "ſ", "İ", "a/b/c", "AAPL261218C00200000"} {
		f.Add(symbol)
	}
	form := regexp.MustCompile(market.SymbolPattern)
	f.Fuzz(func(t *testing.T, symbol string) {
		normal, err := market.NormalizeSymbol(symbol)
		if err != nil {
			if form.MatchString(symbol) {
				t.Errorf("%q has the form of a symbol, got %v", symbol, err)
			}
			return
		}
		if again, err := market.NormalizeSymbol(normal); again != normal || err != nil || !form.MatchString(normal) {
			t.Errorf("%q: got %q, then %q (%v)", symbol, normal, again, err)
		}
		if company, class, ok := market.ShareClass(normal); ok && company+"."+class != normal {
			t.Errorf("%q: got %q and %q", normal, company, class)
		}
	})
}
