package usage

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// tally is what rows of one key come to.
type tally struct {
	key
	amounts
	latency histogram
}

func (t *tally) add(other tally) {
	t.amounts = t.plus(other.amounts)
	t.latency.add(other.latency)
}

// fields are where a key is scanned to, in the order of keyColumns.
func (k *key) fields() []any {
	return []any{&k.Day, &k.Kind, &k.Provider, &k.Endpoint, &k.Model, &k.Status, &k.Failure}
}

const keyColumns = "day, kind, provider, endpoint, model, status, failure"

// fields are where amounts are scanned to, the number before takenColumns.
func (a *amounts) fields() []any {
	t := &a.Tokens
	return []any{&a.Calls, &t.Input, &t.Output, &t.CacheRead, &t.CacheWrite, &a.USD}
}

// filter is what is read.
type filter struct {
	userID      string // empty for everybody's
	first, last calendar.Day
	kind        string // empty for both
}

func (f filter) where() (string, []any) {
	conditions, args := []string{"day >= $1", "day <= $2"}, []any{f.first.String(), f.last.String()}
	for _, one := range [][2]string{{"user_id", f.userID}, {"kind", f.kind}} {
		if one[1] != "" {
			args = append(args, one[1])
			conditions = append(conditions, fmt.Sprintf("%s = $%d", one[0], len(args)))
		}
	}
	return " where " + strings.Join(conditions, " and "), args
}

// read adds up rows, of both tables: of a day that is being rolled up each row is in one of them.
func read(ctx context.Context, q db.Querier, f filter) ([]tally, error) {
	where, args := f.where()
	rows, err := q.QueryContext(ctx, `select `+keyColumns+`, latency, count(*), cast(sum(input_tokens) as bigint), cast(sum(output_tokens) as bigint),
		cast(sum(cache_read_tokens) as bigint), cast(sum(cache_write_tokens) as bigint), cost_usd
		from api_usage_logs`+where+` group by `+keyColumns+`, latency, cost_usd`, args...)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (tally, error) {
		t := tally{latency: histogram{}}
		var where int64
		err := scan(append(append(t.key.fields(), &where), t.amounts.fields()...)...)
		t.latency[where] = t.Calls
		t.USD = t.USD.Mul(decimal.NewFromInt(t.Calls)) // each row's, of rows that cost the same: SQLite does not add up decimals
		return t, err
	})
	if err != nil {
		return nil, err
	}
	rows, err = q.QueryContext(ctx, `select `+keyColumns+`, latency, calls, `+takenColumns+` from api_usage_days`+where, args...)
	days, err := db.Collect(rows, err, func(scan func(...any) error) (t tally, err error) {
		var latency []byte
		if err := scan(append(append(t.key.fields(), &latency), t.amounts.fields()...)...); err != nil {
			return t, err
		}
		return t, json.Unmarshal(latency, &t.latency)
	})
	return append(all, days...), err
}

// lostBetween is how many records could not be stored, everybody's.
func lostBetween(ctx context.Context, q db.Querier, first, last calendar.Day) (n int64, err error) {
	err = q.QueryRowContext(ctx, `select cast(coalesce(sum(lost), 0) as bigint) from api_usage_lost where day >= $1 and day <= $2`,
		first.String(), last.String()).Scan(&n)
	return n, err
}
