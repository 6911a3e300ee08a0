package portfolio

import (
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
}

type account struct {
	id        string
	number    string
	currency  string
	cash      decimal.NullDecimal
	positions []broker.Position
}

func (a account) holdsCrypto() bool {
	return slices.ContainsFunc(a.positions, func(p broker.Position) bool { return p.AssetClass == broker.Crypto })
}

// book is all that is known of a user's portfolio, judged at one time. What was never read is in no sum: an account's
// cash without its positions would be half the truth.
type book struct {
	links []link
	now   time.Time
	lines []held // every position of links that were read
}

func newBook(links []link, now time.Time) book {
	b := book{links: links, now: now}
	for _, l := range links {
		if l.syncedAt == nil {
			continue
		}
		for _, a := range l.accounts {
			for _, p := range a.positions {
				b.lines = append(b.lines, held{
					Position:     p,
					connectionID: l.id,
					provider:     l.provider,
					accountID:    a.id,
					account:      a.number,
					stale:        l.staleFor(p.AssetClass, now),
					today:        ofToday(p.AssetClass, p.AsOf, now),
				})
			}
		}
	}
	return b
}

func (b book) holdings() []Holding {
	holdings := merge(b.lines)
	allocate(holdings, b.bestKnown().Cash)
	return holdings
}

func (b book) summary() Summary {
	best := b.bestKnown()
	f := add(inBaseCurrency(b.lines))
	s := Summary{
		BaseCurrency:         BaseCurrency,
		TotalValue:           best.TotalValue,
		Cash:                 best.Cash,
		CostBasis:            f.pnlCost.counted(),
		UnrealizedPnl:        f.pnl.counted(),
		UnrealizedPnlPercent: percent(f.pnl.counted(), f.pnlCost.counted()),
		DayChange:            f.change.counted(),
		DayChangePercent:     percent(f.change.counted(), f.changeBase.counted()),
		Confirmed:            b.confirmed(),
		BestKnown:            best,
		Connections:          b.count(),
	}
	for _, l := range b.links {
		if l.syncedAt != nil && (s.AsOf == nil || l.syncedAt.Before(*s.AsOf)) {
			s.AsOf = l.syncedAt
		}
	}
	return s
}

// bestKnown adds up everything that was read.
func (b book) bestKnown() Totals {
	return b.totals(
		func(link) bool { return true },
		func(link, broker.AssetClass) bool { return true })
}

// confirmed leaves out what is stale: accounts, and in the others crypto.
func (b book) confirmed() Totals {
	return b.totals(
		func(l link) bool { return !l.stale(b.now) },
		func(l link, class broker.AssetClass) bool { return !l.staleFor(class, b.now) })
}

// totals adds up the wanted accounts and in them the wanted positions, as far as they were read and are in BaseCurrency.
func (b book) totals(wanted func(link) bool, position func(link, broker.AssetClass) bool) Totals {
	var t Totals
	for _, l := range b.links {
		if l.syncedAt == nil || !wanted(l) {
			continue
		}
		for _, a := range l.accounts {
			t.Sources++
			if a.currency == BaseCurrency && a.cash.Valid {
				t.Cash = t.Cash.Add(a.cash.Decimal)
			}
			for _, p := range a.positions {
				if position(l, p.AssetClass) && p.Currency == BaseCurrency && p.MarketValue.Valid {
					t.MarketValue = t.MarketValue.Add(p.MarketValue.Decimal)
				}
			}
		}
	}
	t.TotalValue = t.MarketValue.Add(t.Cash)
	return t
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

func inBaseCurrency(lines []held) []held {
	return slices.DeleteFunc(slices.Clone(lines), func(l held) bool { return l.Currency != BaseCurrency })
}
