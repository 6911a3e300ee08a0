package portfolio

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/reading"
)

// SyncState is how far a sync is, or the reading of one connection in it.
type SyncState string

// The states. Only a whole sync can be partial: some of its connections were read, and others could not be.
const (
	SyncQueued  SyncState = "queued" // also between two tries
	SyncRunning SyncState = "running"
	SyncDone    SyncState = "done"
	SyncPartial SyncState = "partial"
	SyncFailed  SyncState = "failed"
)

// Syncing is a sync that somebody asked for, to be followed until FinishedAt is there. Those that come round by themselves
// are not kept: how they went stands with each connection.
type Syncing struct {
	ID          string              `json:"id"`
	State       SyncState           `json:"state" enum:"queued,running,done,partial,failed"`
	CreatedAt   time.Time           `json:"createdAt"`
	FinishedAt  *time.Time          `json:"finishedAt" doc:"Null while a connection is still to be read"`
	Connections []SyncingConnection `json:"connections" doc:"Those that are read for it, less those that were deleted since"`
}

// SyncingConnection is one connection in a sync.
type SyncingConnection struct {
	ConnectionID string       `json:"connectionId"`
	Provider     string       `json:"provider"`
	ProviderName string       `json:"providerName"`
	State        SyncState    `json:"state" enum:"queued,running,done,failed"`
	Error        *SyncProblem `json:"error" doc:"Why the last try failed; with the state queued it is tried again by itself"`
	StartedAt    *time.Time   `json:"startedAt"`
	FinishedAt   *time.Time   `json:"finishedAt"`
	Positions    *int         `json:"positions" doc:"How many were read; null before"`
	Transactions *int         `json:"transactions" doc:"How many are new or changed; null where the brokerage was asked for none"`
}

// SyncProblem is why a connection could not be read.
type SyncProblem struct {
	Code    fault.Kind `json:"code"`
	Message string     `json:"message"`
}

// SyncOf is one of the user's syncs. NotFound when it is none of theirs, or was forgotten.
func (s *Service) SyncOf(ctx context.Context, userID, id string) (Syncing, error) {
	all, err := s.syncs(ctx, func(q db.Querier) ([]Syncing, error) { return findSync(ctx, q, userID, id) })
	if err != nil {
		return Syncing{}, err
	}
	if len(all) == 0 {
		return Syncing{}, fault.New(fault.NotFound, "there is no such sync, or it is more than a week ago")
	}
	return all[0], nil
}

// Syncs lists the user's syncs, newest first; next is the cursor of the page after this one, empty on the last.
func (s *Service) Syncs(ctx context.Context, userID string, limit int, cursor string) (all []Syncing, next string, err error) {
	before, err := db.Before(cursor)
	if err != nil {
		return nil, "", err
	}
	all, err = s.syncs(ctx, func(q db.Querier) ([]Syncing, error) { return listSyncs(ctx, q, userID, before, limit+1) })
	if err == nil && len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	return all, next, err
}

// syncs reads syncs with their connections from one picture of the database, so that no job ends between the looks.
func (s *Service) syncs(ctx context.Context, read func(q db.Querier) ([]Syncing, error)) (all []Syncing, err error) {
	err = s.DB.Snapshot(ctx, func(q db.Querier) (err error) {
		if all, err = read(q); err != nil {
			return err
		}
		for i := range all {
			lines, err := syncLines(ctx, q, all[i].ID)
			if err != nil {
				return err
			}
			for _, l := range lines {
				if l.FinishedAt == nil {
					open, err := s.Jobs.Open(ctx, q, SyncConnection{}.Kind(), l.ConnectionID)
					if err != nil {
						return err
					}
					if !open {
						l.settle(all[i].CreatedAt)
					}
				}
				l.ProviderName = s.Connections.ProviderName(l.Provider)
				all[i].Connections = append(all[i].Connections, l.SyncingConnection)
			}
			all[i].addUp()
		}
		return nil
	})
	return all, err
}

// syncLine is a connection in a sync, with what is known of the connection itself.
type syncLine struct {
	SyncingConnection
	status   connection.Status
	syncedAt sql.NullTime
	problem  *connection.Problem
}

// joined is how long before somebody asked the reading may have begun that they were joined to.
const joined = 5 * time.Minute

// settle ends a line for which nobody works any more. The job it was joined to was just ending, and the connection tells
// how; or its workers died, each time.
func (l *syncLine) settle(asked time.Time) {
	switch {
	case l.problem != nil:
		l.State, l.FinishedAt = SyncFailed, new(l.problem.At)
		l.Error = &SyncProblem{l.problem.Code, l.problem.Message}
	case l.status == connection.Active && l.syncedAt.Valid && asked.Sub(l.syncedAt.Time) < joined:
		l.State, l.FinishedAt, l.Error = SyncDone, new(l.syncedAt.Time.UTC()), nil
	default:
		l.State, l.FinishedAt = SyncFailed, new(asked)
		l.Error = &SyncProblem{fault.Internal, "the reading was given up on our side; ask again"}
	}
	if l.StartedAt != nil && l.FinishedAt.Before(*l.StartedAt) {
		l.FinishedAt = l.StartedAt
	}
}

// addUp makes the whole of the parts.
func (s *Syncing) addUp() {
	n := map[SyncState]int{}
	last := s.CreatedAt
	for _, c := range s.Connections {
		n[c.State]++
		if c.FinishedAt != nil && c.FinishedAt.After(last) {
			last = *c.FinishedAt
		}
	}
	switch all := len(s.Connections); {
	case n[SyncQueued] == all && all > 0:
		s.State = SyncQueued
	case n[SyncQueued]+n[SyncRunning] > 0:
		s.State = SyncRunning
	case n[SyncFailed] == 0:
		s.State = SyncDone
	case n[SyncDone] == 0:
		s.State = SyncFailed
	default:
		s.State = SyncPartial
	}
	if n[SyncQueued]+n[SyncRunning] == 0 {
		s.FinishedAt = &last
	}
}

// begin notes that somebody waits for these connections to be read.
func (s *Service) begin(ctx context.Context, tx db.Querier, userID string, ids ...string) (syncID string, err error) {
	syncID = db.NewID()
	return syncID, insertSync(ctx, tx, syncID, userID, db.Time(s.Now()), ids)
}

// reading notes that a connection is being read, where somebody waits for it.
func (s *Service) reading(ctx context.Context, connectionID string, now time.Time) error {
	waited, err := isWaitedFor(ctx, s.DB.Read(), connectionID)
	if err != nil || !waited {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error { return markReading(ctx, tx, connectionID, db.Time(now)) })
}

// readWell ends the wait for a connection that was read.
func (s *Service) readWell(ctx context.Context, tx db.Querier, connectionID string, f reading.Found) error {
	return markRead(ctx, tx, connectionID, f, db.Time(s.Now()))
}

// readBadly tells those who wait for a connection what went wrong, and ends the wait where it is not tried again.
func (s *Service) readBadly(ctx context.Context, tx db.Querier, connectionID string, cause error, permanent bool) error {
	f := fault.From(cause)
	return markUnread(ctx, tx, connectionID, SyncProblem{f.Kind, f.Message}, permanent || job.LastTry(ctx), db.Time(s.Now()))
}

// keptSyncs is how long syncs can be looked at.
const keptSyncs = 7 * 24 * time.Hour

// TidySyncs is a period's work: it forgets the syncs of more than a week ago.
func (s *Service) TidySyncs(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	return deleteSyncs(ctx, tx, db.Time(slot.Add(-keptSyncs)))
}

// Lane is the lane of the job queue in which connections to a brokerage are read: a brokerage that is slow keeps no other
// waiting, and none is asked by more workers than its lane has.
func Lane(provider string) string { return "sync " + provider }
