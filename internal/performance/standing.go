package performance

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// Beside is what of an account the summary's total has and the history has not, or the other way round, in the base currency.
type Beside struct {
	AccountID    string           `json:"accountId"`
	ConnectionID string           `json:"connectionId"`
	What         string           `json:"what" enum:"cash,account,missing" doc:"cash: its brokerage tells of trades alone, so that only its holdings have a history. account: its transactions were not read yet. missing: its brokerage lists it no more, so that the summary leaves out what it held last; the value is below zero"`
	Value        *decimal.Decimal `json:"value" doc:"Of now; null where it is not known whole"`
}

// notInHistory lists what the summary counts beside the closing value of an answer; nothing where that is of the past.
func (s *Service) notInHistory(ctx context.Context, userID string, st *state, shown Performance, q Query) ([]Beside, error) {
	all := []Beside{}
	days := len(st.history.Days())
	if days > 0 && *shown.To != st.history.DayOf(days-1) {
		return all, nil
	}
	var now portfolio.Whole
	for _, a := range st.accounts {
		if q.ConnectionID != "" && a.ConnectionID != q.ConnectionID {
			continue
		}
		if !a.MissingSince.IsZero() {
			all = append(all, missing(a, shown.Accounts)...)
			continue
		}
		if a.Known && a.CashComplete {
			continue
		}
		if now.Accounts == nil {
			var err error
			if now, _, err = s.Portfolio(ctx, userID); err != nil {
				return nil, err
			}
		}
		for _, read := range now.Accounts {
			if read.ID == a.ID {
				all = append(all, beside(a, read))
			}
		}
	}
	return all, nil
}

// missing is what an account is worth in the history that its brokerage lists no more; nothing where it held nothing.
func missing(a ledger.Account, parts []Contribution) []Beside {
	for _, p := range parts {
		if p.AccountID == a.ID && p.Closing != nil && !p.Closing.IsZero() {
			value := p.Closing.Neg()
			return []Beside{{AccountID: a.ID, ConnectionID: a.ConnectionID, What: missingAccount, Value: &value}}
		}
	}
	return nil
}

const missingAccount = "missing"

// missingWarnings name the accounts that are missing.
func missingWarnings(accounts []ledger.Account, beside []Beside) (all []string) {
	for _, b := range beside {
		for _, a := range accounts {
			if b.What == missingAccount && a.ID == b.AccountID {
				all = append(all, fmt.Sprintf("Account %s is not in its brokerage's list any more: what it held last stands here at today's prices, and the summary leaves it out.",
					portfolio.MaskAccount(a.Number)))
			}
		}
	}
	return all
}

func beside(a ledger.Account, read portfolio.Account) Beside {
	b := Beside{AccountID: a.ID, ConnectionID: a.ConnectionID, What: "cash"}
	if !a.Known {
		b.What = "account"
		if !read.Totals.Partial {
			b.Value = read.Totals.TotalValue
		}
		return b
	}
	sum := decimal.Zero
	for _, c := range read.Cash {
		if c.InBase == nil {
			return b
		}
		sum = sum.Add(*c.InBase)
	}
	if read.Cash != nil {
		b.Value = &sum
	}
	return b
}

// Standing is what a person's portfolio was worth at the close of a day that is over, worked out from the ledger and the
// prices of the day; false where the history does not have the day, or lacks an account that was read. As of is when the
// account read longest ago was read.
func (s *Service) Standing(ctx context.Context, userID string, day calendar.Day) (was portfolio.Standing, known bool, err error) {
	st, err := s.current(ctx, userID)
	if err != nil {
		return was, false, err
	}
	index, known := st.history.IndexOf(day)
	now, _, err := s.Portfolio(ctx, userID)
	if err != nil || !known || !st.covers(now.Accounts, day) {
		return was, false, err
	}
	c := &closing{state: st, day: day, index: index, stand: st.history.Stand(index), read: map[string]portfolio.Account{}}
	for _, a := range now.Accounts {
		c.read[a.ID] = a
	}
	later, err := ledger.LoadFrom(ctx, s.DB.Read(), userID, day.AddDays(1))
	if err != nil {
		return was, false, err
	}
	c.addAccounts(later)
	report, err := s.GainsUntil(ctx, userID, st.settings, day)
	if err != nil {
		return was, false, err
	}
	c.addGains(report)
	c.was.Gaps = append(append(append(c.was.Gaps, c.stand.Unvalued...), c.stand.Old...), st.warnings...)
	return c.was, c.was.AsOf != nil, nil
}

// covers tells whether the history of every account was read, and reaches back to the close of the day.
func (st *state) covers(read []portfolio.Account, day calendar.Day) bool {
	_, bell, _ := calendar.Session(day)
	known := map[string]bool{}
	for _, a := range st.accounts {
		known[a.ID] = a.Known && !bell.Before(a.Since)
	}
	for _, a := range read {
		if !known[a.ID] {
			return false
		}
	}
	return true
}

// closing is the making of a standing.
type closing struct {
	*state
	day   calendar.Day
	index int
	stand history.Stand
	read  map[string]portfolio.Account
	was   portfolio.Standing
}

// addAccounts adds up the accounts. later are the transactions since the day.
func (c *closing) addAccounts(later []ledger.Transaction) {
	c.was.BaseCurrency, c.was.Accounts, c.was.Gaps = c.history.Base(), []portfolio.AccountTotals{}, []string{}
	_, bell, _ := calendar.Session(c.day)
	var best, confirmed sums
	for i, a := range c.accounts {
		read, is := c.read[a.ID]
		if !is {
			continue
		}
		worth := c.stand.Accounts[i]
		if !a.CashComplete {
			worth.Cash, worth.LacksCash = c.cashOf(a, read, later)
		}
		t := accountTotals(worth)
		t.ConnectionID, t.Provider, t.Account, t.AsOf, t.Stale = a.ConnectionID, a.Provider, a.Number, read.AsOf, read.AsOf.Before(bell)
		c.was.Accounts = append(c.was.Accounts, t)
		best.add(worth)
		if t.Stale {
			c.was.Gaps = append(c.was.Gaps, fmt.Sprintf("Transactions of %s are known until %s alone.", accountName(a), read.AsOf.UTC().Format(time.RFC3339)))
		} else {
			confirmed.add(worth)
		}
		if c.was.AsOf == nil || read.AsOf.Before(*c.was.AsOf) {
			c.was.AsOf = &read.AsOf
		}
	}
	c.was.Confirmed = confirmed.totals(c.stand.Unvalued)
	best.worth = together(best.worth, c.stand.Transit)
	c.was.BestKnown = best.totals(c.stand.Unvalued)
	c.was.TotalValue, c.was.Cash = c.was.BestKnown.TotalValue, c.was.BestKnown.Cash
}

// sums add up what accounts were worth.
type sums struct {
	worth   history.Worth
	sources int
}

func (s *sums) add(w history.Worth) { s.worth, s.sources = together(s.worth, w), s.sources+1 }

func together(a, b history.Worth) history.Worth {
	return history.Worth{
		Cash: a.Cash.Add(b.Cash), Market: a.Market.Add(b.Market),
		LacksCash: a.LacksCash || b.LacksCash, LacksMarket: a.LacksMarket || b.LacksMarket,
	}
}

// totals are the sums as they may be shown; unvalued says what has no value.
func (s *sums) totals(unvalued []string) portfolio.Totals {
	t := accountTotals(s.worth)
	shown := portfolio.Totals{
		TotalValue: t.TotalValue, Cash: t.Cash, MarketValue: t.MarketValue, Sources: s.sources, Partial: t.Partial, LeftOut: []string{},
	}
	if t.Partial {
		shown.LeftOut = append(shown.LeftOut, unvalued...)
	}
	return shown
}

// accountTotals are the figures of what an account was worth.
func accountTotals(w history.Worth) portfolio.AccountTotals {
	lacks := w.LacksCash || w.LacksMarket
	return portfolio.AccountTotals{
		TotalValue: portfolio.KnownOf(w.Cash.Add(w.Market), lacks), Cash: portfolio.KnownOf(w.Cash, w.LacksCash),
		MarketValue: portfolio.KnownOf(w.Market, w.LacksMarket), Partial: lacks,
	}
}

// cashOf is the cash of an account of which trades alone are known: what it has now, less what these have moved since;
// and whether it lacks some.
func (c *closing) cashOf(a ledger.Account, read portfolio.Account, later []ledger.Transaction) (sum decimal.Decimal, lacks bool) {
	then := map[string]decimal.Decimal{}
	for _, cash := range read.Cash {
		then[cash.Currency] = cash.Amount
	}
	for _, t := range later {
		if t.AccountID == a.ID {
			then[t.Currency] = then[t.Currency].Sub(t.Amount)
		}
	}
	whole := read.Cash != nil
	for currency, amount := range then {
		converted, known := c.history.InBase(currency, amount, c.index)
		for _, cash := range read.Cash { // in a currency that nothing was traded in: as much as now
			if !known && cash.Currency == currency && cash.InBase != nil {
				converted, known = *cash.InBase, true
			}
		}
		sum, whole = sum.Add(converted), whole && known
	}
	note := "Of %s trades alone are known: its cash is what it is now, less what trades have moved since."
	if !whole {
		note = "Of %s trades alone are known: its cash is left out, as far as it is not known."
	}
	c.was.Gaps = append(c.was.Gaps, fmt.Sprintf(note, accountName(a)))
	return sum, !whole
}

// addGains adds what the ledger says of costs: nothing of what is held, unless all of it is known.
func (c *closing) addGains(r *gains.Report) {
	if len(r.Accounts) > r.Unread {
		c.was.Pnl.Realized = &r.Totals.Realized
	}
	cost := decimal.Zero
	for _, held := range c.stand.Held {
		p := r.Position(held.Account, held.Instrument)
		if p == nil || !held.Valued || p.Incomplete() || !p.CostBase.Valid || !p.Quantity.Equal(held.Quantity) {
			c.was.Gaps = append(c.was.Gaps, "Cost and gain are unknown: not every purchase of what was held is known with its price and rate.")
			return
		}
		cost = cost.Add(p.CostBase.Decimal)
	}
	if !c.stand.Transit.Market.IsZero() {
		c.was.Gaps = append(c.was.Gaps, "Cost and gain are unknown: some of it was on its way between two accounts.")
		return
	}
	if c.was.BestKnown.MarketValue == nil { // what there is has no value at all, which the gaps say
		return
	}
	gain := c.was.BestKnown.MarketValue.Sub(cost)
	c.was.CostBasis, c.was.UnrealizedPnl = &cost, &gain
}
