package chat

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// Regenerate begins another answer to the question that an answer is to: another version of it, which is shown from now
// on. Only the last question of the shown branch can be answered anew, since what came after others refers to what they
// were answered. Errors as of Post; NotFound where there is no such answer, Conflict for one to another question.
func (s *Service) Regenerate(ctx context.Context, userID, sessionID, messageID string) (*Run, error) {
	return s.start(ctx, userID, sessionID, func(ctx context.Context, tx *sql.Tx, _ Session, _ time.Time) (Message, error) {
		return findQuestion(ctx, tx, sessionID, messageID)
	})
}

// findQuestion finds the question that an answer is to, if that is the last of the shown branch.
func findQuestion(ctx context.Context, q db.Querier, sessionID, messageID string) (Message, error) {
	if !db.IsID(messageID) {
		return Message{}, errNoAnswer()
	}
	var parent, last string
	err := q.QueryRowContext(ctx, `select a.parent_id, h.parent_id from chat_messages a join chat_sessions s on s.id = a.session_id
		join chat_messages h on h.id = s.head_id where a.session_id = $1 and a.id = $2 and a.role = $3`,
		sessionID, messageID, llm.Assistant).Scan(&parent, &last)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Message{}, errNoAnswer()
	case err != nil:
		return Message{}, err
	case parent != last:
		return Message{}, fault.New(fault.Conflict,
			"only the last question of the branch that is shown can be answered anew; show another branch, or ask again in the place of the question")
	}
	return scanMessage(q.QueryRowContext(ctx, `select `+messageColumns+` from chat_messages where id = $1`, parent).Scan)
}
