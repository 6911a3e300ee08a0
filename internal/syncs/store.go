package syncs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/reading"
)

func insertSync(ctx context.Context, tx db.Querier, id, userID string, now time.Time, connections []string) error {
	if _, err := tx.ExecContext(ctx, "insert into syncs (id, user_id, created_at) values ($1, $2, $3)", id, userID, now); err != nil {
		return fmt.Errorf("store sync: %w", err)
	}
	for _, c := range connections {
		_, err := tx.ExecContext(ctx, "insert into sync_connections (sync_id, connection_id, state) values ($1, $2, $3)", id, c, Queued)
		if err != nil {
			return fmt.Errorf("store sync: %w", err)
		}
	}
	return nil
}

func findSync(ctx context.Context, q db.Querier, userID, id string) ([]Sync, error) {
	if !db.IsID(id) {
		return nil, nil
	}
	return collectSyncs(q.QueryContext(ctx, "select id, created_at from syncs where user_id = $1 and id = $2", userID, id))
}

func listSyncs(ctx context.Context, q db.Querier, userID, before string, limit int) ([]Sync, error) {
	return collectSyncs(q.QueryContext(ctx,
		"select id, created_at from syncs where user_id = $1 and id < $2 order by id desc limit $3", userID, before, limit))
}

func collectSyncs(rows *sql.Rows, err error) ([]Sync, error) {
	all, err := db.Collect(rows, err, func(scan func(...any) error) (Sync, error) {
		s := Sync{Connections: []Connection{}}
		err := scan(&s.ID, &s.CreatedAt)
		s.CreatedAt = s.CreatedAt.UTC()
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("list syncs: %w", err)
	}
	return all, nil
}

// syncLines are the connections of a sync, the oldest first.
func syncLines(ctx context.Context, q db.Querier, id string) ([]syncLine, error) {
	rows, err := q.QueryContext(ctx, `
		select c.id, c.provider, s.state, s.started_at, s.finished_at, s.error_kind, s.error_message, s.positions, s.transactions,
			c.status, c.last_sync_at, c.error_kind, c.error_message, c.error_at
		from sync_connections s join brokerage_connections c on c.id = s.connection_id
		where s.sync_id = $1 order by c.created_at, c.id`, id)
	all, err := db.Collect(rows, err, scanSyncLine)
	if err != nil {
		return nil, fmt.Errorf("list a sync's connections: %w", err)
	}
	return all, nil
}

func scanSyncLine(scan func(...any) error) (l syncLine, err error) {
	var started, finished, at sql.NullTime
	var kind, message, connectionKind, connectionMessage sql.NullString
	err = scan(&l.ConnectionID, &l.Provider, &l.State, &started, &finished, &kind, &message, &l.Positions, &l.Transactions,
		&l.status, &l.syncedAt, &connectionKind, &connectionMessage, &at)
	l.StartedAt, l.FinishedAt = moment(started), moment(finished)
	if kind.Valid {
		l.Error = &Problem{fault.Kind(kind.String), message.String}
	}
	if connectionKind.Valid {
		l.problem = &connection.Problem{Code: fault.Kind(connectionKind.String), Message: connectionMessage.String, At: at.Time.UTC()}
	}
	return l, err
}

func moment(t sql.NullTime) *time.Time {
	if !t.Valid {
		return nil
	}
	return new(t.Time.UTC())
}

func isWaitedFor(ctx context.Context, q db.Querier, connectionID string) (waited bool, err error) {
	err = q.QueryRowContext(ctx,
		"select exists (select 1 from sync_connections where connection_id = $1 and finished_at is null)", connectionID).Scan(&waited)
	if err != nil {
		return false, fmt.Errorf("look for a sync: %w", err)
	}
	return waited, nil
}

func markReading(ctx context.Context, tx db.Querier, connectionID string, now time.Time) error {
	return exec(ctx, tx, `update sync_connections set state = $2, started_at = coalesce(started_at, $3)
		where connection_id = $1 and finished_at is null`, connectionID, Running, now)
}

func markRead(ctx context.Context, tx db.Querier, connectionID string, f reading.Found, now time.Time) error {
	return exec(ctx, tx, `update sync_connections set state = $2, started_at = coalesce(started_at, $3), finished_at = $3,
			error_kind = null, error_message = null, positions = $4, transactions = $5
		where connection_id = $1 and finished_at is null`, connectionID, Done, now, f.Positions, f.Transactions)
}

func markUnread(ctx context.Context, tx db.Querier, connectionID string, p Problem, final bool, now time.Time) error {
	state, finished := Queued, sql.NullTime{}
	if final {
		state, finished = Failed, sql.NullTime{Time: now, Valid: true}
	}
	return exec(ctx, tx, `update sync_connections set state = $2, started_at = coalesce(started_at, $3), finished_at = $4,
			error_kind = $5, error_message = $6
		where connection_id = $1 and finished_at is null`, connectionID, state, now, finished, p.Code, p.Message)
}

func exec(ctx context.Context, tx db.Querier, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("note how far a sync is: %w", err)
	}
	return nil
}

func deleteSyncs(ctx context.Context, tx db.Querier, before time.Time) error {
	if _, err := tx.ExecContext(ctx, "delete from syncs where created_at < $1", before); err != nil {
		return fmt.Errorf("forget old syncs: %w", err)
	}
	return nil
}

// providerOf is the brokerage of a connection; empty when the connection is gone.
func providerOf(ctx context.Context, q db.Querier, connectionID string) (provider string, err error) {
	err = q.QueryRowContext(ctx, "select provider from brokerage_connections where id = $1", connectionID).Scan(&provider)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("find a connection's brokerage: %w", err)
	}
	return provider, nil
}

// cryptoConnections are the connections that held crypto when they were last read.
func cryptoConnections(ctx context.Context, q db.Querier) (map[string]bool, error) {
	rows, err := q.QueryContext(ctx, "select distinct connection_id from portfolio_holdings where asset_class = $1", broker.Crypto)
	ids, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("list connections with crypto: %w", err)
	}
	held := make(map[string]bool, len(ids))
	for _, id := range ids {
		held[id] = true
	}
	return held, nil
}
