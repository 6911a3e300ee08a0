package snapshot_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/snapshot"
)

func TestMain(m *testing.M) {
	if code, is := workInstead(); is {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// house is the service on a database whose connections are read as a test says, with a clock that stands.
type house struct {
	*snapshot.Service
	t   *testing.T
	now atomic.Int64
}

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := &house{t: t}
	s, err := service(d, h.clock)
	if err != nil {
		t.Fatal(err)
	}
	h.Service = s
	return h
}

func (h *house) clock() time.Time { return time.UnixMicro(h.now.Load()).UTC() }
func (h *house) set(at time.Time) { h.now.Store(at.UnixMicro()) }

// service is the whole of what takes snapshots, with its periods.
func service(d *db.DB, now func() time.Time) (*snapshot.Service, error) {
	log, err := audit.New(d, now, make([]byte, 32))
	if err != nil {
		return nil, err
	}
	jobs := job.New(job.Config{
		DB: d, Now: now, Log: slog.New(slog.DiscardHandler), Poll: 3 * time.Millisecond, Lease: 10 * time.Second, Lanes: map[string]int{snapshot.Lane: 2},
	})
	s := &snapshot.Service{DB: d, Now: now, Jobs: jobs, Portfolio: &portfolio.Service{
		DB: d, Now: now, Connections: &connection.Service{DB: d, Audit: log, Now: now},
		Gains: &gains.Service{DB: d, Now: now},
	}}
	s.Register()
	return s, nil
}

func mustExec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// newUser is somebody without connections.
func newUser(t *testing.T, d *db.DB) string {
	t.Helper()
	id := db.NewID()
	mustExec(t, d, "insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)", id, id+"@jaspers.test", time.Unix(0, 0))
	return id
}

// connect gives somebody a connection made at a time, with an account of 100 dollars in cash and ten shares.
func connect(t *testing.T, d *db.DB, user string, made time.Time) (id string) {
	t.Helper()
	id = db.NewID()
	account := db.NewID()
	mustExec(t, d, `insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at)
		values ($1, $2, 'desk', 'paper', 'active', '', $3, $3)`, id, user, db.Time(made))
	mustExec(t, d, `insert into brokerage_accounts (id, connection_id, external_id, number, status, currency, cash, as_of)
		values ($1, $2, 'a', 'No. 1', 'ACTIVE', 'USD', '100', $3)`, account, id, db.Time(made))
	mustExec(t, d, `insert into portfolio_holdings (id, user_id, connection_id, account_id, instrument_id, symbol, name, asset_class, exchange, currency,
			quantity, multiplier, cost_basis, price, previous_close, market_value, as_of)
		values ($1, $2, $3, $4, 'x', 'X', '', 'equity', 'NYSE', 'USD', '10', '1', '80', '9', '9', '90', $5)`, db.NewID(), user, id, account, db.Time(made))
	return id
}

// read says that a connection was read at a time, and found a share at a price.
func read(t *testing.T, d *db.DB, id string, at time.Time, price int) {
	t.Helper()
	mustExec(t, d, "update brokerage_connections set status = 'active', last_sync_at = $2, error_kind = null, error_message = null, error_at = null where id = $1", id, db.Time(at))
	mustExec(t, d, "update portfolio_holdings set price = $2, market_value = $3, as_of = $4 where connection_id = $1",
		id, decimal.NewFromInt(int64(price)), decimal.NewFromInt(int64(10*price)), db.Time(at))
}

func fail(t *testing.T, d *db.DB, id string, at time.Time, status connection.Status) {
	t.Helper()
	mustExec(t, d, "update brokerage_connections set status = $3, error_kind = 'upstream_unavailable', error_message = 'the desk is down', error_at = $2 where id = $1",
		id, db.Time(at), status)
}

// slot does the work of the slot at a time, on several queues at once, until none is left.
func (h *house) slot(at time.Time) {
	h.t.Helper()
	h.set(at)
	if err := h.DB.Tx(h.t.Context(), func(tx *sql.Tx) error { return h.Due(h.t.Context(), tx, at) }); err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for range 2 {
		s, err := service(h.DB, h.clock)
		if err != nil {
			h.t.Fatal(err)
		}
		s.History = h.History
		running.Go(func() { s.Jobs.Run(ctx) })
	}
	wait(h.t, h.DB, "select count(*) from jobs where state <> 'done'", func(n int) bool { return n == 0 })
}

func wait(t *testing.T, d *db.DB, query string, good func(n int) bool) {
	t.Helper()
	var n int
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if err := d.Read().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if good(n) {
			return
		}
	}
	var failed sql.NullString // for whoever reads the failure
	_ = d.Read().QueryRowContext(t.Context(), "select max(last_error) from jobs").Scan(&failed)
	t.Fatalf("%s: got %d; last error %s", query, n, failed.String)
}

// shots lays a person's snapshots out, the oldest first: day, value, status, basis.
func (h *house) shots(user string) []string {
	h.t.Helper()
	all, _, err := h.List(h.t.Context(), user, snapshot.Range{Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	lines := []string{}
	for i := range all {
		shot := all[len(all)-1-i]
		lines = append(lines, fmt.Sprintf("%s %s %s %s", shot.Day, shot.TotalValue, shot.Status, shot.Basis))
	}
	return lines
}

func (h *house) same(what string, want, got any) {
	h.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// newYork is a time of November 2026 in New York: the 23rd is a Monday, the 26th Thanksgiving, the 27th closes early.
func newYork(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, calendar.NewYork())
}

func TestACloseIsKeptOnceEverythingWasReadAfterIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		id := connect(t, d, user, newYork(23, 10, 0))
		read(t, d, id, newYork(23, 16, 0), 9)
		h.slot(newYork(23, 16, 15))
		h.same("before prices have settled", []string{}, h.shots(user))
		h.slot(newYork(23, 16, 30))
		h.same("while it was not read since", []string{}, h.shots(user))
		read(t, d, id, newYork(23, 16, 31), 10)
		h.slot(newYork(23, 16, 45))
		h.slot(newYork(23, 17, 0))
		h.same("after it was", []string{"2026-11-23 200 confirmed reading"}, h.shots(user))
		read(t, d, id, newYork(24, 12, 0), 11)
		h.slot(newYork(24, 12, 0))
		h.same("at noon", []string{"2026-11-23 200 confirmed reading"}, h.shots(user))

		all, _, err := h.List(t.Context(), user, snapshot.Range{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		want := snapshot.Snapshot{
			Day: "2026-11-23", BaseCurrency: "USD", TotalValue: new(dec("200")), Cash: new(dec("100")), MarketValue: new(dec("100")), ConfirmedValue: new(dec("200")),
			CostBasis: new(dec("80")), UnrealizedPnl: new(dec("20")), Status: snapshot.Confirmed, Basis: snapshot.FromReading,
			Reasons: []string{"Income and flows are unknown: not every brokerage tells of all that moves cash."},
			AsOf:    newYork(23, 16, 31).UTC(), ClosedAt: newYork(23, 16, 0).UTC(), TakenAt: newYork(23, 16, 45).UTC(),
			Accounts: []portfolio.AccountTotals{{
				ConnectionID: id, Provider: "desk", Account: "No. 1", TotalValue: new(dec("200")), Cash: new(dec("100")), MarketValue: new(dec("100")), AsOf: newYork(23, 16, 31).UTC(),
			}},
		}
		h.same("the snapshot", want, all[0])
	})
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func TestHolidaysWeekendsAndEarlyClosesAreTheExchanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		id := connect(t, d, user, newYork(25, 10, 0))
		for at := newYork(25, 10, 0); at.Before(newYork(30, 17, 0)); at = at.Add(45 * time.Minute) {
			read(t, d, id, at, 9)
			h.slot(at)
		}
		h.same("from the day before Thanksgiving to Monday", []string{
			"2026-11-25 190 confirmed reading", "2026-11-27 190 confirmed reading", "2026-11-30 190 confirmed reading",
		}, h.shots(user))
		all, _, err := h.List(t.Context(), user, snapshot.Range{From: "2026-11-26", To: "2026-11-29", Limit: 9})
		if err != nil || len(all) != 1 || !all[0].ClosedAt.Equal(newYork(27, 13, 0)) || !all[0].TakenAt.Before(newYork(27, 16, 0)) {
			t.Errorf("got %+v, %v, want Friday's, closed at one", all, err)
		}
	})
}

func TestAConnectionThatFailsIsWaitedForAnHourAndOneThatNeedsItsOwnerIsNot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		ada, bob := newUser(t, d), newUser(t, d)
		adas, other := connect(t, d, ada, newYork(23, 10, 0)), connect(t, d, ada, newYork(23, 10, 0))
		bobs := connect(t, d, bob, newYork(23, 10, 0))
		read(t, d, adas, newYork(23, 16, 15), 10)
		read(t, d, other, newYork(23, 15, 45), 10)
		fail(t, d, other, newYork(23, 16, 16), connection.Failing)
		read(t, d, bobs, newYork(23, 15, 0), 10)
		fail(t, d, bobs, newYork(23, 15, 30), connection.ReauthorizationRequired)
		h.slot(newYork(23, 16, 30))
		h.same("Bob's", []string{"2026-11-23 200 partial reading"}, h.shots(bob))
		h.slot(newYork(23, 16, 45))
		h.same("Ada's while there is hope", []string{}, h.shots(ada))
		fail(t, d, adas, newYork(23, 16, 46), connection.Failing) // what was read of the close stays good
		h.slot(newYork(23, 17, 0))
		h.same("Ada's", []string{"2026-11-23 400 partial reading"}, h.shots(ada))
		all, _, err := h.List(t.Context(), ada, snapshot.Range{Limit: 1})
		if err != nil || !all[0].ConfirmedValue.Equal(dec("200")) || len(all[0].Accounts) != 2 || all[0].Accounts[0].Stale || !all[0].Accounts[1].Stale ||
			!strings.Contains(strings.Join(all[0].Reasons, " "), "the desk is down") {
			t.Errorf("got %+v, %v, want half of it confirmed, with the reason", all, err)
		}
	})
}

func TestWhatWasMissedIsMadeUpForWithTheBestThatIsKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user, fresh := newUser(t, d), newUser(t, d)
		id := connect(t, d, user, newYork(20, 10, 0))
		read(t, d, id, newYork(20, 16, 15), 9)
		h.slot(newYork(20, 16, 30))
		// No server until late on Monday: it reads before it looks, and what it reads is of Monday's close.
		late := connect(t, d, fresh, newYork(23, 15, 0))
		read(t, d, id, newYork(23, 20, 0), 10)
		read(t, d, late, newYork(23, 15, 0), 12)
		h.slot(newYork(23, 20, 0))
		h.same("on Monday night", []string{"2026-11-20 190 confirmed reading", "2026-11-23 200 late reading"}, h.shots(user))
		h.same("whose connection was not read yet", []string{}, h.shots(fresh))
		// No server until the Monday after.
		read(t, d, id, newYork(30, 11, 0), 14)
		h.slot(newYork(30, 11, 0))
		h.same("a week later", []string{
			"2026-11-20 190 confirmed reading", "2026-11-23 200 late reading",
			"2026-11-24 200 late carried", "2026-11-25 200 late carried", "2026-11-27 200 late carried",
		}, h.shots(user))
		h.same("with nothing to carry on", []string{
			"2026-11-23 220 late reading", "2026-11-24 220 late reading", "2026-11-25 220 late reading", "2026-11-27 220 late reading",
		}, h.shots(fresh))
		all, _, err := h.List(t.Context(), user, snapshot.Range{Limit: 1})
		if err != nil || !strings.Contains(all[0].Reasons[0], "repeats the snapshot before") || !all[0].AsOf.Equal(newYork(23, 20, 0)) {
			t.Errorf("got %+v, %v, want it said what it shows", all, err)
		}
	})
}

func TestTheLedgersHistoryComesBeforeWhatIsLeftOfADay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		id := connect(t, d, user, newYork(23, 10, 0))
		read(t, d, id, newYork(25, 11, 0), 10)
		h.History = func(_ context.Context, _ string, day calendar.Day) (was portfolio.Standing, ok bool, err error) {
			if day.Day == 24 {
				return was, false, nil
			}
			was.BaseCurrency, was.AsOf, was.BestKnown.TotalValue = "USD", new(newYork(day.Day, 16, 0)), new(dec("77"))
			return was, true, nil
		}
		h.slot(newYork(25, 11, 0))
		h.same("with a ledger that knows Monday", []string{"2026-11-23 77 late history", "2026-11-24 77 late carried"}, h.shots(user))

		h.History = func(context.Context, string, calendar.Day) (portfolio.Standing, bool, error) {
			return portfolio.Standing{}, false, errors.New("no prices today")
		}
		h.set(newYork(27, 10, 0)) // Wednesday was missed
		if err := h.TakeMissing(t.Context(), snapshot.Take{UserID: user}); err == nil || len(h.shots(user)) != 2 {
			t.Errorf("got %v and %v, want it tried again later", err, h.shots(user))
		}
	})
}

func TestAValueThatNobodyKnowsIsKeptAsUnknown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		id := connect(t, d, user, newYork(23, 10, 0))
		read(t, d, id, newYork(24, 11, 0), 10)
		const why = "The totals leave out what is in USD: there is no exchange rate to CHF."
		h.History = func(_ context.Context, _ string, day calendar.Day) (was portfolio.Standing, ok bool, err error) {
			was.BaseCurrency, was.AsOf, was.Gaps = "CHF", new(newYork(day.Day, 16, 0)), []string{why}
			was.Accounts = []portfolio.AccountTotals{{Account: "No. 1", Partial: true}}
			return was, true, nil
		}
		h.slot(newYork(24, 11, 0))
		all, _, err := h.List(t.Context(), user, snapshot.Range{Limit: 1})
		if err != nil || len(all) != 1 {
			t.Fatalf("got %+v, %v", all, err)
		}
		got := all[0]
		if got.TotalValue != nil || got.Cash != nil || got.MarketValue != nil || got.ConfirmedValue != nil || got.Accounts[0].TotalValue != nil || !got.Accounts[0].Partial {
			t.Errorf("got %+v, want no value that nobody knows", got)
		}
		if !slices.Contains(got.Reasons, why) {
			t.Errorf("got reasons %q, want %q among them", got.Reasons, why)
		}
	})
}

func TestPagesGoBackInTimeAndWrongQuestionsSaySo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		id := connect(t, d, user, newYork(2, 10, 0))
		read(t, d, id, newYork(13, 10, 0), 10)
		h.slot(newYork(13, 10, 0))
		var days []string
		for r := (snapshot.Range{From: "2026-11-03", To: "2026-11-11", Limit: 3}); ; {
			page, next, err := h.List(t.Context(), user, r)
			if err != nil {
				t.Fatal(err)
			}
			for _, shot := range page {
				days = append(days, shot.Day[8:])
			}
			if r.Cursor = next; next == "" {
				break
			}
		}
		h.same("days", []string{"11", "10", "09", "06", "05", "04", "03"}, days)
		_, _, err := h.List(t.Context(), user, snapshot.Range{From: "yesterday", To: "2026-02-30", Limit: 1, Cursor: "x"})
		if f := fault.From(err); f.Kind != fault.Invalid || len(f.Fields) != 3 {
			t.Errorf("got %v, want three wrong fields", err)
		}
		_, _, err = h.List(t.Context(), user, snapshot.Range{From: "2026-11-03", To: "2026-11-02", Limit: 1})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v, want it refused", err)
		}
		if all, _, err := h.List(t.Context(), newUser(t, d), snapshot.Range{Limit: 9}); len(all) != 0 || err != nil {
			t.Errorf("got %v, %v for somebody else", all, err)
		}
	})
}
