package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// The aims of history, by ledger: CPU beyond loading, and for the largest everything.
var (
	beyondLoading = map[string]time.Duration{"1900": 60 * time.Millisecond, "14400": 250 * time.Millisecond}
	inAll         = map[string]time.Duration{"50000": time.Second}
)

const (
	memoryAim = 200 << 20
	warmAim   = 5 * time.Millisecond
	waitAim   = 50 * time.Millisecond
)

// task is what one process measures, as it is told on its command line.
type task struct {
	Address string // of the database
	Person  person
	Served  bool // by the service, with others asking meanwhile; else step by step
}

// measured is what it found.
type measured struct {
	Closing                                 decimal.Decimal
	Loading, Lots, Days, Figures            time.Duration // CPU
	Wall                                    time.Duration // of all of it
	Peak                                    int64
	Cold, Warm, Wait, IdleWait, Transaction time.Duration
	Grew                                    decimal.Decimal // by the new transaction
}

// history measures how long the history of a portfolio takes, on ledgers of a folder, through the database and the code
// of the server. Each measurement is a process of its own, that nothing has warmed up.
func history(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	postgres := flags.String("postgres", "", "an empty PostgreSQL database to measure on; else a SQLite file that goes away")
	only := flags.String("only", "", "this ledger alone, such as 1900")
	child := flags.String("task", "", "what one process measures; not for people")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if *child != "" {
		return true, runTask(ctx, *child, out)
	}
	if flags.NArg() != 1 {
		return false, errors.New("usage: bench history [flags] DIR, the folder with ledger-*.csv and prices.csv.gz")
	}
	ledgers, prices, err := readLedgers(flags.Arg(0))
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "jaspers-bench")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	address := *postgres
	if address == "" {
		address = "sqlite:" + filepath.Join(dir, "bench.db")
	}
	if *only != "" {
		var wanted []made
		for _, m := range ledgers {
			if m.name == *only {
				wanted = append(wanted, m)
			}
		}
		ledgers = wanted
	}
	people, err := fill(ctx, address, ledgers, prices)
	if err != nil {
		return false, err
	}
	return measureAll(ctx, address, ledgers, people, out)
}

// fill makes the database.
func fill(ctx context.Context, address string, ledgers []made, prices map[string]map[string]float64) (people []person, err error) {
	d, err := db.Open(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := errors.Join(d.Migrate(ctx), storePrices(ctx, d, prices)); err != nil {
		return nil, err
	}
	for _, m := range ledgers {
		p, err := storeLedger(ctx, d, m)
		if err != nil {
			return nil, fmt.Errorf("store ledger %s: %w", m.name, err)
		}
		people = append(people, p)
	}
	return people, nil
}

func measureAll(ctx context.Context, address string, ledgers []made, people []person, out io.Writer) (bool, error) {
	met := true
	_, _ = fmt.Fprintf(out, "%8s | %s\n", "ledger", "CPU: loading     lots     days  figures | beyond  in all   wall   peak | served: cold     warm  new transaction | others wait (idle)")
	for i, m := range ledgers {
		steps, err := inProcess(ctx, task{address, people[i], false})
		if err != nil {
			return false, err
		}
		served, err := inProcess(ctx, task{address, people[i], true})
		if err != nil {
			return false, err
		}
		beyond := steps.Lots + steps.Days + steps.Figures
		_, _ = fmt.Fprintf(out, "%8s | %8.1f ms %5.1f ms %5.1f ms %5.1f ms | %3.0f ms %4.0f ms %4.0f ms %3d MB | %8.0f ms %5.2f ms %8.1f ms       | %5.1f ms (%.1f ms)\n", m.name,
			ms(steps.Loading), ms(steps.Lots), ms(steps.Days), ms(steps.Figures), ms(beyond), ms(beyond+steps.Loading), ms(steps.Wall), steps.Peak>>20,
			ms(served.Cold), ms(served.Warm), ms(served.Transaction), ms(served.Wait), ms(served.IdleWait))
		for _, aim := range aims(m, steps, served) {
			verdict := "met"
			if !aim.met {
				verdict, met = "MISSED", false
			}
			_, _ = fmt.Fprintf(out, "%8s   %-6s %s\n", "", verdict, aim.text)
		}
	}
	return met, nil
}

type aim struct {
	text string
	met  bool
}

func aims(m made, steps, served measured) []aim {
	all := []aim{
		{fmt.Sprintf("value held %s, want %s, both ways", steps.Closing, m.value), steps.Closing.Equal(m.value) && served.Closing.Equal(m.value)},
		{fmt.Sprintf("a new transaction is in the next figure: it grew by %s, want %s", served.Grew, grows), served.Grew.Equal(grows)},
		{fmt.Sprintf("warm %.2f ms, under %v", ms(served.Warm), warmAim), served.Warm < warmAim},
		{fmt.Sprintf("others wait %.1f ms at most, under %v", ms(served.Wait), waitAim), served.Wait < waitAim},
	}
	beyond := steps.Lots + steps.Days + steps.Figures
	if most, ok := beyondLoading[m.name]; ok {
		all = append(all, aim{fmt.Sprintf("CPU beyond loading %.0f ms, under %v", ms(beyond), most), beyond < most})
	}
	if most, ok := inAll[m.name]; ok {
		all = append(all, aim{fmt.Sprintf("CPU in all %.0f ms, under %v", ms(beyond+steps.Loading), most), beyond+steps.Loading < most},
			aim{fmt.Sprintf("memory at its peak %d MB, under %d MB", steps.Peak>>20, memoryAim>>20), steps.Peak < memoryAim})
	}
	return all
}

// inProcess measures in a process of its own.
func inProcess(ctx context.Context, t task) (m measured, err error) {
	program, err := os.Executable()
	if err != nil {
		return m, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return m, err
	}
	run := exec.CommandContext(ctx, program, "history", "-task", string(text)) // #nosec G204 -- this program itself
	run.Stderr = os.Stderr
	answer, err := run.Output()
	if err != nil {
		return m, fmt.Errorf("measure: %w", err)
	}
	return m, json.NewDecoder(bytes.NewReader(answer)).Decode(&m)
}

// runTask measures, and says what it found.
func runTask(ctx context.Context, text string, out io.Writer) error {
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	d, err := db.Open(ctx, t.Address)
	if err != nil {
		return err
	}
	measure := stepByStep
	if t.Served {
		measure = byService
	}
	m, err := measure(ctx, d, t.Person)
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(m)
}
