package snapshot_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// workIn makes this test binary a process that takes snapshots: its value is the database's address and, behind a
// space, the file with the time.
const workIn = "JASPERS_TEST_SNAPSHOTS_IN"

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
	s, err := service(d, func() time.Time { return readClock(clockFile) })
	if err != nil {
		fmt.Println(err)
		return 1, true
	}
	// All brokerages answer at once.
	s.Jobs.Every("read", 15*time.Minute, func(ctx context.Context, tx *sql.Tx, slot time.Time) error {
		_, err := tx.ExecContext(ctx, "update brokerage_connections set last_sync_at = $1", slot)
		return err
	})
	s.Jobs.Every("take snapshots", 15*time.Minute, s.Due)
	s.Jobs.Run(context.Background())
	return 0, true
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

// worker is one of the processes.
type worker struct {
	*exec.Cmd
	out bytes.Buffer
}

func hire(t *testing.T, environ string) *worker {
	t.Helper()
	w := &worker{Cmd: exec.Command(os.Args[0])}
	w.Env, w.Stdout, w.Stderr = append(os.Environ(), workIn+"="+environ), &w.out, &w.out
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

// kill takes it out as a power cut would.
func (w *worker) kill(t *testing.T) {
	t.Helper()
	_ = w.Process.Kill()
	_ = w.Wait() // says that it was killed
	if w.out.Len() > 0 {
		t.Errorf("a process said: %s", &w.out)
	}
}

// rhythm are the times at which the clock stops on a day, in New York: around both closes, and before and after.
var rhythm = [][2]int{{0, 0}, {9, 30}, {13, 0}, {13, 15}, {13, 30}, {16, 0}, {16, 15}, {16, 30}, {16, 45}, {20, 0}}

func TestEachPersonHasOneSnapshotOfEachTradingDayWhoeverIsKilled(t *testing.T) {
	days := 50 // that makes 500 slots, with the end of summer time, Thanksgiving, Christmas, and two early closes
	if testing.Short() {
		days = 10
	}
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			manyDays(t, dbtest.Address(t, engine), calendar.Day{Year: 2026, Month: 10, Day: 30}, days)
		})
	}
}

func manyDays(t *testing.T, address string, first calendar.Day, days int) {
	clockFile := filepath.Join(t.TempDir(), "clock")
	d, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	users := []string{newUser(t, d), newUser(t, d), newUser(t, d)}
	for _, user := range users {
		connect(t, d, user, first.At(0, 0))
	}
	setClock(t, clockFile, first.At(0, 0))
	environ := address + " " + clockFile
	crew := []*worker{hire(t, environ), hire(t, environ), hire(t, environ)}
	t.Cleanup(func() {
		for _, w := range crew {
			w.kill(t)
		}
	})
	random, kills := rand.New(rand.NewPCG(3, 5)), 0
	var want []string
	for i := range days {
		day := first.AddDays(i)
		if calendar.IsTradingDay(day) {
			want = append(want, day.String())
		}
		for j, at := range rhythm {
			setClock(t, clockFile, day.At(at[0], at[1]))
			n := i*len(rhythm) + j + 1
			wait(t, d, "select count(*) from job_slots where name = 'take snapshots'", func(got int) bool { return got >= n })
			if random.IntN(8) == 0 {
				who := random.IntN(len(crew))
				crew[who].kill(t)
				crew[who] = hire(t, environ)
				kills++
			}
		}
	}
	end := first.AddDays(days).At(0, 0)
	for i := range 40 { // what the last kills left behind is taken over when its lease ends, or by a later slot
		setClock(t, clockFile, end.Add(time.Duration(i)*time.Minute))
		time.Sleep(25 * time.Millisecond)
	}
	wait(t, d, "select count(*) from jobs where state in ('queued', 'running')", func(n int) bool { return n == 0 })
	for _, user := range users {
		rows, err := d.Read().QueryContext(t.Context(), "select day from portfolio_snapshots where user_id = $1 order by day", user)
		got, err := db.Collect(rows, err, func(scan func(...any) error) (day string, err error) { return day, scan(&day) })
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got the days %v, %v, want %v", got, err, want)
		}
	}
	if kills == 0 {
		t.Error("nobody was killed")
	}
	var late int
	if err := d.Read().QueryRowContext(t.Context(), "select count(*) from portfolio_snapshots where status = 'late'").Scan(&late); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d slots, %d kills, %d snapshots of each of %d people; %d late", days*len(rhythm), kills, len(want), len(users), late)
}
