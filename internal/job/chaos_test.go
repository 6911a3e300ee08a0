package job_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/job"
)

// workIn makes this test binary a process that works on a queue: its value is the database's address and, behind a
// space, the file with the time.
const workIn = "JASPERS_TEST_WORK_IN"

const slotLength = 15 * time.Minute

// slotWork is a slot's job. Its effect is a line in a table that takes any number of them, and the fan-out of the slot
// is another: what is there twice was done twice.
type slotWork struct{ Slot time.Time }

func (slotWork) Kind() string { return "slot_work" }

// workInstead is the whole program in a process that was started with workIn: it works until it is killed.
func workInstead() (code int, is bool) {
	address, clockFile, is := strings.Cut(os.Getenv(workIn), " ")
	if !is {
		return 0, false
	}
	d, err := db.Open(context.Background(), address)
	if err != nil {
		fmt.Println(err)
		return 1, true
	}
	chaosQueue(d, func() time.Time { return readClock(clockFile) }).Run(context.Background())
	return 0, true
}

// chaosQueue is a queue whose slots and jobs leave traces.
func chaosQueue(d *db.DB, now func() time.Time) *job.Queue {
	q := job.New(job.Config{DB: d, Now: now, Log: slog.New(slog.DiscardHandler), Poll: 4 * time.Millisecond, Lease: 10 * time.Second})
	q.Every("chaos", slotLength, func(ctx context.Context, tx *sql.Tx, slot time.Time) error {
		if _, err := tx.ExecContext(ctx, "insert into chaos_slots (slot) values ($1)", slot); err != nil {
			return err
		}
		_, err := q.Add(ctx, tx, slotWork{slot}, job.Unique(slot.Format(time.RFC3339)), job.Attempts(1000)) // the clock runs away from every lease
		return err
	})
	job.Handle(q, func(ctx context.Context, w slotWork) error {
		time.Sleep(rand.N(15 * time.Millisecond)) // there must be a middle to be killed in
		return d.Tx(ctx, func(tx *sql.Tx) error {
			// As all handlers do: the effect has a key, in one transaction.
			_, err := tx.ExecContext(ctx, "insert into chaos_effects (slot) values ($1) on conflict do nothing", w.Slot)
			return err
		})
	})
	return q
}

// readClock reads the time that all processes go by. The file is always whole: it is replaced, never written to.
func readClock(file string) time.Time {
	text, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}
	}
	micros, _ := strconv.ParseInt(string(text), 10, 64)
	return time.UnixMicro(micros).UTC()
}

func setClock(t *testing.T, file string, at time.Time) {
	t.Helper()
	err := os.WriteFile(file+".new", []byte(strconv.FormatInt(at.UnixMicro(), 10)), 0o600)
	if err := errors.Join(err, os.Rename(file+".new", file)); err != nil {
		t.Fatal(err)
	}
}

// crew is processes that work on one database, and are killed and replaced.
type crew struct {
	t       *testing.T
	environ string
	members []*exec.Cmd
	out     []*bytes.Buffer
	kills   int
}

func (c *crew) hire(i int) {
	c.t.Helper()
	out := &bytes.Buffer{}
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), workIn+"="+c.environ), out, out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.members[i], c.out[i] = cmd, out
}

// kill takes a member out as a power cut would, and hires another.
func (c *crew) kill(i int) {
	c.t.Helper()
	c.dismiss(i)
	c.kills++
	c.hire(i)
}

func (c *crew) dismiss(i int) {
	_ = c.members[i].Process.Kill()
	_ = c.members[i].Wait() // says that it was killed
	if c.out[i].Len() > 0 {
		c.t.Errorf("a process said: %s", c.out[i])
	}
}

func TestEverySlotOfThreeProcessesThatAreKilledHappensOnce(t *testing.T) {
	slots := 500
	if testing.Short() {
		slots = 60
	}
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			chaos(t, engine, slots)
		})
	}
}

func chaos(t *testing.T, engine db.Engine, slots int) {
	address, clockFile := dbtest.Address(t, engine), filepath.Join(t.TempDir(), "clock")
	d, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	for _, table := range []string{"chaos_slots (slot timestamptz not null)", "chaos_effects (slot timestamptz primary key)"} {
		mustExec(t, d, "create table "+table)
	}
	now := time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC) // the clocks change on the way
	setClock(t, clockFile, now)
	c := &crew{t: t, environ: address + " " + clockFile, members: make([]*exec.Cmd, 3), out: make([]*bytes.Buffer, 3)}
	for i := range c.members {
		c.hire(i)
	}
	t.Cleanup(func() {
		for i := range c.members {
			c.dismiss(i)
		}
	})
	random := rand.New(rand.NewPCG(7, 11))
	for slot := 1; slot <= slots; slot++ {
		waitForCount(t, d, "select count(*) from chaos_slots", slot)
		if random.IntN(8) == 0 {
			c.kill(random.IntN(len(c.members)))
		}
		if slot < slots {
			now = now.Add(slotLength)
			setClock(t, clockFile, now)
		}
	}
	for range 100 { // what the last kills left behind is taken over when its lease ends
		if count(t, d, "select count(*) from jobs where state <> 'done'") == 0 {
			break
		}
		now = now.Add(time.Second)
		setClock(t, clockFile, now)
		time.Sleep(20 * time.Millisecond)
	}
	for query, want := range map[string]int{
		"select count(*) from jobs where state <> 'done'": 0,
		"select count(*) from jobs":                       slots,
		"select count(*) from job_slots":                  slots,
		"select count(*) from chaos_slots":                slots,
		"select count(distinct slot) from chaos_slots":    slots,
		"select count(*) from chaos_effects":              slots,
	} {
		if got := count(t, d, query); got != want {
			t.Errorf("%s: got %d, want %d", query, got, want)
		}
	}
	if c.kills == 0 {
		t.Error("nobody was killed")
	}
	t.Logf("%d slots, %d kills, %d jobs were taken over", slots, c.kills, count(t, d, "select count(*) from jobs where attempt > 1"))
}

func mustExec(t *testing.T, d *db.DB, query string) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB, query string) (n int) {
	t.Helper()
	if err := d.Read().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func waitForCount(t *testing.T, d *db.DB, query string, want int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if count(t, d, query) >= want {
			return
		}
	}
	t.Fatalf("%s: got %d, want %d", query, count(t, d, query), want)
}
