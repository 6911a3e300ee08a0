// Package reconciliation holds what transactions come to against what brokerages report, and explains where the two part.
package reconciliation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// Service reconciles. Its field is required.
type Service struct {
	Portfolio *portfolio.Service
}

// Kind is what does not agree.
type Kind string

// The kinds.
const (
	Quantity Kind = "position"
	Cost     Kind = "costBasis"
	Money    Kind = "cash"
)

// Reason is why two figures part, as far as can be told.
type Reason string

// The reasons.
const (
	NotRead        Reason = "transactions_not_read" // the brokerage was never asked, or tells no past
	MissingHistory Reason = "missing_history"       // the past does not go back far enough
	Oversold       Reason = "oversold"              // more was sold than is known to have been bought
	SplitMissing   Reason = "split_not_booked"
	Pending        Reason = "pending" // one side is newer than the other
	Rounding       Reason = "rounding"
	OtherMethod    Reason = "cost_method" // both hold as much, and count its cost otherwise
	Unknown        Reason = "unknown"
)

// Report is what agrees and what does not, account by account.
type Report struct {
	AsOf     *time.Time `json:"asOf" doc:"When the account read longest ago was read; null when none was"`
	Accounts []Account  `json:"accounts"`
	Breaks   []Break    `json:"breaks" doc:"Where the two sides part; empty when everything that was compared agrees"`
}

// Account is how one account came out.
type Account struct {
	ConnectionID     string          `json:"connectionId"`
	Provider         string          `json:"provider"`
	Account          string          `json:"account" doc:"The brokerage's account number"`
	AsOf             time.Time       `json:"asOf" doc:"When its positions and cash were read"`
	HistorySince     *time.Time      `json:"historySince" doc:"From when on no trade is missing; null when that is from the account's opening on, or nothing was read"`
	MatchedPositions int             `json:"matchedPositions"`
	MatchedCash      int             `json:"matchedCash" doc:"In how many currencies"`
	Breaks           int             `json:"breaks"`
	NotCompared      []NotComparable `json:"notCompared" doc:"What there is only one side of"`
}

// NotComparable is what could not be compared, and why.
type NotComparable struct {
	What   string `json:"what" doc:"A symbol, or cash"`
	Reason string `json:"reason"`
}

// Break is one figure that the two sides do not agree on. Implied, Reported and Difference are quantities of Symbol, or
// amounts in Currency where Kind is cash or costBasis.
type Break struct {
	Kind         Kind            `json:"kind" enum:"position,costBasis,cash"`
	ConnectionID string          `json:"connectionId"`
	Provider     string          `json:"provider"`
	Account      string          `json:"account" doc:"The brokerage's account number"`
	InstrumentID string          `json:"instrumentId" doc:"Empty for cash"`
	Symbol       string          `json:"symbol" doc:"Empty for cash"`
	Currency     string          `json:"currency"`
	Implied      decimal.Decimal `json:"implied" doc:"What the transactions come to"`
	Reported     decimal.Decimal `json:"reported" doc:"What the brokerage says"`
	Difference   decimal.Decimal `json:"difference" doc:"Reported less implied"`
	Reason       Reason          `json:"reason" enum:"transactions_not_read,missing_history,oversold,split_not_booked,pending,rounding,cost_method,unknown"`
	Explanation  string          `json:"explanation"`
	Advice       string          `json:"advice" doc:"What to do about it"`
	AsOf         time.Time       `json:"asOf" doc:"When the brokerage said so"`
}

// Of reconciles a person's accounts. Warnings as of portfolio.Service.Holdings.
func (s *Service) Of(ctx context.Context, userID string) (Report, []string, error) {
	whole, warnings, err := s.Portfolio.Whole(ctx, userID)
	if err != nil {
		return Report{}, nil, err
	}
	return reconcile(whole), warnings, nil
}

func reconcile(w portfolio.Whole) Report {
	r := Report{AsOf: w.Summary.AsOf, Accounts: []Account{}, Breaks: []Break{}}
	for _, a := range w.Accounts {
		c := newComparison(a, w.Ledger)
		if c.known {
			c.positions()
			c.cash()
		} else {
			c.skip("everything", "no transactions of this account were read")
		}
		r.Accounts = append(r.Accounts, c.account)
		r.Breaks = append(r.Breaks, c.breaks...)
	}
	slices.SortStableFunc(r.Breaks, func(a, b Break) int {
		return cmp.Or(cmp.Compare(order(a.Reason), order(b.Reason)), cmp.Compare(a.Symbol, b.Symbol), cmp.Compare(a.Currency, b.Currency))
	})
	return r
}

// order puts first what somebody can do something about.
func order(r Reason) int {
	return slices.Index([]Reason{NotRead, MissingHistory, Oversold, SplitMissing, Unknown, Pending, OtherMethod, Rounding}, r)
}

// comparison is one account while it is compared.
type comparison struct {
	portfolio.Account
	ledger  *gains.Report
	known   bool // whether the ledger knows something of it
	since   time.Time
	whole   bool // whether everything that moves cash is known
	account Account
	breaks  []Break
}

func newComparison(a portfolio.Account, ledger *gains.Report) *comparison {
	c := &comparison{Account: a, ledger: ledger, account: Account{
		ConnectionID: a.ConnectionID, Provider: a.Provider, Account: a.Number, AsOf: a.AsOf, NotCompared: []NotComparable{},
	}}
	for _, in := range ledger.Accounts {
		if in.ID == a.ID {
			c.known, c.since, c.whole = in.Known, in.Since, in.CashComplete
		}
	}
	if !c.since.IsZero() {
		c.account.HistorySince = &c.since
	}
	return c
}

func (c *comparison) skip(what, reason string) {
	c.account.NotCompared = append(c.account.NotCompared, NotComparable{what, reason})
}

// add puts down a break.
func (c *comparison) add(b Break, e explanation) {
	b.ConnectionID, b.Provider, b.Account, b.AsOf = c.ConnectionID, c.Provider, c.Number, c.AsOf
	b.Difference = b.Reported.Sub(b.Implied)
	b.Reason, b.Explanation, b.Advice = e.reason, e.words, e.advice
	c.breaks = append(c.breaks, b)
	c.account.Breaks++
}

// positions compares what is held, also what only the ledger says is.
func (c *comparison) positions() {
	seen := map[string]bool{}
	for _, p := range c.Positions {
		if p.InstrumentID == "" {
			c.skip(p.Symbol, "it was not read since instruments have identities; the next sync gives it one")
			continue
		}
		seen[p.InstrumentID] = true
		c.position(p, c.ledger.Position(c.ID, p.InstrumentID))
	}
	for i := range c.ledger.Positions {
		p := &c.ledger.Positions[i]
		if p.Account == c.ID && !seen[p.Instrument] && !p.Implied.IsZero() {
			in := c.ledger.Instruments[p.Instrument]
			c.position(portfolio.Position{InstrumentID: p.Instrument, Symbol: in.Symbol, Currency: p.Currency}, p)
		}
	}
}

func (c *comparison) position(reported portfolio.Position, p *gains.Position) {
	implied := decimal.Zero
	if p != nil {
		implied = p.Implied
	}
	b := Break{
		Kind: Quantity, InstrumentID: reported.InstrumentID, Symbol: reported.Symbol, Currency: reported.Currency,
		Implied: implied, Reported: reported.Quantity,
	}
	if !implied.Equal(reported.Quantity) {
		c.add(b, c.whyQuantity(b, p))
		return
	}
	c.account.MatchedPositions++
	if p == nil || reported.CostBasis == nil || p.Incomplete() || p.Currency != reported.Currency {
		return
	}
	b.Kind, b.Implied, b.Reported = Cost, p.Cost, *reported.CostBasis
	if !b.Implied.Sub(b.Reported).Abs().GreaterThan(costTolerance) {
		return
	}
	c.add(b, c.whyCost())
}

// costTolerance is what costs may differ by since brokerages round them: one of what is rounded to cents at either end.
var costTolerance = decimal.New(2, -2)

// cash compares the cash in each currency.
func (c *comparison) cash() {
	switch {
	case c.Cash == nil:
		c.skip("cash", "the brokerage reports none")
		return
	case !c.whole:
		c.skip("cash", "the brokerage tells of trades alone, and not of everything that moves cash")
		return
	}
	implied := c.ledger.Cash[c.ID]
	seen := map[string]bool{}
	compare := func(currency string, reported decimal.Decimal) {
		seen[currency] = true
		b := Break{Kind: Money, Currency: currency, Implied: implied[currency].Sum, Reported: reported}
		if b.Implied.Equal(b.Reported) {
			c.account.MatchedCash++
			return
		}
		c.add(b, c.whyCash(b, implied[currency]))
	}
	for _, one := range c.Cash {
		compare(one.Currency, one.Amount)
	}
	for currency, sum := range implied {
		if !seen[currency] && !sum.Sum.IsZero() {
			compare(currency, decimal.Zero)
		}
	}
}
