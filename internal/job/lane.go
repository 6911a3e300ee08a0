package job

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// lane is jobs that share workers.
type lane struct {
	// names are the lane's name or, where others is set, those of all other lanes.
	names  []string
	others bool
	// busy has an entry for every job in hand.
	busy chan struct{}
	// more says that as many jobs were due as there were free workers, so that one who is done finds the next at once.
	more atomic.Bool
}

// lanes are those of Lanes and, first, that of all other jobs.
func (q *Queue) lanes() []*lane {
	names := slices.Sorted(maps.Keys(q.Lanes))
	all := []*lane{{names: names, others: true, busy: make(chan struct{}, q.Workers)}}
	for _, name := range names {
		all = append(all, &lane{names: []string{name}, busy: make(chan struct{}, q.Lanes[name])})
	}
	return all
}

// leave frees a worker.
func (l *lane) leave(freed chan<- struct{}) {
	<-l.busy
	if !l.more.Load() {
		return
	}
	select {
	case freed <- struct{}{}:
	default: // somebody said so already
	}
}

// where is the condition of the lane's jobs, its placeholders numbered from first on.
func (l *lane) where(first int) (condition string, args []any) {
	if len(l.names) == 0 {
		return "true", nil
	}
	for _, name := range l.names {
		args = append(args, name)
	}
	not := ""
	if l.others {
		not = "not "
	}
	return "lane " + not + "in (" + db.Placeholders(first, len(l.names)) + ")", args
}

// claim takes as many due jobs of a lane as it has free workers. Looking comes first and writes nothing, so an idle queue
// costs the writer nothing.
func (q *Queue) claim(ctx context.Context, l *lane) []row {
	n := cap(l.busy) - len(l.busy)
	if n == 0 || ctx.Err() != nil {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	now := db.Time(q.Now())
	due, err := anyDue(bounded, q.DB.Read(), l, now)
	if err != nil || !due {
		l.more.Store(false)
		q.logUnlessDone(ctx, "look for due jobs", err)
		return nil
	}
	var claimed []row
	err = q.DB.Tx(bounded, func(tx *sql.Tx) (err error) {
		if err := buryLost(bounded, tx, now); err != nil {
			return err
		}
		claimed, err = claimDue(bounded, tx, q.DB.SkipLocked(), l, now, now.Add(q.Lease), n)
		return err
	})
	if err != nil {
		q.logUnlessDone(ctx, "claim jobs", err)
		return nil
	}
	l.more.Store(len(claimed) == n)
	return claimed
}

type lastTryKey struct{}

// LastTry tells a handler that its job is not tried again should this try fail. Outside of a job it is false.
func LastTry(ctx context.Context) bool {
	last, _ := ctx.Value(lastTryKey{}).(bool)
	return last
}

// Open tells whether a Unique job of the kind and key waits or runs.
func (q *Queue) Open(ctx context.Context, from db.Querier, kind, key string) (bool, error) {
	open, err := isOpen(ctx, from, kind, key)
	if err != nil {
		return false, fmt.Errorf("look for a job: %w", err)
	}
	return open, nil
}
