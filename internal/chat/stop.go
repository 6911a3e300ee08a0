package chat

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// stopTime is how long Stop waits for whoever writes the answer.
const stopTime = 5 * time.Second

// Stop ends an answer with what there is of it, in whatever process it is written, and returns it. An answer that is over
// stays as it is. One that is still Running in what Stop returns ends as soon as its process learns of it. NotFound where
// there is no such answer.
func (s *Service) Stop(ctx context.Context, userID, sessionID, messageID string) (Message, error) {
	a, err := s.findAnswer(ctx, userID, sessionID, messageID)
	if err != nil {
		return Message{}, err
	}
	if a.status == Running {
		if err := s.stopRunning(ctx, a.id); err != nil {
			return Message{}, err
		}
	}
	m, err := findMessage(ctx, s.DB.Read(), a.id)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errNoAnswer()
	}
	return m, err
}

// stopRunning asks for an answer's end and waits for it.
func (s *Service) stopRunning(ctx context.Context, messageID string) error {
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `update chat_messages set stop_requested = true where id = $1 and status = 'running'`, messageID)
		return err
	})
	if err != nil {
		return err
	}
	var stream *Stream
	if run := s.runOf(messageID); run != nil {
		run.cancel(errStopped)
		stream = run.Stream()
	} else {
		if stream, err = s.follow(messageID); err != nil {
			return err
		}
	}
	defer stream.Leave()
	patience, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	for range stream.Events(patience, 0) { //nolint:revive // what it says does not matter, only its end
	}
	return ctx.Err()
}
