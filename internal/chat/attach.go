package chat

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// Stream is what is heard of an answer, wherever it is written. It has to be left.
type Stream struct {
	MessageID string

	log   *eventLog
	leave func()
}

// After returns the events after the one numbered seq (0 for all) that there are, and whether none follow them. With
// nothing new, more is closed as soon as there is.
func (s *Stream) After(seq int64) (events []Event, over bool, more <-chan struct{}) {
	return s.log.after(seq)
}

// Events yields the events after the one numbered seq, those to come included, and ends with the stream or with ctx.
func (s *Stream) Events(ctx context.Context, seq int64) iter.Seq[Event] { return s.log.all(ctx, seq) }

// Leave says that nobody listens any more.
func (s *Stream) Leave() {
	if s.leave != nil {
		s.leave()
	}
}

// Attach finds the stream of an answer, to listen from the event after the one numbered seq on. Without a messageID it is
// the session's newest: the one that is being written, if any is. The stream is nil when seq is the end of it. Errors:
// NotFound where there is no such answer, or its events are gone, and Invalid for an event that there was not.
func (s *Service) Attach(ctx context.Context, userID, sessionID, messageID string, seq int64) (*Stream, error) {
	answer, err := s.findAnswer(ctx, userID, sessionID, messageID)
	if err != nil {
		return nil, err
	}
	// Before the events are counted: an answer that is over has all of them.
	running := answer.status == Running
	var last int64
	err = s.DB.Read().QueryRowContext(ctx, `select coalesce(max(seq), 0) from chat_run_events where message_id = $1`, answer.id).Scan(&last)
	switch {
	case err != nil:
		return nil, err
	case last == 0: // of one that is being written the first is there
		return nil, fault.New(fault.NotFound, "what this answer's stream said is kept for a week after its end; read the message")
	case seq > last:
		return nil, fault.InvalidField("header.Last-Event-ID", "is no event of this answer; name the answer by messageId, or begin with the first event")
	case seq == last && !running:
		return nil, nil
	case !running:
		return s.replay(ctx, answer.id)
	}
	if run := s.runOf(answer.id); run != nil {
		return run.Stream(), nil
	}
	return s.follow(answer.id)
}

// answer is a message of the analyst's, as far as it matters to who wants to listen or stop it.
type answer struct {
	id     string
	status Status
}

// findAnswer finds one answer of a user's session, the newest where none is named.
func (s *Service) findAnswer(ctx context.Context, userID, sessionID, messageID string) (a answer, err error) {
	q := s.DB.Read()
	if _, err := findSession(ctx, q, userID, sessionID); err != nil {
		return a, err
	}
	query, args := `select id, status from chat_messages where session_id = $1 and role = $2 order by id desc limit 1`, []any{sessionID, llm.Assistant}
	if messageID != "" {
		if !db.IsID(messageID) {
			return a, errNoAnswer()
		}
		query, args = `select id, status from chat_messages where session_id = $1 and role = $2 and id = $3`, append(args, messageID)
	}
	err = q.QueryRowContext(ctx, query, args...).Scan(&a.id, &a.status)
	if errors.Is(err, sql.ErrNoRows) {
		return a, errNoAnswer()
	}
	return a, err
}

func errNoAnswer() *fault.Error {
	return fault.New(fault.NotFound, "there is no such answer in this conversation")
}

// replay is the stream of an answer that is over.
func (s *Service) replay(ctx context.Context, messageID string) (*Stream, error) {
	events, err := selectEvents(ctx, s.DB.Read(), messageID, 0)
	if err != nil {
		return nil, err
	}
	return &Stream{MessageID: messageID, log: &eventLog{events: events, over: true}}, nil
}

// runOf finds an answer that this process writes.
func (s *Service) runOf(messageID string) *Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[messageID]
}
