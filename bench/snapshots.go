package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// Aims of the snapshots.
const (
	snapshotTime     = 2 * time.Minute
	snapshotPatience = 5 * time.Minute
	snapshotWait     = time.Second
)

// snapshots has a server take everybody's snapshot of the last close, and asks it other things meanwhile.
func snapshots(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	n := flags.Int("n", 10_000, "people, at most 20000")
	engine := flags.String("engine", "sqlite", "sqlite or postgres")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	c, err := newCrowd(ctx, *engine)
	if err != nil {
		return false, err
	}
	closed := calendar.LastClose(time.Now().Add(-time.Hour))
	read := sql.NullTime{Time: db.Time(closed.Add(20 * time.Minute)), Valid: true}
	count := min(max(*n, 1), 20_000)
	// Nobody is there to be read again.
	err = c.join(ctx, count, closed.Add(-time.Hour), func(i int) link { return link{account: fmt.Sprint(i), status: "reauthorization_required", read: read} })
	if err != nil {
		return false, errors.Join(err, c.drop())
	}
	met, err := c.watchSnapshots(ctx, out, count, *engine)
	return met, errors.Join(err, c.drop())
}

func (c *crowd) watchSnapshots(ctx context.Context, out io.Writer, n int, engine string) (met bool, err error) {
	s, err := startServer(ctx, append(c.settings(), "JASPERS_LIMIT_REQUESTS=10000000")...)
	if err != nil {
		return false, err
	}
	began, start, peak := time.Now(), s.memory(), int64(0)
	var others []time.Duration
	token, err := s.register(ctx, benchEmail, benchPassword)
	if err != nil {
		return false, errors.Join(err, s.stop())
	}
	for done := 0; done < n; {
		if time.Since(began) > snapshotPatience {
			return false, errors.Join(fmt.Errorf("only %d of %d were taken in %s", done, n, snapshotPatience), s.stop())
		}
		time.Sleep(50 * time.Millisecond)
		a, err := s.send(ctx, http.MethodGet, "/portfolio/summary", token, "")
		if err != nil {
			return false, errors.Join(err, s.stop())
		}
		others, peak = append(others, a.took), max(peak, s.memory())
		if done, err = c.count(ctx, "select count(*) from portfolio_snapshots"); err != nil {
			return false, errors.Join(err, s.stop())
		}
	}
	took := time.Since(began)
	err = s.stop()
	_, _ = fmt.Fprintf(out, "%s: %d snapshots in %.1f s, %.1f s of CPU; resident memory %.1f MiB at the start, %.1f at its peak\n",
		engine, n, took.Seconds(), s.cpu().Seconds(), float64(start)/(1<<20), float64(peak)/(1<<20))
	_, _ = fmt.Fprintf(out, "GET /portfolio/summary meanwhile: median %.1f ms, p95 %.1f ms, slowest %.1f ms\n",
		ms(median(others)), ms(percentile(others, 95)), ms(percentile(others, 100)))
	return took <= snapshotTime && percentile(others, 100) <= snapshotWait, err
}
