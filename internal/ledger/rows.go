package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
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
	row     struct { // as the database spells it
		connection, account, kind, day, instrument, symbol, quantity, price, currency, amount, fee, tax, from, to sql.RawBytes
	}
	into []any // the fields of row and of t
	t    struct {
		id, externalID string
		at             time.Time
	}
}

func newReader() *reader {
	r := &reader{words: map[string]string{}, days: map[string]calendar.Day{}, numbers: map[string]decimal.Decimal{}}
	w := &r.row
	r.into = []any{&r.t.id, &w.connection, &w.account, &r.t.externalID, &w.kind, &r.t.at, &w.day, &w.instrument, &w.symbol, &w.quantity, &w.price,
		&w.currency, &w.amount, &w.fee, &w.tax, &w.from, &w.to}
	return r
}

// maxNumbers bounds the numbers that are kept to be shared: small quantities and fees come again and again.
const maxNumbers = 4096

// loadColumns are transactionColumns but for the description, which no figure rests on.
var loadColumns = strings.TrimSuffix(transactionColumns, ", description")

// readAll reads the transactions that a condition selects, the oldest first. They are counted before, so that none is
// copied: moving many at once would hold up everybody while garbage is collected.
func readAll(ctx context.Context, q db.Querier, where string, args ...any) ([]Transaction, error) {
	var count int
	if err := q.QueryRowContext(ctx, "select count(*) from transactions where "+where, args...).Scan(&count); err != nil {
		return nil, fmt.Errorf("count transactions: %w", err)
	}
	rows, err := q.QueryContext(ctx, "select "+loadColumns+" from transactions where "+where+" order by at, account_id, external_id", args...)
	if err != nil {
		return nil, fmt.Errorf("load transactions: %w", err)
	}
	defer func() { _ = rows.Close() }() // what could fail shows in rows.Err
	r, all := newReader(), make([]Transaction, 0, count)
	for rows.Next() {
		all = append(all, Transaction{})
		if err := r.read(rows, &all[len(all)-1]); err != nil {
			return nil, fmt.Errorf("load transactions: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("load transactions: %w", err)
	}
	return all, nil
}

func (r *reader) read(rows *sql.Rows, t *Transaction) error {
	err := rows.Scan(r.into...)
	if err != nil {
		return err
	}
	w := &r.row
	t.ID, t.ExternalID, t.At = r.t.id, r.t.externalID, r.t.at.In(time.UTC)
	t.ConnectionID, t.AccountID, t.Kind = r.word(w.connection), r.word(w.account), broker.ActivityKind(r.word(w.kind))
	t.Instrument, t.Symbol, t.Currency = r.word(w.instrument), r.word(w.symbol), r.word(w.currency)
	known := false
	if t.Day, known = r.days[string(w.day)]; !known {
		if t.Day, err = calendar.ParseDay(string(w.day)); err != nil {
			return err
		}
		r.days[string(w.day)] = t.Day
	}
	for _, n := range []struct {
		text sql.RawBytes
		to   *decimal.Decimal
	}{{w.quantity, &t.Quantity}, {w.amount, &t.Amount}, {w.fee, &t.Fee}, {w.tax, &t.Tax}} {
		if *n.to, err = r.number(n.text); err != nil {
			return err
		}
	}
	for _, n := range []struct {
		text sql.RawBytes
		to   *decimal.NullDecimal
	}{{w.price, &t.Price}, {w.from, &t.SplitFrom}, {w.to, &t.SplitTo}} {
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
	d, err := parse(text)
	if err == nil && d.IsZero() {
		d = decimal.Zero
	}
	if err == nil && len(r.numbers) < maxNumbers {
		r.numbers[string(text)] = d
	}
	return d, err
}

// parse is decimal.NewFromString, which takes several times as long for the numbers that most are: digits with at most one
// point, and few enough for an int64.
func parse(text []byte) (decimal.Decimal, error) {
	const most = 18
	whole, behind, digits := int64(0), 0, 0
	point, negative := false, len(text) > 0 && text[0] == '-'
	rest := text
	if negative {
		rest = text[1:]
	}
	for _, c := range rest {
		switch {
		case c >= '0' && c <= '9' && digits < most:
			whole = 10*whole + int64(c-'0')
			digits++
			if point {
				behind++
			}
		case c == '.' && !point:
			point = true
		default:
			return decimal.NewFromString(string(text))
		}
	}
	if digits == 0 {
		return decimal.NewFromString(string(text))
	}
	if negative {
		whole = -whole
	}
	return decimal.New(whole, int32(-behind)), nil //nolint:gosec // at most 18
}
