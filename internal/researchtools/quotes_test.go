package researchtools

import (
	"reflect"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/market"
)

func TestWhatMayBeAskedForIsASymbolToTheMarket(t *testing.T) {
	t.Parallel()
	field, _ := reflect.TypeFor[quotesInput]().FieldByName("Symbols")
	if got := field.Tag.Get("pattern"); got != market.SymbolPattern {
		t.Errorf("got the pattern %s, want the market's %s", got, market.SymbolPattern)
	}
}
