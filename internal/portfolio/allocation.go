package portfolio

import (
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/allocation"
)

// percentPlaces are the decimals of a share in percent.
const percentPlaces = 2

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
	parts, err := allocation.Percent(amounts, percentPlaces)
	if err != nil { // there is no total to have a share of
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
