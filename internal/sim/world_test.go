package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// portrait is everything a world shows at its moment.
func portrait(w *World) string {
	text := ""
	for _, in := range w.Instruments() {
		q, ok := w.Quote(in.Symbol)
		text += fmt.Sprintln(in.Symbol, ok, q)
	}
	for _, c := range w.Customers() {
		for _, env := range c.Environments {
			account, _ := w.Account(c.ID, env)
			id, secret := w.APIKeys(c.ID, env)
			text += fmt.Sprintln(c, env, account, id, secret, w.Positions(c.ID, env), w.Activities(c.ID, env))
		}
	}
	return text
}

func TestTheSeedDecidesEverything(t *testing.T) {
	fixed := func() time.Time { return monday }
	first := New(7, fixed)
	second := New(7, fixed)
	second.QuoteAt("AAPL", monday.AddDate(1, 0, 0)) // looking ahead must not matter
	if portrait(first) != portrait(second) {
		t.Error("two worlds of one seed differ")
	}
	if portrait(first) == portrait(New(8, fixed)) {
		t.Error("worlds of two seeds are the same")
	}
}

func TestTheWorldIsBigEnough(t *testing.T) {
	w, _ := worldAt(monday)
	sectors := map[string]bool{}
	listed := 0
	for _, in := range w.Instruments() {
		sectors[in.Sector] = true
		if _, ok := w.Quote(in.Symbol); ok {
			listed++
			if bars := w.Bars(in.Symbol, day("2023-11-24"), day("2026-11-23")); len(bars) < 750 && in.halted.IsZero() {
				t.Errorf("%s: got %d daily bars in three years, want at least 750", in.Symbol, len(bars))
			}
		}
	}
	if listed < 40 || len(sectors) < 11 {
		t.Errorf("got %d instruments of %d sectors, want at least 40 of 11", listed, len(sectors))
	}
}

func TestMinutesLeadFromTheOpenToTheClose(t *testing.T) {
	w, _ := worldAt(monday)
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SampledFrom(w.instruments).Draw(t, "instrument")
		date := rapid.IntRange(0, 3000).Draw(t, "day")
		day := epoch.AddDays(date)
		if !in.trades(day) {
			t.Skip("no session")
		}
		bars := w.barsUntil(in, day)
		b := bars[len(bars)-1]
		opens, closes := in.session(day)
		n := int(closes.Sub(opens) / time.Minute)
		if got := w.minute(in, b, 0, n); got != b.open {
			t.Fatalf("%s %s: minute 0 got %d, want the open %d", in.Symbol, day, got, b.open)
		}
		if got := w.minute(in, b, n, n); got != b.close {
			t.Fatalf("%s %s: last minute got %d, want the close %d", in.Symbol, day, got, b.close)
		}
		high, low := b.open, b.open
		for m := range n + 1 {
			price := w.minute(in, b, m, n)
			high, low = max(high, price), min(low, price)
		}
		if high != b.high || low != b.low {
			t.Fatalf("%s %s: path between %d and %d, want %d and %d", in.Symbol, day, low, high, b.low, b.high)
		}
	})
}

func TestPricesStayPlausible(t *testing.T) {
	w, _ := worldAt(time.Date(2030, time.December, 31, 21, 0, 0, 0, time.UTC))
	for _, in := range w.instruments {
		bars := w.barsUntil(in, day("2030-12-31"))
		for i, b := range bars {
			if b.low < 1 || b.low > b.open || b.low > b.close || b.high < b.open || b.high < b.close {
				t.Fatalf("%s %s: open %d high %d low %d close %d cannot be", in.Symbol, b.day, b.open, b.high, b.low, b.close)
			}
			if i > 0 && (b.close > bars[i-1].close*13/10 || b.close < bars[i-1].close*7/10) {
				t.Errorf("%s %s: from %d to %d in a day", in.Symbol, b.day, bars[i-1].close, b.close)
			}
		}
		last := bars[len(bars)-1].close
		if in.Delisted == (calendar.Day{}) && (last < in.base/20 || last > in.base*20) {
			t.Errorf("%s: from %d to %d in nine years", in.Symbol, in.base, last)
		}
	}
}

func TestOutsideTheSessionThePriceIsTheLastClose(t *testing.T) {
	w, _ := worldAt(monday)
	closes := w.ClosesAsTraded("AAPL", day("2026-11-16"), day("2026-11-25"))
	if len(closes) != 5 {
		t.Fatalf("got %d closes up to the unfinished Monday, want 5: %v", len(closes), closes)
	}
	for _, at := range []string{"2026-11-20T21:00:00Z", "2026-11-21T15:00:00Z", "2026-11-23T14:29:59Z"} {
		when, _ := time.Parse(time.RFC3339, at)
		q, _ := w.QuoteAt("AAPL", when)
		equal(t, "price at "+at, q.Price, closes[day("2026-11-20")])
		equal(t, "previous close at "+at, q.PreviousClose, closes[day("2026-11-19")])
		if !q.Time.Equal(calendar.LastClose(when)) {
			t.Errorf("time at %s: got %v, want Friday's close", at, q.Time)
		}
	}
	q := quoteOf(t, w, "AAPL")
	equal(t, "previous close on Monday", q.PreviousClose, closes[day("2026-11-20")])
	equal(t, "change", q.Change, q.Price.Sub(q.PreviousClose))
	early, _ := w.QuoteAt("AAPL", time.Date(2026, 11, 27, 18, 0, 0, 0, time.UTC))
	evening, _ := w.QuoteAt("AAPL", time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC))
	equal(t, "price after an early close", evening.Price, early.Price)
}

func TestCryptoTradesAroundTheClock(t *testing.T) {
	saturday := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	w, _ := worldAt(saturday)
	prices := map[string]bool{}
	for m := range 60 {
		q, _ := w.QuoteAt("BTC-USD", saturday.Add(time.Duration(m)*time.Minute))
		prices[q.Price.String()] = true
	}
	if len(prices) < 30 {
		t.Errorf("got %d prices of a bitcoin within an hour of a Saturday, want many", len(prices))
	}
	if q := quoteOf(t, w, "BTC/USD"); q.Day != day("2026-11-21") || !q.Time.Equal(saturday) {
		t.Errorf("got a quote of %s at %v, want now's", q.Day, q.Time)
	}
}

func TestSplitsDivideThePriceAtTheOpenOfTheirDay(t *testing.T) {
	before := time.Date(2026, 12, 15, 14, 29, 0, 0, time.UTC)
	w, clock := worldAt(before)
	closes := w.ClosesAsTraded("META", day("2026-12-11"), day("2026-12-14"))
	friday, last := closes[day("2026-12-11")], closes[day("2026-12-14")]
	q := quoteOf(t, w, "META")
	equal(t, "price a minute before the split", q.Price, last)
	equal(t, "previous close a minute before the split", q.PreviousClose, friday)

	clock.Advance(time.Minute)
	q = quoteOf(t, w, "META")
	quarter := dec("0.25")
	equal(t, "previous close at the split", q.PreviousClose, last.Mul(quarter))
	if q.ChangePercent.Abs().GreaterThan(dec("10")) {
		t.Errorf("change at the split: got %s %%, want an ordinary day's", q.ChangePercent)
	}
	bars := w.Bars("META", day("2026-12-11"), day("2026-12-15"))
	if len(bars) != 3 {
		t.Fatalf("got %d bars, want 3", len(bars))
	}
	equal(t, "adjusted close of Friday", bars[0].Close, friday.Mul(quarter))
	equal(t, "close as traded of Friday", w.ClosesAsTraded("META", day("2026-12-11"), day("2026-12-11"))[day("2026-12-11")], friday)
}

func TestAdjustedClosesFallByTheDividend(t *testing.T) {
	w, _ := worldAt(monday)
	last := w.Dividends("KO", day("2026-07-01"), day("2026-09-30"))
	if len(last) != 1 || last[0].ExDay != day("2026-09-10") || last[0].PayDay != day("2026-09-24") {
		t.Fatalf("got %v, want one dividend of Thursday 10 September 2026", last)
	}
	bars := w.Bars("KO", day("2026-09-09"), day("2026-09-10"))
	equal(t, "adjusted close of the ex-day", bars[1].AdjustedClose, bars[1].Close)
	want := bars[0].Close.Mul(decimal.NewFromInt(1).Sub(last[0].Amount.DivRound(bars[0].Close, 12))).Round(8)
	equal(t, "adjusted close of the day before", bars[0].AdjustedClose, want)
	if got := w.Dividends("AMZN", epoch, day("2026-12-31")); len(got) != 0 {
		t.Errorf("dividends of AMZN: got %v, want none", got)
	}
}

func TestSymbolsAreKnownInEverySpelling(t *testing.T) {
	w, _ := worldAt(monday)
	for _, spellings := range [][]string{{"BRK.B", "BRK-B", "brk.b"}, {"BTC/USD", "BTC-USD", "BTCUSD"}, {"VOD.L"}, {"^GSPC"}} {
		for _, spelling := range spellings {
			if q, ok := w.Quote(spelling); !ok || q.Symbol != spellings[0] {
				t.Errorf("quote of %s: got %q (%v), want %s", spelling, q.Symbol, ok, spellings[0])
			}
		}
	}
	for _, symbol := range []string{"TWTR", "NOSUCH", ""} {
		if q, ok := w.Quote(symbol); ok {
			t.Errorf("quote of %q: got %v, want none", symbol, q)
		}
	}
	if q := quoteOf(t, w, "VOD.L"); q.Currency != "GBp" {
		t.Errorf("currency of VOD.L: got %s, want pence", q.Currency)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(1, func() time.Time { return monday })
	}
}

func TestClockMovesAndSets(t *testing.T) {
	base := monday
	clock := NewClock(func() time.Time { return base })
	clock.Advance(90 * time.Minute)
	base = base.Add(time.Second)
	if got, want := clock.Now(), monday.Add(90*time.Minute+time.Second); !got.Equal(want) {
		t.Errorf("after an advance: got %v, want %v", got, want)
	}
	clock.Set(monday.AddDate(0, 0, -3))
	base = base.Add(time.Second)
	if got, want := clock.Now(), monday.AddDate(0, 0, -3).Add(time.Second); !got.Equal(want) {
		t.Errorf("after a set: got %v, want %v", got, want)
	}
}

func TestSplitsAreKnownAhead(t *testing.T) {
	w, _ := worldAt(monday)
	want := []Split{{Symbol: "META", Day: day("2026-12-15"), Ratio: 4}}
	if diff := cmp.Diff(want, w.Splits("META")); diff != "" {
		t.Errorf("splits of META (-want +got):\n%s", diff)
	}
	for _, symbol := range []string{"KO", "NOSUCH"} {
		if got := w.Splits(symbol); len(got) != 0 {
			t.Errorf("splits of %s: got %v, want none", symbol, got)
		}
	}
}
