package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// position is how far a server has come, and which database it serves.
type position struct {
	recovering bool  // whether it replays what another server wrote
	lsn        int64 // up to where the log is safe or, while it recovers, replayed
	now        time.Time
	replayed   sql.NullTime // when the last transaction that was replayed was committed, by its own server's clock
	database   int64        // within the installation, of which a copy has it
	timeline   string       // of a server that does not recover: another one since it was promoted
	system     int64        // of the installation and its copies; 0 where we may not know
}

const positionOf = `
	select pg_is_in_recovery(), clock_timestamp(), pg_last_xact_replay_timestamp(),
		(coalesce(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end, '0/0') - '0/0'::pg_lsn)::bigint,
		(select oid::bigint from pg_database where datname = current_database()),
		case when pg_is_in_recovery() then '' else left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) end`

func positionAt(ctx context.Context, eye *sql.DB) (p position, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	err = eye.QueryRowContext(ctx, positionOf).Scan(&p.recovering, &p.now, &p.replayed, &p.lsn, &p.database, &p.timeline)
	if err != nil {
		return p, err
	}
	err = eye.QueryRowContext(ctx, `select system_identifier from pg_control_system()`).Scan(&p.system)
	if pg, answered := errors.AsType[*pgconn.PgError](err); answered && pg.Code == "42501" {
		err = nil // an operator may have closed that to us
	}
	return p, err
}

// isCopyOf tells whether what a replica says can be held against what the primary says. A copy that was promoted goes its
// own way, and of one that is made row by row nothing tells how old it is.
func (p position) isCopyOf(primary position) bool {
	switch {
	case p.database != primary.database, p.system != 0 && primary.system != 0 && p.system != primary.system:
		return false
	}
	return p.recovering || p.timeline == primary.timeline
}

// look asks both servers how far they have come.
func (r *replica) look(ctx context.Context) *ReplicaState {
	asked := time.Now()
	primary, silent := positionAt(ctx, r.eyes.primary)
	began := time.Now()
	copied, err := positionAt(ctx, r.eyes.replica)
	s := &ReplicaState{Err: err, Latency: time.Since(began)}
	if err == nil && silent == nil && !copied.isCopyOf(primary) {
		s.Err = ErrNoReplica
	}
	switch {
	case s.Err != nil:
		r.progress = progress{} // it may come back with less
	case silent == nil:
		r.progress.note(asked, primary, copied)
	}
	if s.Err == nil && r.progress.asOf.IsZero() {
		s.Err = ErrReplicaUnknown
	}
	if s.asOf = r.progress.asOf; r.progress.behind {
		s.Lag = time.Since(s.asOf)
	}
	return s
}

// progress is what is known of how far a replica has come. Each look tells where the primary is; when the replica is there,
// it has everything that was committed before that look. So a primary that writes nothing does not make it late, and one
// that it has lost does as soon as it writes, whatever either believes of their connection.
type progress struct {
	asOf     time.Time // everything committed by then is there; zero where that is not known
	behind   bool      // whether it lacked something at the last look
	mark     int64     // where the primary was at a look, and the replica has not been seen since; 0 for nowhere
	markedAt time.Time
	last     int64 // where the replica was
}

// note takes in what both said, the primary asked first, at a time of ours.
func (g *progress) note(asked time.Time, primary, copied position) {
	if copied.lsn < g.last { // it has begun anew, from an older state
		*g = progress{}
	}
	g.last, g.behind = copied.lsn, copied.lsn < primary.lsn
	switch {
	case !g.behind:
		g.asOf, g.mark = asked, 0
		return
	case g.mark == 0:
		g.mark, g.markedAt = primary.lsn, asked
	case copied.lsn >= g.mark:
		g.asOf, g.mark, g.markedAt = latest(g.asOf, g.markedAt), primary.lsn, asked
	}
	if !copied.recovering || !copied.replayed.Valid {
		return
	}
	// The last commit that is there tells the same, and more exactly where there are many. Both times are the primary's.
	lag := primary.now.Sub(copied.replayed.Time)
	g.asOf = latest(g.asOf, asked.Add(-max(lag, 0)))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
