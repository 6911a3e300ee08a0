// Package syncs keeps what is stored of people's accounts in step with their brokerages: who is read when, and how that went.
package syncs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/reading"
)

// Service has brokerages read. Every field is required.
type Service struct {
	DB          *db.DB
	Connections *connection.Service
	Jobs        *job.Queue
	Now         func() time.Time
	// Audit records who asked for a sync; how it went is recorded by Connections.
	Audit *audit.Log
}

// SyncConnection is the job of reading one connection.
type SyncConnection struct {
	ConnectionID string `json:"connectionId"`
}

// Kind names the job.
func (SyncConnection) Kind() string { return "sync_connection" }

// Sync reads a connection and makes the stored holdings what the brokerage reports, all or nothing. When that fails the
// last known rows stay and the reason is kept with the connection; the error is returned for the job to be tried again,
// as permanent where only the connection's owner can help. A connection that is gone is no error.
func (s *Service) Sync(ctx context.Context, args SyncConnection) error {
	link, err := s.Connections.Link(ctx, args.ConnectionID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx = audit.For(ctx, link.UserID)
	started := s.Now()
	if err := s.reading(ctx, link.ID, started); err != nil {
		return err
	}
	accounts, err := reading.Read(ctx, s.DB.Read(), s.Connections, link, s.Now)
	if err == nil {
		err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
			found, err := reading.Store(ctx, tx, s.Connections, link, accounts, started, s.Now())
			if err != nil {
				return err
			}
			return s.readWell(ctx, tx, link.ID, found)
		})
	}
	if err != nil {
		return s.failed(ctx, link, started, err)
	}
	return nil
}

// failed records the failure and says what the job has to do about it.
func (s *Service) failed(ctx context.Context, link connection.Link, started time.Time, cause error) error {
	if ctx.Err() != nil { // we are stopping: that says nothing about the connection
		return cause
	}
	var recorded bool
	err := s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if recorded, err = s.Connections.Failed(ctx, tx, link, started, cause); err != nil {
			return err
		}
		return s.readBadly(ctx, tx, link.ID, cause, recorded && fault.Is(cause, fault.ReauthorizationRequired))
	})
	cause = errors.Join(fmt.Errorf("sync connection %s: %w", link.ID, cause), err)
	// Credentials that were renewed while the old ones failed deserve the retry.
	if recorded && fault.Is(cause, fault.ReauthorizationRequired) {
		return job.Permanent(cause)
	}
	return cause
}

// SyncNow has one of the user's connections read soon, and gives the id by which SyncOf follows that. One that is being
// read, or waits to be, is not read twice: whoever asks meanwhile follows the same reading. NotFound when the connection
// is none of theirs.
func (s *Service) SyncNow(ctx context.Context, userID, connectionID string) (syncID string, err error) {
	if _, err := s.Connections.Get(ctx, userID, connectionID); err != nil {
		return "", err
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		syncID, err = s.request(ctx, tx, audit.Event{UserID: userID, Target: connectionID}, connectionID)
		return err
	})
	return syncID, err
}

// SyncAll has all of the user's connections read soon; it gives the id by which SyncOf follows that, and tells how many
// there are.
func (s *Service) SyncAll(ctx context.Context, userID string) (syncID string, n int, err error) {
	connections, err := s.Connections.List(ctx, userID)
	if err != nil {
		return "", 0, err
	}
	ids := make([]string, len(connections))
	for i, c := range connections {
		ids[i] = c.ID
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if len(ids) == 0 { // done before it began
			syncID, err = s.begin(ctx, tx, userID)
			return err
		}
		syncID, err = s.request(ctx, tx, audit.Event{UserID: userID, Details: map[string]string{"connections": strconv.Itoa(len(ids))}}, ids...)
		return err
	})
	return syncID, len(ids), err
}

// request has connections read for somebody who waits for it, and records that.
func (s *Service) request(ctx context.Context, tx db.Querier, e audit.Event, ids ...string) (syncID string, err error) {
	e.Action = audit.RequestSync
	if err := s.Audit.Record(ctx, tx, e); err != nil {
		return "", err
	}
	slices.Sort(ids) // whose rows are taken in one order wait for each other in no circle
	if err := s.Connections.SyncRequested(ctx, tx, ids...); err != nil {
		return "", err
	}
	if syncID, err = s.begin(ctx, tx, e.UserID, ids...); err != nil {
		return "", err
	}
	return syncID, s.enqueue(ctx, tx, ids...)
}

// Connected has a connection read that was just made or renewed; it is what connection.Service calls OnConnected.
func (s *Service) Connected(ctx context.Context, tx *sql.Tx, connectionID string) error {
	if err := s.Connections.SyncRequested(ctx, tx, connectionID); err != nil {
		return err
	}
	return s.enqueue(ctx, tx, connectionID)
}

// enqueue adds the jobs in the order of their keys, whatever the caller's, so that two transactions which add the same
// jobs wait for one another but never in a circle.
func (s *Service) enqueue(ctx context.Context, tx db.Querier, connectionIDs ...string) error {
	for _, id := range slices.Sorted(slices.Values(connectionIDs)) {
		provider, err := providerOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := s.Jobs.Add(ctx, tx, SyncConnection{id}, job.Unique(id), job.Lane(Lane(provider))); err != nil {
			return err
		}
	}
	return nil
}

// Lane is the lane of the job queue in which connections to a brokerage are read: a brokerage that is slow keeps no other
// waiting, and none is asked by more workers than its lane has.
func Lane(provider string) string { return "sync " + provider }
