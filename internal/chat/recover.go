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
	"github.com/jaspers-ai/jaspers/internal/prose"
)

// Recover ends the answers whose process died: each is stored as interrupted, or stopped if somebody had asked for
// that, with what had arrived in the database. Nobody heard more than that, and its stream goes on with the next number.
// Recover returns how many answers it ended.
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
		var status Status
		err := s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			status, err = s.recoverOne(ctx, tx, messageID)
			return err
		})
		switch {
		case err == nil:
			ended++
			s.Metrics.Answered(string(status))
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

// recoverOne ends one answer if it is still abandoned, and tells how.
func (s *Service) recoverOne(ctx context.Context, tx *sql.Tx, messageID string) (Status, error) {
	now := db.Time(s.Now())
	var sessionID string
	var stop bool
	// Clearing the lease locks the row and loses against whoever did so first.
	err := tx.QueryRowContext(ctx, `update chat_messages set lease_until = null
		where id = $1 and status = 'running' and lease_until < $2 returning session_id, stop_requested`, messageID, now).Scan(&sessionID, &stop)
	if err != nil {
		return "", err
	}
	events, err := selectEvents(ctx, tx, messageID, 0)
	if err != nil {
		return "", err
	}
	e, err := endingFrom(events)
	if err != nil {
		return "", err
	}
	e.at = now
	if stop {
		e.status, e.problem = Stopped, nil
	}
	if err := closeAnswer(ctx, tx, sessionID, messageID, e); err != nil {
		return "", err
	}
	if err := errors.Join(s.index(ctx, tx, messageID), s.seal(ctx, tx, messageID)); err != nil {
		return "", err
	}
	_, last, err := lastLines(ctx, tx, messageID, int64(len(events)), e.at)
	if err != nil {
		return "", err
	}
	return e.status, s.insertEvents(ctx, tx, last)
}

// endingFrom puts an interrupted answer together from what its stream had said.
func endingFrom(events []Event) (ending, error) {
	e := ending{status: Interrupted, problem: interrupted()}
	var content strings.Builder
	for _, event := range events {
		var err error
		switch event.Type {
		case EventDelta:
			var d DeltaData
			err = json.Unmarshal(event.Data, &d)
			content.WriteString(d.Text)
		case EventIntent:
			err = json.Unmarshal(event.Data, &e.intent)
		case EventFigure:
			var f prose.Figure
			err = json.Unmarshal(event.Data, &f)
			e.figures = append(e.figures, f)
		case EventCitation:
			var c prose.Citation
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
	e.content, e.counts = content.String(), prose.Count(e.figures)
	return e, nil
}
