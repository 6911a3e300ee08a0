package keys

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Pass is what one reading of all columns came to.
type Pass struct {
	Resealed   int
	Unreadable int    // values that no key opens: they were changed, moved or copied from elsewhere
	First      string // the column of the first of those
}

// batch is how many values are sealed anew in one transaction: so few that others hardly wait.
const batch = 100

// Reseal reads every value that is not sealed with the current key, and seals it with that. Each value is changed only if
// it is still what was read, so that it may run beside the server, beside itself, and again after it was killed. It tells
// after each batch how many it has done.
func (s *Service) Reseal(ctx context.Context, progress func(done int)) (Pass, error) {
	var p Pass
	for _, c := range s.Columns {
		for after := ""; ; {
			values, err := s.outdated(ctx, c, after)
			if err != nil {
				return p, fmt.Errorf("read %v: %w", c, err)
			}
			if len(values) == 0 {
				break
			}
			after = values[len(values)-1].row
			if err := s.resealBatch(ctx, c, values, &p); err != nil {
				return p, fmt.Errorf("seal %v anew: %w", c, err)
			}
			progress(p.Resealed)
		}
	}
	return p, nil
}

// value is a sealed one with its place.
type value struct{ row, user, sealed string }

// outdated gives the next values in the order of their rows.
func (s *Service) outdated(ctx context.Context, c vault.Column, after string) ([]value, error) {
	args := []any{vault.Prefix(s.Keyring.Current()) + "%"}
	next := ""
	if after != "" {
		args, next = append(args, after), " and "+c.Row+" > $2"
	}
	query := fmt.Sprintf("select %s, %s, %s from %s where %s not like $1%s order by %s limit %d", // #nosec G201 -- names from our own list
		c.Row, c.User, c.Column, c.Table, c.Column, next, c.Row, batch)
	rows, err := s.DB.Read().QueryContext(ctx, query, args...)
	return db.Collect(rows, err, func(scan func(...any) error) (v value, err error) { return v, scan(&v.row, &v.user, &v.sealed) })
}

func (s *Service) resealBatch(ctx context.Context, c vault.Column, values []value, p *Pass) error {
	next := make([]string, len(values)) // sealed before the transaction, which is short then
	for i, v := range values {
		plain, err := s.Keyring.Open(v.sealed, c.Place(v.row, v.user))
		if err == nil {
			next[i] = s.Keyring.Seal(plain, c.Place(v.row, v.user))
			continue
		}
		if p.Unreadable++; p.First == "" {
			p.First = c.String()
		}
	}
	query := fmt.Sprintf("update %s set %s = $1 where %s = $2 and %s = $3", c.Table, c.Column, c.Row, c.Column) // #nosec G201 -- names from our own list
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i, v := range values {
			if next[i] == "" {
				continue
			}
			res, err := tx.ExecContext(ctx, query, next[i], v.row, v.sealed)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			p.Resealed += int(n)
		}
		return nil
	})
}
