package chat

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/builtin"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/trace"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// How many answers are written at a time.
const (
	maxRuns     = 1024 // in this process
	maxUserRuns = 4    // of one user, in all processes
)

// busyTime is when trying again makes sense: answers take seconds.
const busyTime = 5 * time.Second

// closeTime is what Close leaves answers for storing their end.
const closeTime = 3 * time.Second

// Run is an answer being written. It goes on whether anybody listens or not.
type Run struct {
	SessionID string
	MessageID string // of the answer

	userID  string
	log     eventLog                // what is stored
	cancel  context.CancelCauseFunc // ends the writing
	abandon context.CancelFunc      // ends the storing, too
	spoke   chan<- struct{}         // wakes the scribe
	ended   chan struct{}           // closed when all is over; message and err do not change after
	message Message
	err     error

	mu     sync.Mutex
	unsaid []draft            // what the analyst said and nobody has heard
	calls  []analyst.ToolCall // that have ended since a part was taken

	// Only the one who stores, first the scribe and then the writer, touches these.
	part      part
	leased    time.Time
	finishing bool
}

// Stream is what is heard of the answer, by any number of listeners at their own pace.
func (r *Run) Stream() *Stream { return &Stream{MessageID: r.MessageID, log: &r.log} }

// Wait returns the answer when it is stored, however it ended. The error says why there is none: Canceled when ctx
// ended, NotFound when the session was deleted, Internal when the end could not be stored.
func (r *Run) Wait(ctx context.Context) (Message, error) {
	select {
	case <-r.ended:
		return r.message, r.err
	case <-ctx.Done():
		return Message{}, fault.From(ctx.Err())
	}
}

// Why an answer is given up.
var (
	errClosing = errors.New("the server is closing")
	errDeleted = errors.New("the session is deleted")
	errStopped = errors.New("the person has it stopped")
	errLost    = errors.New("the answer is not ours to write any more")
)

// Post stores a person's message and begins the answer, which is written whatever becomes of ctx. Errors: Invalid,
// NotFound, Conflict while another answer is being written in the session, RateLimited while the user has too many
// elsewhere, and Overloaded.
func (s *Service) Post(ctx context.Context, userID, sessionID, content string) (*Run, error) {
	return s.post(ctx, userID, sessionID, content, "")
}

func (s *Service) post(ctx context.Context, userID, sessionID, content, replaces string) (*Run, error) {
	content, err := checkText("body.content", content, maxContent)
	if err != nil {
		return nil, err
	}
	return s.start(ctx, userID, sessionID, func(ctx context.Context, tx *sql.Tx, session Session, now time.Time) (Message, error) {
		asked := Message{ID: db.NewID(), SessionID: sessionID, Role: llm.User, Status: Complete, Content: content, CreatedAt: now, FinishedAt: &now}
		err := s.insertQuestion(ctx, tx, session, &asked, replaces)
		return asked, err
	})
}

// pose has a question stand in a session, which is locked.
type pose func(ctx context.Context, tx *sql.Tx, session Session, now time.Time) (asked Message, err error)

// start begins an answer to the question that is posed.
func (s *Service) start(ctx context.Context, userID, sessionID string, ask pose) (*Run, error) {
	if err := s.admit(); err != nil {
		return nil, err
	}
	storing, abandon := context.WithCancel(context.WithoutCancel(ctx))
	asking, cancel := context.WithCancelCause(storing)
	run := &Run{SessionID: sessionID, userID: userID, cancel: cancel, abandon: abandon, ended: make(chan struct{})}
	question, err := s.begin(ctx, run, ask)
	if err != nil {
		s.leave(run)
		s.writing.Done()
		return nil, err
	}
	s.publish(run)
	go s.write(storing, asking, run, question)
	return run, nil
}

// admit gives an answer a place, for which Close waits.
func (s *Service) admit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return errStopping()
	case s.admitted >= maxRuns:
		return fault.New(fault.Overloaded, "too many answers are being written at the moment; try again soon").WithRetryAfter(busyTime)
	}
	s.admitted++
	s.Metrics.Answering(s.admitted)
	s.writing.Add(1)
	return nil
}

func errStopping() *fault.Error {
	return fault.New(fault.Overloaded, "the server is stopping; try again soon").WithRetryAfter(busyTime)
}

// publish lets a run be found, now that its answer stands in the database: whoever finds it may wait for its end.
func (s *Service) publish(run *Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs == nil {
		s.runs, s.spoke = map[string]*Run{}, make(chan struct{}, 1)
	}
	run.spoke = s.spoke
	s.runs[run.MessageID] = run
	if s.interrupting {
		run.cancel(errClosing)
	}
	if !s.scribing {
		s.scribing = true
		s.writing.Add(1)
		go s.scribe()
	}
}

// leave gives a run's place back, whether or not it was published.
func (s *Service) leave(run *Run) {
	run.cancel(nil)
	run.abandon()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, run.MessageID)
	s.admitted--
	s.Metrics.Answering(s.admitted)
	if len(s.runs) == 0 {
		wake(s.spoke) // the scribe has nothing more to do
	}
}

// runIn finds the answer that this process writes in a session.
func (s *Service) runIn(sessionID string) *Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		if run.SessionID == sessionID {
			return run
		}
	}
	return nil
}

// begin stores the question, the answer, which is still empty, and the first event of its stream; it reads what was said
// before.
func (s *Service) begin(ctx context.Context, run *Run, ask pose) (question analyst.Question, err error) {
	now := db.Time(s.Now())
	run.leased = now
	var first stamped
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := checkRoom(ctx, tx, run.userID); err != nil {
			return err
		}
		session, err := lockSession(ctx, tx, run.userID, run.SessionID)
		if err != nil {
			return err
		}
		if err := adopt(ctx, tx, session.ID); err != nil {
			return err
		}
		asked, err := ask(ctx, tx, session, now)
		if err != nil {
			return err
		}
		// Ids grow in the order they are made, and say which of two messages is the newer: the question's comes first.
		run.MessageID = db.NewID()
		first, err = encodeEvent(1, EventRun, RunData{run.SessionID, run.MessageID, asked.ID, analyst.PromptVersion}, now)
		if err != nil {
			return err
		}
		question, err = s.beginAnswer(ctx, tx, run, asked, first)
		return err
	})
	if db.IsUniqueViolation(err) {
		err = fault.Wrap(fault.Conflict, err, "an answer is being written in this conversation; wait until it is done, or stop it")
	}
	if err != nil {
		return question, err
	}
	run.log.append([]Event{first.Event})
	return question, nil
}

// checkRoom is RateLimited when a user has as many answers written as one may, in whatever process. Who asks twice at
// once is counted one after the other, by the lock on their row.
func checkRoom(ctx context.Context, tx *sql.Tx, userID string) error {
	if _, err := tx.ExecContext(ctx, "update users set updated_at = updated_at where id = $1", userID); err != nil {
		return err
	}
	n := 0
	err := tx.QueryRowContext(ctx, `select count(*) from chat_messages m join chat_sessions s on s.id = m.session_id
		where m.status = 'running' and s.user_id = $1`, userID).Scan(&n)
	if err != nil || n < maxUserRuns {
		return err
	}
	return fault.New(fault.RateLimited, "%d answers are being written for you at the moment; wait for one of them to finish, then ask again",
		maxUserRuns).WithRetryAfter(busyTime)
}

// write has the answer written and stores its end. It is the run's goroutine; what is said meanwhile the scribe stores. The
// answer is asked for until asking ends, and stored until storing does.
func (s *Service) write(storing, asking context.Context, run *Run, q analyst.Question) {
	defer s.writing.Done()
	asking, span := trace.Start(asking, "answer")
	span.Text("message", run.MessageID)
	result, err := s.ask(asking, run, q)
	if result.Fallback && !fault.Is(result.Failure, fault.BudgetSpent) { // of which the person is told no more than that
		s.Log.WarnContext(asking, "the model failed; the built-in analyst answered", "message", run.MessageID, "error", result.Failure)
	}
	last := s.finish(storing, run, s.endingOf(asking, run, result, err))
	span.End(fault.NameOf(err))
	s.leave(run) // who hears the end may ask the next question
	run.log.end(last)
	close(run.ended)
}

func (s *Service) ask(ctx context.Context, run *Run, q analyst.Question) (result analyst.Result, err error) {
	defer func() {
		if p := recover(); p != nil { // it would end the process, with everybody's answers
			err = fault.Recovered("the analyst", p)
		}
	}()
	return s.Analyst.Answer(ctx, q, func(e analyst.Event) { s.take(ctx, run, e) })
}

// take gives what the analyst says to the scribe. Pieces of text that wait for it become one.
func (s *Service) take(ctx context.Context, run *Run, e analyst.Event) {
	if e.Tool != nil && e.Tool.Output != nil && fault.Is(e.Tool.Err, fault.Internal) { // the model is told no more than that
		s.Log.ErrorContext(ctx, "a tool failed", "tool", e.Tool.Name, "error", e.Tool.Err)
	}
	run.draft(e, db.Time(s.Now()))
	wake(run.spoke)
}

// endingOf says how an answer ended.
func (s *Service) endingOf(ctx context.Context, run *Run, result analyst.Result, err error) ending {
	e := ending{
		status: Status(result.Status), content: result.Content, intent: &result.Intent, figures: result.Figures,
		counts: result.Counts, citations: result.Citations, usage: result.Usage,
		stopReason: result.StopReason, at: db.Time(s.Now()),
	}
	cause := context.Cause(ctx)
	switch {
	case err == nil && result.Notice != "":
		e.problem = &Problem{Code: string(result.StopReason), Message: result.Notice}
	case err == nil:
	case errors.Is(cause, errStopped):
		e.status = Stopped
	case errors.Is(cause, errDeleted):
		e.status, e.problem = Interrupted, &Problem{Code: string(fault.Canceled), Message: "this conversation was deleted"}
	case errors.Is(cause, errClosing) || errors.Is(cause, errLost):
		e.status, e.problem = Interrupted, interrupted()
	default:
		if cause != nil {
			err = cause
		}
		e.status, e.problem = Failed, problemOf(err)
		s.Log.WarnContext(ctx, "an answer failed", "session", run.SessionID, "message", run.MessageID, "error", err)
	}
	return e
}

// interrupted is what the person is told of an answer that the server could not finish.
func interrupted() *Problem {
	return &Problem{Code: string(fault.Canceled), Message: "the server stopped while it wrote this answer; ask again"}
}

// What of a conversation the model is shown again, counted in messages and characters.
const (
	historyMessages   = 20
	historyCharacters = 40_000
)

// selectHistory is what was said on a branch up to a message, oldest first and beginning with the person. Answers that are not
// whole by our doing would only mislead; a question the model declined would make it decline again. What was said until
// since may hold amounts that the person no longer shows to a model, and what the built-in analyst wrote all of those that
// they do not show it now: it reads them whole.
func selectHistory(ctx context.Context, q db.Querier, sessionID, lastID string, shown user.Amounts, since time.Time) ([]analyst.Turn, error) {
	messages, err := selectBranch(ctx, q, sessionID, lastID, historyMessages)
	if err != nil {
		return nil, err
	}
	var turns []analyst.Turn
	room, declined := historyCharacters, false
	for _, m := range messages {
		if m.Role == llm.Assistant {
			declined = m.Status == Refused
		}
		answered := m.Status == Complete || m.Status == Truncated || m.Status == Stopped
		if declined || !answered || m.Content == "" || !m.CreatedAt.After(since) || shown != user.Full && m.byBuiltin() {
			continue
		}
		if room -= utf8.RuneCountInString(m.Content); room < 0 {
			break
		}
		turns = append(turns, analyst.Turn{Role: m.Role, Text: m.Content})
	}
	slices.Reverse(turns)
	for len(turns) > 0 && turns[0].Role != llm.User {
		turns = turns[1:]
	}
	return turns, nil
}

// byBuiltin tells whether the built-in analyst wrote an answer, or went on with it where the model failed.
func (m Message) byBuiltin() bool { return m.Usage != nil && m.Usage.Model == builtin.Name }
