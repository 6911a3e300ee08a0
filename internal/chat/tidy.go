package chat

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// eventsKept is how long after its end what an answer's stream said is kept.
const eventsKept = 7 * 24 * time.Hour

// Tidy is a period's work: it deletes the events of answers that ended more than a week before slot. The messages stay,
// with their citations and tool calls.
func (s *Service) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from chat_run_events
		where message_id in (select id from chat_messages where finished_at < $1)`, db.Time(slot.Add(-eventsKept)))
	if err != nil {
		return fmt.Errorf("delete old events: %w", err)
	}
	return nil
}
