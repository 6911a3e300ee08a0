package portfolio

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
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

// book is all that is known of a user's portfolio, judged at one time. What was never read is in no sum: an account's
// cash without its positions would be half the truth.
type book struct {
	links []link
	now   time.Time
	lines []held // every position of links that were read
}

func newBook(links []link, now time.Time) book {
	b := book{links: links, now: now}
	thisSession := calendar.NextOpen(now)
	for _, l := range links {
		if l.syncedAt == nil {
			continue
		}
		stale := l.stale(now)
		for _, a := range l.accounts {
			for _, p := range a.positions {
				b.lines = append(b.lines, held{
					Position:     p,
					connectionID: l.id,
					provider:     l.provider,
					accountID:    a.id,
					account:      a.number,
					stale:        stale,
					// Times between one opening and the next belong to one trading day.
					today: calendar.NextOpen(p.AsOf).Equal(thisSession),
				})
			}
		}
	}
	return b
}

func (b book) holdings() []Holding {
	holdings := merge(b.lines)
	allocate(holdings, b.totals(func(link) bool { return true }).Cash)
	return holdings
}

func (b book) summary() Summary {
	best := b.totals(func(link) bool { return true })
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
		Confirmed:            b.totals(func(l link) bool { return !l.stale(b.now) }),
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

// totals adds up the accounts of the links wanted, as far as they were read and are in BaseCurrency.
func (b book) totals(wanted func(link) bool) Totals {
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
				if p.Currency == BaseCurrency && p.MarketValue.Valid {
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
		if l.stale(b.now) {
			c.Stale++
		}
	}
	return c
}

func inBaseCurrency(lines []held) []held {
	return slices.DeleteFunc(slices.Clone(lines), func(l held) bool { return l.Currency != BaseCurrency })
}

// staleAfter is two slots of the periodic sync: one may be late without anything being wrong.
const staleAfter = 30 * time.Minute

// stale tells whether the link's values may be old news: it does not work, was never read, or was not read for longer
// than staleAfter of trading. While New York is closed, and in the first half hour of the day, what was read late in
// the last session is still the news.
func (l link) stale(now time.Time) bool {
	if l.status != connection.Active || l.syncedAt == nil {
		return true
	}
	if now.Sub(*l.syncedAt) <= staleAfter {
		return false
	}
	lastClose := calendar.LastClose(now)
	if calendar.Open(now) && now.Sub(calendar.NextOpen(lastClose)) > staleAfter {
		return true
	}
	return l.syncedAt.Before(lastClose.Add(-staleAfter))
}

// warnings say what a reader of the figures has to know: first what is stale, then what is left out of the totals.
func (b book) warnings() []string {
	all := []string{}
	for _, l := range b.links {
		if l.stale(b.now) {
			all = append(all, l.staleWarnings(b.now)...)
		}
	}
	all = append(all, b.currencyWarnings()...)
	for _, l := range b.links {
		for _, a := range l.accounts {
			if l.syncedAt != nil && !a.cash.Valid {
				all = append(all, fmt.Sprintf("%s account %s reports no cash: the totals leave it out.", l.providerName, a.number))
			}
		}
	}
	return append(all, b.unknownWarnings()...)
}

// staleWarnings name each account of a stale link with its age and the reason.
func (l link) staleWarnings(now time.Time) []string {
	if l.syncedAt == nil {
		reason := "its holdings appear after the first sync"
		if l.problem != "" {
			reason = l.problem
		}
		return []string{fmt.Sprintf("%s (%s) has not been read yet: %s.", l.providerName, l.environment, reason)}
	}
	reason := "it was not read since"
	if l.problem != "" {
		reason = l.problem
	}
	var all []string
	for _, a := range l.accounts {
		all = append(all, fmt.Sprintf("%s account %s (%s) shows values from %s ago: %s.",
			l.providerName, a.number, l.environment, age(now.Sub(*l.syncedAt)), reason))
	}
	return all
}

// currencyWarnings name each currency that is not in the totals.
func (b book) currencyWarnings() []string {
	others := map[string]bool{}
	for _, l := range b.lines {
		others[l.Currency] = true
	}
	for _, l := range b.links {
		for _, a := range l.accounts {
			if l.syncedAt != nil && a.cash.Valid && !a.cash.Decimal.IsZero() {
				others[a.currency] = true
			}
		}
	}
	delete(others, BaseCurrency)
	var all []string
	for currency := range others {
		all = append(all, fmt.Sprintf("The totals leave out what is in %s: there is no exchange rate to %s.", currency, BaseCurrency))
	}
	slices.Sort(all)
	return all
}

// unknownWarnings name what brokerages did not say about positions.
func (b book) unknownWarnings() []string {
	var all []string
	otherDay := 0
	for _, l := range b.lines {
		where := fmt.Sprintf("%s in account %s", l.Symbol, l.account)
		switch {
		case !l.MarketValue.Valid:
			all = append(all, where+" has no market value from the brokerage: the totals leave it out.")
		case !l.CostBasis.Valid:
			all = append(all, where+" has no cost basis from the brokerage: gain and loss leave it out.")
		}
		if !l.today {
			otherDay++
		}
	}
	slices.Sort(all)
	if otherDay > 0 {
		all = append(all, fmt.Sprintf("The day change leaves out %s: the prices are of an earlier trading day.", count(otherDay, "position")))
	}
	return all
}

// age says a duration in its largest unit.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/(24*time.Hour)), "day")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
