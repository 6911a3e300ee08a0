package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// Entry is a row of the log as it is shown.
type Entry struct {
	ID            string            `json:"id" format:"uuid"`
	At            time.Time         `json:"at"`
	Action        Action            `json:"action" example:"account.login"`
	Outcome       Outcome           `json:"outcome" enum:"success,failure"`
	UserID        *string           `json:"userId" doc:"Whose account it is about"`
	Actor         Actor             `json:"actor" enum:"user,api_key,system,operator" doc:"What kind of caller did it"`
	ActorID       *string           `json:"actorId" doc:"The person or the key that did it"`
	Target        *string           `json:"target" doc:"What was acted on, where that is not the account itself"`
	CorrelationID string            `json:"correlationId" doc:"Leads to the log lines of the request"`
	Address       *string           `json:"address" doc:"Of the client"`
	UserAgent     *string           `json:"userAgent"`
	Details       map[string]string `json:"details" nullable:"true" doc:"Null once the account was deleted"`
	Sealed        bool              `json:"sealed" doc:"Whether it has its place in the chain, about a second after it was written"`
	Seq           *int64            `json:"seq" doc:"Its place in the chain"`
}

// Filter chooses entries. Zero fields choose all.
type Filter struct {
	UserID   string // whose account they are about
	Viewer   string // who reads, where it is no admin: from where others acted is not theirs to see
	Action   string // exact, or all that begin with it where it ends in a dot
	Outcome  Outcome
	From, To time.Time // at From or later, before To
	Limit    int
	Cursor   string // what List returned with the page before
}

// maxPage is how many entries a page may have.
const maxPage = 200

// List gives a page of entries, the newest first, and the cursor of the next, which is empty on the last. A cursor that
// List did not make is Invalid.
func (l *Log) List(ctx context.Context, f Filter) ([]Entry, string, error) {
	before, err := db.Before(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	f.Cursor = before
	if f.Limit < 1 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	entries, err := selectEntries(ctx, l.db.Read(), f, f.Limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list the audit log: %w", err)
	}
	for i := range entries {
		entries[i].hideFrom(f.Viewer)
	}
	if len(entries) <= f.Limit {
		return entries, "", nil
	}
	return entries[:f.Limit], entries[f.Limit-1].ID, nil
}

// ByAnother is the condition of SQL under which an event about a person was another's doing, such as an admin's: where
// that one was is not the person's to know. Who is only suspected, as of a wrong password, is nobody else: where that came
// from is what the person must be able to see.
const ByAnother = "(actor = 'operator' or actor = 'user' and actor_id is not null and actor_id <> user_id)"

// hideFrom takes from an entry what ByAnother says is not the viewer's to know.
func (e *Entry) hideFrom(viewer string) {
	byAnother := e.Actor == Operator || e.Actor == Person && e.ActorID != nil && *e.ActorID != viewer
	if viewer != "" && byAnother {
		e.Address, e.UserAgent = nil, nil
	}
}

// selectEntries goes by ids, which grow with time.
func selectEntries(ctx context.Context, q db.Querier, f Filter, limit int) ([]Entry, error) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.UserID != "" {
		add("l.user_id = ?", f.UserID)
	}
	switch {
	case strings.HasSuffix(f.Action, "."):
		add(fmt.Sprintf("substr(l.action, 1, %d) = ?", len(f.Action)), f.Action)
	case f.Action != "":
		add("l.action = ?", f.Action)
	}
	if f.Outcome != "" {
		add("l.outcome = ?", f.Outcome)
	}
	if !f.From.IsZero() {
		add("l.at >= ?", db.Time(f.From))
	}
	if !f.To.IsZero() {
		add("l.at < ?", db.Time(f.To))
	}
	add("l.id < ?", f.Cursor)
	query := `select ` + logColumns + `, c.seq from audit_logs l left join audit_chain c on c.log_id = l.id`
	if where != nil {
		query += " where " + strings.Join(where, " and ")
	}
	rows, err := q.QueryContext(ctx, query+fmt.Sprintf(" order by l.id desc limit %d", limit), args...)
	return db.Collect(rows, err, scanEntry)
}

func scanEntry(scan func(...any) error) (Entry, error) {
	var e Entry
	var details sql.NullString
	var proof string
	err := scan(&e.ID, &e.At, &e.Action, &e.Outcome, &e.UserID, &e.Actor, &e.ActorID, &e.Target, &e.CorrelationID,
		&e.Address, &e.UserAgent, &details, &proof, &proof, &e.Seq)
	e.At, e.Sealed = e.At.UTC(), e.Seq != nil
	if details.Valid && json.Unmarshal([]byte(details.String), &e.Details) != nil {
		e.Details = nil // somebody wrote into it, which is Verify's to say
	}
	return e, err
}
