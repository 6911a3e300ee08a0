package audit

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// Erase takes what is personal out of the events about a person's account: addresses, user agents and details. What was
// done, when, and by whose id stays.
func (l *Log) Erase(ctx context.Context, tx db.Querier, userID string) error {
	_, err := tx.ExecContext(ctx, `update audit_logs set address = null, user_agent = null, details = null where user_id = $1`, userID)
	return err
}
