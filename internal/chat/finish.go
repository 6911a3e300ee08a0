package chat

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// store runs a transaction that is given up when the database takes too long.
func (s *Service) store(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	return s.DB.Tx(ctx, func(tx *sql.Tx) error { return fn(ctx, tx) })
}

// finish stores the end of an answer and has it heard. Where the database does not take it, it returns a notice to end the
// stream with: what is not stored is left to Recover, and heard by those who attach again.
func (s *Service) finish(ctx context.Context, run *Run, e ending) *Event {
	s.rounds.Lock()
	run.finishing = true // from here on the scribe leaves it alone
	s.rounds.Unlock()
	err := s.storeEndPatiently(ctx, run, e)
	if errors.Is(err, errLost) { // somebody else ended it, or we did and did not learn of it
		run.message, err = s.catchUp(ctx, run)
	}
	if err == nil {
		return nil
	}
	run.err = err
	if !fault.Is(err, fault.NotFound) {
		level, kind := slog.LevelError, fault.Internal
		if db.IsUnavailable(err) || fault.Is(err, fault.Overloaded) || fault.Is(err, fault.UpstreamTimeout) { // by the time it was given
			level, kind = slog.LevelWarn, fault.Overloaded
		}
		s.Log.Log(ctx, level, "an answer cannot be stored", "message", run.MessageID, "error", err)
		run.err = fault.Wrap(kind, err, "the answer could not be stored; reload the conversation")
	}
	return notice(run.err)
}

// storeEndPatiently stores the end of an answer, again and again while the database does not take it.
func (s *Service) storeEndPatiently(ctx context.Context, run *Run, e ending) error {
	const tries = 5
	for try := 1; ; try++ {
		err := s.storeEnd(ctx, run, e)
		if err == nil || errors.Is(err, errLost) || try == tries {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond << try):
		case <-ctx.Done():
			return err
		}
	}
}

// storeEnd stores all that is left of an answer in one transaction, and has it heard.
func (s *Service) storeEnd(ctx context.Context, run *Run, e ending) error {
	if err := run.takeRest(); err != nil {
		return err
	}
	var events []Event
	err := s.store(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := closeAnswer(ctx, tx, run.SessionID, run.MessageID, e); err != nil {
			return err
		}
		if err := s.index(ctx, tx, run.MessageID); err != nil {
			return err
		}
		if err := insertToolCalls(ctx, tx, run.MessageID, run.part.calls); err != nil {
			return err
		}
		if err := s.seal(ctx, tx, run.MessageID); err != nil {
			return err
		}
		lines := run.part.lines(run.MessageID)
		m, last, err := lastLines(ctx, tx, run.MessageID, run.log.last()+int64(len(lines)), e.at)
		if err != nil {
			return err
		}
		run.message, lines = m, append(lines, last...)
		events = eventsOf(lines)
		return s.insertEvents(ctx, tx, lines)
	})
	if err == nil {
		s.Metrics.Answered(string(e.status))
		run.log.append(events)
	}
	return err
}

// catchUp has heard what was stored of an answer without us, and returns the message; NotFound when its session was
// deleted.
func (s *Service) catchUp(ctx context.Context, run *Run) (m Message, err error) {
	var events []Event
	err = s.store(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if m, err = findMessage(ctx, tx, run.MessageID); err != nil {
			return err
		}
		events, err = selectEvents(ctx, tx, run.MessageID, run.log.last())
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return m, fault.New(fault.NotFound, "there is no such message")
	}
	if err == nil {
		run.log.append(events)
	}
	return m, err
}

// closeAnswer stores how an answer ended; errLost when it was not being written any more, and nobody may add to it.
// The session's row is locked first, as by whoever deletes it.
func closeAnswer(ctx context.Context, tx *sql.Tx, sessionID, messageID string, e ending) error {
	if err := touchSession(ctx, tx, sessionID, e.at); err != nil {
		return err
	}
	ours, err := endMessage(ctx, tx, messageID, e)
	if err == nil && !ours {
		return errLost
	}
	return err
}

// lastLines reads a closed answer back and ends its stream after the event numbered seq: with the message, after what
// went wrong with it.
func lastLines(ctx context.Context, tx *sql.Tx, messageID string, seq int64, at time.Time) (m Message, last []line, err error) {
	if m, err = findMessage(ctx, tx, messageID); err != nil {
		return m, nil, err
	}
	if m.Status == Failed || m.Status == Interrupted {
		seq++
		failed, err := encodeEvent(seq, EventError, m.Error, at)
		if err != nil {
			return m, nil, err
		}
		last = append(last, line{messageID, failed})
	}
	done, err := encodeEvent(seq+1, EventDone, m, at)
	return m, append(last, line{messageID, done}), err
}

func eventsOf(lines []line) []Event {
	events := make([]Event, len(lines))
	for i, l := range lines {
		events[i] = l.Event
	}
	return events
}
