package syncs_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/brokertest"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/syncs"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// house keeps people's accounts at two brokerages in step, with a clock that moves when it is told to, and shows what they
// own. The queue stands still save in work.
type house struct {
	*syncs.Service
	portfolio    *portfolio.Service
	north, south *brokertest.Desk
	now          time.Time
}

// monday is 12:00 in New York, in the middle of a session.
var monday = time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	keys, err := vault.New(map[int][]byte{1: make([]byte, vault.KeySize)})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{north: &brokertest.Desk{ID: "north"}, south: &brokertest.Desk{ID: "south"}, now: monday}
	clock := func() time.Time { return h.now }
	log, err := audit.New(d, clock, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	h.Service = &syncs.Service{
		DB: d, Now: clock, Audit: log,
		Jobs: job.New(job.Config{DB: d, Now: clock, Log: slog.New(slog.DiscardHandler), Poll: time.Millisecond}),
		Connections: &connection.Service{
			DB: d, Keys: keys, Audit: log, Now: clock, Providers: []broker.Provider{h.north, h.south},
			RedirectURL: "https://jaspers.test/api/brokerages/callback",
		},
	}
	h.Connections.OnConnected = h.Connected
	h.portfolio = &portfolio.Service{DB: d, Connections: h.Connections, Now: clock, Rate: noRate, Gains: &gains.Service{DB: d, Now: clock, Rates: noRates}}
	job.Handle(h.Jobs, h.Sync)
	return h
}

// noRate and noRates are a market that knows no rates of exchange.
func noRate(context.Context, string, string) (market.Rate, error) {
	return market.Rate{}, fault.New(fault.UnknownSymbol, "nobody knows the rate")
}

func noRates(context.Context, string, []string, calendar.Day) (map[string]market.Rates, []string, error) {
	return nil, nil, nil
}

func newUser(t *testing.T, d *db.DB) string {
	t.Helper()
	id, now := db.NewID(), db.Time(time.Now())
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(),
			"insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)", id, id+"@jaspers.test", now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// connect connects the desk without reading it.
func (h *house) connect(t *testing.T, userID string, desk *brokertest.Desk) string {
	t.Helper()
	begun, err := h.Connections.Connect(t.Context(), userID, desk.ID, broker.Paper, connection.Access{})
	if err != nil {
		t.Fatal(err)
	}
	code, err := desk.Consent(begun.URL)
	if err != nil {
		t.Fatal(err)
	}
	made, err := h.Connections.Callback(t.Context(), connection.Redirect{State: begun.State, Code: code, BrowserSecret: begun.BrowserSecret})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func (h *house) sync(t *testing.T, connectionID string) {
	t.Helper()
	if err := h.Sync(t.Context(), syncs.SyncConnection{ConnectionID: connectionID}); err != nil {
		t.Fatal(err)
	}
}

// linked connects the desk and reads it.
func (h *house) linked(t *testing.T, userID string, desk *brokertest.Desk) string {
	t.Helper()
	id := h.connect(t, userID, desk)
	h.sync(t, id)
	return id
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func null(s string) decimal.NullDecimal {
	if s == "" {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(dec(s))
}

func account(id, cash string) broker.Account {
	return broker.Account{ID: id, Number: "No. " + id, Status: "ACTIVE", Currency: "USD", Cash: null(cash)}
}

func (h *house) position(symbol, quantity, cost, price, previousClose, value string) broker.Position {
	return broker.Position{
		Instrument: broker.Instrument{
			InstrumentID: symbol, Symbol: symbol, AssetClass: broker.Equity, Exchange: "NYSE", Currency: "USD", Multiplier: dec("1"),
		},
		Quantity: dec(quantity), CostBasis: null(cost), Price: null(price),
		PreviousClose: null(previousClose), MarketValue: null(value), AsOf: h.now,
	}
}

func (h *house) holdings(t *testing.T, userID string) ([]portfolio.Holding, []string) {
	t.Helper()
	holdings, warnings, err := h.portfolio.Holdings(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return holdings, warnings
}

func (h *house) summary(t *testing.T, userID string) (portfolio.Summary, []string) {
	t.Helper()
	summary, warnings, err := h.portfolio.Summary(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return summary, warnings
}

func text(d *decimal.Decimal) string {
	if d == nil {
		return "-"
	}
	return d.String()
}

// rows lays holdings out for comparison: symbol, quantity, value, gain, share, stale, sources.
func rows(holdings []portfolio.Holding) []string {
	all := []string{}
	for _, h := range holdings {
		all = append(all, fmt.Sprintf("%s %s %s %s %s %t %d", h.Symbol, h.Quantity, text(h.MarketValue),
			text(h.UnrealizedPnl), text(h.AllocationPercent), h.Stale, len(h.Sources)))
	}
	return all
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func first[T any](v T, _ []string) T { return v }

func (h *house) crypto(symbol, quantity, price, previousClose, value string) broker.Position {
	p := h.position(symbol, quantity, value, price, previousClose, value)
	p.AssetClass = broker.Crypto
	return p
}
