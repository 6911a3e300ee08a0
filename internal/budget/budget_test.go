package budget

import (
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is moved by tests.
type clock struct{ now time.Time }

func november() *clock { return &clock{time.Date(2026, time.November, 30, 23, 59, 0, 0, time.UTC)} }

func serviceOn(d *db.DB, c *clock, limits Limits) *Service {
	return &Service{DB: d, Now: func() time.Time { return c.now }, Log: slog.New(slog.DiscardHandler), Limits: limits}
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

func dollars(text string) Amount    { return Amount{USD: decimal.RequireFromString(text)} }
func tokens(n int64) Amount         { return Amount{Tokens: n} }
func both(s string, n int64) Amount { return Amount{decimal.RequireFromString(s), n} }

// spent is what a person and everybody took, settled and not.
func spent(t *testing.T, s *Service, user string) Month {
	t.Helper()
	m, err := s.Spent(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func same(t *testing.T, what string, got, want Amount) {
	t.Helper()
	if !got.USD.Equal(want.USD) || got.Tokens != want.Tokens {
		t.Errorf("%s: got %s and %d tokens, want %s and %d", what, got.USD, got.Tokens, want.USD, want.Tokens)
	}
}

func reserve(t *testing.T, s *Service, user string, upper Amount) *Reservation {
	t.Helper()
	r, err := s.Reserve(t.Context(), user, upper)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatACallTookTakesThePlaceOfWhatItCouldHave(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november(), Limits{Installation: dollars("50")})
		ada, ben := newUser(t, d), newUser(t, d)
		first, second := reserve(t, s, ada, both("0.10", 1000)), reserve(t, s, ben, both("0.20", 2000))
		m := spent(t, s, ada)
		same(t, "reserved by ada", m.Person.Reserved, both("0.10", 1000))
		same(t, "reserved by all", m.Installation.Reserved, both("0.30", 3000))
		first.Settle(t.Context(), both("0.000000000000000001", 7))
		second.Settle(t.Context(), both("0.1234567890123456789", 70))
		m = spent(t, s, ada)
		same(t, "spent by ada", m.Person.Spent, both("0.000000000000000001", 7))
		same(t, "spent by all", m.Installation.Spent, both("0.1234567890123456799", 77))
		same(t, "reserved by all after it", m.Installation.Reserved, Amount{})
		same(t, "spent by ben", spent(t, s, ben).Person.Spent, both("0.1234567890123456789", 70))
		if want := time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC); !m.Ends.Equal(want) || !m.Begins.Equal(want.AddDate(0, -1, 0)) {
			t.Errorf("got a month from %s to %s", m.Begins, m.Ends)
		}
	})
}

func TestASpentBudgetSaysWhoCanRaiseItAndWhenItBeginsAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := november()
		for name, tc := range map[string]struct {
			limits Limits
			upper  Amount
			says   string
		}{
			"dollars of all":      {Limits{Installation: dollars("1")}, dollars("0.6"), "JASPERS_BUDGET_USD"},
			"tokens of all":       {Limits{Installation: tokens(1000)}, tokens(501), "JASPERS_BUDGET_TOKENS"},
			"dollars of a person": {Limits{Person: dollars("1")}, dollars("0.500001"), "JASPERS_BUDGET_PERSON_USD"},
			"tokens of a person":  {Limits{Installation: both("9", 9000), Person: tokens(1000)}, tokens(999), "JASPERS_BUDGET_PERSON_TOKENS"},
		} {
			s := serviceOn(d, c, tc.limits)
			ada := newUser(t, d)
			write(t, d, `delete from model_reservations`)
			write(t, d, `delete from model_months`)
			under := reserve(t, s, ada, tc.upper)
			_, err := s.Reserve(t.Context(), ada, tc.upper)
			if f := fault.From(err); f.Kind != fault.BudgetSpent || f.RetryAfter != answerTime || !strings.Contains(f.Message, "reserved for answers that are being written") {
				t.Errorf("%s: got %v after %s, want it to wait for the other answer", name, err, f.RetryAfter)
			}
			under.Settle(t.Context(), tc.upper)
			_, err = s.Reserve(t.Context(), ada, tc.upper)
			f := fault.From(err)
			if f.Kind != fault.BudgetSpent || f.RetryAfter != time.Minute || !strings.Contains(f.Message, tc.says) || !strings.Contains(f.Message, "1 December 2026") {
				t.Errorf("%s: got %v after %s, want BudgetSpent with %s and the day", name, err, f.RetryAfter, tc.says)
			}
			_, others := s.Reserve(t.Context(), newUser(t, d), tc.upper)
			if ofPerson := strings.Contains(tc.says, "PERSON"); ofPerson != (others == nil) {
				t.Errorf("%s: somebody else got %v", name, others)
			}
		}
	})
}

func TestAMonthBeginsAnewInUTCAndOldCallsStayInTheirs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := november()
		s := serviceOn(d, c, Limits{Installation: dollars("1"), Person: dollars("1")})
		ada := newUser(t, d)
		late := reserve(t, s, ada, dollars("1"))
		if _, err := s.Reserve(t.Context(), ada, dollars("0.01")); !fault.Is(err, fault.BudgetSpent) {
			t.Errorf("got %v in November, want BudgetSpent", err)
		}
		c.now = c.now.Add(time.Minute)
		reserve(t, s, ada, dollars("1"))
		late.Settle(t.Context(), dollars("0.4"))
		same(t, "spent in December", spent(t, s, ada).Person.Spent, Amount{})
		c.now = c.now.Add(-time.Minute)
		same(t, "spent in November", spent(t, s, ada).Person.Spent, dollars("0.4"))
	})
}

// atOnce is how many ask at the same moment.
const atOnce = 100

func TestOfAHundredAtTheEndOfABudgetExactlyThoseAreLetInWhoFit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const fits = 37
		one := both("0.10", 100)
		for name, limits := range map[string]Limits{
			"of all":      {Installation: dollars("3.7999999999")},
			"of a person": {Person: tokens(100*fits + 99)},
		} {
			write(t, d, `delete from model_months`)
			write(t, d, `delete from model_reservations`)
			s, user := serviceOn(d, november(), limits), newUser(t, d)
			var in, out atomic.Int64
			var all sync.WaitGroup
			for range atOnce {
				all.Go(func() {
					switch _, err := s.Reserve(t.Context(), user, one); {
					case err == nil:
						in.Add(1)
					case fault.Is(err, fault.BudgetSpent):
						out.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			all.Wait()
			if in.Load() != fits || out.Load() != atOnce-fits {
				t.Errorf("%s: got %d let in and %d refused, want %d", name, in.Load(), out.Load(), fits)
			}
			same(t, name, spent(t, s, user).Installation.Reserved, both("3.7", 100*fits))
		}
	})
}

func TestWhatManySettleAtOnceAddsUpExactly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november(), Limits{Installation: both("1000", 1_000_000)})
		users := []string{newUser(t, d), newUser(t, d)}
		var all sync.WaitGroup
		for i := range atOnce {
			all.Go(func() {
				r, err := s.Reserve(t.Context(), users[i%2], both("0.5", 500))
				if err != nil {
					t.Error(err)
					return
				}
				r.Settle(t.Context(), both("0.0000001", int64(i)))
			})
		}
		all.Wait()
		m := spent(t, s, users[0])
		same(t, "all", m.Installation.Spent, both("0.00001", atOnce*(atOnce-1)/2))
		same(t, "the first", m.Person.Spent, both("0.000005", 2450))
		same(t, "reserved", m.Installation.Reserved, Amount{})
	})
}

func TestWhatADeadProcessReservedCountsAsSpent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := november()
		s := serviceOn(d, c, Limits{Installation: dollars("1")})
		ada := newUser(t, d)
		dead := reserve(t, s, ada, dollars("0.7"))
		tidy := func() {
			t.Helper()
			if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return s.Tidy(t.Context(), tx, c.now) }); err != nil {
				t.Fatal(err)
			}
		}
		tidy()
		same(t, "still reserved", spent(t, s, ada).Person.Reserved, dollars("0.7"))
		c.now = c.now.Add(-20 * time.Minute) // of the same month
		young := reserve(t, s, ada, dollars("0.1"))
		c.now = c.now.Add(20 * time.Minute)
		tidy() // takes the one that is 20 minutes old, and leaves the other
		m := spent(t, s, ada)
		same(t, "spent", m.Person.Spent, dollars("0.1"))
		same(t, "reserved", m.Person.Reserved, dollars("0.7"))
		young.Settle(t.Context(), dollars("0.04")) // it lived after all
		same(t, "what it took", spent(t, s, ada).Person.Spent, dollars("0.04"))
		c.now = c.now.Add(keptFor + time.Minute) // it is December
		tidy()
		c.now = c.now.Add(-keptFor - time.Minute)
		same(t, "November's", spent(t, s, ada).Installation.Spent, dollars("0.74"))
		_ = dead
	})
}

func TestWhoLeavesTakesTheirRowsAndLeavesWhatTheyTook(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november(), Limits{Installation: dollars("1")})
		ada, ben := newUser(t, d), newUser(t, d)
		reserve(t, s, ada, dollars("0.3")).Settle(t.Context(), dollars("0.2"))
		open := reserve(t, s, ada, dollars("0.4"))
		write(t, d, `delete from users where id = $1`, ada)
		m := spent(t, s, ben)
		same(t, "spent", m.Installation.Spent, dollars("0.2"))
		same(t, "reserved", m.Installation.Reserved, dollars("0.4"))
		same(t, "of ada", spent(t, s, ada).Person.Spent, Amount{})
		open.Settle(t.Context(), dollars("0.1"))
		m = spent(t, s, ben)
		same(t, "spent after it", m.Installation.Spent, dollars("0.3"))
		same(t, "reserved after it", m.Installation.Reserved, Amount{})
		if _, err := s.Reserve(t.Context(), ada, dollars("0.1")); err == nil {
			t.Error("somebody who left has a call paid for")
		}
	})
}

func TestWhoseAskerIsGoneIsSettledAllTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november(), Limits{})
		ada := newUser(t, d)
		r := reserve(t, s, ada, dollars("0.3"))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		r.Settle(gone, dollars("0.2"))
		same(t, "spent", spent(t, s, ada).Person.Spent, dollars("0.2"))
	})
}

// However calls come, end and die, nothing is lost, and no limit is passed by what keeps to its bound.
func TestBudgetsAddUpWhateverHappens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			write(t, d, `delete from model_months`)
			write(t, d, `delete from model_reservations`)
			s := serviceOn(d, november(), Limits{Installation: tokens(1000), Person: tokens(600)})
			users := []string{newUser(t, d), newUser(t, d)}
			var open []*Reservation
			took, held := map[string]int64{}, map[string]int64{}
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				if len(open) > 0 && rapid.Bool().Draw(rt, "settle") {
					r := open[0]
					open = open[1:]
					actual := rapid.Int64Range(0, r.row.upper.Tokens).Draw(rt, "actual")
					r.Settle(t.Context(), tokens(actual))
					took[r.row.userID] += actual
					held[r.row.userID] -= r.row.upper.Tokens
					continue
				}
				user, upper := rapid.SampledFrom(users).Draw(rt, "user"), rapid.Int64Range(0, 400).Draw(rt, "upper")
				all := took[users[0]] + took[users[1]] + held[users[0]] + held[users[1]] + upper
				fits := all <= 1000 && took[user]+held[user]+upper <= 600
				r, err := s.Reserve(t.Context(), user, tokens(upper))
				if fits != (err == nil) {
					rt.Fatalf("got %v for %d more of %v and %v", err, upper, took, held)
				}
				if err == nil {
					open = append(open, r)
					held[user] += upper
				}
			}
			for _, user := range users {
				m, err := s.Spent(t.Context(), user)
				if err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff([]int64{took[user], held[user]}, []int64{m.Person.Spent.Tokens, m.Person.Reserved.Tokens}); diff != "" {
					rt.Errorf("spent and reserved (-want +got):\n%s", diff)
				}
			}
		})
	})
}

func TestNothingIsLeftOfABudgetWhenAllOfItIsSpentOrReserved(t *testing.T) {
	for name, tc := range map[string]struct {
		use  Use
		want bool
	}{
		"without limits": {Use{Spent: both("100", 100)}, false},
		"some":           {Use{Spent: dollars("1"), Reserved: dollars("1"), Limit: dollars("2.01")}, false},
		"reserved":       {Use{Spent: dollars("1"), Reserved: dollars("1"), Limit: dollars("2")}, true},
		"tokens":         {Use{Spent: both("1", 7), Limit: both("2", 7)}, true},
	} {
		if got := tc.use.Gone(); got != tc.want {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(d, november(), Limits{Installation: dollars("5")})
		reserve(t, s, newUser(t, d), dollars("3")).Settle(t.Context(), dollars("2"))
		reserve(t, s, newUser(t, d), dollars("3"))
		month, err := s.Spent(t.Context(), "")
		use := month.Installation
		if err != nil || !use.Gone() {
			t.Errorf("got %+v, %v, want everything taken", use, err)
		}
		same(t, "spent", use.Spent, dollars("2"))
		same(t, "reserved", use.Reserved, dollars("3"))
	})
}
