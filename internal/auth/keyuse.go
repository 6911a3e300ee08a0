package auth

import (
	"context"
	"database/sql"
	"time"
)

const (
	// keyUseEvery is how often it is written down that a key is in use.
	keyUseEvery = time.Minute
	// maxKeyUses wait to be written; what comes on top is forgotten, since the next use will say the same.
	maxKeyUses = 256
	// keyUsePatience is how long one of them may take.
	keyUsePatience = 5 * time.Second
)

// keyUse is a use of an API key that is to be written down.
type keyUse struct {
	id string
	at time.Time
}

// noteUse leaves it to Run to write down a use, where that is due: who asks must not wait for a writer.
func (s *Service) noteUse(id string, last *time.Time, now time.Time) {
	if last != nil && now.Sub(*last) < keyUseEvery {
		return
	}
	select {
	case s.uses <- keyUse{id, now}:
	default:
	}
}

// Run writes down when API keys were used, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case use := <-s.uses:
			if err := s.writeUse(ctx, use); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "write down when an API key was used", "error", err)
			}
		}
	}
}

// writeUse changes nothing where another process was as quick.
func (s *Service) writeUse(ctx context.Context, use keyUse) error {
	ctx, cancel := context.WithTimeout(ctx, keyUsePatience)
	defer cancel()
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)`,
			use.id, use.at, use.at.Add(-keyUseEvery))
		return err
	})
}
