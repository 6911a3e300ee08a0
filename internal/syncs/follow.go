package syncs

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

// State is how far a sync is, or the reading of one connection in it.
type State string

// The states. Only a whole sync can be partial: some of its connections were read, and others could not be.
const (
	Queued  State = "queued" // also between two tries
	Running State = "running"
	Done    State = "done"
	Partial State = "partial"
	Failed  State = "failed"
)

// Sync is a sync that somebody asked for, to be followed until FinishedAt is there. Those that come round by themselves
// are not kept: how they went stands with each connection.
type Sync struct {
	ID          string       `json:"id"`
	State       State        `json:"state" enum:"queued,running,done,partial,failed"`
	CreatedAt   time.Time    `json:"createdAt"`
	FinishedAt  *time.Time   `json:"finishedAt" doc:"Null while a connection is still to be read"`
	Connections []Connection `json:"connections" doc:"Those that are read for it, less those that were deleted since"`
}

// Connection is one connection in a sync.
type Connection struct {
	ConnectionID string     `json:"connectionId"`
	Provider     string     `json:"provider"`
	ProviderName string     `json:"providerName"`
	State        State      `json:"state" enum:"queued,running,done,failed"`
	Error        *Problem   `json:"error" doc:"Why the last try failed; with the state queued it is tried again by itself"`
	StartedAt    *time.Time `json:"startedAt"`
	FinishedAt   *time.Time `json:"finishedAt"`
	Positions    *int       `json:"positions" doc:"How many were read; null before"`
	Transactions *int       `json:"transactions" doc:"How many are new or changed; null where the brokerage was asked for none"`
}

// Problem is why a connection could not be read.
type Problem struct {
	Code    fault.Kind `json:"code"`
	Message string     `json:"message"`
}

// SyncOf is one of the user's syncs. NotFound when it is none of theirs, or was forgotten.
func (s *Service) SyncOf(ctx context.Context, userID, id string) (Sync, error) {
	all, err := s.syncs(ctx, func(q db.Querier) ([]Sync, error) { return findSync(ctx, q, userID, id) })
	if err != nil {
		return Sync{}, err
	}
	if len(all) == 0 {
		return Sync{}, fault.New(fault.NotFound, "there is no such sync, or it is more than a week ago")
	}
	return all[0], nil
}

// Syncs lists the user's syncs, newest first; next is the cursor of the page after this one, empty on the last.
func (s *Service) Syncs(ctx context.Context, userID string, limit int, cursor string) (all []Sync, next string, err error) {
	before, err := db.Before(cursor)
	if err != nil {
		return nil, "", err
	}
	all, err = s.syncs(ctx, func(q db.Querier) ([]Sync, error) { return listSyncs(ctx, q, userID, before, limit+1) })
	if err == nil && len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	return all, next, err
}

// syncs reads syncs with their connections from one picture of the database, so that no job ends between the looks.
func (s *Service) syncs(ctx context.Context, read func(q db.Querier) ([]Sync, error)) (all []Sync, err error) {
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
				all[i].Connections = append(all[i].Connections, l.Connection)
			}
			all[i].addUp()
		}
		return nil
	})
	return all, err
}

// syncLine is a connection in a sync, with what is known of the connection itself.
type syncLine struct {
	Connection
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
		l.State, l.FinishedAt = Failed, new(l.problem.At)
		l.Error = &Problem{l.problem.Code, l.problem.Message}
	case l.status == connection.Active && l.syncedAt.Valid && asked.Sub(l.syncedAt.Time) < joined:
		l.State, l.FinishedAt, l.Error = Done, new(l.syncedAt.Time.UTC()), nil
	default:
		l.State, l.FinishedAt = Failed, new(asked)
		l.Error = &Problem{fault.Internal, "the reading was given up on our side; ask again"}
	}
	if l.StartedAt != nil && l.FinishedAt.Before(*l.StartedAt) {
		l.FinishedAt = l.StartedAt
	}
}

// addUp makes the whole of the parts.
func (s *Sync) addUp() {
	n := map[State]int{}
	last := s.CreatedAt
	for _, c := range s.Connections {
		n[c.State]++
		if c.FinishedAt != nil && c.FinishedAt.After(last) {
			last = *c.FinishedAt
		}
	}
	switch all := len(s.Connections); {
	case n[Queued] == all && all > 0:
		s.State = Queued
	case n[Queued]+n[Running] > 0:
		s.State = Running
	case n[Failed] == 0:
		s.State = Done
	case n[Done] == 0:
		s.State = Failed
	default:
		s.State = Partial
	}
	if n[Queued]+n[Running] == 0 {
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
	return markUnread(ctx, tx, connectionID, Problem{f.Kind, f.Message}, permanent || job.LastTry(ctx), db.Time(s.Now()))
}

// keptSyncs is how long syncs can be looked at.
const keptSyncs = 7 * 24 * time.Hour

// Tidy is a period's work: it forgets the syncs of more than a week ago.
func (s *Service) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	return deleteSyncs(ctx, tx, db.Time(slot.Add(-keptSyncs)))
}
