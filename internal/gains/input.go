package gains

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/costbasis"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Input is what a report is worked out from.
type Input struct {
	Accounts []ledger.Account
	Reported map[lots.Holding]decimal.Decimal // what brokerages say is held
	Ledger   lots.Input                       // the oldest transaction first; without base and rates
}

// version tells whether a report is still right: by the ledger's version, by the accounts with their methods, and by what
// brokerages say is held, which tells shorts from sales of what was bought before the history.
func version(ctx context.Context, q db.Querier, userID string, settings user.Settings) (string, error) {
	n, err := ledger.Version(ctx, q, userID)
	if err != nil {
		return "", err
	}
	accounts, err := ledger.Accounts(ctx, q, userID)
	if err != nil {
		return "", err
	}
	held, err := reported(ctx, q, userID)
	// Maps print in the order of their keys.
	return fmt.Sprint(n, settings.BaseCurrency, settings.CostBasisMethod, accounts, held), err
}

func read(ctx context.Context, q db.Querier, userID string) (in Input, err error) {
	if in.Ledger, err = costbasis.Read(ctx, q, userID); err != nil {
		return in, err
	}
	if in.Accounts, err = ledger.Accounts(ctx, q, userID); err != nil {
		return in, err
	}
	in.Reported, err = reported(ctx, q, userID)
	return in, err
}

// currencies are those in which something was bought, sold or paid.
func (in Input) currencies() []string {
	seen := map[string]bool{}
	var all []string
	note := func(currency string) {
		if !seen[currency] {
			seen[currency] = true
			all = append(all, currency)
		}
	}
	for _, t := range in.Ledger.Transactions {
		note(t.Currency)
	}
	for _, i := range in.Ledger.Instruments {
		note(i.Currency)
	}
	return all
}

// first is the ledger's first day; zero when there is none.
func (in Input) first() calendar.Day {
	var first calendar.Day
	for i, t := range in.Ledger.Transactions {
		if i == 0 || t.Day.Before(first) {
			first = t.Day
		}
	}
	return first
}

// reported is what brokerages say is held, by account and instrument.
func reported(ctx context.Context, q db.Querier, userID string) (map[lots.Holding]decimal.Decimal, error) {
	type row struct {
		key      lots.Holding
		quantity decimal.Decimal
	}
	rows, err := q.QueryContext(ctx, "select account_id, instrument, quantity from portfolio_holdings where user_id = $1 and instrument is not null", userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (r row, err error) {
		return r, scan(&r.key.Account, &r.key.Instrument, &r.quantity)
	})
	if err != nil {
		return nil, fmt.Errorf("list positions: %w", err)
	}
	held := make(map[lots.Holding]decimal.Decimal, len(all))
	for _, r := range all {
		held[r.key] = held[r.key].Add(r.quantity)
	}
	return held, nil
}

// addCash adds what was received and paid that concerns no instrument, at the rate of its day.
func (r *Report) addCash(t ledger.Transaction, past exchange.Past) {
	var s lots.Sums
	before := t.Amount.Add(t.Fee).Add(t.Tax)
	switch t.Kind {
	case broker.Dividend:
		s = lots.Sums{Dividends: before, Fees: t.Fee, Taxes: t.Tax}
	case broker.Interest:
		s = lots.Sums{Interest: before, Fees: t.Fee, Taxes: t.Tax}
	case broker.Fee:
		s = lots.Sums{Fees: t.Amount.Add(t.Tax).Neg(), Taxes: t.Tax}
	case broker.Tax:
		s = lots.Sums{Fees: t.Fee, Taxes: t.Amount.Add(t.Fee).Neg()}
	default:
		s = lots.Sums{Fees: t.Fee, Taxes: t.Tax}
	}
	ok := true
	for _, amount := range []*decimal.Decimal{&s.Dividends, &s.Interest, &s.Fees, &s.TradeFees, &s.Taxes} {
		converted, known := past.Convert(t.Currency, *amount, t.Day)
		*amount, ok = converted, ok && known
	}
	if !ok {
		r.Unrated, r.cashLacks = r.Unrated+1, r.cashLacks+1
		return
	}
	r.Totals.add(s)
	r.cash.add(s)
}
