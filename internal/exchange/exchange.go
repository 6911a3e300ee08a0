// Package exchange turns amounts into a person's own currency, and tells at which rates.
package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Rate is a rate that an answer used: how many units of To one unit of From costs.
type Rate struct {
	From   string          `json:"from" doc:"ISO 4217"`
	To     string          `json:"to" doc:"ISO 4217"`
	Rate   decimal.Decimal `json:"rate" unit:"@to/@from" doc:"How many units of to one unit of from costs"`
	Day    calendar.Day    `json:"day" doc:"Of the price"`
	Source string          `json:"source"`
	AsOf   time.Time       `json:"asOf" doc:"When the source said so"`
	Stale  bool            `json:"stale" doc:"Whether the source could not be asked again in time"`
}

// Source gives a rate as it is now; market.Service.Rate is one.
type Source func(ctx context.Context, from, to string) (market.Rate, error)

// Table has the rates of several currencies to one. Its zero value but for To knows none.
type Table struct {
	To    string // ISO 4217
	rates map[string]Rate
}

// patience bounds asking for all rates of an answer: what is not known by then is missing in it.
const patience = 5 * time.Second

// maxAsked bounds how many rates are asked for at once.
const maxAsked = 4

// Load gives the rates of the currencies to one. One that cannot be had is missing in the table: an amount in it is in no
// total, since no rate may stand in for it. The error is the caller's own, when they left.
func Load(ctx context.Context, source Source, to string, from []string) (Table, error) {
	table := Table{To: to, rates: map[string]Rate{}}
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	free := make(chan struct{}, maxAsked)
	for _, currency := range distinct(from, to) {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			rate, err := source(asked, currency, to)
			if err != nil || !rate.Rate.IsPositive() {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			table.rates[currency] = Rate{currency, to, rate.Rate, rate.Day, rate.Source, rate.AsOf.UTC(), rate.Stale}
		})
	}
	all.Wait()
	return table, ctx.Err()
}

// distinct are the currencies, each once and in order, without the one they become.
func distinct(currencies []string, to string) []string {
	all := slices.Compact(slices.Sorted(slices.Values(currencies)))
	return slices.DeleteFunc(all, func(c string) bool { return c == "" || c == to })
}

// Convert gives an amount of a currency in To, not rounded; false when there is no rate.
func (t Table) Convert(currency string, amount decimal.Decimal) (decimal.Decimal, bool) {
	if currency == t.To {
		return amount, true
	}
	rate, ok := t.rates[currency]
	return amount.Mul(rate.Rate), ok
}

// Of is the rate of a currency; false for To itself, and where there is none.
func (t Table) Of(currency string) (Rate, bool) {
	rate, ok := t.rates[currency]
	return rate, ok
}

// Has tells whether amounts of the currency can be converted.
func (t Table) Has(currency string) bool {
	_, ok := t.rates[currency]
	return ok || currency == t.To
}

// Fresh tells whether they can be at a rate that is not old.
func (t Table) Fresh(currency string) bool { return t.Has(currency) && !t.rates[currency].Stale }

// Rates lists the rates by currency. It is never nil.
func (t Table) Rates() []Rate {
	all := make([]Rate, 0, len(t.rates))
	for _, r := range t.rates {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Rate) int { return strings.Compare(a.From, b.From) })
	return all
}

// Warnings say of which of the currencies there is no rate, and which rates are old.
func (t Table) Warnings(currencies []string) []string {
	var all []string
	for _, c := range distinct(currencies, t.To) {
		switch rate, ok := t.rates[c]; {
		case !ok:
			all = append(all, fmt.Sprintf("The totals leave out what is in %s: there is no exchange rate to %s.", c, t.To))
		case rate.Stale:
			all = append(all, fmt.Sprintf("What is in %s counts at a rate of %s: its source could not be asked again.", c, rate.Day))
		}
	}
	return all
}
