package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"time"
)

const (
	benchEmail    = "bench@example.com"
	benchPassword = "correct horse staple" // #nosec G101 -- of an account that lives for one measurement
	maxT          = 4.5
	maxMedians    = 2 * time.Millisecond
)

// signInTiming compares how long a wrong password takes for an address that is known and for one that is not.
func signInTiming(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	n := flags.Int("n", 1000, "samples of each kind, at most 5000")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	s, err := startServer(ctx, "JASPERS_LIMIT_REQUESTS=10000000", "JASPERS_LIMIT_SIGN_INS=10000000")
	if err != nil {
		return false, err
	}
	known, unknown, err := s.timings(ctx, min(max(*n, 10), 5000))
	if err := errors.Join(err, s.stop()); err != nil {
		return false, err
	}
	t := welch(known, unknown)
	apart := (median(known) - median(unknown)).Abs()
	_, _ = fmt.Fprintf(out, "%-8s %8s %10s %10s %10s\n", "address", "samples", "median", "p95", "mean")
	for _, row := range []struct {
		name    string
		samples []time.Duration
	}{{"known", known}, {"unknown", unknown}} {
		mean, _ := moments(row.samples)
		_, _ = fmt.Fprintf(out, "%-8s %8d %8.2fms %8.2fms %8.2fms\n", row.name, len(row.samples), ms(median(row.samples)), ms(percentile(row.samples, 95)), mean/1e6)
	}
	_, _ = fmt.Fprintf(out, "Welch's t = %.2f, medians %.2f ms apart\n", t, ms(apart))
	return math.Abs(t) < maxT && apart <= maxMedians, nil
}

// timings takes turns, so that what else the machine does falls on both kinds alike. The order within a pair alternates.
func (s *server) timings(ctx context.Context, n int) (known, unknown []time.Duration, err error) {
	if _, err := s.register(ctx, benchEmail, benchPassword); err != nil {
		return nil, nil, err
	}
	sample := func(email string) (time.Duration, error) {
		a, err := s.send(ctx, http.MethodPost, "/auth/login", "", signInBody(email, "none of these words"))
		if err == nil && a.status != http.StatusUnauthorized {
			err = fmt.Errorf("sign-in: status %d: %s", a.status, a.body)
		}
		return a.took, err
	}
	const warmUp = 10
	for i := range n + warmUp {
		var took [2]time.Duration
		for j := range 2 {
			kind := (i + j) % 2
			if took[kind], err = sample([]string{benchEmail, fmt.Sprintf("else%d@example.com", i%7)}[kind]); err != nil {
				return nil, nil, err
			}
		}
		if i >= warmUp {
			known, unknown = append(known, took[0]), append(unknown, took[1])
		}
	}
	return known, unknown, nil
}

// welch is Welch's t for two samples of different variance.
func welch(a, b []time.Duration) float64 {
	meanA, varA := moments(a)
	meanB, varB := moments(b)
	return (meanA - meanB) / math.Sqrt(varA/float64(len(a))+varB/float64(len(b)))
}

// moments are the mean and the sample variance, in nanoseconds.
func moments(samples []time.Duration) (mean, variance float64) {
	for _, s := range samples {
		mean += float64(s)
	}
	mean /= float64(len(samples))
	for _, s := range samples {
		variance += (float64(s) - mean) * (float64(s) - mean)
	}
	return mean, variance / float64(len(samples)-1)
}

func median(samples []time.Duration) time.Duration { return percentile(samples, 50) }

// percentile is the sample at or above p percent of them.
func percentile(samples []time.Duration, p int) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
