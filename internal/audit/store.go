package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// row is an event as it is stored. Address, user agent and details may be erased with the account; PersonalMAC still
// proves what they were to who kept a copy, and MAC covers it instead of them.
type row struct {
	ID            string
	At            time.Time
	Action        Action
	Outcome       Outcome
	UserID        *string
	Actor         Actor
	ActorID       *string
	Target        *string
	CorrelationID string
	Address       *string
	UserAgent     *string
	Details       *string
	PersonalMAC   string
	MAC           string
}

func insert(ctx context.Context, tx db.Querier, r row) error {
	_, err := tx.ExecContext(ctx, `insert into audit_logs
		(id, at, action, outcome, user_id, actor, actor_id, target, correlation_id, address, user_agent, details, personal_mac, mac)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.ID, r.At, r.Action, r.Outcome, r.UserID, r.Actor, r.ActorID, r.Target, r.CorrelationID, r.Address, r.UserAgent,
		r.Details, r.PersonalMAC, r.MAC)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into audit_outbox (log_id) values ($1)`, r.ID)
	return err
}

// Erase takes out of the log what it says about a person beside who did what and when: address, user agent and details
// of the rows about them and by them. The rows stay, and their proofs hold. Call it in the transaction that deletes the
// account and records DeleteAccount for it, without which Verify takes it for tampering. Nothing else changes a row.
func (l *Log) Erase(ctx context.Context, tx db.Querier, userID string) error {
	_, err := tx.ExecContext(ctx, `update audit_logs set address = null, user_agent = null, details = null
		where user_id = $1 or actor_id = $1`, userID)
	if err != nil {
		return fmt.Errorf("erase from the audit log: %w", err)
	}
	return nil
}

// takeHead gives the end of the chain to one transaction at a time; false where another has it.
func takeHead(ctx context.Context, tx db.Querier, skipLocked string) (h Head, mac string, mine bool, err error) {
	err = tx.QueryRowContext(ctx, `select seq, link, mac from audit_head where id = 1 `+skipLocked).Scan(&h.Seq, &h.Link, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		return h, "", false, nil
	}
	return h, mac, err == nil, err
}

func moveHead(ctx context.Context, tx db.Querier, h Head, mac string) error {
	_, err := tx.ExecContext(ctx, `update audit_head set seq = $1, link = $2, mac = $3 where id = 1`, h.Seq, h.Link, mac)
	return err
}

func isWaiting(ctx context.Context, q db.Querier) (bool, error) {
	var waiting bool
	err := q.QueryRowContext(ctx, `select exists (select 1 from audit_outbox)`).Scan(&waiting)
	return waiting, err
}

// waitingRow is a row without a place yet.
type waitingRow struct{ id, mac string }

// selectWaiting leaves out what has a place, or was taken out of the log, whatever somebody put into the outbox.
func selectWaiting(ctx context.Context, tx db.Querier, limit int) ([]waitingRow, error) {
	rows, err := tx.QueryContext(ctx, `select l.id, l.mac from audit_outbox o join audit_logs l on l.id = o.log_id
		where not exists (select 1 from audit_chain c where c.log_id = o.log_id) order by o.log_id limit $1`, limit)
	return db.Collect(rows, err, func(scan func(...any) error) (w waitingRow, err error) { return w, scan(&w.id, &w.mac) })
}

// place is one of the chain.
type place struct {
	seq         int64
	logID, link string
}

func insertPlaces(ctx context.Context, tx db.Querier, places []place) error {
	var values strings.Builder
	args := make([]any, 0, 3*len(places))
	for i, p := range places {
		if i > 0 {
			values.WriteString(", ")
		}
		_, _ = fmt.Fprintf(&values, "($%d, $%d, $%d)", 3*i+1, 3*i+2, 3*i+3)
		args = append(args, p.seq, p.logID, p.link)
	}
	_, err := tx.ExecContext(ctx, `insert into audit_chain (seq, log_id, link) values `+values.String(), args...)
	return err
}

func deleteSealed(ctx context.Context, tx db.Querier) error {
	_, err := tx.ExecContext(ctx, `delete from audit_outbox where exists (select 1 from audit_chain c where c.log_id = audit_outbox.log_id)`)
	return err
}
