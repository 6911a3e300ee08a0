package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/flat/flattest"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// The aims of a filing, and how large it is.
const (
	filingTime   = 250 * time.Millisecond
	filingMemory = 150 << 20
	filingSize   = 10 << 20
)

// read is how the reading of a filing went in one process.
type read struct {
	Flatten, Cut time.Duration
	Text, Items  int // bytes, and how many were found
	Idle, Peak   int64
}

// filing has an annual report flattened and cut into its items, each time by a process of its own that nothing has
// warmed up, and whose memory is the report's and nothing else's.
func filing(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	times := flags.Int("times", 5, "how many processes read it, at most 50")
	child := flags.String("task", "", "the report that one process reads; not for people")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if *child != "" {
		return true, readFiling(*child, out)
	}
	dir, err := os.MkdirTemp("", "jaspers-bench")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	report := filepath.Join(dir, "10-K.htm")
	if err := os.WriteFile(report, flattest.AnnualReport(filingSize), 0o600); err != nil {
		return false, err
	}
	_, _ = fmt.Fprintf(out, "%10s %10s %10s %12s %8s %10s %10s\n", "flatten", "cut", "both", "flat text", "items", "before", "peak")
	var took []time.Duration
	var highest int64
	whole := true
	for range min(max(*times, 1), 50) {
		r, err := readApart(ctx, report)
		if err != nil {
			return false, err
		}
		_, _ = fmt.Fprintf(out, "%8.1fms %8.1fms %8.1fms %9.2f MB %8d %7.1f MB %7.1f MB\n", ms(r.Flatten), ms(r.Cut), ms(r.Flatten+r.Cut),
			float64(r.Text)/(1<<20), r.Items, float64(r.Idle)/(1<<20), float64(r.Peak)/(1<<20))
		took, highest, whole = append(took, r.Flatten+r.Cut), max(highest, r.Peak), whole && r.Items == flattest.Items
	}
	_, _ = fmt.Fprintf(out, "%.1f MB read in %.1f ms at the median, %.1f MB of memory at the highest peak\n", float64(filingSize)/(1<<20), ms(median(took)), float64(highest)/(1<<20))
	return median(took) < filingTime && highest < filingMemory && whole, nil
}

// readApart has a process of this program read a report.
func readApart(ctx context.Context, report string) (r read, err error) {
	program, err := os.Executable()
	if err != nil {
		return r, err
	}
	run := exec.CommandContext(ctx, program, "filing", "-task", report) // #nosec G204 -- this program itself
	run.Stderr = os.Stderr
	answer, err := run.Output()
	if err != nil {
		return r, fmt.Errorf("measure: %w", err)
	}
	return r, json.NewDecoder(bytes.NewReader(answer)).Decode(&r)
}

// readFiling is what such a process does.
func readFiling(report string, out io.Writer) error {
	r := read{Idle: peak()}
	raw, err := os.ReadFile(report) // #nosec G304 -- a file that readApart names
	if err != nil {
		return err
	}
	began := time.Now()
	doc, err := flat.Flatten(raw)
	if err != nil {
		return err
	}
	r.Flatten = time.Since(began)
	r.Items = len(items.Find("10-K", doc))
	r.Cut, r.Text, r.Peak = time.Since(began)-r.Flatten, len(doc.Text), peak()
	return json.NewEncoder(out).Encode(r)
}
