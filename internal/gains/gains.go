// Package gains is what a person gained and paid by their ledger, in their own currency: realised, received, and what open lots cost.
package gains

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/kept"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Service works reports out of the ledger. DB and Rates are required.
type Service struct {
	DB    *db.DB
	Rates exchange.PastSource // the rates of the days on which something was bought, sold or paid
	Now   func() time.Time

	once    sync.Once
	reports *kept.Values[*Report]
}

const (
	// maxReports bounds the memory: a report has some hundred bytes for each open lot.
	maxReports = 1000
	// reportAge is for how long a rate that could not be had is not asked for again. Nothing else in a report changes
	// without its version.
	reportAge = 10 * time.Minute
)

// Report is what the ledger of a person comes to. It is shared and never changed.
type Report struct {
	Base     string // ISO 4217, of all that is named Base
	Accounts []ledger.Account
	// Positions are open and closed ones by account and instrument, without their single sales.
	Positions []Position
	Totals    Totals
	Lacks
	First calendar.Day // of the ledger; zero when it is empty
	// Cash is by account and currency, Splits by instrument.
	Cash        map[string]map[string]Cash
	Splits      map[string][]instrument.Split
	Instruments map[string]instrument.Instrument

	cash      Totals // the part of Totals that concerns no instrument
	cashLacks int    // the part of Unrated that does not
	byHolding map[lots.Holding]*Position
	rules     map[string]lots.Rules
	reported  map[lots.Holding]decimal.Decimal
}

// Position is what the ledger says of an instrument in an account.
type Position struct {
	lots.Position
	Transactions int
	Closed       int // how many sales closed something
	// Implied is what transactions and splits come to by themselves: unlike Quantity also below what was ever bought.
	Implied decimal.Decimal
	Last    ledger.Transaction // the newest that changed what is held
}

// Cash is what transactions come to in one currency of an account.
type Cash struct {
	Sum  decimal.Decimal
	Last ledger.Transaction // the newest that changed it
}

// Totals are in Base, each amount at the rate of its day. What they leave out is counted in the report.
type Totals struct {
	Realized  decimal.Decimal
	Dividends decimal.Decimal // before tax
	Interest  decimal.Decimal // before tax; negative when more was paid
	Fees      decimal.Decimal // that belong to no trade: those are in what was realized
	TradeFees decimal.Decimal
	Taxes     decimal.Decimal
}

func (t *Totals) add(s lots.Sums) {
	t.Dividends, t.Interest, t.Fees = t.Dividends.Add(s.Dividends), t.Interest.Add(s.Interest), t.Fees.Add(s.Fees)
	t.TradeFees, t.Taxes = t.TradeFees.Add(s.TradeFees), t.Taxes.Add(s.Taxes)
}

// Lacks counts what totals do not know or leave out.
type Lacks struct {
	// Unread counts the accounts of which no transaction was ever read, Unknown the instruments of which a purchase is not
	// known, and Unrated the sums that are not in the totals for want of a rate of exchange.
	Unread, Unknown, Unrated int
}

// Words say what is lacking; nothing when nothing is.
func (l Lacks) Words() []string {
	var all []string
	for _, lack := range []struct {
		n          int
		what, lack string
	}{
		{l.Unread, "account", "no transactions were read of"},
		{l.Unknown, "position", "a purchase or its cost is not known of"},
		{l.Unrated, "sum", "there is no rate of exchange of its day for"},
	} {
		if lack.n == 1 {
			all = append(all, fmt.Sprintf("Not all is known: %s 1 %s.", lack.lack, lack.what))
		} else if lack.n > 1 {
			all = append(all, fmt.Sprintf("Not all is known: %s %d %ss.", lack.lack, lack.n, lack.what))
		}
	}
	return all
}

// Position gives what the ledger says of an instrument in an account; nil when nothing.
func (r *Report) Position(account, instrument string) *Position {
	return r.byHolding[lots.Holding{Account: account, Instrument: instrument}]
}

// Method is how sales consume lots in an account: its own choice, or the person's for all.
func (r *Report) Method(account string) user.CostBasis { return r.rules[account].Method }

// rateDigits is how many digits behind the point an average rate has.
const rateDigits = 18

// PaidRate is what a unit of a position's currency cost on average when what is held was bought. It is invalid where the
// ledger holds another quantity than the brokerage or does not know it all, and for what is in Base.
func (r *Report) PaidRate(account, instrument string, held decimal.Decimal) decimal.NullDecimal {
	p := r.Position(account, instrument)
	if p == nil || p.Currency == r.Base || !p.CostBase.Valid || p.Cost.IsZero() || p.Incomplete() || !p.Quantity.Equal(held) {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(p.CostBase.Decimal.DivRound(p.Cost, rateDigits))
}

// Of gives a person's report by the settings that are theirs, whose version is worked out again when the ledger, what is
// held or the settings change.
func (s *Service) Of(ctx context.Context, userID string, settings user.Settings) (*Report, error) {
	s.once.Do(func() { s.reports = &kept.Values[*Report]{Age: reportAge, Max: maxReports, Now: s.Now} })
	return s.reports.Get(ctx, userID,
		func(ctx context.Context) (string, error) { return version(ctx, s.DB.Read(), userID, settings) },
		func(ctx context.Context) (*Report, error) { return s.work(ctx, userID, settings) })
}

func (s *Service) work(ctx context.Context, userID string, settings user.Settings) (*Report, error) {
	in, err := read(ctx, s.DB.Read(), userID)
	if err != nil {
		return nil, err
	}
	past, err := exchange.LoadPast(ctx, s.Rates, settings.BaseCurrency, in.currencies(), in.first())
	if err != nil {
		return nil, err
	}
	return Work(in, past), nil
}

// Work works a report out, in the currency of the rates.
func Work(in Input, past exchange.Past) *Report {
	work := in.Ledger
	work.Base = past.To
	work.Rate = func(from, _ string, day calendar.Day) (decimal.Decimal, bool) {
		return past.Convert(from, decimal.NewFromInt(1), day)
	}
	book := lots.Work(work)
	r := &Report{
		Base: past.To, Accounts: in.Accounts, First: in.first(), Cash: map[string]map[string]Cash{}, Splits: work.Splits,
		Instruments: work.Instruments, byHolding: map[lots.Holding]*Position{}, rules: work.Accounts, reported: in.Reported,
	}
	known := map[lots.Holding]Position{}
	for _, t := range work.Transactions { // the oldest first
		r.move(t)
		if t.Instrument == "" {
			r.addCash(t, past)
			continue
		}
		key := lots.Holding{Account: t.AccountID, Instrument: t.Instrument}
		p := known[key]
		p.Transactions++
		if !t.Quantity.IsZero() {
			p.Last = t
		}
		known[key] = p
	}
	implied := lots.Quantities(work.Transactions, work.Splits, calendar.Day{})
	for _, p := range book.Positions {
		key := lots.Holding{Account: p.Account, Instrument: p.Instrument}
		one := known[key]
		one.Position, one.Closed, one.Implied = *p, len(p.Sales), implied[key]
		r.addPosition(one)
	}
	for i := range r.Positions {
		p := &r.Positions[i]
		r.byHolding[lots.Holding{Account: p.Account, Instrument: p.Instrument}] = p
	}
	for _, a := range in.Accounts {
		if !a.Known {
			r.Unread++
		}
	}
	return r
}

// move changes the cash of the transaction's account.
func (r *Report) move(t ledger.Transaction) {
	if t.Amount.IsZero() {
		return
	}
	if r.Cash[t.AccountID] == nil {
		r.Cash[t.AccountID] = map[string]Cash{}
	}
	r.Cash[t.AccountID][t.Currency] = Cash{r.Cash[t.AccountID][t.Currency].Sum.Add(t.Amount), t}
}

func (r *Report) addPosition(p Position) {
	p.Sales, p.Trips = nil, nil // there may be thousands, and other figures have their sums
	r.Positions = append(r.Positions, p)
	if p.RealisedBase.Valid {
		r.Totals.Realized = r.Totals.Realized.Add(p.RealisedBase.Decimal)
	} else if !p.Realised.IsZero() {
		r.Unrated++
	}
	if p.SumsBaseKnown {
		r.Totals.add(p.SumsBase)
	} else {
		r.Unrated++
	}
	if p.unknownSince(calendar.Day{}) {
		r.Unknown++
	}
}

// unknownSince tells whether something that happened from a day on rests on a purchase or a cost that is not known.
func (p *Position) unknownSince(first calendar.Day) bool {
	return slices.ContainsFunc(p.Marks, func(m lots.Mark) bool {
		return !m.Day.Before(first) && (m.Reason == lots.IncompleteHistory || m.Reason == lots.CostUnknown)
	})
}
