package chat

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/prose"
)

const sessionColumns = `id, title, title_source, pinned, archived, head_id, created_at, updated_at`

func scanSession(scan func(...any) error) (s Session, err error) {
	err = scan(&s.ID, &s.Title, &s.TitleSource, &s.Pinned, &s.Archived, &s.HeadID, &s.CreatedAt, &s.UpdatedAt)
	s.CreatedAt, s.UpdatedAt = s.CreatedAt.UTC(), s.UpdatedAt.UTC()
	return s, err
}

func insertSession(ctx context.Context, q db.Querier, userID string, s Session) error {
	_, err := q.ExecContext(ctx, `insert into chat_sessions (`+sessionColumns+`, user_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		s.ID, s.Title, s.TitleSource, s.Pinned, s.Archived, s.HeadID, s.CreatedAt, s.UpdatedAt, userID)
	return err
}

// findSession answers the same for a session of somebody else's as for one that is not there.
func findSession(ctx context.Context, q db.Querier, userID, sessionID string) (Session, error) {
	noSuch := fault.New(fault.NotFound, "there is no such conversation")
	if !db.IsID(sessionID) {
		return Session{}, noSuch
	}
	s, err := scanSession(q.QueryRowContext(ctx, `select `+sessionColumns+` from chat_sessions where id = $1 and user_id = $2`,
		sessionID, userID).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, noSuch
	}
	return s, err
}

// lockSession is findSession for who is going to change it or what is in it: others wait until tx is over.
func lockSession(ctx context.Context, tx *sql.Tx, userID, sessionID string) (Session, error) {
	if db.IsID(sessionID) {
		if _, err := tx.ExecContext(ctx, `update chat_sessions set updated_at = updated_at where id = $1 and user_id = $2`, sessionID, userID); err != nil {
			return Session{}, err
		}
	}
	return findSession(ctx, tx, userID, sessionID)
}

// selectSessions lists those that come after (at, id) on the way back in time.
func selectSessions(ctx context.Context, q db.Querier, userID string, at time.Time, id string, limit int) ([]Session, error) {
	rows, err := q.QueryContext(ctx, `select `+sessionColumns+` from chat_sessions
		where user_id = $1 and (updated_at, id) < ($2, $3) order by updated_at desc, id desc limit $4`, userID, at, id, limit)
	return db.Collect(rows, err, scanSession)
}

func updateSession(ctx context.Context, q db.Querier, s Session) error {
	_, err := q.ExecContext(ctx, `update chat_sessions set title = $2, title_source = $3, pinned = $4, archived = $5, head_id = $6, updated_at = $7
		where id = $1`, s.ID, s.Title, s.TitleSource, s.Pinned, s.Archived, s.HeadID, s.UpdatedAt)
	return err
}

func touchSession(ctx context.Context, q db.Querier, sessionID string, at time.Time) error {
	_, err := q.ExecContext(ctx, `update chat_sessions set updated_at = $2 where id = $1`, sessionID, at)
	return err
}

// deleteSession is NotFound where another request was faster.
func deleteSession(ctx context.Context, q db.Querier, userID, sessionID string) error {
	res, err := q.ExecContext(ctx, `delete from chat_sessions where id = $1 and user_id = $2`, sessionID, userID)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fault.New(fault.NotFound, "there is no such conversation")
}

const messageColumns = `id, session_id, parent_id, role, status, content, intent, figures, verified, derived, unverified, invented,
	citations, model, error_kind, error_message, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd,
	created_at, finished_at`

// scanMessage reads a message but for its tool calls and versions.
func scanMessage(scan func(...any) error) (m Message, err error) {
	var citations, shown string
	var about, model, kind, words *string
	var u Usage
	c := &m.FigureCounts
	err = scan(&m.ID, &m.SessionID, &m.ParentID, &m.Role, &m.Status, &m.Content, &about, &shown, &c.Verified, &c.Derived, &c.Unverified,
		&c.Invented, &citations, &model, &kind, &words, &u.Input, &u.Output, &u.CacheRead, &u.CacheWrite, &u.CostUSD, &m.CreatedAt, &m.FinishedAt)
	if err != nil {
		return m, err
	}
	m.CreatedAt, m.ToolCalls, m.Versions = m.CreatedAt.UTC(), []ToolCall{}, []string{}
	if m.follows() == m.SessionID {
		m.ParentID = nil
	}
	if m.FinishedAt != nil {
		m.FinishedAt = new(m.FinishedAt.UTC())
	}
	if kind != nil && words != nil {
		m.Error = &Problem{Code: *kind, Message: *words}
	}
	if m.Role == llm.Assistant && m.FinishedAt != nil {
		u.DurationMs = m.FinishedAt.Sub(m.CreatedAt).Milliseconds()
		if model != nil {
			u.Model = *model
		}
		m.Usage = &u
	}
	if about != nil {
		err = json.Unmarshal([]byte(*about), &m.Intent)
	}
	return m, errors.Join(err, json.Unmarshal([]byte(shown), &m.Figures), json.Unmarshal([]byte(citations), &m.Citations))
}

// insertMessage adds a message whose answer, if it is one, is still to be written.
func insertMessage(ctx context.Context, q db.Querier, m Message, leaseUntil *time.Time) error {
	_, err := q.ExecContext(ctx, `insert into chat_messages (id, session_id, parent_id, role, status, content, citations,
		input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, created_at, finished_at, lease_until)
		values ($1, $2, $3, $4, $5, $6, '[]', 0, 0, 0, 0, $7, $8, $9, $10)`,
		m.ID, m.SessionID, m.follows(), m.Role, m.Status, m.Content, decimal.Zero, m.CreatedAt, m.FinishedAt, leaseUntil)
	return err
}

// findMessage reads a whole message; sql.ErrNoRows when it is gone.
func findMessage(ctx context.Context, q db.Querier, messageID string) (Message, error) {
	m, err := scanMessage(q.QueryRowContext(ctx, `select `+messageColumns+` from chat_messages where id = $1`, messageID).Scan)
	if err != nil {
		return m, err
	}
	whole := []Message{m}
	err = complete(ctx, q, whole)
	return whole[0], err
}

func changesOne(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// ending is how an answer ended, as it is stored.
type ending struct {
	status     Status
	content    string
	intent     *intent.Brief
	figures    []prose.Figure
	counts     prose.Counts
	citations  []prose.Citation
	usage      analyst.Usage
	stopReason llm.StopReason
	problem    *Problem
	at         time.Time
}

// endMessage stores how an answer ended; false when it was not being written any more.
func endMessage(ctx context.Context, q db.Querier, messageID string, e ending) (bool, error) {
	texts, err := e.texts()
	if err != nil {
		return false, err
	}
	problem := cmp.Or(e.problem, &Problem{})
	u := e.usage
	return changesOne(q.ExecContext(ctx, `update chat_messages set status = $2, content = $3, citations = $4, model = $5,
		stop_reason = $6, error_kind = $7, error_message = $8, input_tokens = $9, output_tokens = $10, cache_read_tokens = $11,
		cache_write_tokens = $12, cost_usd = $13, finished_at = $14, intent = $15, figures = $16, verified = $17, derived = $18,
		unverified = $19, invented = $20, prompt_version = $21, lease_until = null where id = $1 and status = 'running'`,
		messageID, e.status, e.content, texts.citations, orNull(u.Model), orNull(string(e.stopReason)), orNull(problem.Code),
		orNull(problem.Message), u.Input, u.Output, u.CacheRead, u.CacheWrite, u.Cost, e.at, orNull(texts.intent), texts.figures,
		e.counts.Verified, e.counts.Derived, e.counts.Unverified, e.counts.Invented, analyst.PromptVersion))
}

// endingTexts are the parts of an ending that are stored as JSON.
type endingTexts struct{ intent, figures, citations string }

func (e ending) texts() (t endingTexts, err error) {
	print := func(value any) string {
		text, failed := json.Marshal(value)
		err = errors.Join(err, failed)
		return string(text)
	}
	t.figures, t.citations = print(append([]prose.Figure{}, e.figures...)), print(append([]prose.Citation{}, e.citations...))
	if e.intent != nil {
		t.intent = print(e.intent)
	}
	return t, err
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func insertToolCalls(ctx context.Context, q db.Querier, messageID string, calls []analyst.ToolCall) error {
	for _, c := range calls {
		kind := ""
		if c.Err != nil {
			kind = string(fault.KindOf(c.Err))
		}
		if _, err := q.ExecContext(ctx, `insert into message_tool_calls
			(id, message_id, handle, round, name, input, output, error_kind, started_at, duration_ms)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			on conflict do nothing`, c.ID, messageID, c.Handle, c.Round, c.Name, string(c.Input),
			string(c.Output), orNull(kind), c.Started, c.Duration.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

// addToolCalls reads the tool calls of messages, each in the order the model made them.
func addToolCalls(ctx context.Context, q db.Querier, messages []Message) error {
	if len(messages) == 0 {
		return nil
	}
	ids := make([]any, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	calls := map[string][]ToolCall{}
	rows, err := q.QueryContext(ctx, `select message_id, id, handle, name, input, output, error_kind, started_at, duration_ms
		from message_tool_calls where message_id in (`+db.Placeholders(1, len(ids))+`) order by length(handle), handle`, ids...)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (c ToolCall, err error) {
		var messageID string
		if c, err = scanToolCall(scan, &messageID); err == nil {
			calls[messageID] = append(calls[messageID], c)
		}
		return c, err
	})
	for i, m := range messages {
		if of, ok := calls[m.ID]; ok {
			messages[i].ToolCalls = of
		}
	}
	return err
}

func scanToolCall(scan func(...any) error, messageID *string) (c ToolCall, err error) {
	var input, output string
	var kind *string
	if err := scan(messageID, &c.ID, &c.Handle, &c.Name, &input, &output, &kind, &c.StartedAt, &c.DurationMs); err != nil {
		return c, err
	}
	c.StartedAt, c.Input = c.StartedAt.UTC(), json.RawMessage(input)
	if kind == nil {
		c.Output = json.RawMessage(output)
		return c, nil
	}
	var told struct { // what the model was told of a failure is what people may know
		Error Problem `json:"error"`
	}
	err = json.Unmarshal([]byte(output), &told)
	c.Error = &told.Error
	return c, err
}
