package connection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

const connectionColumns = "id, user_id, provider, environment, method, status, created_at, last_sync_at, error_kind, error_message, error_at"

func scanConnection(scan func(...any) error) (Connection, error) {
	c := Connection{Accounts: []string{}}
	var lastSync, errorAt sql.NullTime
	var kind, message sql.NullString
	err := scan(&c.ID, &c.UserID, &c.Provider, &c.Environment, &c.Method, &c.Status, &c.CreatedAt, &lastSync, &kind, &message, &errorAt)
	c.CreatedAt = c.CreatedAt.UTC()
	if lastSync.Valid {
		c.LastSyncAt = new(lastSync.Time.UTC())
	}
	if kind.Valid {
		c.Error = &Problem{Code: fault.Kind(kind.String), Message: message.String, At: errorAt.Time.UTC()}
	}
	return c, err
}

func list(ctx context.Context, q db.Querier, userID string) ([]Connection, error) {
	rows, err := q.QueryContext(ctx, "select "+connectionColumns+
		" from brokerage_connections where user_id = $1 order by created_at desc, id desc", userID)
	all, err := db.Collect(rows, err, scanConnection)
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	numbers, err := accountNumbers(ctx, q, userID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Accounts = append(all[i].Accounts, numbers[all[i].ID]...)
	}
	return all, nil
}

func find(ctx context.Context, q db.Querier, userID, id string) (Connection, bool, error) {
	row := q.QueryRowContext(ctx, "select "+connectionColumns+" from brokerage_connections where user_id = $1 and id = $2", userID, id)
	c, err := scanConnection(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Connection{}, false, nil
	}
	if err != nil {
		return Connection{}, false, fmt.Errorf("find connection: %w", err)
	}
	numbers, err := accountNumbers(ctx, q, userID)
	c.Accounts = append(c.Accounts, numbers[id]...)
	return c, true, err
}

// accountNumbers gives the numbers of the user's accounts by connection.
func accountNumbers(ctx context.Context, q db.Querier, userID string) (map[string][]string, error) {
	type account struct{ connection, number string }
	rows, err := q.QueryContext(ctx, `select a.connection_id, a.number from brokerage_accounts a
		join brokerage_connections c on c.id = a.connection_id where c.user_id = $1 order by a.number`, userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (a account, err error) {
		return a, scan(&a.connection, &a.number)
	})
	if err != nil {
		return nil, fmt.Errorf("list account numbers: %w", err)
	}
	numbers := map[string][]string{}
	for _, a := range all {
		numbers[a.connection] = append(numbers[a.connection], a.number)
	}
	return numbers, nil
}

func remove(ctx context.Context, tx db.Querier, userID, id string) (bool, error) {
	return changed(tx.ExecContext(ctx, "delete from brokerage_connections where user_id = $1 and id = $2", userID, id))
}

// lockUser makes transactions that connect accounts of one user take turns. It reports false when there is no such user.
func lockUser(ctx context.Context, tx db.Querier, userID string) (bool, error) {
	return changed(tx.ExecContext(ctx, "update users set updated_at = updated_at where id = $1", userID))
}

// findByAccounts gives the user's oldest connection that opens one of the accounts.
func findByAccounts(ctx context.Context, tx db.Querier, att attempt, accounts []broker.Account) (string, bool, error) {
	for _, a := range accounts {
		var id string
		row := tx.QueryRowContext(ctx, `select c.id from brokerage_connections c join brokerage_accounts a on a.connection_id = c.id
			where c.user_id = $1 and c.provider = $2 and c.environment = $3 and a.external_id = $4
			order by c.created_at, c.id limit 1`, att.userID, att.provider, att.environment, a.ID)
		err := row.Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return "", false, fmt.Errorf("find connection by account: %w", err)
		}
		return id, true, nil
	}
	return "", false, nil
}

func insert(ctx context.Context, tx db.Querier, id string, att attempt, sealed string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into brokerage_connections
		(id, user_id, provider, environment, method, status, credentials, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
		id, att.userID, att.provider, att.environment, att.method, Active, sealed, now)
	if err != nil {
		return fmt.Errorf("insert connection: %w", err)
	}
	return nil
}

func renew(ctx context.Context, tx db.Querier, id string, method broker.Method, sealed string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `update brokerage_connections
		set credentials = $1, method = $2, status = $3, error_kind = null, error_message = null, error_at = null, updated_at = $4
		where id = $5`, sealed, method, Active, now, id)
	if err != nil {
		return fmt.Errorf("renew connection: %w", err)
	}
	return nil
}

func findLink(ctx context.Context, q db.Querier, id string) (Link, bool, error) {
	var l Link
	row := q.QueryRowContext(ctx, "select id, user_id, provider, environment, credentials from brokerage_connections where id = $1", id)
	err := row.Scan(&l.ID, &l.UserID, &l.Provider, &l.Environment, &l.sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return Link{}, false, nil
	}
	if err != nil {
		return Link{}, false, fmt.Errorf("find link: %w", err)
	}
	return l, true, nil
}

// standing is what was known of a connection before a reading, and whether somebody waits for one.
type standing struct {
	status    Status
	requested bool
}

// hold keeps a connection for the rest of the transaction. One that is gone has no standing.
func hold(ctx context.Context, tx db.Querier, id string) (was standing, err error) {
	row := tx.QueryRowContext(ctx, `update brokerage_connections set updated_at = updated_at where id = $1
		returning status, sync_requested_at is not null`, id)
	if err = row.Scan(&was.status, &was.requested); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return was, fmt.Errorf("hold connection: %w", err)
	}
	return was, nil
}

func markRequested(ctx context.Context, tx db.Querier, id string, now time.Time) error {
	_, err := changed(tx.ExecContext(ctx, "update brokerage_connections set sync_requested_at = $2 where id = $1", id, now))
	return err
}

func markSynced(ctx context.Context, tx db.Querier, id string, asOf, now time.Time) (bool, error) {
	return changed(tx.ExecContext(ctx, `update brokerage_connections
		set status = $1, last_sync_at = $2, error_kind = null, error_message = null, error_at = null, updated_at = $3, sync_requested_at = null
		where id = $4 and (last_sync_at is null or last_sync_at <= $2)`, Active, asOf, now, id))
}

func markFailed(ctx context.Context, tx db.Querier, link Link, status Status, p Problem, started time.Time) (bool, error) {
	return changed(tx.ExecContext(ctx, `update brokerage_connections
		set status = $1, error_kind = $2, error_message = $3, error_at = $4, updated_at = $4, sync_requested_at = null
		where id = $5 and credentials = $6 and (last_sync_at is null or last_sync_at <= $7)`,
		status, p.Code, p.Message, p.At, link.ID, link.sealed, started))
}

func due(ctx context.Context, q db.Querier) ([]string, error) {
	return ids(q.QueryContext(ctx, `select id from brokerage_connections
		where status <> $1 and user_id in (select id from users where disabled_at is null) order by id`, ReauthorizationRequired))
}

func behind(ctx context.Context, q db.Querier, since time.Time) ([]string, error) {
	return ids(q.QueryContext(ctx, `select id from brokerage_connections
		where (status = $1 or status = $2 and (last_sync_at is null or last_sync_at < $3))
		and user_id in (select id from users where disabled_at is null) order by id`, Failing, Active, since))
}

// ids reads a query's only column.
func ids(rows *sql.Rows, err error) ([]string, error) {
	all, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return all, nil
}

// changed tells whether a statement found its row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("change connection: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
