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
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// A conversation is a tree: each message follows one, and those that follow the same one are versions of each other, the
// questions that were asked in each other's place and the answers to one question. A branch is the way from the first
// message to one that nothing follows; the session's head is the end of the branch that is shown.

// maxVersions bounds how many messages follow the same one.
const maxVersions = 100

// Rewrite is Post for a question in the place of an earlier one: it begins another branch there, which is shown from now
// on. The analyst knows what was said before it, and nothing of what came after. Errors are those of Post; it is
// Invalid where replaces is no question of this session, and Conflict where that has as many versions as are kept.
func (s *Service) Rewrite(ctx context.Context, userID, sessionID, replaces, content string) (*Run, error) {
	if replaces == "" {
		return nil, noQuestion()
	}
	return s.post(ctx, userID, sessionID, content, replaces)
}

func noQuestion() error {
	return fault.InvalidField("body.replaces", "must be the id of a question in this conversation")
}

// Branch is Messages for the branch that goes through one message and on to the newest that follow: it need not be the
// one that is shown. NotFound where there is no such message in the session.
func (s *Service) Branch(ctx context.Context, userID, sessionID, through string, limit int, cursor string) ([]Message, string, error) {
	if _, err := findSession(ctx, s.DB.Read(), userID, sessionID); err != nil {
		return nil, "", err
	}
	head, err := headThrough(ctx, s.DB.Read(), sessionID, through)
	if err != nil {
		return nil, "", err
	}
	return s.page(ctx, sessionID, head, limit, cursor)
}

// page is the part of a branch before a cursor, or its end.
func (s *Service) page(ctx context.Context, sessionID, head string, limit int, cursor string) ([]Message, string, error) {
	limit = pageSize(limit)
	last := head
	if cursor != "" {
		_, shown, err := readCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		if last, err = parentOf(ctx, s.DB.Read(), sessionID, shown); err != nil {
			return nil, "", err
		}
	}
	messages, err := selectBranch(ctx, s.DB.Read(), sessionID, last, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(messages) > limit {
		messages = messages[:limit]
		next = writeCursor(messages[limit-1].CreatedAt, messages[limit-1].ID)
	}
	return messages, next, complete(ctx, s.DB.Read(), messages)
}

// insertQuestion stores a question at the end of the shown branch or, as another version, in the place of an earlier one,
// and gives the session a title where it needs one. The session is locked. What asked follows is filled in.
func (s *Service) insertQuestion(ctx context.Context, tx *sql.Tx, session Session, asked *Message, replaces string) error {
	parent, err := placeFor(ctx, tx, session.ID, replaces)
	if err != nil {
		return err
	}
	if asked.ParentID = orNull(parent); parent == session.ID {
		asked.ParentID = nil
	}
	if err := insertMessage(ctx, tx, *asked, nil); err != nil {
		return err
	}
	if err := s.index(ctx, tx, asked.ID); err != nil {
		return err
	}
	return s.titleAfter(ctx, tx, session, *asked)
}

// placeFor is what a question is to follow: the message, or the session where it is to be the first.
func placeFor(ctx context.Context, q db.Querier, sessionID, replaces string) (string, error) {
	if replaces == "" {
		return headOf(ctx, q, sessionID)
	}
	if !db.IsID(replaces) {
		return "", noQuestion()
	}
	var parent string
	err := q.QueryRowContext(ctx, `select parent_id from chat_messages where id = $1 and session_id = $2 and role = $3`,
		replaces, sessionID, llm.User).Scan(&parent)
	if errors.Is(err, sql.ErrNoRows) {
		return "", noQuestion()
	}
	if err != nil {
		return "", err
	}
	return parent, roomForVersion(ctx, q, parent)
}

func roomForVersion(ctx context.Context, q db.Querier, parentID string) error {
	var n int
	err := q.QueryRowContext(ctx, `select count(*) from chat_messages where parent_id = $1`, parentID).Scan(&n)
	if err == nil && n >= maxVersions {
		err = fault.New(fault.Conflict, "there are %d versions already; ask in a new message or a new conversation", maxVersions)
	}
	return err
}

// beginAnswer stores the answer that run is to write under a question, still empty, with the first event of its stream,
// makes it the end of the shown branch, and returns what to ask the analyst: the question, with what was said before it on
// its branch. The session is locked. A question may have several answers, which are versions of each other. It is a unique
// violation while an answer is being written in the session, and Conflict where the question has as many answers as are
// kept.
func (s *Service) beginAnswer(ctx context.Context, tx *sql.Tx, run *Run, asked Message, first stamped) (analyst.Question, error) {
	question := analyst.Question{UserID: run.userID, Text: asked.Content}
	shown, since, err := user.AmountsToModel(ctx, tx, run.userID)
	if err != nil {
		return question, err
	}
	if question.Locale, err = user.Locale(ctx, tx, run.userID); err != nil {
		return question, err
	}
	if asked.ParentID != nil {
		if question.History, err = selectHistory(ctx, tx, run.SessionID, *asked.ParentID, shown, since); err != nil {
			return question, err
		}
	}
	if err := roomForVersion(ctx, tx, asked.ID); err != nil {
		return question, err
	}
	lease := first.at.Add(leaseTime)
	answer := Message{ID: run.MessageID, SessionID: run.SessionID, ParentID: &asked.ID, Role: llm.Assistant, Status: Running, CreatedAt: first.at}
	if err := insertMessage(ctx, tx, answer, &lease); err != nil {
		return question, err
	}
	if err := s.insertEvents(ctx, tx, []line{{run.MessageID, first}}); err != nil {
		return question, err
	}
	return question, setHead(ctx, tx, run.SessionID, run.MessageID, first.at)
}

// headOf is the last message of the shown branch; the session itself where nothing was said.
func headOf(ctx context.Context, q db.Querier, sessionID string) (head string, err error) {
	err = q.QueryRowContext(ctx, `select coalesce(head_id, id) from chat_sessions where id = $1`, sessionID).Scan(&head)
	return head, err
}

func setHead(ctx context.Context, q db.Querier, sessionID, messageID string, at time.Time) error {
	_, err := q.ExecContext(ctx, `update chat_sessions set head_id = $2, updated_at = $3 where id = $1`, sessionID, messageID, at)
	return err
}

// headThrough is the end of the branch that goes through a message and on to the newest that follow.
func headThrough(ctx context.Context, q db.Querier, sessionID, messageID string) (head string, err error) {
	if !db.IsID(messageID) {
		return "", noMessage()
	}
	err = q.QueryRowContext(ctx, `with recursive down (message, n) as (
			select id, 0 from chat_messages where id = $1 and session_id = $2
			union all
			select (select c.id from chat_messages c where c.parent_id = d.message order by c.id desc limit 1), d.n + 1
			from down d where d.message is not null
		) select message from down where message is not null order by n desc limit 1`, messageID, sessionID).Scan(&head)
	if errors.Is(err, sql.ErrNoRows) {
		err = noMessage()
	}
	return head, err
}

func noMessage() error {
	return fault.New(fault.NotFound, "there is no such message in this conversation")
}

// parentOf is what a message follows that a cursor names.
func parentOf(ctx context.Context, q db.Querier, sessionID, messageID string) (parent string, err error) {
	err = q.QueryRowContext(ctx, `select coalesce(parent_id, session_id) from chat_messages where id = $1 and session_id = $2`,
		messageID, sessionID).Scan(&parent)
	if errors.Is(err, sql.ErrNoRows) {
		err = noCursor()
	}
	return parent, err
}

// ancestors walks back from a message, $1, of a session, $2, to the first.
const ancestors = `with recursive branch (message, before, n) as (
		select id, parent_id, 1 from chat_messages where id = $1 and session_id = $2
		union all
		select p.id, p.parent_id, b.n + 1 from branch b join chat_messages p on p.id = b.before where b.n < $3
	) `

// selectBranch lists the messages from one back to the first, at most limit of them, without tool calls and versions.
func selectBranch(ctx context.Context, q db.Querier, sessionID, lastID string, limit int) ([]Message, error) {
	rows, err := q.QueryContext(ctx, ancestors+`select `+messageColumns+` from branch join chat_messages on id = message order by n`,
		lastID, sessionID, limit)
	return db.Collect(rows, err, scanMessage)
}

// maxBranch is more messages than any conversation has.
const maxBranch = 1 << 30

// branchIDs are the ids of all messages from the first to one.
func branchIDs(ctx context.Context, q db.Querier, sessionID, lastID string) ([]string, error) {
	rows, err := q.QueryContext(ctx, ancestors+`select message from branch order by n desc`, lastID, sessionID, maxBranch)
	return db.Collect(rows, err, scanID)
}

func scanID(scan func(...any) error) (id string, err error) { return id, scan(&id) }

// complete adds to messages what stands in other rows.
func complete(ctx context.Context, q db.Querier, messages []Message) error {
	if err := addToolCalls(ctx, q, messages); err != nil {
		return err
	}
	return addVersions(ctx, q, messages)
}

// addVersions tells each message which others have its place, itself among them, the oldest first.
func addVersions(ctx context.Context, q db.Querier, messages []Message) error {
	if len(messages) == 0 {
		return nil
	}
	parents := make([]any, len(messages))
	for i, m := range messages {
		parents[i] = m.follows()
	}
	versions := map[string][]string{}
	rows, err := q.QueryContext(ctx, `select parent_id, id from chat_messages where parent_id in (`+db.Placeholders(1, len(parents))+`) order by id`, parents...)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (id string, err error) {
		var parent string
		if err = scan(&parent, &id); err == nil {
			versions[parent] = append(versions[parent], id)
		}
		return id, err
	})
	for i, m := range messages {
		if messages[i].Versions = versions[m.follows()]; !slices.Contains(messages[i].Versions, m.ID) {
			messages[i].Versions = []string{m.ID} // not placed yet
		}
	}
	return err
}

// follows is a message's parent as it is stored.
func (m Message) follows() string {
	if m.ParentID == nil {
		return m.SessionID
	}
	return *m.ParentID
}

// adopt gives messages their place that a version wrote which knew no branches: they follow what was written before.
func adopt(ctx context.Context, tx *sql.Tx, sessionID string) error {
	result, err := tx.ExecContext(ctx, `update chat_messages set parent_id = coalesce((select p.id from chat_messages p
			where p.session_id = chat_messages.session_id and p.id < chat_messages.id order by p.id desc limit 1), session_id)
		where session_id = $1 and parent_id is null`, sessionID)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `update chat_sessions set head_id = (select m.id from chat_messages m
		where m.session_id = chat_sessions.id order by m.id desc limit 1) where id = $1`, sessionID)
	return err
}
