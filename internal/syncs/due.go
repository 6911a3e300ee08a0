package syncs

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// lastRound is how long after the bell everybody is still read: the slot at which prices have settled brings the closing
// ones, and the one after it is a second chance.
const lastRound = 30 * time.Minute

// Due is the periodic sync, to be called for the slots of every quarter of an hour, at night as well: a job for each
// connection of everyone's that may have news, save those that need their owners first. While New York is open, and until
// half an hour after its close, that is each; at other times each that holds crypto, and each that has not been read since
// the close: the brokerage was down, or this server was.
func (s *Service) Due(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	ids, err := s.Connections.Due(ctx, tx)
	if err != nil {
		return err
	}
	if !everybodyDue(slot) {
		crypto, err := cryptoConnections(ctx, tx)
		if err != nil {
			return err
		}
		behind, err := s.Connections.Behind(ctx, tx, calendar.Settled(calendar.LastClose(slot)))
		if err != nil {
			return err
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return !crypto[id] && !slices.Contains(behind, id) })
	}
	return s.enqueue(ctx, tx, ids...)
}

// everybodyDue tells whether all connections are read in the slot, and not only those that hold crypto: while New York
// is open, and from the closing bell until prices have settled.
func everybodyDue(slot time.Time) bool {
	return calendar.Open(slot) || slot.Sub(calendar.LastClose(slot)) <= lastRound
}
