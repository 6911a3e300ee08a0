package chat

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// Recover ends the answers whose process died: each is stored as interrupted, with what had arrived in the database. Its
// stream goes on after a gap in the numbers, with the error and the message. Recover returns how many answers it ended.
// Any number of processes may call it at once; each answer is ended by one of them. Call it at the start and every few
// seconds.
func (s *Service) Recover(ctx context.Context) (int, error) {
	abandoned, err := s.abandoned(ctx)
	if err != nil {
		return 0, fmt.Errorf("find abandoned answers: %w", err)
	}
	ended := 0
	var failed []error
	for _, messageID := range abandoned {
		err := s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.recoverOne(ctx, tx, messageID) })
		switch {
		case err == nil:
			ended++
		case errors.Is(err, errLost) || errors.Is(err, sql.ErrNoRows): // another process was first, or it is alive again
		default:
			failed = append(failed, fmt.Errorf("recover answer %s: %w", messageID, err))
		}
	}
	return ended, errors.Join(failed...)
}

// recoverAtOnce bounds the work of one call.
const recoverAtOnce = 100

func (s *Service) abandoned(ctx context.Context) ([]string, error) {
	// Without an order, so that the small index over running answers serves.
	rows, err := s.DB.Read().QueryContext(ctx, `
		select id from chat_messages where status = 'running' and lease_until < $1 limit $2`, db.Time(s.Now()), recoverAtOnce)
	return db.Collect(rows, err, func(scan func(...any) error) (id string, err error) {
		err = scan(&id)
		return id, err
	})
}

// recoverOne ends one answer if it is still abandoned.
func (s *Service) recoverOne(ctx context.Context, tx *sql.Tx, messageID string) error {
	now := db.Time(s.Now())
	var sessionID string
	// Clearing the lease locks the row and loses against whoever did so first.
	err := tx.QueryRowContext(ctx, `update chat_messages set lease_until = null
		where id = $1 and status = 'running' and lease_until < $2 returning session_id`, messageID, now).Scan(&sessionID)
	if err != nil {
		return err
	}
	events, err := selectEvents(ctx, tx, messageID)
	if err != nil {
		return err
	}
	e, err := endingFrom(events)
	if err != nil {
		return err
	}
	e.at = now
	if err := closeAnswer(ctx, tx, sessionID, messageID, e); err != nil {
		return err
	}
	if err := s.index(ctx, tx, messageID); err != nil {
		return err
	}
	_, _, err = storeLastWords(ctx, tx, messageID, lastSeq(events)+recoveryGap, e.at)
	return err
}

// recoveryGap keeps numbers from being used twice: the process that died may have told more events than it had stored.
// With the analyst's usual limits no answer has as many.
const recoveryGap = 100_000

func lastSeq(events []Event) int64 {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Seq
}

// endingFrom puts an interrupted answer together from what its stream had said.
func endingFrom(events []Event) (ending, error) {
	e := ending{status: Interrupted, problem: interrupted(), citations: []analyst.Citation{}}
	var content strings.Builder
	for _, event := range events {
		var err error
		switch event.Type {
		case EventDelta:
			var d DeltaData
			err = json.Unmarshal(event.Data, &d)
			content.WriteString(d.Text)
		case EventCitation:
			var c analyst.Citation
			err = json.Unmarshal(event.Data, &c)
			e.citations = append(e.citations, c)
		case EventUsage:
			e.usage = analyst.Usage{}
			err = json.Unmarshal(event.Data, &e.usage)
		}
		if err != nil {
			return e, fmt.Errorf("event %d: %w", event.Seq, err)
		}
	}
	e.content = content.String()
	return e, nil
}
