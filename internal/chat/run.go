package chat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/builtin"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// How many answers are written at a time.
const (
	maxRuns     = 256 // in this process
	maxUserRuns = 4   // of one user in it
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
	log     eventLog
	cancel  context.CancelCauseFunc // ends the writing
	abandon context.CancelFunc      // ends the storing, too
	full    chan struct{}           // gets a value when a batch of events is waiting to be stored
	ended   chan struct{}           // closed when all is over; message and err do not change after
	message Message
	err     error

	mu    sync.Mutex
	calls []analyst.ToolCall // that have ended

	// Only the one who stores, first the keeper and then the writer, touches these.
	storedEvents int
	storedCalls  int
	leased       time.Time
}

// Events yields the events after the one numbered seq (0 for all), those to come included, and ends with the run or
// with ctx. Any number of readers may come and go at their own pace.
func (r *Run) Events(ctx context.Context, seq int64) iter.Seq[Event] { return r.log.all(ctx, seq) }

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
	if err := s.admit(userID); err != nil {
		return nil, err
	}
	now := db.Time(s.Now())
	asked := Message{ID: db.NewID(), SessionID: sessionID, Role: llm.User, Status: Complete, Content: content, CreatedAt: now, FinishedAt: &now}
	storing, abandon := context.WithCancel(context.WithoutCancel(ctx))
	asking, cancel := context.WithCancelCause(storing)
	run := &Run{
		SessionID: sessionID, MessageID: db.NewID(), userID: userID, cancel: cancel, abandon: abandon,
		full: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	question, err := s.begin(ctx, run, asked, replaces)
	if err != nil {
		s.leave(run)
		s.writing.Done()
		return nil, err
	}
	s.publish(run)
	go s.write(storing, asking, run, question)
	return run, nil
}

// admit gives a user a place for an answer, for which Close waits.
func (s *Service) admit(userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	for _, n := range s.admitted {
		total += n
	}
	switch {
	case s.closing:
		return fault.New(fault.Overloaded, "the server is stopping; try again soon").WithRetryAfter(busyTime)
	case s.admitted[userID] >= maxUserRuns:
		return fault.New(fault.RateLimited, "%d answers are being written for you at the moment; wait for one of them to finish, then ask again",
			maxUserRuns).WithRetryAfter(busyTime)
	case total >= maxRuns:
		return fault.New(fault.Overloaded, "too many answers are being written at the moment; try again soon").WithRetryAfter(busyTime)
	}
	if s.admitted == nil {
		s.admitted = map[string]int{}
	}
	s.admitted[userID]++
	s.writing.Add(1)
	return nil
}

// publish lets a run be found, now that its answer stands in the database: whoever finds it may wait for its end.
func (s *Service) publish(run *Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs == nil {
		s.runs = map[string]*Run{}
	}
	s.runs[run.MessageID] = run
	if s.interrupting {
		run.cancel(errClosing)
	}
}

// leave gives a run's place back, whether or not it was published.
func (s *Service) leave(run *Run) {
	run.cancel(nil)
	run.abandon()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, run.MessageID)
	if s.admitted[run.userID]--; s.admitted[run.userID] == 0 {
		delete(s.admitted, run.userID)
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

// Close lets no new answer begin and waits for those being written. When ctx ends first, the rest are stored as
// interrupted, for which they have three seconds. Close returns when nothing is written any more or these are over; what
// the database did not take by then is left to Recover.
func (s *Service) Close(ctx context.Context) {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		s.writing.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return
	case <-ctx.Done():
	}
	s.interrupt()
	over := time.NewTimer(closeTime)
	defer over.Stop()
	select {
	case <-idle:
	case <-over.C:
		s.abandonAll()
	}
}

// interrupt ends the writing of all answers, those included that are about to begin.
func (s *Service) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupting = true
	for _, run := range s.runs {
		run.cancel(errClosing)
	}
}

func (s *Service) abandonAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		run.abandon()
	}
}

// begin stores both messages, the answer's still empty, and reads what was said before.
func (s *Service) begin(ctx context.Context, run *Run, asked Message, replaces string) (question analyst.Question, err error) {
	now := asked.CreatedAt
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		session, err := lockSession(ctx, tx, run.userID, run.SessionID)
		if err != nil {
			return err
		}
		if err := s.insertQuestion(ctx, tx, session, &asked, replaces); err != nil {
			return err
		}
		question, err = s.beginAnswer(ctx, tx, run, asked, now)
		return err
	})
	if db.IsUniqueViolation(err) {
		return question, fault.Wrap(fault.Conflict, err, "an answer is being written in this conversation; wait until it is done")
	}
	run.leased = now
	if err == nil {
		_, err = run.log.add(EventRun, RunData{run.SessionID, run.MessageID, asked.ID, analyst.PromptVersion}, now)
	}
	return question, err
}

// write has the answer written and stores it. It is the run's goroutine, with the keeper beside it. The answer is asked
// for until asking ends, and stored until storing does.
func (s *Service) write(storing, asking context.Context, run *Run, q analyst.Question) {
	defer s.writing.Done()
	stop := make(chan struct{})
	var keeper sync.WaitGroup
	keeper.Go(func() { s.keep(storing, run, stop) })
	result, err := s.ask(asking, run, q)
	close(stop)
	keeper.Wait()
	last := s.finish(storing, run, s.endingOf(asking, run, result, err))
	s.leave(run) // who hears the end may ask the next question
	run.log.end(last)
	close(run.ended)
}

func (s *Service) ask(ctx context.Context, run *Run, q analyst.Question) (result analyst.Result, err error) {
	defer func() {
		if p := recover(); p != nil { // it would end the process, with everybody's answers
			err = fmt.Errorf("analyst panicked: %v", p)
		}
	}()
	return s.Analyst.Answer(ctx, q, func(e analyst.Event) { s.take(ctx, run, e) })
}

// take passes an event of the analyst's on to the run's listeners and to the keeper.
func (s *Service) take(ctx context.Context, run *Run, e analyst.Event) {
	if e.Tool != nil && e.Tool.Output != nil {
		if fault.Is(e.Tool.Err, fault.Internal) { // the model is told no more than that
			s.Log.ErrorContext(ctx, "a tool failed", "tool", e.Tool.Name, "error", e.Tool.Err)
		}
		run.mu.Lock()
		run.calls = append(run.calls, *e.Tool)
		run.mu.Unlock()
	}
	kind, data := dataOf(e)
	n, err := run.log.add(kind, data, db.Time(s.Now()))
	if err != nil {
		run.cancel(fmt.Errorf("%s event does not print: %w", kind, err))
	}
	if n%batch == 0 {
		select {
		case run.full <- struct{}{}:
		default:
		}
	}
}

// endingOf says how an answer ended.
func (s *Service) endingOf(ctx context.Context, run *Run, result analyst.Result, err error) ending {
	e := ending{
		status: Status(result.Status), content: result.Content, citations: result.Citations, usage: result.Usage,
		stopReason: result.StopReason, at: db.Time(s.Now()),
	}
	if e.citations == nil {
		e.citations = []analyst.Citation{}
	}
	cause := context.Cause(ctx)
	switch {
	case err == nil && result.Notice != "":
		e.problem = &Problem{Code: string(result.StopReason), Message: result.Notice}
	case err == nil:
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
		answered := m.Status == Complete || m.Status == Truncated
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
