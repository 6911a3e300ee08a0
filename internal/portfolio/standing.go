package portfolio

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
)

// Standing is a portfolio with what is needed to keep it: the summary, what of it is in which account, and what it lacks.
type Standing struct {
	Summary
	Accounts []AccountTotals
	// Gaps say what of the figures is stale or left out; it is empty when they are confirmed and whole.
	Gaps []string
}

// AccountTotals are what an account adds to the totals.
type AccountTotals struct {
	ConnectionID string           `json:"connectionId"`
	Provider     string           `json:"provider"`
	Account      string           `json:"account" doc:"The brokerage's account number"`
	TotalValue   *decimal.Decimal `json:"totalValue" doc:"Market value and cash, as far as they are known; null where nothing is"`
	Cash         *decimal.Decimal `json:"cash"`
	MarketValue  *decimal.Decimal `json:"marketValue"`
	Partial      bool             `json:"partial" doc:"Whether something is not in the sums, for want of a value or a rate; not told of days before this was kept"`
	AsOf         time.Time        `json:"asOf"`
	Stale        bool             `json:"stale"`
}

// Standing adds everything up as Summary does, for the close at the bell, and judges what was read last by the time at:
// the present or, once the next bell has rung, the time before it. What could not be read again after the prices of the
// close were there is as good as what could.
func (s *Service) Standing(ctx context.Context, userID string, closed, at time.Time) (Standing, error) {
	b, err := s.open(ctx, userID)
	if err != nil {
		return Standing{}, err
	}
	links := slices.Clone(b.links)
	for i := range links {
		if l := &links[i]; l.syncedAt != nil && !l.syncedAt.Before(calendar.Settled(closed)) {
			l.status, l.problem = connection.Active, ""
		}
	}
	v := b.view
	v.links = links
	b = newBook(v, at)
	return Standing{b.summary(), b.accounts(), b.gaps()}, nil
}

// accounts adds up each account by itself.
func (b book) accounts() []AccountTotals {
	all := []AccountTotals{}
	for _, l := range b.links {
		if l.syncedAt == nil {
			continue
		}
		for _, a := range l.accounts {
			t := b.alone(l, a)
			all = append(all, AccountTotals{
				ConnectionID: l.id, Provider: l.provider, Account: a.number, TotalValue: t.TotalValue, Cash: t.Cash, MarketValue: t.MarketValue,
				Partial: t.Partial, AsOf: *l.syncedAt, Stale: l.stale(b.now),
			})
		}
	}
	return all
}

// alone adds up one account.
func (b book) alone(l link, a account) Totals {
	l.accounts = []account{a}
	v := b.view
	v.links = []link{l}
	return newBook(v, b.now).bestKnown()
}
