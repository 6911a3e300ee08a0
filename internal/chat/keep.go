package chat

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// How often what a stream said is stored: enough that a crash loses little, seldom enough that writing costs nothing.
const (
	batch      = 64 // events
	storeEvery = 200 * time.Millisecond
	storeTime  = 5 * time.Second // for one transaction
	leaseTime  = 10 * time.Second
	leaseEvery = 3 * time.Second
)

// keep stores what is said, beside the one who says it, until stop is closed.
func (s *Service) keep(ctx context.Context, run *Run, stop <-chan struct{}) {
	tick := time.NewTicker(storeEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		case <-run.full:
		}
		err := s.storeBatch(ctx, run)
		if errors.Is(err, errLost) {
			run.cancel(errLost)
			return
		}
		if err != nil { // tried again at the next tick
			s.Log.WarnContext(ctx, "an answer's events cannot be stored", "message", run.MessageID, "error", err)
		}
	}
}

// said is a part of what an answer's stream said, with the tool calls that ended meanwhile.
type said struct {
	events []stamped
	calls  []analyst.ToolCall
}

// unstored is what was said since the last batch. A call is always stored before or with the event of its end.
func (r *Run) unstored() said {
	events, _, _ := r.log.after(r.storedEvents)
	r.mu.Lock()
	defer r.mu.Unlock()
	return said{events, slices.Clip(r.calls[r.storedCalls:])}
}

func (part said) insert(ctx context.Context, tx *sql.Tx, messageID string) error {
	if err := insertToolCalls(ctx, tx, messageID, part.calls); err != nil {
		return err
	}
	return insertEvents(ctx, tx, messageID, part.events)
}

// storeBatch stores what is new and renews the lease. With nothing new it does so only when the lease is getting old.
func (s *Service) storeBatch(ctx context.Context, run *Run) error {
	part := run.unstored()
	now := db.Time(s.Now())
	if len(part.events) == 0 && now.Sub(run.leased) < leaseEvery {
		return nil
	}
	err := s.store(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ours, err := renewLease(ctx, tx, run.MessageID, now.Add(leaseTime))
		if err != nil {
			return err
		}
		if !ours {
			return errLost
		}
		return part.insert(ctx, tx, run.MessageID)
	})
	if err == nil {
		run.storedEvents += len(part.events)
		run.storedCalls += len(part.calls)
		run.leased = now
	}
	return err
}

// store runs a transaction that is given up when the database takes too long.
func (s *Service) store(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	return s.DB.Tx(ctx, func(tx *sql.Tx) error { return fn(ctx, tx) })
}

// finish stores the end of an answer and returns the last events of its stream. Where the database does not take it, or
// somebody else was first, these events are told without being stored; what is not stored is left to Recover.
func (s *Service) finish(ctx context.Context, run *Run, e ending) (last []stamped) {
	last, err := s.storeEndPatiently(ctx, run, e)
	told, _, _ := run.log.after(0)
	if errors.Is(err, errLost) {
		if run.message, err = s.message(ctx, run.MessageID); err == nil {
			last, err = lastWords(run.message, int64(len(told)), e.at)
		}
	}
	if err == nil {
		return last
	}
	run.err = err
	if !fault.Is(err, fault.NotFound) {
		s.Log.ErrorContext(ctx, "an answer cannot be stored", "message", run.MessageID, "error", err)
		run.err = fault.Wrap(fault.Internal, err, "the answer could not be stored; reload the conversation")
	}
	failed, err := encodeEvent(int64(len(told)+1), EventError, problemOf(run.err), e.at)
	if err != nil { // two texts always print
		return nil
	}
	return []stamped{failed}
}

// storeEndPatiently stores the end of an answer, again and again while the database does not take it.
func (s *Service) storeEndPatiently(ctx context.Context, run *Run, e ending) (last []stamped, err error) {
	const tries = 5
	for try := 1; ; try++ {
		last, err = s.storeEnd(ctx, run, e)
		if err == nil || errors.Is(err, errLost) || try == tries {
			return last, err
		}
		select {
		case <-time.After(100 * time.Millisecond << try):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// message reads a message as it is now; NotFound when its session was deleted.
func (s *Service) message(ctx context.Context, messageID string) (m Message, err error) {
	err = s.store(ctx, func(ctx context.Context, tx *sql.Tx) error {
		m, err = findMessage(ctx, tx, messageID)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return m, fault.New(fault.NotFound, "there is no such message")
	}
	return m, err
}

// storeEnd stores all that is left of an answer in one transaction and returns the last events of its stream.
func (s *Service) storeEnd(ctx context.Context, run *Run, e ending) (last []stamped, err error) {
	rest := run.unstored()
	err = s.store(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := closeAnswer(ctx, tx, run.SessionID, run.MessageID, e); err != nil {
			return err
		}
		if err := s.index(ctx, tx, run.MessageID); err != nil {
			return err
		}
		if err := rest.insert(ctx, tx, run.MessageID); err != nil {
			return err
		}
		run.message, last, err = storeLastWords(ctx, tx, run.MessageID, int64(run.storedEvents+len(rest.events)), e.at)
		return err
	})
	return last, err
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

// storeLastWords reads a closed answer back and ends its stream, whose last event is numbered seq, with it.
func storeLastWords(ctx context.Context, tx *sql.Tx, messageID string, seq int64, at time.Time) (m Message, last []stamped, err error) {
	if m, err = findMessage(ctx, tx, messageID); err != nil {
		return m, nil, err
	}
	if last, err = lastWords(m, seq, at); err != nil {
		return m, nil, err
	}
	return m, last, insertEvents(ctx, tx, messageID, last)
}

// lastWords are the events that end a stream after the one numbered seq: the message, after what went wrong with it.
func lastWords(m Message, seq int64, at time.Time) (last []stamped, err error) {
	if m.Status == Failed || m.Status == Interrupted {
		failed, err := encodeEvent(seq+1, EventError, m.Error, at)
		if err != nil {
			return nil, err
		}
		last = append(last, failed)
	}
	done, err := encodeEvent(seq+int64(len(last))+1, EventDone, m, at)
	return append(last, done), err
}
