package portfolio_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
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
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/syncs"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// house is a portfolio service over two brokerages, with a clock that moves when it is told to. The queue stands still.
type house struct {
	*portfolio.Service
	syncs        *syncs.Service
	north, south *brokertest.Desk
	now          time.Time
	rates        map[string]string // to any currency, by the other; what is not here nobody knows
	asked        atomic.Int32      // how often rates were
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
	connections := &connection.Service{
		DB: d, Keys: keys, Audit: log, Now: clock, Providers: []broker.Provider{h.north, h.south},
		RedirectURL: "https://jaspers.test/api/brokerages/callback",
	}
	h.Service = &portfolio.Service{
		DB: d, Connections: connections, Now: clock, Rate: h.rate, Gains: &gains.Service{DB: d, Now: clock, Rates: h.pastRates},
	}
	h.syncs = &syncs.Service{
		DB: d, Connections: connections, Now: clock, Audit: log,
		Jobs: job.New(job.Config{DB: d, Now: clock, Log: slog.New(slog.DiscardHandler), Poll: time.Millisecond}),
	}
	connections.OnConnected = h.syncs.Connected
	return h
}

func (h *house) rate(_ context.Context, from, to string) (market.Rate, error) {
	h.asked.Add(1)
	rate, ok := h.rates[from]
	if !ok {
		return market.Rate{}, fault.New(fault.UnknownSymbol, "nobody knows the rate")
	}
	return market.Rate{From: from, To: to, Rate: dec(rate), Day: calendar.DayOf(h.now), Source: "test", AsOf: h.now}, nil
}

// pastRates are the same on all days until now.
func (h *house) pastRates(_ context.Context, to string, from []string, first calendar.Day) (map[string]market.Rates, []string, error) {
	all := map[string]market.Rates{}
	for _, currency := range from {
		rate, ok := h.rates[currency]
		if !ok {
			continue
		}
		one := market.Rates{From: currency, To: to, Source: "test", AsOf: h.now}
		for day := first.Number(); day <= calendar.DayOf(h.now).Number(); day++ {
			value, _ := dec(rate).Float64()
			one.Days, one.Rate = append(one.Days, day), append(one.Rate, value)
		}
		all[currency] = one
	}
	return all, nil, nil
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
	if err := h.syncs.Sync(t.Context(), syncs.SyncConnection{ConnectionID: connectionID}); err != nil {
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
	holdings, warnings, err := h.Holdings(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return holdings, warnings
}

func (h *house) summary(t *testing.T, userID string) (portfolio.Summary, []string) {
	t.Helper()
	summary, warnings, err := h.Summary(t.Context(), userID)
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

func TestHoldingsOfTwoBrokeragesAreOneList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "1000"), h.position("AAPL", "10", "2000", "250", "240", "2500"), h.position("XLK", "-5", "-500", "90", "95", "-450"))
		h.south.Keep(account("s1", "450.5"), h.position("AAPL", "6", "1300", "250", "240", "1500"))
		h.south.Keep(account("s2", "-0.5"))
		north, south := h.linked(t, user, h.north), h.linked(t, user, h.south)

		holdings, warnings := h.holdings(t, user)
		same(t, "holdings", []string{"AAPL 16 4000 700 80 false 2", "XLK -5 -450 50 -9 false 1"}, rows(holdings))
		same(t, "warnings", []string{}, warnings)
		same(t, "sources", []portfolio.Source{
			{ConnectionID: north, Provider: "north", Account: "No. n1", Currency: "USD", Quantity: dec("10"), CostBasis: new(dec("2000")),
				Price: new(dec("250")), MarketValue: new(dec("2500")), MarketValueBase: new(dec("2500")), AsOf: monday},
			{ConnectionID: south, Provider: "south", Account: "No. s1", Currency: "USD", Quantity: dec("6"), CostBasis: new(dec("1300")),
				Price: new(dec("250")), MarketValue: new(dec("1500")), MarketValueBase: new(dec("1500")), AsOf: monday},
		}, holdings[0].Sources)

		summary, warnings := h.summary(t, user)
		same(t, "warnings of the summary", []string{}, warnings)
		totals := portfolio.Totals{TotalValue: new(dec("5000")), Cash: new(dec("1450")), MarketValue: new(dec("3550")), Sources: 3, LeftOut: []string{}}
		same(t, "summary", portfolio.Summary{
			BaseCurrency: "USD", TotalValue: new(dec("5000")), Cash: new(dec("1450")), CostBasis: new(dec("2800")),
			UnrealizedPnl: new(dec("750")), UnrealizedPnlPercent: new(dec("26.785714")),
			DayChange: new(dec("185")), DayChangePercent: new(dec("5.497771")), // 10·10 + 6·10 + 5·5 of 16·240 − 5·95
			CashByCurrency: []portfolio.Cash{{Currency: "USD", Amount: dec("1450"), InBase: new(dec("1450"))}},
			Pnl: portfolio.Pnl{
				Unrealized: new(dec("750")), PriceEffect: new(dec("750")), CurrencyEffect: new(dec("0")),
				Realized: &decimal.Decimal{}, Dividends: &decimal.Decimal{}, Interest: &decimal.Decimal{}, Fees: &decimal.Decimal{},
				TradeFees: &decimal.Decimal{}, Taxes: &decimal.Decimal{}, Incomplete: []string{},
				Since: &calendar.Day{Year: 2026, Month: 11, Day: 23}, // of the openings: the desk told of no past
			},
			GrossExposure: new(dec("4450")), NetExposure: new(dec("3550")), DayChangeBasis: "prices", Rates: []portfolio.Rate{},
			Confirmed: totals, BestKnown: totals, AsOf: &monday, Connections: portfolio.Connections{Total: 2, Active: 2},
		}, summary)
	})
}

func TestAnEmptyPortfolioIsTrueZerosWithoutPercents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		zero := &decimal.Decimal{}
		nothing := portfolio.Totals{TotalValue: zero, Cash: zero, MarketValue: zero, LeftOut: []string{}}
		want := portfolio.Summary{
			BaseCurrency: "USD", TotalValue: zero, Cash: zero, GrossExposure: zero, NetExposure: zero, Confirmed: nothing, BestKnown: nothing,
			CostBasis: &decimal.Decimal{}, UnrealizedPnl: &decimal.Decimal{}, DayChange: &decimal.Decimal{},
			DayChangeBasis: "prices", CashByCurrency: []portfolio.Cash{}, Rates: []portfolio.Rate{}, Pnl: portfolio.Pnl{
				Unrealized: &decimal.Decimal{}, PriceEffect: &decimal.Decimal{}, CurrencyEffect: &decimal.Decimal{},
				Realized: &decimal.Decimal{}, Dividends: &decimal.Decimal{}, Interest: &decimal.Decimal{}, Fees: &decimal.Decimal{},
				TradeFees: &decimal.Decimal{}, Taxes: &decimal.Decimal{}, Incomplete: []string{},
			},
		}
		summary, warnings := h.summary(t, user)
		same(t, "summary of nobody", want, summary)
		same(t, "warnings", []string{}, warnings)

		h.north.Keep(account("n1", "0"))
		h.linked(t, user, h.north)
		want.Confirmed.Sources, want.BestKnown.Sources = 1, 1
		want.CashByCurrency = []portfolio.Cash{{Currency: "USD", InBase: &decimal.Decimal{}}}
		want.AsOf, want.Connections = &monday, portfolio.Connections{Total: 1, Active: 1}
		summary, warnings = h.summary(t, user)
		same(t, "summary of an empty account", want, summary)
		same(t, "warnings", []string{}, warnings)
		holdings, _ := h.holdings(t, user)
		same(t, "holdings", []portfolio.Holding{}, holdings)
	})
}

func TestAnAccountIsNotCountedBeforeItsFirstReading(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "1000"))
		h.connect(t, user, h.north)
		summary, warnings := h.summary(t, user)
		same(t, "warnings", []string{"Desk (paper) has not been read yet: its holdings appear after the first sync."}, warnings)
		same(t, "best known", portfolio.Totals{Partial: true, LeftOut: []string{"Desk (paper): it has not been read yet."}}, summary.BestKnown)
		same(t, "confirmed", portfolio.Totals{TotalValue: &decimal.Decimal{}, Cash: &decimal.Decimal{}, MarketValue: &decimal.Decimal{}, LeftOut: []string{}}, summary.Confirmed)
		if summary.TotalValue != nil || summary.AsOf != nil || summary.Connections != (portfolio.Connections{Total: 1, Active: 1, Stale: 1}) {
			t.Errorf("got %+v", summary)
		}
	})
}

func first[T any](v T, _ []string) T { return v }

func TestUsersNeverSeeEachOthersPortfolios(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		ada, bob := newUser(t, d), newUser(t, d)
		h.north.Keep(account("n1", "100"), h.position("ADA", "1", "1", "1", "1", "1"))
		adas := h.linked(t, ada, h.north)
		h.south.Keep(account("s1", "7"), h.position("BOB", "1", "1", "1", "1", "1"))
		h.linked(t, bob, h.south)
		same(t, "Ada's", []string{"ADA 1 1 0 0.99 false 1"}, rows(first(h.holdings(t, ada))))
		same(t, "Bob's", []string{"BOB 1 1 0 12.5 false 1"}, rows(first(h.holdings(t, bob))))
		if got, _ := h.summary(t, bob); got.TotalValue.String() != "8" || got.Connections.Total != 1 {
			t.Errorf("got %+v for Bob", got)
		}
		_, _, err := h.Holding(t.Context(), bob, "ADA")
		wantKind(t, err, fault.NotFound)
		for _, id := range []string{adas, "no id"} {
			_, err := h.syncs.SyncNow(t.Context(), bob, id)
			wantKind(t, err, fault.NotFound)
		}
	})
}

func TestAHoldingIsFoundBySymbol(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "0"), h.position("BRK.B", "1", "1", "1", "1", "3"), h.position("A", "1", "1", "1", "1", "1"))
		h.linked(t, user, h.north)
		got, _, err := h.Holding(t.Context(), user, "brk-b")
		if err != nil || got.Symbol != "BRK.B" || text(got.AllocationPercent) != "75" {
			t.Errorf("got %+v, %v, want BRK.B with its share of everything", got, err)
		}
		_, _, err = h.Holding(t.Context(), user, "MSFT")
		wantKind(t, err, fault.NotFound)
	})
}

func TestWhatIsUnknownOrInAnotherCurrencyIsLeftOutAloud(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		euros := h.position("SAP", "2", "200", "150", "140", "300")
		euros.Currency = "EUR"
		h.north.Keep(account("n1", "100"), euros, h.position("DARK", "1", "50", "", "", ""),
			h.position("GIFT", "1", "", "40", "", "40"), h.position("A", "1", "60", "60", "50", "60"))
		h.north.Keep(account("n2", ""))
		pounds := account("n3", "5")
		pounds.Currency = "GBP"
		h.north.Keep(pounds)
		h.linked(t, user, h.north)

		holdings, warnings := h.holdings(t, user)
		same(t, "holdings", []string{"A 1 60 0 30 false 1", "GIFT 1 40 - 20 false 1", "SAP 2 300 100 - false 1", "DARK 1 - - - false 1"}, rows(holdings))
		same(t, "warnings", []string{
			"The totals leave out what is in EUR: there is no exchange rate to USD.",
			"The totals leave out what is in GBP: there is no exchange rate to USD.",
			"Desk account … n2 reports no cash: the totals leave it out.",
			"DARK in account … n1 has no market value from the brokerage: the totals leave it out.",
			"GIFT in account … n1 has no cost basis from the brokerage: gain and loss leave it out.",
			"The day change leaves out 2 positions without a price or a previous close.",
		}, warnings)
		s, _ := h.summary(t, user)
		got := strings.Join([]string{s.TotalValue.String(), s.Cash.String(), text(s.CostBasis), text(s.UnrealizedPnl), text(s.DayChange), text(s.DayChangePercent)}, " ")
		if want := "200 100 60 0 10 20"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestValuesGoStaleWithTheTradingClock(t *testing.T) {
	newYork := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour+5, minute, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		read, now time.Time
		stale     bool
		day       bool // whether there is a day change
	}{
		"half an hour of trading":            {newYork(23, 12, 0), newYork(23, 12, 30), false, true},
		"more than half an hour":             {newYork(23, 12, 0), newYork(23, 12, 31), true, true},
		"the settled close in the evening":   {newYork(23, 16, 15), newYork(23, 23, 0), false, true},
		"the bell's price in the evening":    {newYork(23, 16, 0), newYork(23, 23, 0), true, true},
		"the bell's price as prices settle":  {newYork(23, 16, 0), newYork(23, 16, 29), false, true},
		"the evening after a death at 15:31": {newYork(23, 15, 31), newYork(23, 16, 2), true, true},
		"Sunday after Friday's close":        {newYork(20, 16, 15), newYork(22, 12, 0), false, true},
		"Sunday after Friday's last hour":    {newYork(20, 15, 45), newYork(22, 12, 0), true, true},
		"Monday's first minutes":             {newYork(20, 16, 30), newYork(23, 9, 45), false, false},
		"Monday at ten past ten":             {newYork(20, 16, 30), newYork(23, 10, 10), true, false},
		"Tuesday of Friday's":                {newYork(20, 16, 30), newYork(24, 8, 0), true, false},
		"an early close that had settled":    {newYork(27, 13, 15), newYork(27, 16, 30), false, true},
		"an early close that had not":        {newYork(27, 13, 0), newYork(27, 16, 30), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d)
				user := newUser(t, d)
				h.now = c.read
				h.north.Keep(account("n1", "100"), h.position("A", "1", "1", "2", "1", "2"))
				h.linked(t, user, h.north)
				h.now = c.now
				holdings, warnings := h.holdings(t, user)
				if got := holdings[0]; got.Stale != c.stale || (got.DayChange != nil) != c.day {
					t.Errorf("got stale %t with a day change of %s", got.Stale, text(got.DayChange))
				}
				isAged := func(w string) bool { return strings.HasSuffix(w, "ago: it was not read since.") }
				if slices.ContainsFunc(warnings, isAged) != c.stale {
					t.Errorf("got warnings %q", warnings)
				}
			})
		})
	}
}

func (h *house) crypto(symbol, quantity, price, previousClose, value string) broker.Position {
	p := h.position(symbol, quantity, value, price, previousClose, value)
	p.AssetClass = broker.Crypto
	return p
}

func TestCryptoGoesStaleAtAnyHour(t *testing.T) {
	utc := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		read, now  time.Time
		stale, day bool
	}{
		"half an hour of a Saturday":   {utc(21, 12, 0), utc(21, 12, 30), false, true},
		"a minute more":                {utc(21, 12, 0), utc(21, 12, 31), true, true},
		"over midnight":                {utc(21, 23, 45), utc(22, 0, 5), false, false},
		"a weekend":                    {utc(20, 21, 30), utc(22, 12, 0), true, false},
		"an evening, New York's day":   {utc(23, 21, 30), utc(24, 2, 0), true, false},
		"half an hour of trading time": {utc(23, 17, 0), utc(23, 17, 30), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d)
				user := newUser(t, d)
				h.now = c.read
				h.north.Keep(account("n1", "100"), h.crypto("BTC/USD", "1", "2", "1", "2"))
				h.linked(t, user, h.north)
				h.now = c.now
				if got := first(h.holdings(t, user))[0]; got.Stale != c.stale || got.Sources[0].Stale != c.stale || (got.DayChange != nil) != c.day {
					t.Errorf("got stale %t with a day change of %s", got.Stale, text(got.DayChange))
				}
			})
		})
	}
}

func TestOldCryptoIsKnownBestButNotConfirmed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.now = time.Date(2026, 11, 20, 21, 30, 0, 0, time.UTC) // half an hour after Friday's close
		h.north.Keep(account("n1", "100"), h.position("A", "1", "20", "20", "19", "20"), h.crypto("BTC/USD", "1", "3", "2", "3"))
		h.north.Keep(account("n2", "5"))
		h.linked(t, user, h.north)
		h.now = h.now.Add(40 * time.Hour)
		holdings, warnings := h.holdings(t, user)
		same(t, "holdings", []string{"A 1 20 0 15.63 false 1", "BTC/USD 1 3 0 2.34 true 1"}, rows(holdings))
		same(t, "warnings", []string{
			"Desk account … n1 (paper) shows crypto at values from 40 hours ago: it was not read since.",
			"The day change leaves out 1 position with prices of an earlier trading day.",
		}, warnings)
		s, _ := h.summary(t, user)
		same(t, "confirmed", portfolio.Totals{TotalValue: new(dec("125")), Cash: new(dec("105")), MarketValue: new(dec("20")), Sources: 2, LeftOut: []string{}}, s.Confirmed)
		same(t, "best known", portfolio.Totals{TotalValue: new(dec("128")), Cash: new(dec("105")), MarketValue: new(dec("23")), Sources: 2, LeftOut: []string{}}, s.BestKnown)
		same(t, "connections", portfolio.Connections{Total: 1, Active: 1, Stale: 1}, s.Connections)
	})
}
