package idempotency

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// The states of a request.
const (
	running = "running"
	done    = "done"
)

// entry is what is kept under a key.
type entry struct {
	id, requestHash, state string
	response               *string
}

// free takes away what no longer holds a key: an answer that is too old, a request whose process died.
func free(ctx context.Context, tx db.Querier, userID, keyHash string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from idempotency_keys where user_id = $1 and key_hash = $2
		and (created_at <= $3 or state = 'running' and lease_until <= $4)`, userID, keyHash, now.Add(-Kept), now)
	return err
}

// insert reports true to the one who gets the key. It adds nothing for a person who is gone.
func insert(ctx context.Context, tx db.Querier, id string, r Request, keyHash, requestHash string, now time.Time) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		insert into idempotency_keys (id, user_id, key_hash, request_hash, operation, state, created_at, lease_until)
		select $1, u.id, $3, $4, $5, $6, $7, $8 from users u where u.id = $2
		on conflict (user_id, key_hash) do nothing`,
		id, r.UserID, keyHash, requestHash, r.Operation, running, now, now.Add(lease))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func find(ctx context.Context, tx db.Querier, userID, keyHash string) (e entry, err error) {
	err = tx.QueryRowContext(ctx, `select id, request_hash, state, response from idempotency_keys where user_id = $1 and key_hash = $2`,
		userID, keyHash).Scan(&e.id, &e.requestHash, &e.state, &e.response)
	return e, err
}

// conclude stores an answer, unless the claim is gone: with its person, or because it took too long.
func conclude(ctx context.Context, tx db.Querier, id string, sealed *string) error {
	_, err := tx.ExecContext(ctx, `update idempotency_keys set state = $2, response = $3, lease_until = null
		where id = $1 and state = 'running'`, id, done, sealed)
	return err
}

func release(ctx context.Context, tx db.Querier, id string) error {
	_, err := tx.ExecContext(ctx, `delete from idempotency_keys where id = $1 and state = 'running'`, id)
	return err
}

func deleteBefore(ctx context.Context, tx db.Querier, before time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from idempotency_keys where created_at <= $1`, before)
	return err
}
