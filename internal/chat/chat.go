// Package chat keeps conversations with the analyst: sessions, their messages, and the answers being written with everything their streams said.
package chat

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/prose"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Service keeps sessions and writes answers. The exported fields without a remark are required. Close it before its database.
type Service struct {
	DB      *db.DB
	Analyst *analyst.Analyst
	Now     func() time.Time
	Log     *slog.Logger
	Audit   *audit.Log
	Keys    *vault.Keyring // seals receipts
	// Metrics counts answers; nil for nobody.
	Metrics *metrics.Metrics

	mu           sync.Mutex
	admitted     int                // how many answers are written, or about to be
	runs         map[string]*Run    // the answers being written in this process, by message id
	spoke        chan struct{}      // gets a value when one of them has something to store
	scribing     bool               // there is a scribe
	abandonRound context.CancelFunc // ends what the scribe is storing
	closing      bool               // no new answers
	interrupting bool               // no more time for those that began
	writing      sync.WaitGroup     // answers and the scribe

	rounds   sync.Mutex // held while a part of an answer is stored, by the scribe
	follower follower
}

// Session is a conversation.
type Session struct {
	ID          string      `json:"id" format:"uuid"`
	Title       string      `json:"title"`
	TitleSource TitleSource `json:"titleSource" enum:"auto,manual" doc:"auto: made from the first question; manual: a person's, which stays"`
	Pinned      bool        `json:"pinned"`
	Archived    bool        `json:"archived"`
	HeadID      *string     `json:"headId" format:"uuid" doc:"The last message of the branch that is shown; null before the first"`
	CreatedAt   time.Time   `json:"createdAt"`
	UpdatedAt   time.Time   `json:"updatedAt" doc:"Of the newest message or change"`
}

// Status is how far a message has come.
type Status string

// The statuses. A person's message is Complete; an answer is Running until it has one of the others.
const (
	Running     Status = "running"
	Complete    Status = "complete"
	Truncated   Status = "truncated"   // a limit was reached; what there is stands
	Refused     Status = "refused"     // the model declined
	Failed      Status = "failed"      // content holds what had arrived
	Interrupted Status = "interrupted" // the server stopped meanwhile; content holds what had arrived
	Stopped     Status = "stopped"     // the person had it stopped; what there is stands
)

// Message is one side's words. While an answer is Running its content is empty: it is in the events.
type Message struct {
	ID        string   `json:"id" format:"uuid"`
	SessionID string   `json:"sessionId" format:"uuid"`
	ParentID  *string  `json:"parentId" format:"uuid" doc:"The message that this one follows; null for the first"`
	Versions  []string `json:"versions" doc:"The ids of all messages in this one's place, its own among them, the oldest first: questions asked in each other's place, or answers to one question"`
	Role      llm.Role `json:"role" enum:"user,assistant"`
	Content   string   `json:"content"`
	Status    Status   `json:"status" enum:"running,complete,truncated,refused,failed,interrupted,stopped"`
	Error     *Problem `json:"error" doc:"Why the answer is not whole"`
	// Intent is null for a person's message; FigureCounts has the share of each kind.
	Intent       *intent.Brief    `json:"intent" doc:"What the question was understood to be about"`
	Figures      []prose.Figure   `json:"figures" doc:"The numbers of the text, each with what bears it out"`
	FigureCounts prose.Counts     `json:"figureCounts"`
	Citations    []prose.Citation `json:"citations"`
	ToolCalls    []ToolCall       `json:"toolCalls"`
	Usage        *Usage           `json:"usage" doc:"Null for a person's message and while the answer is written"`
	CreatedAt    time.Time        `json:"createdAt"`
	FinishedAt   *time.Time       `json:"finishedAt"`
}

// Problem is an error in words that are safe to show. Code is a fault's kind, or the model's stop reason where that cut
// the answer short.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ToolCall is one use of a tool. Output is null when it failed.
type ToolCall struct {
	ID         string          `json:"id" format:"uuid"`
	Handle     string          `json:"handle"`
	Name       string          `json:"name"`
	Input      json.RawMessage `json:"input"`
	Output     json.RawMessage `json:"output"`
	Error      *Problem        `json:"error"`
	StartedAt  time.Time       `json:"startedAt"`
	DurationMs int64           `json:"durationMs"`
}

// Usage is what an answer took.
type Usage struct {
	llm.Usage
	CostUSD    decimal.Decimal `json:"costUsd" doc:"US dollars, exact"`
	DurationMs int64           `json:"durationMs"`
	Model      string          `json:"model"`
}

// Changes are the fields of a session to change; nil leaves one as it is.
type Changes struct {
	Title *string
	// AutoTitle gives the title back to us, unless Title is there.
	AutoTitle bool
	Pinned    *bool
	Archived  *bool
	// Head is a message through which the branch goes that is to be shown, up to the newest that follow it.
	Head *string
}

// Lengths in characters.
const (
	maxTitle   = 200
	maxContent = 8000
)

// Create begins a session; nil gives it a title that says no more than that it is new, until the first question does.
func (s *Service) Create(ctx context.Context, userID string, title *string) (Session, error) {
	now := db.Time(s.Now())
	session := Session{ID: db.NewID(), Title: defaultTitle, TitleSource: Auto, CreatedAt: now, UpdatedAt: now}
	if title != nil {
		var err error
		if session.Title, err = checkText("body.title", *title, maxTitle); err != nil {
			return Session{}, err
		}
		session.TitleSource = Manual
	}
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := insertSession(ctx, tx, userID, session); err != nil {
			return err
		}
		if err := s.indexTitle(ctx, tx, session); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, audit.Event{Action: audit.CreateChatSession, UserID: userID, Target: session.ID})
	})
	return session, err
}

// List returns a page of the user's sessions, the one that changed last first, and the cursor of the next page, which
// is empty on the last. A cursor that List did not make is Invalid.
func (s *Service) List(ctx context.Context, userID string, limit int, cursor string) ([]Session, string, error) {
	at, id, err := readCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	sessions, err := selectSessions(ctx, s.DB.Read(), userID, at, id, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(sessions) <= limit {
		return sessions, "", nil
	}
	last := sessions[limit-1]
	return sessions[:limit], writeCursor(last.UpdatedAt, last.ID), nil
}

// Get finds a session; NotFound where the user has none of this id.
func (s *Service) Get(ctx context.Context, userID, sessionID string) (Session, error) {
	return findSession(ctx, s.DB.Read(), userID, sessionID)
}

// Update changes a session and returns it as it is now. Invalid names the wrong field; so it does for a head that is no
// message of the session.
func (s *Service) Update(ctx context.Context, userID, sessionID string, changes Changes) (Session, error) {
	var session Session
	err := s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if session, err = lockSession(ctx, tx, userID, sessionID); err != nil {
			return err
		}
		if err := s.change(ctx, tx, &session, changes); err != nil {
			return err
		}
		session.UpdatedAt = db.Time(s.Now())
		if err := updateSession(ctx, tx, session); err != nil || changes.Title == nil && !changes.AutoTitle {
			return err
		}
		return s.indexTitle(ctx, tx, session)
	})
	return session, err
}

func (s *Service) change(ctx context.Context, tx *sql.Tx, session *Session, changes Changes) (err error) {
	if changes.Head != nil {
		head, err := headThrough(ctx, tx, session.ID, *changes.Head)
		if fault.Is(err, fault.NotFound) {
			return fault.InvalidField("body.head", "must be the id of a message in this conversation")
		}
		if err != nil {
			return err
		}
		session.HeadID = &head
	}
	switch {
	case changes.Title != nil:
		if session.Title, err = checkText("body.title", *changes.Title, maxTitle); err != nil {
			return err
		}
		session.TitleSource = Manual
	case changes.AutoTitle:
		session.TitleSource = Auto
		if session.Title, err = firstTitle(ctx, tx, *session); err != nil {
			return err
		}
	}
	session.Pinned = value(changes.Pinned, session.Pinned)
	session.Archived = value(changes.Archived, session.Archived)
	return nil
}

// value is what was sent, or what there is.
func value(sent *bool, now bool) bool {
	if sent == nil {
		return now
	}
	return *sent
}

// Delete removes a session with its messages, and ends the answer that is being written in it: after that, since it goes on
// where the session could not be deleted.
func (s *Service) Delete(ctx context.Context, userID, sessionID string) error {
	if _, err := findSession(ctx, s.DB.Read(), userID, sessionID); err != nil {
		return err
	}
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := deleteSession(ctx, tx, userID, sessionID); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, audit.Event{Action: audit.DeleteChatSession, UserID: userID, Target: sessionID})
	})
	if err != nil {
		return err
	}
	if run := s.runIn(sessionID); run != nil {
		run.cancel(errDeleted)
		select {
		case <-run.ended: // and is paid for
		case <-ctx.Done():
		}
	}
	return nil
}

// Messages returns a page of the branch that a session shows, the newest message first, and the cursor of the next page,
// which is empty on the last. The pages go on along the same branch when another is shown meanwhile.
func (s *Service) Messages(ctx context.Context, userID, sessionID string, limit int, cursor string) ([]Message, string, error) {
	session, err := findSession(ctx, s.DB.Read(), userID, sessionID)
	if err != nil {
		return nil, "", err
	}
	return s.page(ctx, sessionID, session.head(), limit, cursor)
}

// head is the last message of the shown branch; the session itself, which is no message, where nothing was said.
func (s Session) head() string {
	if s.HeadID == nil {
		return s.ID
	}
	return *s.HeadID
}

// pageSize is the length of a page when limit rows were asked for.
func pageSize(limit int) int {
	if limit < 1 {
		return 50
	}
	return min(limit, 200)
}

// lastTime comes after every time: with db.LastID, where a list that goes backwards begins.
func lastTime() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// writeCursor says after which row a page goes on.
func writeCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.UTC().Format(time.RFC3339Nano) + " " + id))
}

func readCursor(cursor string) (time.Time, string, error) {
	if cursor == "" {
		return lastTime(), db.LastID, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	stamp, id, _ := strings.Cut(string(text), " ")
	at, timeErr := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || timeErr != nil || !db.IsID(id) || at.Year() < 1970 || at.After(lastTime()) {
		return time.Time{}, "", noCursor()
	}
	return at, id, nil
}

func noCursor() error {
	return fault.InvalidField("query.cursor", "is not a cursor of this list; begin again without one")
}

// checkText trims a text and refuses it when nothing is left, when it is too long, or when it cannot be stored.
func checkText(path, text string, longest int) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", fault.InvalidField(path, "must not be empty")
	case utf8.RuneCountInString(text) > longest:
		return "", fault.InvalidField(path, "is too long")
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return "", fault.InvalidField(path, "holds characters that cannot be stored")
	}
	return text, nil
}
