package chat

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/receipt"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Receipt is everything an answer rests on, and whether it is still as it was when the answer was written.
type Receipt struct {
	Question      Message        `json:"question"`
	Answer        Message        `json:"answer"`
	PromptVersion string         `json:"promptVersion" doc:"Of the instructions to the model; empty for answers from before receipts"`
	Prints        receipt.Prints `json:"prints" doc:"What was sealed with the answer, part by part; empty where nothing was"`
	Genuine       *bool          `json:"genuine" doc:"Whether every part is as it was; null where nothing was sealed"`
	Changed       []string       `json:"changed" doc:"The parts that are not as they were; seal when that itself is not ours"`
}

// receiptColumn is where fingerprints are sealed: they open in their own row only.
func receiptColumn() vault.Column {
	return vault.Column{Table: "chat_messages", Column: "receipt", Row: "id", User: "session_id"}
}

// SealedColumns are those in which this package keeps sealed values.
func SealedColumns() []vault.Column { return []vault.Column{receiptColumn()} }

// Receipt reads an answer with all it rests on and holds that against what was sealed when it was written. It is NotFound
// where the person has no such answer, and Conflict while it is being written.
func (s *Service) Receipt(ctx context.Context, userID, messageID string) (Receipt, error) {
	var r Receipt
	err := s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		r, err = s.readReceipt(ctx, tx, userID, messageID)
		return err
	})
	return r, err
}

func (s *Service) readReceipt(ctx context.Context, tx *sql.Tx, userID, messageID string) (Receipt, error) {
	noSuch := fault.New(fault.NotFound, "there is no such answer")
	if !db.IsID(messageID) {
		return Receipt{}, noSuch
	}
	rows, err := readRested(ctx, tx, messageID)
	if errors.Is(err, sql.ErrNoRows) {
		return Receipt{}, noSuch
	}
	if err != nil {
		return Receipt{}, err
	}
	if _, err := findSession(ctx, tx, userID, rows.answer.SessionID); fault.Is(err, fault.NotFound) {
		return Receipt{}, noSuch
	} else if err != nil {
		return Receipt{}, err
	}
	if rows.answer.Status == Running {
		return Receipt{}, fault.New(fault.Conflict, "the answer is still being written; ask again when it is done")
	}
	r := Receipt{PromptVersion: rows.answer.PromptVersion, Changed: []string{}, Prints: receipt.Prints{}}
	if r.Answer, err = findMessage(ctx, tx, messageID); err != nil {
		return r, err
	}
	if rows.question.ID != "" {
		if r.Question, err = findMessage(ctx, tx, rows.question.ID); err != nil {
			return r, err
		}
	}
	return r, s.verify(&r, rows)
}

// verify compares what stands in the database with what was sealed.
func (s *Service) verify(r *Receipt, rows rested) error {
	now, err := rows.prints()
	if err != nil || rows.sealed == "" {
		return err
	}
	plain, err := s.Keys.Open(rows.sealed, receiptColumn().Place(rows.answer.ID, rows.answer.SessionID))
	if err != nil || json.Unmarshal(plain, &r.Prints) != nil {
		r.Changed, r.Genuine = []string{"seal"}, new(false)
		return nil
	}
	r.Changed = receipt.Changed(r.Prints, now)
	r.Genuine = new(len(r.Changed) == 0)
	return nil
}

// seal stores the fingerprints of an answer that was just closed.
func (s *Service) seal(ctx context.Context, tx *sql.Tx, messageID string) error {
	rows, err := readRested(ctx, tx, messageID)
	if err != nil {
		return err
	}
	prints, err := rows.prints()
	if err != nil {
		return err
	}
	plain, err := json.Marshal(prints)
	if err != nil {
		return err
	}
	sealed := s.Keys.Seal(plain, receiptColumn().Place(rows.answer.ID, rows.answer.SessionID))
	_, err = tx.ExecContext(ctx, `update chat_messages set receipt = $2 where id = $1`, messageID, sealed)
	return err
}

// rested is what an answer rests on, as it stands in the database.
type rested struct {
	question restedQuestion
	answer   restedAnswer
	calls    []restedCall
	sealed   string
}

type restedQuestion struct {
	ID, SessionID, Content string
	CreatedAt              time.Time
}

type restedAnswer struct {
	ID, SessionID, ParentID                                string
	Status                                                 Status
	Content, Citations, Intent, Figures                    string
	Verified, Derived, Unverified, Invented                int64
	PromptVersion, Model, StopReason, ErrorKind, ErrorText string
	Input, Output, CacheRead, CacheWrite                   int64
	Cost                                                   decimal.Decimal
	CreatedAt                                              time.Time
	FinishedAt                                             *time.Time
}

type restedCall struct {
	ID, Handle, Name, Input, Output, ErrorKind string
	Round, DurationMs                          int64
	StartedAt                                  time.Time
}

// prints takes the fingerprints of all parts.
func (r rested) prints() (receipt.Prints, error) {
	var p receipt.Prints
	if err := p.Take("question", r.question); err != nil {
		return nil, err
	}
	for _, c := range r.calls {
		if err := p.Take(c.Handle, c); err != nil {
			return nil, err
		}
	}
	err := p.Take("answer", r.answer)
	return p, err
}

// readRested reads an answer's rows; sql.ErrNoRows where there is none.
func readRested(ctx context.Context, q db.Querier, messageID string) (r rested, err error) {
	a := &r.answer
	err = q.QueryRowContext(ctx, `select id, session_id, parent_id, status, content, citations, coalesce(intent, ''), figures,
		verified, derived, unverified, invented, coalesce(prompt_version, ''), coalesce(model, ''), coalesce(stop_reason, ''),
		coalesce(error_kind, ''), coalesce(error_message, ''), input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
		cost_usd, created_at, finished_at, coalesce(receipt, '') from chat_messages where id = $1 and role = 'assistant'`, messageID).
		Scan(&a.ID, &a.SessionID, &a.ParentID, &a.Status, &a.Content, &a.Citations, &a.Intent, &a.Figures, &a.Verified, &a.Derived, &a.Unverified,
			&a.Invented, &a.PromptVersion, &a.Model, &a.StopReason, &a.ErrorKind, &a.ErrorText, &a.Input, &a.Output, &a.CacheRead,
			&a.CacheWrite, &a.Cost, &a.CreatedAt, &a.FinishedAt, &r.sealed)
	if err != nil {
		return r, err
	}
	a.CreatedAt = a.CreatedAt.UTC()
	if a.FinishedAt != nil {
		a.FinishedAt = new(a.FinishedAt.UTC())
	}
	err = q.QueryRowContext(ctx, `select id, session_id, content, created_at from chat_messages where id = $1`, a.ParentID).
		Scan(&r.question.ID, &r.question.SessionID, &r.question.Content, &r.question.CreatedAt)
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // without its question an answer rests on the rest
		return r, err
	}
	r.question.CreatedAt = r.question.CreatedAt.UTC()
	rows, err := q.QueryContext(ctx, `select id, handle, round, name, input, output, coalesce(error_kind, ''), started_at, duration_ms
		from message_tool_calls where message_id = $1 order by length(handle), handle, id`, messageID)
	r.calls, err = db.Collect(rows, err, func(scan func(...any) error) (c restedCall, err error) {
		err = scan(&c.ID, &c.Handle, &c.Round, &c.Name, &c.Input, &c.Output, &c.ErrorKind, &c.StartedAt, &c.DurationMs)
		c.StartedAt = c.StartedAt.UTC()
		return c, err
	})
	return r, err
}
