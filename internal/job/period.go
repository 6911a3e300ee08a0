package job

import (
	"context"
	"database/sql"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// period is work that comes round by itself.
type period struct {
	name  string
	every time.Duration
	do    func(ctx context.Context, tx *sql.Tx, slot time.Time) error
	// tried is the last slot this process proposed, so that it asks the database once a slot.
	tried time.Time
}

// Every does fn once in each slot of the given length, whatever number of processes propose it: the slot's row and fn's
// effects commit together. fn should only enqueue jobs, or nothing where the slot is none of its own. A slot during which
// no process ran is left out. An error or a panic of fn is logged, and the slot tried again. Slots begin at whole
// multiples of every.
func (q *Queue) Every(name string, every time.Duration, fn func(ctx context.Context, tx *sql.Tx, slot time.Time) error) {
	q.periods = append(q.periods, period{name: name, every: every, do: fn})
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
		if err := q.openSlot(ctx, p, slot); err == nil { // else it is tried again at the next poll
			p.tried = slot
		}
	}
}

// openSlot does a period's work, unless another process had the slot. What it adds has a correlation id in common.
func (q *Queue) openSlot(ctx context.Context, p *period, slot time.Time) error {
	ctx, span := q.Tracer.Begin(telemetry.WithCorrelation(ctx, db.NewID()), "period "+p.name, trace.Internal, "")
	span.Text("correlation_id", telemetry.Correlation(ctx))
	outcome := "opened"
	bounded, cancel := context.WithTimeout(ctx, slotTime)
	defer cancel()
	err := q.DB.Tx(bounded, func(tx *sql.Tx) error {
		mine, err := takeSlot(bounded, tx, p.name, slot)
		if err != nil {
			return err
		}
		if !mine {
			outcome = "taken"
			return nil
		}
		return guard("the period's function", func() error { return p.do(bounded, tx, slot) })
	})
	if err != nil {
		outcome = "failed"
		q.logUnlessDone(ctx, "open a slot of "+p.name, err)
	}
	q.Metrics.CameRound(p.name, outcome)
	span.End(fault.NameOf(err))
	return err
}

// How long jobs that are over and past slots can be looked at. Dead jobs are what somebody may have to look into.
const (
	kept     = 7 * 24 * time.Hour
	keptDead = 30 * 24 * time.Hour
)

// Tidy is a period's work: it deletes the jobs that were done a week ago, those that died thirty days ago, and the
// slots of more than a week ago.
func (q *Queue) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	if err := deleteEnded(ctx, tx, done, slot.Add(-kept)); err != nil {
		return err
	}
	if err := deleteEnded(ctx, tx, dead, slot.Add(-keptDead)); err != nil {
		return err
	}
	return deleteSlots(ctx, tx, slot.Add(-kept))
}
