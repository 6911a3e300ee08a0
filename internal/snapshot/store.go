package snapshot

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

const columns = `day, base_currency, total_value, cash, market_value, confirmed_value, cost_basis, unrealized_pnl, realized_pnl,
	income, net_flows, accounts, status, basis, reasons, as_of, closed_at, taken_at`

func scan(scan func(...any) error) (shot Snapshot, err error) {
	var accounts, reasons string
	var total, cash, value, confirmed, cost, unrealized, realized, income, flows decimal.NullDecimal
	err = scan(&shot.Day, &shot.BaseCurrency, &total, &cash, &value, &confirmed, &cost, &unrealized, &realized,
		&income, &flows, &accounts, &shot.Status, &shot.Basis, &reasons, &shot.AsOf, &shot.ClosedAt, &shot.TakenAt)
	if err != nil {
		return shot, err
	}
	shot.TotalValue, shot.Cash, shot.MarketValue, shot.ConfirmedValue = known(total), known(cash), known(value), known(confirmed)
	shot.CostBasis, shot.UnrealizedPnl, shot.RealizedPnl = known(cost), known(unrealized), known(realized)
	shot.Income, shot.NetFlows = known(income), known(flows)
	shot.AsOf, shot.ClosedAt, shot.TakenAt = shot.AsOf.UTC(), shot.ClosedAt.UTC(), shot.TakenAt.UTC()
	return shot, errors.Join(json.Unmarshal([]byte(accounts), &shot.Accounts), json.Unmarshal([]byte(reasons), &shot.Reasons))
}

func known(d decimal.NullDecimal) *decimal.Decimal {
	if !d.Valid {
		return nil
	}
	return &d.Decimal
}

func list(ctx context.Context, q db.Querier, userID string, r Range) ([]Snapshot, error) {
	const first, last = "0000-00-00", "9999-99-99" // days compare as text
	from, to, before := r.From, r.To, r.Cursor
	if from == "" {
		from = first
	}
	if to == "" {
		to = last
	}
	if before == "" {
		before = last
	}
	rows, err := q.QueryContext(ctx, "select "+columns+` from portfolio_snapshots
		where user_id = $1 and day >= $2 and day <= $3 and day < $4 order by day desc limit $5`, userID, from, to, before, r.Limit+1)
	all, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	return all, nil
}

// previous is the last snapshot before a day.
func previous(ctx context.Context, q db.Querier, userID string, day calendar.Day) (Snapshot, bool, error) {
	row := q.QueryRowContext(ctx, "select "+columns+` from portfolio_snapshots
		where user_id = $1 and day < $2 order by day desc limit 1`, userID, day.String())
	shot, err := scan(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return shot, false, nil
	}
	if err != nil {
		return shot, false, fmt.Errorf("find a snapshot: %w", err)
	}
	return shot, true, nil
}

// latestDay is the day of the person's last snapshot; zero when there is none.
func latestDay(ctx context.Context, q db.Querier, userID string) (calendar.Day, error) {
	var day string // not max(day), which SQLite's driver would take for a time
	err := q.QueryRowContext(ctx, "select day from portfolio_snapshots where user_id = $1 order by day desc limit 1", userID).Scan(&day)
	if errors.Is(err, sql.ErrNoRows) {
		return calendar.Day{}, nil
	}
	if err != nil {
		return calendar.Day{}, fmt.Errorf("find the last snapshot: %w", err)
	}
	return calendar.ParseDay(day)
}

// insert keeps a snapshot, unless there is one of its day. Whose person was deleted a moment ago is kept nowhere.
func insert(ctx context.Context, tx db.Querier, userID string, shot Snapshot) error {
	accounts, err := json.Marshal(shot.Accounts)
	if err != nil {
		return err
	}
	reasons, err := json.Marshal(shot.Reasons)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "insert into portfolio_snapshots (id, user_id, "+columns+`)
		select $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20 from users where id = $2
		on conflict (user_id, day) do nothing`,
		db.NewID(), userID, shot.Day, shot.BaseCurrency, shot.TotalValue, shot.Cash, shot.MarketValue, shot.ConfirmedValue,
		shot.CostBasis, shot.UnrealizedPnl, shot.RealizedPnl, shot.Income, shot.NetFlows, string(accounts), shot.Status, shot.Basis,
		string(reasons), shot.AsOf, shot.ClosedAt, shot.TakenAt)
	if err != nil {
		return fmt.Errorf("store snapshot: %w", err)
	}
	return nil
}

// usersWithout are those after the one given who have something that was read, were connected by the close, and have no
// snapshot of its day.
func usersWithout(ctx context.Context, q db.Querier, day calendar.Day, closed time.Time, after string, limit int) ([]string, error) {
	if after == "" {
		after = "00000000-0000-0000-0000-000000000000"
	}
	rows, err := q.QueryContext(ctx, `select u.id from users u where u.id > $1
			and exists (select 1 from brokerage_connections c where c.user_id = u.id and c.created_at <= $2 and c.last_sync_at is not null)
			and not exists (select 1 from portfolio_snapshots s where s.user_id = u.id and s.day = $3)
		order by u.id limit $4`, after, db.Time(closed), day.String(), limit)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("list people without a snapshot: %w", err)
	}
	return all, nil
}

func linksOf(ctx context.Context, q db.Querier, userID string) ([]link, error) {
	rows, err := q.QueryContext(ctx, `select status, created_at, last_sync_at, error_at from brokerage_connections
		where user_id = $1 order by created_at, id`, userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (l link, err error) {
		var synced, failed sql.NullTime
		err = scan(&l.status, &l.createdAt, &synced, &failed)
		if synced.Valid {
			l.syncedAt = synced.Time
		}
		if failed.Valid {
			l.failedAt = failed.Time
		}
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return all, nil
}

// bookingsOf are what the ledger has of a day in New York.
func bookingsOf(ctx context.Context, q db.Querier, userID string, day calendar.Day) ([]booking, error) {
	rows, err := q.QueryContext(ctx, `select kind, currency, amount, instrument is not null from transactions
		where user_id = $1 and at >= $2 and at < $3`, userID, db.Time(day.At(0, 0)), db.Time(day.AddDays(1).At(0, 0)))
	all, err := db.Collect(rows, err, func(scan func(...any) error) (b booking, err error) {
		return b, scan(&b.kind, &b.currency, &b.amount, &b.instrument)
	})
	if err != nil {
		return nil, fmt.Errorf("load a day's transactions: %w", err)
	}
	return all, nil
}
