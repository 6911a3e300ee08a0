package job

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// period is work that comes round by itself.
type period struct {
	name  string
	every time.Duration
	due   func(time.Time) bool
	do    func(ctx context.Context, tx *sql.Tx, slot time.Time) error
	// tried is the last slot this process proposed, so that it asks the database once a slot.
	tried time.Time
}

// Every does fn once in each slot of the given length for which due says yes, whatever number of processes propose it:
// the slot's row and fn's effects commit together. fn should only enqueue jobs. A slot during which no process ran is
// left out. Slots begin at whole multiples of every.
func (q *Queue) Every(name string, every time.Duration, due func(slot time.Time) bool,
	fn func(ctx context.Context, tx *sql.Tx, slot time.Time) error,
) {
	q.periods = append(q.periods, period{name: name, every: every, due: due, do: fn})
}

// openSlots proposes the present slot of every period.
func (q *Queue) openSlots(ctx context.Context) {
	now := q.Now()
	for i := range q.periods {
		p := &q.periods[i]
		slot := db.Time(now.Truncate(p.every))
		if slot.Equal(p.tried) || ctx.Err() != nil {
			continue
		}
		if !p.due(slot) {
			p.tried = slot
			continue
		}
		err := q.DB.Tx(ctx, func(tx *sql.Tx) error {
			mine, err := takeSlot(ctx, tx, p.name, slot)
			if err != nil || !mine {
				return err
			}
			return p.do(ctx, tx, slot)
		})
		if err != nil { // tried again at the next poll
			q.logUnlessDone(ctx, "open a slot of "+p.name, err)
			continue
		}
		p.tried = slot
	}
}

// kept is how long finished jobs and past slots can be looked at. Dead jobs stay.
const kept = 7 * 24 * time.Hour

// Tidy is a period's work: it deletes what was finished a week ago.
func (q *Queue) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	return deleteBefore(ctx, tx, slot.Add(-kept))
}
