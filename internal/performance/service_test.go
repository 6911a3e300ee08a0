package performance_test

import (
	"context"
	"database/sql"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/recording"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// saturday is 12:00 in New York, after the week that ends on 20 November 2026.
var saturday = time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)

// house is a service over a source of prices, by which every trading day ends at 10 plus a hundredth of the days since
// the beginning of 2026, with a clock that moves when it is told to.
type house struct {
	*performance.Service
	*db.DB
	now     atomic.Pointer[time.Time]
	asked   atomic.Int64
	holding []portfolio.Holding
	rates   []portfolio.Rate
	user    string
	link    string
	account string
	told    []broker.Activity
}

func closeOf(d calendar.Day) decimal.Decimal {
	since := d.Number() - calendar.Day{Year: 2026, Month: time.January, Day: 1}.Number()
	return dec("10").Add(decimal.New(int64(since), -2))
}

func (h *house) Name() string { return "made up" }

func (h *house) Quotes(_ context.Context, symbols []string) (map[string]market.Quote, error) {
	all := map[string]market.Quote{}
	for _, s := range symbols {
		all[s] = market.Quote{Symbol: s, Currency: "USD", Price: dec("20"), Source: "made up", Timestamp: h.clock(), FetchedAt: h.clock()}
	}
	return all, nil
}

func (h *house) History(_ context.Context, symbol string, first, last calendar.Day) (market.History, error) {
	h.asked.Add(1)
	past := market.History{Symbol: symbol, Currency: "USD", Source: "made up", FetchedAt: h.clock()}
	for d := first; !last.Before(d); d = d.AddDays(1) {
		if _, closes, ok := calendar.Session(d); ok && !closes.After(h.clock()) {
			past.Bars = append(past.Bars, market.Bar{Day: d, Close: closeOf(d)})
		}
	}
	return past, nil
}

func (h *house) clock() time.Time { return *h.now.Load() }

func (h *house) set(now time.Time) { h.now.Store(&now) }

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := &house{DB: d, user: db.NewID(), link: db.NewID(), account: db.NewID()}
	h.set(saturday)
	life, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	log := slog.New(slog.DiscardHandler)
	quotes, err := market.New(life, market.Config{Sources: []market.Source{h}, Now: h.clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	past, err := pastprices.New(life, pastprices.Config{DB: d, Sources: []market.Source{h}, Now: h.clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h.Service = performance.New(life, performance.Config{DB: d, Market: quotes, Past: past, Now: h.clock, Log: log,
		Portfolio: func(context.Context, string) (portfolio.Whole, []string, error) {
			return portfolio.Whole{Overview: portfolio.Overview{Summary: portfolio.Summary{Rates: h.rates}, Holdings: h.holding}}, nil, nil
		}})
	err = d.Tx(t.Context(), func(tx *sql.Tx) error {
		now := db.Time(saturday)
		if _, err := tx.ExecContext(t.Context(), "insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)",
			h.user, h.user+"@jaspers.test", now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(t.Context(), `insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at)
			values ($1, $2, 'north', 'paper', 'active', '', $3, $3)`, h.link, h.user, now); err != nil {
			return err
		}
		_, err := tx.ExecContext(t.Context(), `insert into brokerage_accounts (id, connection_id, external_id, number, status, currency, as_of)
			values ($1, $2, 'n1', '12345678', 'ACTIVE', 'USD', $3)`, h.account, h.link, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// tell has the brokerage tell of activities, beside those it told of before, and of what that comes to.
func (h *house) tell(t *testing.T, more ...broker.Activity) {
	t.Helper()
	h.told = append(h.told, more...)
	var positions []broker.Position
	for _, a := range h.told {
		if !a.Quantity.IsZero() {
			positions = append(positions, broker.Position{Instrument: a.Instrument, Quantity: a.Quantity, AsOf: h.clock()})
		}
	}
	err := h.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := recording.Record(t.Context(), tx, recording.Reading{
			UserID: h.user, ConnectionID: h.link, AccountID: h.account, Provider: "north", AsOf: h.clock(),
			History: broker.History{Activities: h.told, CashComplete: true}, Positions: positions,
		}, h.clock())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// instrument is what our id of the one that is bought here is.
func (h *house) instrument(t *testing.T) (id string) {
	t.Helper()
	if err := h.Read().QueryRowContext(t.Context(), "select distinct instrument from transactions where instrument is not null").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func deposit(on, amount string) broker.Activity {
	return broker.Activity{ID: on + amount, Kind: broker.Deposit, At: at(on), Currency: "USD", Amount: dec(amount)}
}

func buy(on, quantity, price string) broker.Activity {
	return broker.Activity{ID: on + quantity, Kind: broker.Buy, At: at(on), Currency: "USD", Quantity: dec(quantity), Price: decimal.NewNullDecimal(dec(price)),
		Amount: dec(quantity).Mul(dec(price)).Neg(), Instrument: broker.Instrument{
			InstrumentID: "x1", Symbol: "X", AssetClass: broker.Equity, Exchange: "NYSE", Currency: "USD", Multiplier: dec("1"),
		}}
}

func at(on string) time.Time {
	d, err := calendar.ParseDay(on)
	if err != nil {
		panic(err)
	}
	return d.At(12, 0)
}

func (h *house) ask(t *testing.T, q performance.Query) (performance.Performance, []string) {
	t.Helper()
	shown, warnings, err := h.Performance(t.Context(), h.user, q)
	if err != nil {
		t.Fatal(err)
	}
	return shown, warnings
}

func TestANewTransactionIsInTheNextFigure(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		if shown, _ := h.ask(t, performance.Query{}); shown.Status != "undefined" {
			t.Errorf("got %+v of nothing", shown)
		}
		h.tell(t, deposit("2026-03-02", "1000"), buy("2026-03-02", "50", "10.60"))
		first, warnings := h.ask(t, performance.Query{})
		// 470 in cash, and 50 at 13.23 on 20 November.
		if first.Drivers.Closing.String() != "1131.5" || first.Gain.String() != "131.5" || len(warnings) != 0 || first.To.String() != "2026-11-20" {
			t.Fatalf("got %+v with %q, want 1131.5", first.Drivers, warnings)
		}
		h.tell(t, deposit("2026-11-19", "7"))
		second, _ := h.ask(t, performance.Query{})
		if second.Drivers.Closing.String() != "1138.5" || second.InputsHash == first.InputsHash {
			t.Errorf("got %s, want 1138.5 and another hash", second.Drivers.Closing)
		}
		h.tell(t, deposit("2026-01-02", "3")) // before everything that was known
		if third, _ := h.ask(t, performance.Query{}); third.Drivers.Closing.String() != "1141.5" || third.Series[0].Day.String() != "2026-01-02" {
			t.Errorf("got %s from %s on, want 1141.5", third.Drivers.Closing, third.Series[0].Day)
		}
		if _, _, err := h.Performance(t.Context(), h.user, performance.Query{ConnectionID: db.NewID()}); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v of somebody else's connection", err)
		}
		if shown, _, err := h.Performance(t.Context(), db.NewID(), performance.Query{}); err != nil || shown.Status != "undefined" {
			t.Errorf("got %+v, %v of nobody", shown, err)
		}
	})
}

func TestWhatIsKnownIsKeptForTheNextDayAndForPricesOfNow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.tell(t, deposit("2026-03-02", "1000"), buy("2026-03-02", "50", "10.60"))
		h.ask(t, performance.Query{})
		h.set(time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)) // Monday noon
		price := dec("14")
		h.holding = []portfolio.Holding{{InstrumentID: h.instrument(t), Symbol: "X", AssetClass: broker.Equity, Currency: "USD", Price: &price}}
		live, _ := h.ask(t, performance.Query{Range: "1D"})
		if !live.Live || live.To.String() != "2026-11-23" || live.Drivers.Opening.String() != "1131.5" || live.Drivers.Closing.String() != "1170" {
			t.Errorf("got %+v, want 1131.5 to 1170 at the price of now", live.Drivers)
		}
		if live.Benchmark == nil || live.Benchmark.TimeWeighted.Value == nil || *live.Benchmark.TimeWeighted.Value < 50 {
			t.Errorf("got %+v, want the benchmark at its price of now, 20", live.Benchmark)
		}
		h.set(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)) // Monday evening
		over, _ := h.ask(t, performance.Query{Range: "1D"})
		if over.Live || over.Drivers.Closing.String() != "1133" { // 50 at 13.26
			t.Errorf("got %+v, want 1133 at the close", over.Drivers)
		}
	})
}

func TestManyWhoAskAtOnceWaitForOneHistory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.tell(t, deposit("2026-03-02", "1000"), buy("2026-03-02", "50", "10.60"))
		var all sync.WaitGroup
		var mu sync.Mutex
		closings := map[string]int{}
		for i := range 24 {
			all.Go(func() {
				shown, _, err := h.Performance(t.Context(), h.user, performance.Query{Range: []string{"ALL", "1M", "YTD"}[i%3]})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				closings[shown.Drivers.Closing.String()]++
			})
		}
		all.Wait()
		if got := slices.Collect(maps.Keys(closings)); len(got) != 1 || got[0] != "1131.5" {
			t.Errorf("got %v, want 1131.5 from everybody", closings)
		}
		if n := h.asked.Load(); n != 2 {
			t.Errorf("the source was asked %d times, want once for each symbol", n)
		}
	})
}

func TestWhoDoesNotWaitIsToldToAskAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.tell(t, deposit("2026-03-02", "1000"))
		ctx, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		if _, _, err := h.Performance(ctx, h.user, performance.Query{}); err == nil {
			t.Error("got an answer without time for it")
		}
		if shown, _ := h.ask(t, performance.Query{}); shown.Drivers.Closing.String() != "1000" {
			t.Errorf("got %s", shown.Drivers.Closing)
		}
	})
}

func TestWrongQueriesAreInvalid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.tell(t, deposit("2026-03-02", "1000"))
		may, june := calendar.Day{Year: 2026, Month: time.May, Day: 1}, calendar.Day{Year: 2026, Month: time.June, Day: 1}
		for name, q := range map[string]performance.Query{
			"both a range and days": {Range: "1M", From: may}, "the wrong way round": {From: june, To: may}, "before it all": {To: may.AddDays(-200)},
		} {
			if _, _, err := h.Performance(t.Context(), h.user, q); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want it invalid", name, err)
			}
		}
	})
}

func TestAccountsThatTellTooLittleAreNamed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		_, warnings := h.ask(t, performance.Query{})
		if text := strings.Join(warnings, "\n"); !strings.Contains(text, "account …5678 (north) was not read yet") {
			t.Errorf("got %q", text)
		}
	})
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func TestWhatWasDisconnectedIsInNoFigure(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.tell(t, deposit("2026-03-02", "1000"))
		h.ask(t, performance.Query{})
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "delete from brokerage_connections where id = $1", h.link)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if shown, _ := h.ask(t, performance.Query{}); shown.Status != "undefined" {
			t.Errorf("got %+v", shown.Drivers)
		}
	})
}
