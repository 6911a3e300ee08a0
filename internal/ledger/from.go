package ledger

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// LoadFrom is Load without what happened before a day.
func LoadFrom(ctx context.Context, q db.Querier, userID string, first calendar.Day) ([]Transaction, error) {
	return readAll(ctx, q, "select "+loadColumns+` from transactions where user_id = $1 and at >= $2
		order by at, account_id, external_id`, userID, db.Time(first.At(0, 0)))
}
