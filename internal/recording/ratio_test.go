package recording

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
)

func TestTheRatioOfASplitIsOneThatCompaniesChoose(t *testing.T) {
	for quantities, want := range map[[2]string]string{
		{"100", "5"}: "1:20", {"50", "5"}: "1:10", {"20", "2"}: "1:10", {"4", "1"}: "1:4", {"500", "10"}: "1:50", {"200", "5"}: "1:40",
		{"100", "105"}: "105:100", {"10", "11"}: "110:100", {"7", "14"}: "2:1", {"10", "30"}: "3:1", {"10", "15"}: "3:2", {"12.5", "50"}: "4:1",
		// A fraction of a share was paid out.
		{"25", "2"}: "1:10", {"105", "5"}: "1:20", {"7", "10"}: "3:2", {"103", "5"}: "1:20", {"33", "34"}: "105:100",
		// No company chooses that.
		{"1000.5", "17.25"}: "17.25:1000.5",
	} {
		from, to, ok := likelyRatio(decimal.RequireFromString(quantities[0]), decimal.RequireFromString(quantities[1]))
		if got := fmt.Sprintf("%s:%s", to, from); !ok || got != want {
			t.Errorf("%s became %s: got %s, want %s", quantities[0], quantities[1], got, want)
		}
	}
	if _, _, ok := likelyRatio(decimal.Zero, decimal.NewFromInt(5)); ok {
		t.Error("something became of nothing")
	}
}
