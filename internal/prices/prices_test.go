package prices_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/prices"
	"github.com/jaspers-ai/jaspers/internal/recording"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop is the service at a simulated Yahoo, with a clock that moves when it is told to.
type shop struct {
	*prices.Service
	t     *testing.T
	sim   *sim.Sim
	clock *sim.Clock
}

// evening is Monday, 14 December 2026, 17:00 in New York: META splits the next morning.
var evening = time.Date(2026, time.December, 14, 22, 0, 0, 0, time.UTC)

func newShop(t *testing.T, d *db.DB) *shop {
	t.Helper()
	s := &shop{t: t, clock: sim.NewClock(func() time.Time { return evening })}
	clock := s.clock.Now
	s.sim = sim.NewSim(sim.New(7, clock))
	server := httptest.NewServer(s.sim.Handler())
	t.Cleanup(server.Close)
	client, err := upstream.New(upstream.Config{
		Provider: "Yahoo", Origins: []string{server.URL}, AllowPrivate: true, Retries: -1, SharedLimit: true, UserAgent: yahoo.UserAgent, Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	base, log := server.URL+"/yahoo", slog.New(slog.DiscardHandler)
	s.Service = &prices.Service{DB: d, Now: clock, Log: log, Jobs: job.New(job.Config{DB: d, Now: clock, Log: log})}
	sources := []market.Source{yahoo.New(yahoo.HostsAt(base), client, clock)}
	store := &cache.Store{DB: d, Log: log}
	t.Cleanup(store.Close)
	s.Research, err = research.New(t.Context(), research.Config{Sources: sources, Store: store, Now: clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	s.Past, err = pastprices.New(t.Context(), pastprices.Config{
		DB: d, Sources: sources, Now: clock, Log: log,
		OnSplits: func(ctx context.Context, tx *sql.Tx, symbol, source string, splits []market.Split) error {
			return s.AddSplits(ctx, tx, symbol, source, splits)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) tx(do func(tx *sql.Tx) error) {
	s.t.Helper()
	if err := s.DB.Tx(s.t.Context(), do); err != nil {
		s.t.Fatal(err)
	}
}

// owner makes a person with an account that bought one of each on 2 January 2024.
func (s *shop) owner(base string, instruments ...broker.Instrument) (userID string, ids []string) {
	s.t.Helper()
	ctx, now := s.t.Context(), db.Time(s.Now())
	userID, link, account := db.NewID(), db.NewID(), db.NewID()
	s.tx(func(tx *sql.Tx) error {
		ids = nil
		for _, statement := range []struct {
			text string
			args []any
		}{
			{"insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)", []any{userID, userID + "@jaspers.test", now}},
			{"insert into user_settings (user_id, base_currency, updated_at) values ($1, $2, $3)", []any{userID, base, now}},
			{`insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at)
				values ($1, $2, 'north', 'live', 'active', '', $3, $3)`, []any{link, userID, now}},
			{"insert into brokerage_accounts (id, connection_id, external_id, number, status, currency, as_of) values ($1, $2, 'n', 'n', '', 'USD', $3)",
				[]any{account, link, now}},
		} {
			if _, err := tx.ExecContext(ctx, statement.text, statement.args...); err != nil {
				return err
			}
		}
		r := recording.Reading{UserID: userID, ConnectionID: link, AccountID: account, Provider: "north", AsOf: s.Now()}
		for _, in := range instruments {
			r.History.Activities = append(r.History.Activities, broker.Activity{
				ID: in.Symbol, Kind: broker.Buy, At: calendar.Day{Year: 2024, Month: 1, Day: 2}.At(11, 0), Instrument: in,
				Quantity: decimal.NewFromInt(1), Currency: in.Currency, Amount: decimal.NewFromInt(-1),
			})
			id, err := instrument.Resolve(ctx, tx, "north", in, s.Now())
			if err != nil {
				return err
			}
			ids = append(ids, id)
			r.Positions = append(r.Positions, broker.Position{Instrument: in, Quantity: decimal.NewFromInt(1)})
		}
		_, err := recording.Record(ctx, tx, r, s.Now())
		return err
	})
	return userID, ids
}

func equity(symbol, exchange, currency string) broker.Instrument {
	return broker.Instrument{
		InstrumentID: symbol, Symbol: symbol, AssetClass: broker.Equity, Exchange: exchange, Currency: currency, Multiplier: decimal.NewFromInt(1),
	}
}

func (s *shop) refresh() {
	s.t.Helper()
	if err := s.Refresh(s.t.Context(), prices.Refresh{}); err != nil {
		s.t.Fatal(err)
	}
}

// charts are the symbols that Yahoo was asked the past of, since the last time.
func (s *shop) charts() map[string]int {
	asked := map[string]int{}
	for _, r := range s.sim.Requests() {
		if symbol, ok := strings.CutPrefix(r.Path, "/v8/finance/chart/"); ok {
			asked[symbol] += r.Count
		}
	}
	return asked
}

func (s *shop) splits(id string) []instrument.Split {
	s.t.Helper()
	splits, err := instrument.Splits(s.t.Context(), s.DB.Read(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return splits
}

func TestWhatIsHeldIsFetchedBeforeAnybodyAsks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.owner("EUR", equity("AAPL", "NASDAQ", "USD"), equity("VOD", "LSE", "GBP"))
		s.refresh()
		got := s.charts()
		for _, symbol := range []string{"AAPL", "VOD.L", "EURUSD=X", "GBPUSD=X"} {
			if got[symbol] != 1 {
				t.Errorf("%s: got %d questions, want one", symbol, got[symbol])
			}
		}
		s.refresh()
		if diff := cmp.Diff(got, s.charts()); diff != "" {
			t.Errorf("what is fresh was asked again (-before +after):\n%s", diff)
		}
		s.clock.Advance(24 * time.Hour)
		s.refresh()
		if after := s.charts()["AAPL"]; after != 2 {
			t.Errorf("after the next close: got %d questions, want a second", after)
		}
	})
}

func TestASplitReachesTheInstrumentAndItsHoldersWithTheCloses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		holder, ids := s.owner("USD", equity("META", "NASDAQ", "USD"))
		other, _ := s.owner("USD", equity("AAPL", "NASDAQ", "USD"))
		s.refresh()
		version := func(userID string) int64 {
			v, err := ledger.Version(t.Context(), d.Read(), userID)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		before, unmoved := version(holder), version(other)
		if got := s.splits(ids[0]); len(got) != 0 {
			t.Errorf("before the split: got %v", got)
		}
		s.clock.Advance(24 * time.Hour)
		if _, _, err := s.Past.Closes(t.Context(), []string{"META"}, calendar.DayOf(s.Now())); err != nil {
			t.Fatal(err)
		}
		split := calendar.Day{Year: 2026, Month: time.December, Day: 15}
		want := []instrument.Split{{Day: split, From: decimal.NewFromInt(1), To: decimal.NewFromInt(4)}}
		if diff := cmp.Diff(want, s.splits(ids[0])); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		first, ok, err := ledger.ChangedSince(t.Context(), d.Read(), holder, before)
		if err != nil || !ok || first != split || version(other) != unmoved {
			t.Errorf("got a change from %s, %v, %v; and of somebody else %v", first, ok, err, version(other) != unmoved)
		}
	})
}

func TestAnInstrumentThatIsNewIsToldOfOldSplits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		if _, _, err := s.Past.Closes(t.Context(), []string{"NVDA"}, calendar.Day{Year: 2024, Month: 1, Day: 2}); err != nil {
			t.Fatal(err)
		}
		_, ids := s.owner("USD", equity("NVDA", "NASDAQ", "USD"))
		for range 2 {
			s.tx(func(tx *sql.Tx) error { return s.Due(t.Context(), tx, s.Now()) })
			want := []instrument.Split{{Day: calendar.Day{Year: 2024, Month: time.June, Day: 10}, From: decimal.NewFromInt(1), To: decimal.NewFromInt(10)}}
			if diff := cmp.Diff(want, s.splits(ids[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

func TestTheJobComesWhenDaysHaveEnded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		var got []string
		for slot := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC); slot.Day() < 29; slot = slot.Add(15 * time.Minute) { // Friday, an early close
			s.tx(func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(t.Context(), "delete from jobs"); err != nil {
					return err
				}
				return s.Due(t.Context(), tx, slot)
			})
			var n int
			if err := d.Read().QueryRowContext(t.Context(), "select count(*) from jobs").Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				got = append(got, slot.Format("02 15:04"))
			}
		}
		want := []string{
			"27 00:30", "27 09:30", "27 17:00", "27 18:30", "27 18:45", "27 19:00", "27 19:15", "27 19:30", "27 19:45", "27 20:00", "27 20:15",
			"28 00:30", "28 09:30", "28 17:00",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
