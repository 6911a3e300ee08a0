package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// Backlog is how far the work is behind.
type Backlog struct {
	Due     int           // jobs that could be done now
	Overdue time.Duration // how long the oldest of them could have been done
	Lost    int           // jobs whose worker no longer speaks, and which nobody else has taken
	// Still is how long ago this process looked for work last, by the machine's clock: the moments between two looks.
	Still time.Duration
}

// lostAfter is how long ago a lease ended of a job that is lost: another worker takes it at once, unless there is none.
const lostAfter = 10 * time.Second

// Backlog tells how far the work is behind, apart from the jobs of lanes that take their time. Of a queue that does not run
// Still is the time since it was made.
func (q *Queue) Backlog(ctx context.Context, apart ...string) (Backlog, error) {
	now := db.Time(q.Now())
	b := Backlog{Still: time.Since(q.began) - time.Duration(q.lookedAt.Load())}
	where, lanes := (&lane{names: apart, others: true}).where(2)
	due := `from jobs where state in ('queued', 'running') and state = 'queued' and run_at <= $1 and ` + where
	args := append([]any{now}, lanes...)
	var oldest time.Time
	err := q.DB.Read().QueryRowContext(ctx, `select run_at `+due+` order by run_at limit 1`, args...).Scan(&oldest)
	switch {
	case err == nil:
		b.Overdue = now.Sub(oldest)
		err = q.DB.Read().QueryRowContext(ctx, `select count(*) `+due, args...).Scan(&b.Due)
	case errors.Is(err, sql.ErrNoRows):
		err = nil
	}
	if err == nil {
		err = q.DB.Read().QueryRowContext(ctx, `select count(*) from jobs where state in ('queued', 'running') and state = 'running' and run_at <= $1`,
			now.Add(-lostAfter)).Scan(&b.Lost)
	}
	if err != nil {
		return b, fmt.Errorf("count what is left to do: %w", err)
	}
	return b, nil
}
