package exchange

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// PastSource gives daily rates to one currency from a day on, by the other; pastprices.Service.Rates is one.
type PastSource func(ctx context.Context, to string, from []string, first calendar.Day) (map[string]market.Rates, []string, error)

// Past has the rates of past days to one currency.
type Past struct {
	To    string
	rates map[string]market.Rates
}

// carried is for how many days a rate counts: markets close for four in a row at most, and a source may lose some.
const carried = 10

// LoadPast gives the rates of the currencies to one from a day on. Those that cannot be had are missing, as in Load.
func LoadPast(ctx context.Context, source PastSource, to string, from []string, first calendar.Day) (Past, error) {
	past := Past{To: to}
	// What is no currency, as some coins, would spoil the question.
	currencies := slices.DeleteFunc(distinct(from, to), func(c string) bool { return len(c) != len("USD") })
	if len(currencies) == 0 {
		return past, nil
	}
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rates, _, err := source(asked, to, currencies, first.AddDays(-carried))
	if err == nil {
		past.rates = rates
	}
	return past, ctx.Err()
}

// Convert gives an amount at the closing rate of the day, or of the last one before it that has one; false when there is
// none of the last days.
func (p Past) Convert(currency string, amount decimal.Decimal, day calendar.Day) (decimal.Decimal, bool) {
	if currency == p.To || amount.IsZero() {
		return amount, true
	}
	rates := p.rates[currency]
	at, found := slices.BinarySearch(rates.Days, day.Number())
	if !found {
		at--
	}
	if at < 0 || day.Number()-rates.Days[at] > carried {
		return decimal.Zero, false
	}
	// The shortest spelling of the float is what the source gave.
	return amount.Mul(decimal.NewFromFloat(rates.Rate[at])), true
}
