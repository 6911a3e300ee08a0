package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// Part is by what sums are parted, beside kind and currency.
type Part string

// The parts; the zero one parts nothing.
const (
	BySymbol Part = "symbol"
	ByMonth  Part = "month"
)

// Sum is what transactions of one kind and currency come to, exactly. Amount is what cash changed by, after Fee and Tax.
type Sum struct {
	Kind             broker.ActivityKind
	Currency         string // ISO 4217
	Symbol           string // of today; with BySymbol, and empty for what is about cash alone
	Month            string // as 2026-11, in New York; with ByMonth
	Count            int
	Amount, Fee, Tax decimal.Decimal
}

// Sums adds up all of a person's transactions that a filter chooses, whatever its limit and cursor: by kind, then from
// month to month, the largest amount first. An Invalid is as List has it.
func (s *Service) Sums(ctx context.Context, userID string, f Filter, by Part) ([]Sum, error) {
	f.Cursor = ""
	where, err := f.query(userID)
	if err != nil {
		return nil, err
	}
	rows, err := s.DB.Read().QueryContext(ctx, `select t.kind, t.currency, coalesce(i.symbol, t.symbol), t.day, t.amount, t.fee, t.tax
		from transactions t join brokerage_accounts a on a.id = t.account_id left join instruments i on i.id = t.instrument
		where `+strings.Join(where.conditions, " and "), where.args...)
	sums := map[[4]string]Sum{}
	_, err = db.Collect(rows, err, func(scan func(...any) error) (one Sum, err error) {
		var day string
		if err := scan(&one.Kind, &one.Currency, &one.Symbol, &day, &one.Amount, &one.Fee, &one.Tax); err != nil {
			return one, err
		}
		if by != BySymbol {
			one.Symbol = ""
		}
		if by == ByMonth {
			one.Month = day[:len("2026-11")]
		}
		of := [4]string{string(one.Kind), one.Currency, one.Symbol, one.Month}
		sum := sums[of]
		one.Count, one.Amount, one.Fee, one.Tax = sum.Count+1, sum.Amount.Add(one.Amount), sum.Fee.Add(one.Fee), sum.Tax.Add(one.Tax)
		sums[of] = one
		return one, nil
	})
	if err != nil {
		return nil, fmt.Errorf("add up transactions: %w", err)
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b Sum) int {
		return cmp.Or(
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Month, b.Month), b.Amount.Abs().Cmp(a.Amount.Abs()),
			cmp.Compare(a.Symbol, b.Symbol), cmp.Compare(a.Currency, b.Currency),
		)
	}), nil
}
