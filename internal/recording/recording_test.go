package recording_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/recording"
	"github.com/jaspers-ai/jaspers/internal/recording/recordingtest"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func splitted(id string, at time.Time, symbol, gained string) broker.Activity {
	return broker.Activity{ID: id, Kind: broker.Split, At: at, Instrument: recordingtest.Share(symbol), Quantity: dec(gained), Currency: "USD"}
}

// lines prints a person's ledger, without our ids.
func lines(t testing.TB, d *db.DB, p recordingtest.Person) []string {
	t.Helper()
	all, err := ledger.Load(t.Context(), d.Read(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, x := range all {
		id := x.ExternalID
		if strings.HasPrefix(id, "opening:") && x.Instrument != "" {
			id = "opening"
		}
		price := "-"
		if x.Price.Valid {
			price = x.Price.Decimal.String()
		}
		out = append(out, fmt.Sprintf("%s %s %s %s %s at %s for %s", id, x.Kind, x.Day, x.Symbol, x.Quantity, price, x.Amount))
	}
	return out
}

func wantLines(t testing.TB, d *db.DB, p recordingtest.Person, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, lines(t, d, p)); diff != "" {
		t.Errorf("the ledger (-want +got):\n%s", diff)
	}
}

func TestTwinsStayTwoAndWhatIsToldAgainChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := recordingtest.NewPerson(t, d)
		r := p.Reading(p.Account(t, d), recordingtest.Noon(20), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "2", "20")},
			recordingtest.Bought("a", recordingtest.Noon(10), "ACME", "1", "10"), recordingtest.Bought("b", recordingtest.Noon(10), "ACME", "1", "10"))
		if !recordingtest.Record(t, d, r) {
			t.Error("the first reading changed nothing")
		}
		version, err := ledger.Version(t.Context(), d.Read(), p.ID)
		if recordingtest.Record(t, d, r) || err != nil {
			t.Errorf("the same again is a change (%v)", err)
		}
		if again, err := ledger.Version(t.Context(), d.Read(), p.ID); again != version || version != 1 || err != nil {
			t.Errorf("got version %d and then %d, %v, want 1 twice", version, again, err)
		}
		wantLines(t, d, p, "a buy 2026-11-10 ACME 1 at 10 for -10", "b buy 2026-11-10 ACME 1 at 10 for -10")
	})
}

func TestACorrectionReplacesWhatWasToldAndMarksFromItsFirstDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := recordingtest.NewPerson(t, d)
		account := p.Account(t, d)
		recordingtest.Record(t, d, p.Reading(account, recordingtest.Noon(20), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "3", "30")},
			recordingtest.Bought("a", recordingtest.Noon(10), "ACME", "1", "10"), recordingtest.Bought("b", recordingtest.Noon(12), "ACME", "2", "10")))
		recordingtest.Record(t, d, p.Reading(account, recordingtest.Noon(21), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "3", "31")},
			recordingtest.Bought("a", recordingtest.Noon(11), "ACME", "1", "11"), recordingtest.Bought("b", recordingtest.Noon(12), "ACME", "2", "10")))
		wantLines(t, d, p, "a buy 2026-11-11 ACME 1 at 11 for -11", "b buy 2026-11-12 ACME 2 at 10 for -20")
		first, ok, err := ledger.ChangedSince(t.Context(), d.Read(), p.ID, 1)
		if first != (calendar.Day{Year: 2026, Month: time.November, Day: 10}) || !ok || err != nil {
			t.Errorf("got a change from %s on, %v, %v; want from the old day on", first, ok, err)
		}
	})
}

func TestWhatThePastDoesNotExplainIsAnOpening(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := recordingtest.NewPerson(t, d)
		r := p.Reading(p.Account(t, d), recordingtest.Noon(20), recordingtest.Noon(2), []broker.Position{
			recordingtest.Holds("ACME", "30", "360"), // 10 bought for 200 since; 20 of 24 before the sale cost 160
			recordingtest.Holds("SPLT", "50", "500"), // 2 for 1 since: 25 before
			recordingtest.Holds("SHRT", "-5", "-100"), recordingtest.Holds("ODD", "1", ""),
		},
			recordingtest.Bought("a", recordingtest.Noon(10), "ACME", "10", "20"), recordingtest.Bought("b", recordingtest.Noon(11), "ACME", "-4", "25"),
			splitted("s", recordingtest.Noon(12), "SPLT", "25"), recordingtest.Bought("gone", recordingtest.Noon(13), "GONE", "-7", "3"))
		r.Cash, r.History.CashComplete = map[string]decimal.Decimal{"USD": dec("1000"), "EUR": dec("5")}, true
		recordingtest.Record(t, d, r)
		want := []string{
			"opening opening 2026-11-02 ACME 24 at 8 for 0", "opening opening 2026-11-02 GONE 7 at - for 0",
			"opening opening 2026-11-02 ODD 1 at - for 0", "opening opening 2026-11-02 SHRT -5 at 20 for 0",
			"opening opening 2026-11-02 SPLT 25 at 20 for 0",
			"opening:cash:EUR opening 2026-11-02  0 at - for 5", "opening:cash:USD opening 2026-11-02  0 at - for 1079",
			"a buy 2026-11-10 ACME 10 at 20 for -200", "b sell 2026-11-11 ACME -4 at 25 for 100",
			"s split 2026-11-12 SPLT 25 at - for 0", "gone sell 2026-11-13 GONE -7 at 3 for 21",
		}
		got := lines(t, d, p)
		slices.Sort(got[:5])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		r.AsOf, r.Positions[0].Quantity = recordingtest.Noon(21), dec("31") // a break, not an opening
		if recordingtest.Record(t, d, r) {
			t.Error("a later difference changed the ledger")
		}
	})
}

func TestACompleteAccountHasNoOpening(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := recordingtest.NewPerson(t, d)
		r := p.Reading(p.Account(t, d), recordingtest.Noon(20), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "1", "10")}, recordingtest.Bought("a", recordingtest.Noon(10), "ACME", "1", "10"))
		r.History.Activities = append(r.History.Activities, broker.Activity{ID: "d", Kind: broker.Deposit, At: recordingtest.Noon(9), Currency: "USD", Amount: dec("50")})
		r.History.CashComplete, r.Cash = true, map[string]decimal.Decimal{"USD": dec("40")}
		recordingtest.Record(t, d, r)
		wantLines(t, d, p, "d deposit 2026-11-09  0 at - for 50", "a buy 2026-11-10 ACME 1 at 10 for -10")
	})
}

func TestABustedTradeGoesWhereThePositionSaysSo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := recordingtest.NewPerson(t, d)
		account := p.Account(t, d)
		a, busted, c := recordingtest.Bought("a", recordingtest.Noon(10), "ACME", "1", "10"), recordingtest.Bought("busted", recordingtest.Noon(11), "ACME", "5", "10"), recordingtest.Bought("c", recordingtest.Noon(12), "ACME", "2", "10")
		recordingtest.Record(t, d, p.Reading(account, recordingtest.Noon(20), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "8", "80")}, a, busted, c))
		if recordingtest.Record(t, d, p.Reading(account, recordingtest.Noon(21), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "8", "80")}, a, c)) {
			t.Error("a trade that was left out, but is held, went")
		}
		if !recordingtest.Record(t, d, p.Reading(account, recordingtest.Noon(22), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "3", "30")}, a, c)) {
			t.Error("the busted trade stayed")
		}
		wantLines(t, d, p, "a buy 2026-11-10 ACME 1 at 10 for -10", "c buy 2026-11-12 ACME 2 at 10 for -20")
	})
}

func TestSplitsThatBrokeragesTellConcernAllHolders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ada, bob := recordingtest.NewPerson(t, d), recordingtest.NewPerson(t, d)
		recordingtest.Record(t, d, bob.Reading(bob.Account(t, d), recordingtest.Noon(9), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "7", "70")}, recordingtest.Bought("b", recordingtest.Noon(5), "ACME", "7", "10")))
		recordingtest.Record(t, d, ada.Reading(ada.Account(t, d), recordingtest.Noon(20), time.Time{}, []broker.Position{recordingtest.Holds("ACME", "4", "")},
			recordingtest.Bought("a", recordingtest.Noon(10), "ACME", "25", "2"), splitted("out", recordingtest.Noon(12), "ACME", "-25"), splitted("in", recordingtest.Noon(12), "ACME", "2"), recordingtest.Bought("c", recordingtest.Noon(13), "ACME", "2", "21")))
		splits, err := instrument.SplitsHeld(t.Context(), d.Read(), bob.ID)
		if err != nil || len(splits) != 1 {
			t.Fatalf("got %v, %v, want the split that Ada's brokerage told of", splits, err)
		}
		for _, s := range splits {
			if got := fmt.Sprintf("%s %s:%s", s[0].Day, s[0].To, s[0].From); got != "2026-11-12 1:10" || !s[0].Guessed {
				t.Errorf("got %s, want the ratio that makes 2 of 25, less a fraction", got)
			}
		}
		if version, err := ledger.Version(t.Context(), d.Read(), bob.ID); version != 2 || err != nil {
			t.Errorf("got version %d, %v, want the split to be a change of Bob's ledger, too", version, err)
		}
	})
}

// past is what really happened in an account, of which readings tell parts. The shares A became twice as many on a day.
type past struct {
	all   []broker.Activity
	p     recordingtest.Person
	to    string
	split calendar.Day
	named string // behind the symbols, so that they are nobody else's
}

// reading tells of what happened in (from, until], and what is held then. A zero from tells it from day 2 on.
func (w past) reading(from, until int) recording.Reading {
	var told []broker.Activity
	var happened []ledger.Transaction
	for i, a := range w.all {
		if a.At.After(recordingtest.Noon(until)) {
			continue
		}
		if a.At.After(recordingtest.Noon(from)) {
			named := a
			named.Instrument = recordingtest.Share(a.Instrument.Symbol + w.named)
			told = append(told, named)
		}
		happened = append(happened, ledger.Transaction{
			ID: fmt.Sprint(i), ExternalID: a.ID, AccountID: "A", Kind: a.Kind, At: a.At, Day: calendar.DayOf(a.At), Instrument: a.Instrument.Symbol,
			Quantity: a.Quantity, Price: a.Price, Amount: a.Amount, Currency: "USD",
		})
	}
	var positions []broker.Position
	twice := map[string][]instrument.Split{"A": {{Day: w.split, From: dec("1"), To: dec("2")}}}
	book := lots.Work(lots.Input{
		Transactions: happened, Splits: twice, Until: calendar.DayOf(recordingtest.Noon(until)), Accounts: map[string]lots.Rules{"A": {Method: user.FIFO, Complete: true}},
	})
	for _, p := range book.Positions {
		if !p.Quantity.IsZero() {
			positions = append(positions, recordingtest.Holds(p.Instrument+w.named, p.Quantity.String(), p.Cost.String()))
		}
	}
	return w.p.Reading(w.to, recordingtest.Noon(until), recordingtest.Noon(from), positions, told...)
}

func TestAnyOrderOverlapAndRepetitionOfReadingsGivesTheSameLedger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			var all []broker.Activity
			for i := range rapid.IntRange(1, 12).Draw(rt, "activities") {
				day, quantity := rapid.IntRange(1, 24).Draw(rt, "day"), rapid.IntRange(-4, 8).Draw(rt, "quantity")
				all = append(all, recordingtest.Bought(fmt.Sprint("x", i), recordingtest.Noon(day), rapid.SampledFrom([]string{"A", "B"}).Draw(rt, "symbol"), fmt.Sprint(quantity), "4"))
				if quantity == 0 {
					all[i].Kind, all[i].Amount = broker.Dividend, dec("2")
				}
				if rapid.Bool().Draw(rt, "twin") {
					all = append(all[:i], all[i])
				}
			}
			split, had := calendar.DayOf(recordingtest.Noon(rapid.IntRange(1, 24).Draw(rt, "split"))), decimal.Zero
			for _, a := range all {
				if a.Instrument.Symbol == "A" && a.At.Before(split.At(0, 0)) {
					had = had.Add(a.Quantity)
				}
			}
			if !had.IsZero() {
				all = append(all, splitted("split", split.At(0, 0), "A", had.String()))
			}
			deepest, deepestUntil := rapid.IntRange(0, 8).Draw(rt, "deepest"), rapid.IntRange(15, 25).Draw(rt, "until")
			windows := [][2]int{{deepest, deepestUntil}, {deepestUntil - 1, 26}}
			for range rapid.IntRange(0, 3).Draw(rt, "more") {
				from := rapid.IntRange(deepest+1, 20).Draw(rt, "from")
				windows = append(windows, [2]int{from, rapid.IntRange(from, 26).Draw(rt, "to")})
			}
			tell := func(order [][2]int) []string {
				p := recordingtest.NewPerson(t, d)
				w := past{all, p, p.Account(t, d), split, " of " + p.ID}
				for _, window := range order {
					recordingtest.Record(t, d, w.reading(window[0], window[1]))
				}
				got := lines(t, d, p)
				for i := range got {
					got[i] = strings.ReplaceAll(got[i], w.named, "")
				}
				slices.Sort(got)
				return got
			}
			want := tell(windows)
			shuffled := rapid.Permutation(append(windows, windows...)).Draw(rt, "order")
			if diff := cmp.Diff(want, tell(shuffled)); diff != "" {
				rt.Fatalf("told in the order %v (-once, in order +so):\n%s", shuffled, diff)
			}
		})
	})
}

func TestWhoRecordsAtTheSameTimeDoublesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := recordingtest.NewPerson(t, d)
		accounts := []string{p.Account(t, d), p.Account(t, d)}
		var told []broker.Activity
		for i := range 40 {
			told = append(told, recordingtest.Bought(fmt.Sprint(i), recordingtest.Noon(1+i%20), fmt.Sprint("S", i%10), "1", "3"))
		}
		var running sync.WaitGroup
		for i := range 8 {
			r := p.Reading(accounts[i%2], recordingtest.Noon(25), recordingtest.Noon(1), []broker.Position{recordingtest.Holds("S1", "9", "30")}, slices.Clone(told)...)
			if i%4 > 1 {
				slices.Reverse(r.History.Activities)
			}
			running.Go(func() {
				err := d.Tx(t.Context(), func(tx *sql.Tx) error {
					_, err := recording.Record(t.Context(), tx, r, r.AsOf)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		if got := len(lines(t, d, p)); got != 2*(40+10) {
			t.Errorf("got %d lines, want 40 trades and 10 openings in either account", got)
		}
		var instruments int
		if err := d.Read().QueryRowContext(t.Context(), "select count(*) from instruments").Scan(&instruments); err != nil || instruments != 10 {
			t.Errorf("got %d instruments, %v, want 10", instruments, err)
		}
	})
}
