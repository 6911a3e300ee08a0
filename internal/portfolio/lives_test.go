package portfolio_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/brokertest"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// live has the two desks report what came of a life, and tell what happened in it.
func (h *house) live(l *portfolio.Life) {
	for i, desk := range []*brokertest.Desk{h.north, h.south} {
		a := account(portfolio.Accounts[i], "0")
		a.CashIn = map[string]decimal.Decimal{}
		for currency, amount := range l.Cash[i] {
			a.CashIn[currency] = decimal.RequireFromString(amount.FloatString(6))
		}
		positions := l.Positions(i)
		desk.Keep(a, positions...)
		history := broker.History{CashComplete: true}
		for symbol, splits := range l.Splits() {
			for _, s := range splits {
				history.Activities = append(history.Activities, broker.Activity{
					ID: "split of " + symbol + s.Day.String(), Kind: broker.Split, At: s.Day.At(9, 30), Instrument: l.Instrument(symbol),
					SplitFrom: s.From, SplitTo: s.To, Currency: portfolio.Bought[symbol],
				})
			}
		}
		for _, t := range l.Transactions {
			if t.AccountID != a.ID {
				continue
			}
			activity := broker.Activity{ID: t.ID, Kind: t.Kind, At: t.At, Quantity: t.Quantity, Price: t.Price, Currency: t.Currency, Amount: t.Amount, Fee: t.Fee, Tax: t.Tax}
			if t.Symbol != "" {
				activity.Instrument = l.Instrument(t.Symbol)
			}
			history.Activities = append(history.Activities, activity)
		}
		desk.Tell(a.ID, history)
	}
}

func TestFiguresOfLivesAreTheWorldsThroughBrokeragesAndDatabases(t *testing.T) {
	m := portfolio.NewMarket(portfolio.NewWorld())
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for seed := range uint64(4) {
			h := newHouse(t, d)
			h.now = portfolio.Evening
			h.Rate, h.Gains.Rates = m.CurrentRate, m.PastRates
			l := portfolio.NewLife(m, seed)
			user := newUser(t, d)
			h.choose(t, user, "base_currency", l.Base)
			h.live(l)
			h.linked(t, user, h.north)
			h.linked(t, user, h.south)
			s, warnings := h.summary(t, user)
			holdings, _ := h.holdings(t, user)
			if off := l.Check(s, holdings); off != "" {
				t.Errorf("life %d in %s: %s; %q", seed, l.Base, off, warnings)
			}
		}
	})
}
