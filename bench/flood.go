package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Aims of the flood.
const (
	signInRate    = 50
	readRate      = 200
	maxRead       = 200 * time.Millisecond
	maxRefusal    = 2 * time.Second
	maxGrowth     = 64 << 20
	maxUnderWay   = 2000
	floodAccounts = 20
)

// tally collects answers.
type tally struct {
	mu       sync.Mutex
	took     []time.Duration
	statuses map[int]int
	slowest  map[int]time.Duration
	failed   error
}

func newTally() *tally { return &tally{statuses: map[int]int{}, slowest: map[int]time.Duration{}} }

func (t *tally) add(a answer, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.failed = err
		return
	}
	t.took = append(t.took, a.took)
	t.statuses[a.status]++
	t.slowest[a.status] = max(t.slowest[a.status], a.took)
}

// signInFlood signs in far more often than hashes can be made, while somebody reads.
func signInFlood(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	seconds := flags.Int("seconds", 20, "how long, at most 120")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	s, err := startServer(ctx, "JASPERS_LIMIT_REQUESTS=10000000", "JASPERS_LIMIT_SIGN_INS=10000000", "JASPERS_LIMIT_SIGN_UPS=1000")
	if err != nil {
		return false, err
	}
	signIns, reads, growth, err := s.flood(ctx, time.Duration(min(max(*seconds, 1), 120))*time.Second)
	if err := errors.Join(err, s.stop(), signIns.failed, reads.failed); err != nil {
		return false, err
	}
	_, _ = fmt.Fprintf(out, "%-9s %7s %10s %10s %10s  %s\n", "", "answers", "median", "p95", "slowest", "status: answers, slowest")
	met := percentile(reads.took, 95) <= maxRead && growth <= maxGrowth && reads.statuses[http.StatusOK] == len(reads.took)
	for _, row := range []struct {
		name string
		*tally
	}{{"sign-ins", signIns}, {"reads", reads}} {
		_, _ = fmt.Fprintf(out, "%-9s %7d %8.1fms %8.1fms %8.1fms ", row.name, len(row.took), ms(median(row.took)), ms(percentile(row.took, 95)), ms(percentile(row.took, 100)))
		for _, status := range []int{200, 429, 503} {
			if n := row.statuses[status]; n > 0 {
				_, _ = fmt.Fprintf(out, " %d: %d, %.0fms;", status, n, ms(row.slowest[status]))
			}
		}
		_, _ = fmt.Fprintln(out)
	}
	_, _ = fmt.Fprintf(out, "memory grew by %.1f MiB\n", float64(growth)/(1<<20))
	refused := signIns.statuses[429] + signIns.statuses[503]
	return met && refused > 0 && refused+signIns.statuses[200] == len(signIns.took) &&
		max(signIns.slowest[429], signIns.slowest[503]) <= maxRefusal, nil
}

// flood sends both kinds at their pace, whether or not answers come, and watches the server's memory.
func (s *server) flood(ctx context.Context, length time.Duration) (signIns, reads *tally, growth int64, err error) {
	signIns, reads = newTally(), newTally()
	var token string
	for i := range floodAccounts {
		if token, err = s.register(ctx, floodEmail(i), benchPassword); err != nil {
			return signIns, reads, 0, err
		}
	}
	read := func(int) (answer, error) { return s.send(ctx, http.MethodGet, "/auth/me", token, "") }
	for i := range 100 { // what the first requests need is no growth
		if _, err := read(i); err != nil {
			return signIns, reads, 0, err
		}
	}
	before, peak := s.memory(), int64(0)
	var all sync.WaitGroup
	ended := make(chan struct{})
	all.Go(func() { pace(signInRate, length, signIns, s.signInAs(ctx)) })
	all.Go(func() { pace(readRate, length, reads, read) })
	go func() { all.Wait(); close(ended) }()
	for {
		select {
		case <-ended:
			return signIns, reads, peak - before, nil
		case <-time.After(200 * time.Millisecond):
			peak = max(peak, s.memory())
		}
	}
}

func floodEmail(i int) string { return fmt.Sprintf("person%d@example.com", i%floodAccounts) }

func (s *server) signInAs(ctx context.Context) func(i int) (answer, error) {
	return func(i int) (answer, error) {
		return s.send(ctx, http.MethodPost, "/auth/login", "", signInBody(floodEmail(i), benchPassword))
	}
}

// pace sends rate requests a second, each on time: one that is late does not hold back the next. So many are under way
// at most that the machine is safe.
func pace(rate int, length time.Duration, t *tally, send func(i int) (answer, error)) {
	slots := make(chan struct{}, maxUnderWay)
	var all sync.WaitGroup
	began := time.Now()
	for i := range int(length.Seconds() * float64(rate)) {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		slots <- struct{}{}
		all.Go(func() {
			t.add(send(i))
			<-slots
		})
	}
	all.Wait()
}
