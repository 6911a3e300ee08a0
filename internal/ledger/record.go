package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
)

// Reading is what a brokerage told of an account at one time: its past, and what it holds now.
type Reading struct {
	UserID       string
	ConnectionID string
	AccountID    string // ours
	Provider     string
	History      broker.History
	Positions    []broker.Position
	Cash         map[string]decimal.Decimal // by currency
	AsOf         time.Time
}

// Record puts what a brokerage told into the ledger, in the caller's transaction, and reports whether that changed it.
// However often and in whatever order overlapping readings are recorded, the ledger is the same: a transaction is known by
// the brokerage's id, and what is told again replaces what was told before.
func Record(ctx context.Context, tx db.Querier, r Reading, now time.Time) (changed bool, err error) {
	stored, err := storedIn(ctx, tx, r.AccountID)
	if err != nil {
		return false, err
	}
	instruments := map[string]string{} // ours by the brokerage's
	var first calendar.Day
	for _, a := range r.History.Activities {
		t, err := r.transaction(ctx, tx, a, instruments, now)
		if err != nil {
			return false, err
		}
		old, known := stored[t.ExternalID]
		if known && sameContent(old, t) {
			continue
		}
		if err := upsert(ctx, tx, r.UserID, t, now); err != nil {
			return false, err
		}
		for _, day := range []calendar.Day{t.Day, old.Day} {
			if day != (calendar.Day{}) && (!changed || day.Before(first)) {
				first, changed = day, true
			}
		}
	}
	if err := markRead(ctx, tx, r); err != nil {
		return false, err
	}
	if changed {
		err = markChanged(ctx, tx, r.UserID, first, now)
	}
	return changed, err
}

// transaction is an activity as the ledger has it.
func (r Reading) transaction(ctx context.Context, tx db.Querier, a broker.Activity, instruments map[string]string, now time.Time) (Transaction, error) {
	t := Transaction{
		ConnectionID: r.ConnectionID, AccountID: r.AccountID, ExternalID: a.ID, Kind: a.Kind, At: db.Time(a.At), Day: calendar.DayOf(a.At),
		Symbol: a.Instrument.Symbol, Quantity: a.Quantity, Price: a.Price, Currency: a.Currency, Amount: a.Amount, Fee: a.Fee, Tax: a.Tax,
		Description: a.Description,
	}
	if !a.SplitFrom.IsZero() {
		t.SplitFrom, t.SplitTo = decimal.NewNullDecimal(a.SplitFrom), decimal.NewNullDecimal(a.SplitTo)
	}
	if a.Instrument.Symbol == "" {
		return t, nil
	}
	id, known := instruments[a.Instrument.InstrumentID]
	if !known {
		var err error
		if id, err = instrument.Resolve(ctx, tx, r.Provider, a.Instrument, now); err != nil {
			return t, err
		}
		instruments[a.Instrument.InstrumentID] = id
	}
	t.Instrument = id
	return t, nil
}

// sameContent tells whether two tellings of one transaction agree.
func sameContent(a, b Transaction) bool {
	return a.Kind == b.Kind && a.At.Equal(b.At) && a.Day == b.Day && a.Instrument == b.Instrument && a.Symbol == b.Symbol &&
		a.Quantity.Equal(b.Quantity) && same(a.Price, b.Price) && a.Currency == b.Currency && a.Amount.Equal(b.Amount) &&
		a.Fee.Equal(b.Fee) && a.Tax.Equal(b.Tax) && same(a.SplitFrom, b.SplitFrom) && same(a.SplitTo, b.SplitTo) && a.Description == b.Description
}

func same(a, b decimal.NullDecimal) bool { return a.Valid == b.Valid && a.Decimal.Equal(b.Decimal) }

func storedIn(ctx context.Context, q db.Querier, accountID string) (map[string]Transaction, error) {
	rows, err := q.QueryContext(ctx, "select "+transactionColumns+" from transactions where account_id = $1", accountID)
	all, err := db.Collect(rows, err, scanTransaction)
	if err != nil {
		return nil, fmt.Errorf("load transactions: %w", err)
	}
	byID := make(map[string]Transaction, len(all))
	for _, t := range all {
		byID[t.ExternalID] = t
	}
	return byID, nil
}

func upsert(ctx context.Context, tx db.Querier, userID string, t Transaction, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into transactions
		(id, user_id, connection_id, account_id, external_id, kind, at, day, instrument, symbol, quantity, price,
			currency, amount, fee, tax, split_from, split_to, description, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20)
		on conflict (account_id, external_id) do update set kind = excluded.kind, at = excluded.at, day = excluded.day,
			instrument = excluded.instrument, symbol = excluded.symbol, quantity = excluded.quantity, price = excluded.price,
			currency = excluded.currency, amount = excluded.amount, fee = excluded.fee, tax = excluded.tax,
			split_from = excluded.split_from, split_to = excluded.split_to, description = excluded.description,
			updated_at = excluded.updated_at`,
		db.NewID(), userID, t.ConnectionID, t.AccountID, t.ExternalID, t.Kind, t.At, t.Day.String(), nullable(t.Instrument), t.Symbol,
		t.Quantity, t.Price, t.Currency, t.Amount, t.Fee, t.Tax, t.SplitFrom, t.SplitTo, t.Description, db.Time(now))
	if err != nil {
		return fmt.Errorf("store transaction: %w", err)
	}
	return nil
}

func nullable(id string) any {
	if id == "" {
		return nil
	}
	return id
}

// markRead notes that the account's history was read, and how far it goes; a later reading that goes less far back leaves that.
func markRead(ctx context.Context, tx db.Querier, r Reading) error {
	_, err := tx.ExecContext(ctx, `update brokerage_accounts set history_read_at = $2, history_cash = $3,
			history_since = case when history_read_at is null then $4 else history_since end where id = $1`,
		r.AccountID, db.Time(r.AsOf), r.History.CashComplete, since(r.History.Since))
	if err != nil {
		return fmt.Errorf("note the reading of a history: %w", err)
	}
	return nil
}

func since(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return db.Time(t)
}
