// Command bench measures whether the server keeps what it promises, on a server it builds and starts for that.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// measurement is one word behind "bench". It tells whether its aim was met.
type measurement struct {
	name, aim string
	run       func(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (met bool, err error)
}

func measurements() []measurement {
	return []measurement{
		{"signin-timing", "known and unknown addresses take the same time to refuse: |t| < 4.5, medians within 2 ms", signInTiming},
		{"history", "a portfolio's history: values to the cent; 1,900 transactions in 60 ms of CPU beyond loading, 14,400 in 250 ms; 50,000 in 1 s and 200 MB; warm 5 ms; others wait 50 ms", history},
		{"signin-flood", "50 sign-ins/s beside 200 reads/s: reads' p95 ≤ 200 ms, refusals ≤ 2 s, memory + 64 MiB at most", signInFlood},
		{"quotes", "a quote that is known, at the server's route: 90 % of what a bare net/http handler answers a second, no upstream call", quotes},
		{"filing", "a 10-K of 10 MB flattened and cut into its items, by a process that nothing has warmed up: 250 ms at the median, 150 MB at the peak", filing},
		{"sync", "1,000 connections due at once, 200 ms an answer: all read within 30 s, 64 at once, 200 requests of an account, memory + 96 MiB at most", syncing},
		{"answers", "500 answers at once, 30 pieces a second of each: p95 of a piece from the model to who listens ≤ 100 ms, texts as the model said them; one answer at a time: p95 of the first piece ≤ 20 ms", answering},
		{"listeners", "5,000 silent streams attached: none dropped, each alive within 20 s, 64 KiB of memory each at most", listening},
		{"snapshots", "10,000 people's snapshots within 2 min, other requests ≤ 1 s meanwhile", snapshots},
	}
}

// timeLimit ends every measurement, whatever it was told to do.
const timeLimit = 10 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	stop()
	os.Exit(code)
}

// run is the program; its result is the exit code: 1 when an aim was missed or nothing could be measured.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	if len(args) == 2 && args[0] == bareWord {
		if err := serveBare(ctx, args[1], os.Stdin, out); err != nil {
			_, _ = fmt.Fprintln(errOut, "bench:", err)
			return 1
		}
		return 0
	}
	for _, m := range measurements() {
		if len(args) == 0 || m.name != args[0] {
			continue
		}
		flags := flag.NewFlagSet("bench "+m.name, flag.ContinueOnError)
		flags.SetOutput(errOut)
		met, err := m.run(ctx, flags, args[1:], out)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return 0
		case err != nil:
			_, _ = fmt.Fprintln(errOut, "bench:", err)
			return 1
		case !met:
			_, _ = fmt.Fprintln(out, "MISSED:", m.aim)
			return 1
		}
		_, _ = fmt.Fprintln(out, "met:", m.aim)
		return 0
	}
	_, _ = fmt.Fprintln(errOut, "Usage: go run ./bench MEASUREMENT [flags]")
	for _, m := range measurements() {
		_, _ = fmt.Fprintf(errOut, "  %-14s %s\n", m.name, m.aim)
	}
	return 2
}
