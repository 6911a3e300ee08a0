package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// reader reads many transactions. What most of them share is kept once: ids of accounts and instruments, words, days, and
// nothing for zero.
type reader struct {
	words   map[string]string
	days    map[string]calendar.Day
	numbers map[string]decimal.Decimal
}

// maxNumbers bounds the numbers that are kept to be shared: small quantities and fees come again and again.
const maxNumbers = 4096

// readAll reads the transactions that a query selects by transactionColumns.
func readAll(ctx context.Context, q db.Querier, query string, args ...any) (all []Transaction, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("load transactions: %w", err)
	}
	defer func() { _ = rows.Close() }() // what could fail shows in rows.Err
	r := reader{words: map[string]string{}, days: map[string]calendar.Day{}, numbers: map[string]decimal.Decimal{}}
	all = []Transaction{}
	for rows.Next() {
		var t Transaction
		if err := r.read(rows, &t); err != nil {
			return nil, fmt.Errorf("load transactions: %w", err)
		}
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("load transactions: %w", err)
	}
	return all, nil
}

func (r *reader) read(rows *sql.Rows, t *Transaction) error {
	var connection, account, kind, day, instrument, symbol, quantity, price, currency, amount, fee, tax, from, to, description sql.RawBytes
	err := rows.Scan(&t.ID, &connection, &account, &t.ExternalID, &kind, &t.At, &day, &instrument, &symbol, &quantity, &price,
		&currency, &amount, &fee, &tax, &from, &to, &description)
	if err != nil {
		return err
	}
	t.At = t.At.In(time.UTC)
	t.ConnectionID, t.AccountID, t.Kind = r.word(connection), r.word(account), broker.ActivityKind(r.word(kind))
	t.Instrument, t.Symbol, t.Currency, t.Description = r.word(instrument), r.word(symbol), r.word(currency), r.word(description)
	known := false
	if t.Day, known = r.days[string(day)]; !known {
		if t.Day, err = calendar.ParseDay(string(day)); err != nil {
			return err
		}
		r.days[string(day)] = t.Day
	}
	for _, n := range []struct {
		text sql.RawBytes
		to   *decimal.Decimal
	}{{quantity, &t.Quantity}, {amount, &t.Amount}, {fee, &t.Fee}, {tax, &t.Tax}} {
		if *n.to, err = r.number(n.text); err != nil {
			return err
		}
	}
	for _, n := range []struct {
		text sql.RawBytes
		to   *decimal.NullDecimal
	}{{price, &t.Price}, {from, &t.SplitFrom}, {to, &t.SplitTo}} {
		if n.to.Valid = n.text != nil; n.to.Valid {
			if n.to.Decimal, err = r.number(n.text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) word(text sql.RawBytes) string {
	word, known := r.words[string(text)]
	if !known {
		word = string(text)
		r.words[word] = word
	}
	return word
}

func (r *reader) number(text sql.RawBytes) (decimal.Decimal, error) {
	d, known := r.numbers[string(text)]
	if known {
		return d, nil
	}
	d, err := decimal.NewFromString(string(text))
	if err == nil && d.IsZero() {
		d = decimal.Zero
	}
	if err == nil && len(r.numbers) < maxNumbers {
		r.numbers[string(text)] = d
	}
	return d, err
}
