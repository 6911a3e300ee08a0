package portfolio

import (
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
)

// link is a connection with what was last read through it.
type link struct {
	id           string
	provider     string
	providerName string
	environment  broker.Environment
	status       connection.Status
	problem      string     // why it could not be read, for its owner
	syncedAt     *time.Time // nil before the first sync
	accounts     []account
	missing      []account // those that the brokerage lists no more; they are in no figure
}

type account struct {
	id             string
	number         string
	cash           map[string]decimal.Decimal // by currency; nil when the brokerage does not say
	historyProblem string                     // why its transactions could not be read, for its owner
	positions      []position
	missingSince   time.Time // zero while the brokerage lists it
}

// position is one as it is stored.
type position struct {
	broker.Position
	identity string // of the instrument; empty for what was read before there were any
}

func (a account) holdsCrypto() bool {
	return slices.ContainsFunc(a.positions, func(p position) bool { return p.AssetClass == broker.Crypto })
}

// book is all that is known of a user's portfolio, judged at one time. What was never read is in no sum: an account's
// cash without its positions would be half the truth.
type book struct {
	view
	now   time.Time
	lines []held // every position of links that were read
}

func newBook(v view, now time.Time) book {
	b := book{view: v, now: now}
	for _, l := range v.links {
		if l.syncedAt == nil {
			continue
		}
		for _, a := range l.accounts {
			for _, p := range a.positions {
				b.lines = append(b.lines, held{
					Position:     p.Position,
					instrument:   p.identity,
					connectionID: l.id,
					provider:     l.provider,
					accountID:    a.id,
					account:      a.number,
					stale:        l.staleFor(p.AssetClass, now),
					today:        ofToday(p.AssetClass, p.AsOf, now),
					paidRate:     v.gains.PaidRate(a.id, p.identity, p.Quantity),
				})
			}
		}
	}
	return b
}

func (b book) holdings() []Holding {
	holdings := merge(b.lines, b.rates)
	allocate(holdings, b.bestKnown().Cash)
	return b.named(holdings)
}

func (b book) summary() Summary {
	best := b.bestKnown()
	lines := inCurrency(b.lines, b.rates)
	f := add(lines)
	s := Summary{
		BaseCurrency:         b.rates.To,
		TotalValue:           best.TotalValue,
		Cash:                 best.Cash,
		CashByCurrency:       b.cashByCurrency(),
		CostBasis:            f.pnlCost.counted(),
		UnrealizedPnl:        f.pnl.counted(),
		UnrealizedPnlPercent: percent(f.pnl.counted(), f.pnlCost.counted()),
		Pnl:                  b.pnl(f),
		NetExposure:          f.value.total,
		DayChange:            f.change.counted(),
		DayChangePercent:     percent(f.change.counted(), f.changeBase.counted()),
		DayChangeBasis:       "prices",
		Confirmed:            b.confirmed(),
		BestKnown:            best,
		Rates:                b.rates.Rates(),
		Connections:          b.count(),
	}
	for i, l := range lines {
		s.GrossExposure = s.GrossExposure.Add(l.MarketValue.Decimal.Abs())
		if b.lines[i].Currency != b.rates.To {
			s.DayChangeBasis = "prices_at_current_rates"
		}
	}
	for _, l := range b.links {
		if l.syncedAt != nil && (s.AsOf == nil || l.syncedAt.Before(*s.AsOf)) {
			s.AsOf = l.syncedAt
		}
	}
	return s
}

// cashByCurrency adds up the cash of accounts that were read, currency by currency.
func (b book) cashByCurrency() []Cash {
	total := map[string]decimal.Decimal{}
	for _, l := range b.links {
		for _, a := range l.accounts {
			for currency, amount := range a.cash {
				if l.syncedAt != nil {
					total[currency] = total[currency].Add(amount)
				}
			}
		}
	}
	all := make([]Cash, 0, len(total))
	for _, currency := range slices.Sorted(maps.Keys(total)) {
		all = append(all, b.cash(currency, total[currency]))
	}
	return all
}

func (b book) cash(currency string, amount decimal.Decimal) Cash {
	one := Cash{Currency: currency, Amount: amount}
	if converted, ok := b.rates.Convert(currency, amount); ok {
		one.InBase = &converted
	}
	return one
}

// bestKnown adds up everything that was read.
func (b book) bestKnown() Totals {
	return b.totals(
		func(link) bool { return true },
		func(link, broker.AssetClass) bool { return true },
		b.rates.Has)
}

// confirmed leaves out what is stale: accounts, in the others crypto, and what is at a rate that is.
func (b book) confirmed() Totals {
	return b.totals(
		func(l link) bool { return !l.stale(b.now) },
		func(l link, class broker.AssetClass) bool { return !l.staleFor(class, b.now) },
		b.rates.Fresh)
}

// totals adds up the wanted accounts and in them the wanted positions, as far as they were read and have a rate.
func (b book) totals(wanted func(link) bool, position func(link, broker.AssetClass) bool, rated func(currency string) bool) Totals {
	var t Totals
	for _, l := range b.links {
		if l.syncedAt == nil || !wanted(l) {
			continue
		}
		for _, a := range l.accounts {
			t.Sources++
			t.Partial = t.Partial || a.cash == nil
			for currency, amount := range a.cash {
				t.Partial = !b.addTo(&t.Cash, currency, amount, rated) || t.Partial
			}
			for _, p := range a.positions {
				if position(l, p.AssetClass) {
					t.Partial = !p.MarketValue.Valid || !b.addTo(&t.MarketValue, p.Currency, p.MarketValue.Decimal, rated) || t.Partial
				}
			}
		}
	}
	t.TotalValue = t.MarketValue.Add(t.Cash)
	return t
}

// addTo adds an amount to a total; false when there is no rate for it. Nothing needs none.
func (b book) addTo(total *decimal.Decimal, currency string, amount decimal.Decimal, rated func(string) bool) bool {
	if amount.IsZero() {
		return true
	}
	converted, ok := b.rates.Convert(currency, amount)
	if !ok || !rated(currency) {
		return false
	}
	*total = total.Add(converted)
	return true
}

func (b book) count() Connections {
	c := Connections{Total: len(b.links)}
	for _, l := range b.links {
		switch l.status {
		case connection.Active:
			c.Active++
		case connection.Failing:
			c.Error++
		case connection.ReauthorizationRequired:
			c.ReauthorizationRequired++
		}
		if l.stale(b.now) || l.staleCrypto(b.now) {
			c.Stale++
		}
	}
	return c
}
