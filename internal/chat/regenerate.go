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

// Regenerate begins another answer to the question that an answer is to; the new one stands in its place. The former stays
// stored, as superseded: Versions has it. Only the newest question of a session can be answered anew, since what came
// after others refers to what they were answered. Errors as of Post; NotFound where there is no such answer, Conflict for
// one to an older question.
func (s *Service) Regenerate(ctx context.Context, userID, sessionID, messageID string) (*Run, error) {
	return s.start(ctx, userID, sessionID, func(ctx context.Context, tx *sql.Tx, run *Run, _ time.Time) (Message, error) {
		asked, err := findQuestion(ctx, tx, sessionID, messageID)
		if err != nil {
			return asked, err
		}
		run.MessageID = db.NewID()
		return asked, supersede(ctx, tx, asked, run.MessageID)
	})
}

// findQuestion finds the question that an answer is to: the newest of the session, before it.
func findQuestion(ctx context.Context, q db.Querier, sessionID, messageID string) (Message, error) {
	if !db.IsID(messageID) {
		return Message{}, errNoAnswer()
	}
	answer, err := scanMessage(q.QueryRowContext(ctx, `select `+messageColumns+` from chat_messages
		where session_id = $1 and id = $2 and role = $3`, sessionID, messageID, llm.Assistant).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return answer, errNoAnswer()
	}
	if err != nil {
		return answer, err
	}
	asked, err := scanMessage(q.QueryRowContext(ctx, `select `+messageColumns+` from chat_messages
		where session_id = $1 and role = $2 order by id desc limit 1`, sessionID, llm.User).Scan)
	switch {
	case err != nil:
		return asked, err
	case asked.ID > answer.ID:
		return asked, fault.New(fault.Conflict, "the conversation has gone on since that answer; only the newest question can be answered anew")
	case answer.Status == Running:
		return asked, fault.New(fault.Conflict, "this answer is still being written; wait until it is done, or stop it")
	}
	return asked, nil
}

// supersede has an answer stand in the place of those that a question had before.
func supersede(ctx context.Context, q db.Querier, asked Message, by string) error {
	_, err := q.ExecContext(ctx, `update chat_messages set superseded_by = $1
		where session_id = $2 and id > $3 and role = $4 and superseded_by is null`, by, asked.SessionID, asked.ID, llm.Assistant)
	return err
}
