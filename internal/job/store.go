package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/metrics"
)

// The states of a job. Dead ones are kept for a while to be seen.
const (
	queued  = "queued"
	running = "running"
	done    = "done"
	dead    = "dead"
)

// row is one job as a worker sees it.
type row struct {
	ID          string
	Kind        string
	Args        json.RawMessage
	UniqueKey   sql.NullString
	Attempt     int
	MaxAttempts int
	Lane        string
}

// outcome is how one attempt ended.
type outcome struct {
	state      string
	runAt      time.Time
	finishedAt sql.NullTime
	lastError  sql.NullString
	refund     int // attempts given back
	restUntil  sql.NullTime
}

// name is what an attempt's end is called where it is counted.
func (o outcome) name() string {
	switch {
	case o.refund > 0:
		return "stopped"
	case o.state == queued:
		return "retried"
	}
	return o.state
}

// insert adds the job, or has the one of its unique key that waits for a later try start now. The id that comes back
// tells which: rows affected count both.
func insert(ctx context.Context, tx db.Querier, r row, now time.Time) (added bool, err error) {
	var id string
	err = tx.QueryRowContext(ctx, `
		insert into jobs (id, kind, args, unique_key, state, run_at, attempt, max_attempts, lane, created_at)
		values ($1, $2, $3, $4, 'queued', $5, 0, $6, $7, $5)
		on conflict (kind, unique_key) where state in ('queued', 'running')
		do update set run_at = case when jobs.rest_until > excluded.run_at then jobs.rest_until else excluded.run_at end
			where jobs.state = 'queued' and jobs.run_at > excluded.run_at
		returning id`,
		r.ID, r.Kind, string(r.Args), r.UniqueKey, now, r.MaxAttempts, r.Lane).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) { // the one that is there runs, or is due already
		return false, nil
	}
	return id == r.ID, err
}

func anyDue(ctx context.Context, q db.Querier, l *lane, now time.Time) (due bool, err error) {
	where, lanes := l.where(2)
	err = q.QueryRowContext(ctx, `
		select exists (select 1 from jobs where state in ('queued', 'running') and run_at <= $1 and `+where+`)`,
		append([]any{now}, lanes...)...).Scan(&due)
	return due, err
}

// buryLost ends jobs that took their worker down on the last attempt they had.
func buryLost(ctx context.Context, tx db.Querier, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update jobs set state = 'dead', finished_at = $1, last_error = 'its worker died each time'
		where state = 'running' and run_at <= $1 and attempt >= max_attempts`, now)
	return err
}

// claimDue takes jobs of a lane that are due, and running ones whose lease ran out.
func claimDue(ctx context.Context, tx db.Querier, skipLocked string, l *lane, now, lease time.Time, n int) ([]row, error) {
	where, lanes := l.where(4)
	rows, err := tx.QueryContext(ctx, `
		update jobs set state = 'running', attempt = attempt + 1, run_at = $2
		where id in (
			select id from jobs where state in ('queued', 'running') and run_at <= $1 and `+where+`
			order by run_at limit $3 `+skipLocked+`)
		returning id, kind, args, attempt, max_attempts`, append([]any{now, lease, n}, lanes...)...)
	return db.Collect(rows, err, func(scan func(...any) error) (r row, err error) {
		var args string
		err = scan(&r.ID, &r.Kind, &args, &r.Attempt, &r.MaxAttempts)
		r.Args = json.RawMessage(args)
		return r, err
	})
}

// extend moves the lease of an attempt; false means that the attempt has ended or another worker has the job.
func extend(ctx context.Context, tx db.Querier, r row, until time.Time) (mine bool, err error) {
	res, err := tx.ExecContext(ctx, `
		update jobs set run_at = $3 where id = $1 and attempt = $2 and state = 'running'`, r.ID, r.Attempt, until)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// conclude ends an attempt, unless another worker has taken the job since.
func conclude(ctx context.Context, tx db.Querier, r row, o outcome) error {
	_, err := tx.ExecContext(ctx, `
		update jobs set state = $3, run_at = $4, finished_at = $5, last_error = $6, attempt = attempt - $7, rest_until = $8
		where id = $1 and attempt = $2 and state = 'running'`,
		r.ID, r.Attempt, o.state, o.runAt, o.finishedAt, o.lastError, o.refund, o.restUntil)
	return err
}

// takeSlot lets one process have a slot.
func takeSlot(ctx context.Context, tx db.Querier, name string, slot time.Time) (mine bool, err error) {
	res, err := tx.ExecContext(ctx, `
		insert into job_slots (name, slot) values ($1, $2) on conflict do nothing`, name, slot)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func deleteEnded(ctx context.Context, tx db.Querier, state string, before time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from jobs where state = $1 and finished_at < $2`, state, before)
	return err
}

func deleteSlots(ctx context.Context, tx db.Querier, before time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from job_slots where slot < $1`, before)
	return err
}

func isOpen(ctx context.Context, q db.Querier, kind, key string) (open bool, err error) {
	err = q.QueryRowContext(ctx, `
		select exists (select 1 from jobs where kind = $1 and unique_key = $2 and state in ('queued', 'running'))`, kind, key).Scan(&open)
	return open, err
}

// Waiting counts the jobs that are due and in nobody's hands, of all lanes and for all processes together. Kinds that are
// handled here are there also when none waits.
func (q *Queue) Waiting(ctx context.Context) ([]metrics.Waiting, error) {
	now := db.Time(q.Now())
	rows, err := q.DB.Read().QueryContext(ctx, `
		select kind, run_at, n from (
			select kind, run_at, count(*) over (partition by kind) as n, row_number() over (partition by kind order by run_at) as place
			from jobs where state = 'queued' and run_at <= $1) as due
		where place = 1`, now)
	waiting, err := db.Collect(rows, err, func(scan func(...any) error) (w metrics.Waiting, err error) {
		var since time.Time
		err = scan(&w.Kind, &since, &w.Jobs)
		w.Oldest = now.Sub(since)
		return w, err
	})
	if err != nil {
		return nil, fmt.Errorf("count waiting jobs: %w", err)
	}
	for _, kind := range q.Kinds() {
		if !slices.ContainsFunc(waiting, func(w metrics.Waiting) bool { return w.Kind == kind }) {
			waiting = append(waiting, metrics.Waiting{Kind: kind})
		}
	}
	return waiting, nil
}

// AddedSince counts the jobs of a kind that were added since a time. Those that were done a week ago are not there.
func AddedSince(ctx context.Context, q db.Querier, args Args, since time.Time) (n int, err error) {
	err = q.QueryRowContext(ctx, `select count(*) from jobs where kind = $1 and created_at >= $2`, args.Kind(), since).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count jobs: %w", err)
	}
	return n, nil
}
