package usage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/budget"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is moved by tests.
type clock struct{ now time.Time }

func november() *clock { return &clock{time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC)} }

func serviceOn(d *db.DB, c *clock) *Service {
	now, log := func() time.Time { return c.now }, slog.New(slog.DiscardHandler)
	return New(Config{
		DB: d, Now: now, Log: log, Jobs: job.New(job.Config{DB: d, Now: now, Log: log}), Days: 7, Years: 5,
		Budget: &budget.Service{DB: d, Now: now, Log: log, Limits: budget.Limits{Person: budget.Amount{USD: decimal.NewFromInt(3)}}},
	})
}

func newUser(t *testing.T, d *db.DB) string {
	t.Helper()
	id := db.NewID()
	write(t, d, `insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, 'x', $3, $3)`, id, id+"@example.com", time.Now())
	return id
}

func write(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	if err := d.Read().QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// record is a day's work for a person: calls of two endpoints, and turns of a model.
func (s *Service) record(ctx context.Context, n int) {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	for i := range n {
		c := upstream.Call{Provider: "yahoo", Endpoint: "GET /chart", Status: 200, At: s.Now(), Duration: time.Duration(random.ExpFloat64() * 1e8)}
		switch i % 5 {
		case 1:
			c.Endpoint, c.Status = "GET /quote", 429
		case 2:
			c.Status, c.Failure = 0, fault.UpstreamTimeout
		}
		s.Call(ctx, c)
		if i%3 == 0 {
			took := llm.Usage{Input: int64(i), Output: 7, CacheRead: 1000, CacheWrite: int64(i % 2)}
			one := Turn{Model: llm.Info{Provider: "anthropic", Endpoint: "POST /v1/messages", Model: "m"}, Usage: took, USD: decimal.New(int64(i), -7), Took: time.Second}
			if i%2 == 0 {
				one.Failure = fault.Canceled
			}
			s.Turn(ctx, one)
		}
	}
}

// asked are answers to all that can be asked about a query's days.
func (s *Service) asked(t *testing.T, userID string) string {
	t.Helper()
	var all []any
	for _, by := range [][]By{nil, {ByDay}, {ByProvider, ByDay}, {ByEndpoint, ByModel}} {
		q := Query{UserID: userID, From: calendar.Day{Year: 2026, Month: 11, Day: 1}, To: calendar.Day{Year: 2026, Month: 12, Day: 31}, By: by}
		u, err := s.Usage(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Costs(t.Context(), q, true)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u, c)
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnswersAreTheSameBeforeAndAfterRollingUpByWhomeverHoweverOften(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := november()
		s := serviceOn(d, c)
		ada, bob := newUser(t, d), newUser(t, d)
		for range 3 {
			s.record(audit.For(t.Context(), ada), 700)
			s.record(audit.For(t.Context(), bob), 40)
			s.record(t.Context(), 30)
			c.now = c.now.AddDate(0, 0, 1)
		}
		if err := s.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows := count(t, d, "api_usage_logs")
		c.now = c.now.AddDate(0, 0, 6) // of which the first two days are old
		before := map[string]string{}
		for _, whose := range []string{"", ada, bob} {
			before[whose] = s.asked(t, whose)
		}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				for range 2 {
					if err := serviceOn(d, c).RollUp(t.Context(), RollUp{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		both.Wait()
		if left, days := count(t, d, "api_usage_logs"), count(t, d, "api_usage_days"); left != rows/3 || days == 0 || days > 60 {
			t.Errorf("got %d of %d rows left and %d in their place, want a third left and few", left, rows, days)
		}
		for _, whose := range []string{"", ada, bob} {
			if diff := cmp.Diff(before[whose], s.asked(t, whose)); diff != "" {
				t.Errorf("%q: rolled up it is another answer (-before +after):\n%s", whose, diff)
			}
		}
	})
}

func TestARowIsToldAsItWasRecordedAndToNobodyElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november())
		ada, bob := newUser(t, d), newUser(t, d)
		ctx := telemetry.WithCorrelation(audit.For(t.Context(), ada), "request-1")
		s.Call(ctx, upstream.Call{Provider: "alpaca", Endpoint: "GET /v2/positions", Status: 503, At: s.Now(), Duration: 20 * time.Millisecond})
		s.Call(ctx, upstream.Call{Provider: "alpaca", Endpoint: "GET /v2/positions", Failure: fault.UpstreamDown, At: s.Now(), Duration: time.Hour})
		s.Turn(ctx, Turn{Model: llm.Info{Provider: "anthropic", Endpoint: "POST /v1/messages", Model: "m"}, Usage: llm.Usage{Input: 5, CacheRead: 3}, USD: decimal.RequireFromString("0.000010600000000001"), Took: time.Second})
		if err := s.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		u, err := s.Usage(t.Context(), Query{UserID: ada, By: []By{ByProvider}})
		if err != nil || len(u.Groups) != 2 {
			t.Fatalf("got %+v, %v, want two providers", u, err)
		}
		alpaca, model := u.Groups[0], u.Groups[1]
		if *alpaca.Provider != "alpaca" || alpaca.Calls != 2 || alpaca.Errors != 2 || len(alpaca.Statuses) != 2 || *alpaca.Statuses[0].Failure != fault.UpstreamDown || *alpaca.Statuses[1].Status != 503 {
			t.Errorf("got %+v, want both calls as they went", alpaca)
		}
		if got := *alpaca.Latency; got.P50 < 19.8 || got.P50 > 20.2 || got.P99 < 3.6e6*.99 || got.P99 > 3.6e6*1.01 {
			t.Errorf("got %+v, want 20 ms and an hour", got)
		}
		if m := model.Taken; model.Calls != 0 || model.Latency != nil || m.Turns != 1 || m.Tokens != (llm.Usage{Input: 5, CacheRead: 3}) || m.USD.String() != "0.000010600000000001" {
			t.Errorf("got %+v, want the turn with every digit", model)
		}
		if got := u.Total; got.Calls != 2 || got.Taken.Turns != 1 {
			t.Errorf("got %+v in all", got)
		}
		if others, err := s.Usage(t.Context(), Query{UserID: bob}); err != nil || len(others.Groups) > 0 || others.Total.Calls > 0 {
			t.Errorf("got %+v, %v, want nothing of ada's", others, err)
		}
		var correlation string
		if err := d.Read().QueryRowContext(t.Context(), "select min(correlation_id) from api_usage_logs").Scan(&correlation); err != nil || correlation != "request-1" {
			t.Errorf("got %q, %v", correlation, err)
		}
	})
}

func TestWhatWasDoneForSomebodyWhoLeftIsNobodys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := november()
		s := serviceOn(d, c)
		ada := newUser(t, d)
		ctx := telemetry.WithCorrelation(audit.For(t.Context(), ada), "request-1")
		leave := func() {
			t.Helper()
			if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(t.Context(), "delete from users where id = $1", ada); err != nil {
					return err
				}
				return Forget(t.Context(), tx)
			}); err != nil {
				t.Fatal(err)
			}
		}
		s.record(ctx, 10)
		if err := s.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.AddDate(0, 0, 8)
		if err := s.RollUp(t.Context(), RollUp{}); err != nil {
			t.Fatal(err)
		}
		s.record(ctx, 10)
		if err := s.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := s.asked(t, "")
		leave()
		if diff := cmp.Diff(before, s.asked(t, "")); diff != "" {
			t.Errorf("what everybody took has changed (-before +after):\n%s", diff)
		}
		s.record(ctx, 10) // which was under way
		if err := s.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"api_usage_logs where user_id is not null", "api_usage_logs where correlation_id is not null", "api_usage_days where user_id is not null"} {
			if n := count(t, d, table); n > 0 {
				t.Errorf("%d rows of %s", n, table)
			}
		}
	})
}

func TestWhatNothingTakesWaitsAndWhatIsTooMuchIsCountedAndSaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november())
		write(t, d, "alter table api_usage_logs rename to elsewhere")
		const more = 123
		for range maxWaiting + more {
			s.Call(t.Context(), upstream.Call{Provider: "yahoo", Endpoint: "GET /chart", Status: 200, At: s.Now()})
		}
		if err := s.store(t.Context()); err == nil || len(s.waiting) != maxWaiting {
			t.Errorf("got %v with %d waiting, want all that there is room for", err, len(s.waiting))
		}
		write(t, d, "alter table elsewhere rename to api_usage_logs")
		s.Close()
		u, err := s.Usage(t.Context(), Query{})
		if err != nil || u.Total.Calls != maxWaiting || u.Lost != more {
			t.Errorf("got %d calls and %d lost, %v, want %d and %d", u.Total.Calls, u.Lost, err, maxWaiting, more)
		}
	})
}

func TestRunStoresBySecondsAndCloseWhatIsLeft(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november())
		ctx, stop := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { s.Run(ctx) })
		s.record(t.Context(), 10)
		for end := time.Now().Add(30 * time.Second); count(t, d, "api_usage_logs") == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("nothing was stored")
			}
		}
		for range 4 {
			s.record(t.Context(), batch) // which are full batches
		}
		stop()
		run.Wait()
		s.Close()
		if u, err := s.Usage(t.Context(), Query{}); err != nil || u.Total.Calls != 10+4*batch {
			t.Errorf("got %d calls, %v, want %d", u.Total.Calls, err, 10+4*batch)
		}
	})
}

func TestABatchOfWhichNobodyKnowsWhetherItWasStoredCountsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november())
		s.record(t.Context(), 9)
		rows := len(s.waiting)
		s.untold, s.lost = loss{db.NewID(), 5}, 2
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error { // committed, and the answer was lost
			for i := range s.waiting {
				s.waiting[i].id = db.NewID()
			}
			return s.insert(t.Context(), tx, s.waiting, s.untold)
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.store(t.Context()); err != nil || count(t, d, "api_usage_logs") != rows {
			t.Errorf("got %v, %d rows, want the batch once", err, count(t, d, "api_usage_logs"))
		}
		if u, err := s.Usage(t.Context(), Query{}); err != nil || u.Lost != 7 {
			t.Errorf("got %d lost, %v, want 5 that were told of already, and 2 since", u.Lost, err)
		}
	})
}

func TestPercentilesAreWithinAHundredthOfThoseOfTheDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		durations := rapid.SliceOfN(rapid.Int64Range(1, 4e9), 1, 300).Draw(t, "microseconds")
		whole, parts := histogram{}, histogram{}
		for i, d := range durations {
			one := histogram{place(time.Duration(d) * time.Microsecond): 1}
			whole.add(one)
			if i%2 == 0 {
				parts.add(one)
			}
		}
		slices.Sort(durations)
		for _, p := range []int64{50, 95, 99} {
			want := float64(durations[(int64(len(durations))*p+99)/100-1]) / 1000
			if got := whole.percentile(p); got < want*(1-accuracy)-0.0006 || got > want*(1+accuracy)+0.0006 { // and a microsecond's rounding
				t.Errorf("p%d: got %v of %v, want %v within 1 %%", p, got, durations, want)
			}
		}
	})
}

func TestAMonthIsEstimatedByItsLastWholeDaysAndNotAtAllWithoutOne(t *testing.T) {
	day := func(month time.Month, n int) calendar.Day { return calendar.Day{Year: 2026, Month: month, Day: n} }
	for name, tt := range map[string]struct {
		days  map[calendar.Day]string
		today calendar.Day
		want  string
		of    int
	}{
		"nothing":                         {nil, day(11, 18), "", 0},
		"only today":                      {map[calendar.Day]string{day(11, 18): "5"}, day(11, 18), "", 0},
		"only long ago":                   {map[calendar.Day]string{day(9, 1): "5"}, day(11, 18), "", 0},
		"one day, and today as before":    {map[calendar.Day]string{day(11, 17): "2"}, day(11, 18), "28", 1},
		"today more than the mean":        {map[calendar.Day]string{day(11, 17): "2", day(11, 18): "7"}, day(11, 18), "33", 1},
		"quiet days count":                {map[calendar.Day]string{day(11, 14): "2"}, day(11, 18), "8.5", 4},
		"the month before counts as mean": {map[calendar.Day]string{day(10, 31): "3"}, day(11, 1), "90", 1},
		"the last day":                    {map[calendar.Day]string{day(11, 29): "1.5", day(11, 30): "2"}, day(11, 30), "3.5", 1},
		"december ends":                   {map[calendar.Day]string{day(12, 30): "1"}, day(12, 31), "2", 1},
		"rounded":                         {map[calendar.Day]string{day(11, 12): "0.001"}, day(11, 18), "0.0032", 6},
		"a day that cost nothing":         {map[calendar.Day]string{day(11, 17): "0"}, day(11, 18), "0", 1},
	} {
		days := map[calendar.Day]decimal.Decimal{}
		for d, usd := range tt.days {
			days[d] = decimal.RequireFromString(usd)
		}
		got := estimate(days, tt.today)
		text := ""
		if got.USD != nil {
			text = got.USD.String()
		}
		if text != tt.want || got.Days != tt.of || (got.Reason == nil) != (tt.want != "") {
			t.Errorf("%s: got %q of %d days (%v), want %q of %d", name, text, got.Days, got.Reason, tt.want, tt.of)
		}
	}
}

func TestCostsTellTheMonthItIsAndTheBudgetsOneMaySee(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := november()
		s := serviceOn(d, c)
		ada := newUser(t, d)
		paid, err := s.Budget.Reserve(t.Context(), ada, budget.Amount{USD: decimal.NewFromInt(1), Tokens: 50})
		if err != nil {
			t.Fatal(err)
		}
		s.Turn(audit.For(t.Context(), ada), Turn{Model: llm.Info{Provider: "anthropic", Model: "m"}, USD: decimal.RequireFromString("0.25")})
		if err := s.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := calendar.Day{Year: 2026, Month: 10, Day: 1}
		own, err := s.Costs(t.Context(), Query{UserID: ada, From: first, To: first}, false)
		if err != nil || own.Month.ToDate.String() != "0.25" || own.Month.Month != "2026-11" || own.Month.Estimate.USD != nil || !own.Total.USD.IsZero() {
			t.Errorf("got %+v, %v, want November's quarter dollar, and nothing of October", own, err)
		}
		if b := own.Budgets; b.Installation != nil || b.Person.Reserved.Tokens != 50 || b.Person.Limit.USD.String() != "3" || b.Person.Limit.Tokens != nil {
			t.Errorf("got %+v, want one's own budget", b)
		}
		all, err := s.Costs(t.Context(), Query{}, true)
		if err != nil || len(all.Groups) != 1 || *all.Groups[0].Day != "2026-11-18" || all.Budgets.Person != nil || all.Budgets.Installation.Limit.USD != nil {
			t.Errorf("got %+v, %v, want everybody's", all, err)
		}
		paid.Settle(t.Context(), budget.Amount{USD: decimal.RequireFromString("0.25")})
	})
}

func TestDaysThatCannotBeAskedAboutAreRefused(t *testing.T) {
	day := func(year, n int) calendar.Day { return calendar.Day{Year: year, Month: 11, Day: n} }
	for _, q := range []Query{{From: day(2026, 3), To: day(2026, 2)}, {From: day(2025, 17), To: day(2026, 18)}, {From: day(2027, 1)}} {
		if err := q.complete(november().now); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: got %v, want it refused", q, err)
		}
	}
	q := Query{}
	if err := q.complete(november().now); err != nil || q.To != day(2026, 18) || q.From != (calendar.Day{Year: 2026, Month: 10, Day: 20}) {
		t.Errorf("got %v, %v, want the thirty days that end today", q, err)
	}
}

func TestOldSumsGoAndTheJobIsAddedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := november()
		s := serviceOn(d, c)
		s.record(t.Context(), 10)
		if err := s.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.AddDate(0, 0, 8)
		if err := s.RollUp(t.Context(), RollUp{}); err != nil || count(t, d, "api_usage_days") == 0 {
			t.Fatalf("got %v and no sums", err)
		}
		for _, years := range []int{0, 5, 1} {
			slot := c.now.AddDate(years, 0, 0)
			if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return s.Due(t.Context(), tx, slot) }); err != nil {
				t.Fatal(err)
			}
			if got, want := count(t, d, "api_usage_days") == 0, years >= 5 || years == 1; got != want {
				t.Errorf("%d years later: gone is %t, want %t", years, got, want)
			}
		}
		if n := count(t, d, "jobs"); n != 1 {
			t.Errorf("got %d jobs, want one", n)
		}
	})
}

func TestNamesThatAnEngineRefusesAreStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november())
		for i, endpoint := range []string{"GET /\x00", "GET /\xff\xfe", fmt.Sprintf("GET /%0500d", 1)} {
			s.Call(t.Context(), upstream.Call{Provider: "yahoo", Endpoint: endpoint, At: s.Now()})
			if err := s.store(t.Context()); err != nil || count(t, d, "api_usage_logs") != i+1 {
				t.Errorf("%q: %v", endpoint, err)
			}
		}
	})
}
