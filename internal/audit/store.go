package audit

import (
	"context"
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
	return err
}

// optional is nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// value is empty for nil.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// cut is s as text, of at most n bytes.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
