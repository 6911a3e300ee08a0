package snapshot

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// When a close's snapshots are taken, after the bell. The prices of the close have come to rest when calendar.Settled
// says so; the sync of that quarter of an hour has another to be through.
const (
	takeAfter = 30 * time.Minute
	// patience is how long is waited for a connection that fails, while its sync is tried again.
	patience = time.Hour
	// lateAfter is when the evening is over for whoever could have been read.
	lateAfter = 75 * time.Minute
	// lastCall is how long before the next bell is waited no more for a connection that nobody tried to read.
	lastCall = 15 * time.Minute
	// maxMissed bounds how many days back missed snapshots are made up for.
	maxMissed = 366
)

// Lane is the lane of the job queue in which snapshots are taken: there can be one for each person at once.
const Lane = "snapshots"

// Close is the job of having everybody's snapshot of a day taken.
type Close struct {
	Day calendar.Day `json:"day"`
}

// Kind names the job.
func (Close) Kind() string { return "snapshots_of_close" }

// Take is the job of taking the snapshots that a person lacks.
type Take struct {
	UserID string `json:"userId"`
}

// Kind names the job.
func (Take) Kind() string { return "take_snapshots" }

// Register says what does the jobs.
func (s *Service) Register() {
	job.Handle(s.Jobs, s.EnqueueAll)
	job.Handle(s.Jobs, s.TakeMissing)
}

// Due is a period's work for the slots of every quarter of an hour, at night as well: where somebody has no snapshot of the
// last close, be it that it was a moment ago, that a connection was waited for, or that no server ran, it is taken now.
func (s *Service) Due(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	closed := lastClose(slot)
	day := calendar.DayOf(closed)
	missing, err := usersWithout(ctx, tx, day, closed, "", 1)
	if err != nil || len(missing) == 0 {
		return err
	}
	_, err = s.Jobs.Add(ctx, tx, Close{day}, job.Unique(day.String()), job.Lane(Lane))
	return err
}

// overdueAfter is how long after a close everybody's snapshot should be there, save of whom something is waited for; and
// looked is how many people are looked at who have none.
const (
	overdueAfter = 2 * time.Hour
	looked       = 20
)

// Overdue tells whether anybody lacks the snapshot of the last close, long after it. It is not about a connection that may
// still be read before the next bell: that is waited for.
func (s *Service) Overdue(ctx context.Context) (bool, error) {
	now := s.Now()
	closed := calendar.LastClose(now.Add(-overdueAfter))
	missing, err := usersWithout(ctx, s.DB.Read(), calendar.DayOf(closed), closed, "", looked)
	if err != nil {
		return false, err
	}
	for _, id := range missing {
		links, err := linksOf(ctx, s.DB.Read(), id)
		if err != nil {
			return false, err
		}
		if !now.Before(calendar.NextOpen(closed)) || !waits(links, closed, now) {
			return true, nil
		}
	}
	return false, nil
}

// lastClose is the last closing bell of which snapshots can be taken.
func lastClose(now time.Time) time.Time { return calendar.LastClose(now.Add(-takeAfter)) }

// batch is how many jobs are added in one transaction, so that others get a turn to write.
const batch = 200

// EnqueueAll adds a job for each person without a snapshot of the day.
func (s *Service) EnqueueAll(ctx context.Context, args Close) error {
	_, closed, ok := calendar.Session(args.Day)
	if !ok {
		return job.Permanent(fmt.Errorf("there was no close on %s", args.Day))
	}
	after := ""
	for {
		var ids []string
		err := s.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			if ids, err = usersWithout(ctx, tx, args.Day, closed, after, batch); err != nil {
				return err
			}
			for _, id := range ids {
				if _, err := s.Jobs.Add(ctx, tx, Take{id}, job.Unique(id), job.Lane(Lane)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(ids) < batch {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// TakeMissing takes each snapshot the person lacks up to the last close, the oldest first. One that has to wait for a
// connection is left to a later slot.
func (s *Service) TakeMissing(ctx context.Context, args Take) error {
	now := s.Now()
	links, err := linksOf(ctx, s.DB.Read(), args.UserID)
	if err != nil || len(links) == 0 {
		return err
	}
	latest, err := latestDay(ctx, s.DB.Read(), args.UserID)
	if err != nil {
		return err
	}
	for _, closed := range missed(links, latest, now) {
		if now.Before(calendar.NextOpen(closed)) && waits(links, closed, now) {
			return nil
		}
		if err := s.take(ctx, args.UserID, links, closed, now); err != nil {
			return err
		}
	}
	return nil
}

// link is how it stands with a connection.
type link struct {
	status    connection.Status
	createdAt time.Time
	syncedAt  time.Time // zero before the first time
	failedAt  time.Time // zero when the last reading was good
}

// missed are the closes after the latest day, or since the first connection was made, up to the last one.
func missed(links []link, latest calendar.Day, now time.Time) []time.Time {
	first := links[0].createdAt
	for _, l := range links {
		if l.createdAt.Before(first) {
			first = l.createdAt
		}
	}
	last := calendar.DayOf(lastClose(now))
	day := calendar.DayOf(first)
	if latest != (calendar.Day{}) {
		day = latest.AddDays(1)
	}
	if bound := last.AddDays(-maxMissed); day.Before(bound) {
		day = bound
	}
	var all []time.Time
	for ; !last.Before(day); day = day.AddDays(1) {
		if _, closed, ok := calendar.Session(day); ok && !closed.Before(first) {
			all = append(all, closed)
		}
	}
	return all
}

// waits tells whether a connection may yet be read with the prices of the close: it was not tried since they came to rest,
// or it failed and is tried again. One that needs its owner is not waited for.
func waits(links []link, closed, now time.Time) bool {
	settled := calendar.Settled(closed)
	for _, l := range links {
		switch {
		case l.status == connection.ReauthorizationRequired || !l.syncedAt.Before(settled):
		case !l.failedAt.Before(settled):
			if now.Before(closed.Add(patience)) {
				return true
			}
		case now.Before(calendar.NextOpen(closed).Add(-lastCall)):
			return true
		}
	}
	return false
}

// take takes one snapshot. Of several processes that do so the first one's stays.
func (s *Service) take(ctx context.Context, userID string, links []link, closed, now time.Time) error {
	shot, ok, err := s.value(ctx, userID, links, closed, now)
	if err != nil || !ok {
		return err
	}
	shot.ClosedAt, shot.TakenAt = db.Time(closed), db.Time(now)
	if now.Sub(closed) > lateAfter {
		shot.Status = Late
		shot.Reasons = append([]string{lateReason(shot, now.Sub(closed))}, shot.Reasons...)
	}
	if err := s.addLedger(ctx, userID, &shot); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error { return insert(ctx, tx, userID, shot) })
}

// value finds what the portfolio was worth at the close. On its evening, and until the next bell, that is what was read
// last. Later the ledger's history knows best; without it what was read last holds as long as nothing was read since the
// next bell, else the snapshot before, and what there is where there is none. False when nothing was ever read.
func (s *Service) value(ctx context.Context, userID string, links []link, closed, now time.Time) (Snapshot, bool, error) {
	day, nextOpen := calendar.DayOf(closed), calendar.NextOpen(closed)
	over := !now.Before(nextOpen)
	if over && s.History != nil {
		was, known, err := s.History(ctx, userID, day)
		if err != nil || known {
			shot, ok := picture(day, was, FromHistory)
			return shot, ok, err
		}
	}
	if over && readSince(links, nextOpen) {
		before, ok, err := previous(ctx, s.DB.Read(), userID, day)
		if err != nil || ok {
			before.Day, before.Basis = day.String(), FromBefore
			if before.TotalValue != nil { // else they say why it is not known
				before.Reasons = []string{}
			}
			return before, ok, err
		}
	}
	at := now
	if over {
		at = nextOpen.Add(-time.Microsecond)
	}
	standing, err := s.Portfolio.Standing(ctx, userID, closed, at)
	if err != nil {
		return Snapshot{}, false, err
	}
	shot, ok := picture(day, standing, FromReading)
	return shot, ok, nil
}

func readSince(links []link, t time.Time) bool {
	for _, l := range links {
		if !l.syncedAt.Before(t) {
			return true
		}
	}
	return false
}

// picture is a snapshot of a standing; false when nothing was ever read.
func picture(day calendar.Day, was portfolio.Standing, basis Basis) (Snapshot, bool) {
	if was.AsOf == nil {
		return Snapshot{}, false
	}
	shot := Snapshot{
		Day: day.String(), BaseCurrency: was.BaseCurrency, TotalValue: was.BestKnown.TotalValue, Cash: was.BestKnown.Cash,
		MarketValue: was.BestKnown.MarketValue, ConfirmedValue: was.Confirmed.TotalValue, CostBasis: was.CostBasis, UnrealizedPnl: was.UnrealizedPnl,
		RealizedPnl: was.Pnl.Realized, Accounts: was.Accounts, Status: Confirmed, Basis: basis, Reasons: append([]string{}, was.Gaps...), AsOf: *was.AsOf,
	}
	if len(was.Gaps) > 0 {
		shot.Status = Partial
	}
	return shot, true
}

// lateReason says how late a snapshot is, and what it is of instead.
func lateReason(shot Snapshot, late time.Duration) string {
	when := fmt.Sprintf("It was taken %d hours after the close, since the server did not run or a brokerage was not read", int(late/time.Hour))
	if late < 2*time.Hour {
		when = fmt.Sprintf("It was taken %d minutes after the close, since the server did not run or a brokerage was not read", int(late/time.Minute))
	}
	switch shot.Basis {
	case FromBefore:
		return when + "; nothing was read on the day: it repeats the snapshot before."
	case FromHistory:
		return when + "; it was worked out from the transactions and the prices of the day."
	default:
		return when + "; it shows what was read last, at " + shot.AsOf.Format(time.RFC3339) + "."
	}
}
