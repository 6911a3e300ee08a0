package portfoliotools

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/breakdown"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/reconciliation"
	"github.com/jaspers-ai/jaspers/internal/recording/recordingtest"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// saturday is 12:00 in New York, after the week that ends on 20 November 2026.
var saturday = time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)

// world is all services over a source of prices, by which ACME and any other symbol ends each trading day at 10 plus a
// hundredth of the days since the beginning of 2026, and QQQ at twice that with a dip in June.
type world struct {
	Services
	*db.DB
}

func (w *world) Name() string { return "made up" }

func (w *world) Quotes(context.Context, []string) (map[string]market.Quote, error) { return nil, nil }

func (w *world) History(_ context.Context, symbol string, first, last calendar.Day) (market.History, error) {
	past := market.History{Symbol: symbol, Currency: "USD", Source: "made up", FetchedAt: saturday}
	newYear := calendar.Day{Year: 2026, Month: time.January, Day: 1}.Number()
	for d := first; !last.Before(d); d = d.AddDays(1) {
		if _, closes, ok := calendar.Session(d); ok && !closes.After(saturday) {
			price := decimal.New(1000+int64(d.Number()-newYear), -2)
			if symbol == "QQQ" {
				price = price.Mul(decimal.NewFromInt(2))
			}
			if symbol == "ACME" && d.Month == time.June {
				price = price.Sub(decimal.NewFromInt(1))
			}
			past.Bars = append(past.Bars, market.Bar{Day: d, Close: price})
		}
	}
	return past, nil
}

func rateless(context.Context, string, []string, calendar.Day) (map[string]market.Rates, []string, error) {
	return nil, nil, nil
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{DB: d}
	life, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	now, log := func() time.Time { return saturday }, slog.New(slog.DiscardHandler)
	quotes, err := market.New(life, market.Config{Sources: []market.Source{w}, Now: now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	past, err := pastprices.New(life, pastprices.Config{DB: d, Sources: []market.Source{w}, Now: now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	p := &portfolio.Service{
		DB: d, Connections: &connection.Service{DB: d, Now: now}, Now: now, Rate: quotes.Rate, Gains: &gains.Service{DB: d, Rates: rateless, Now: now},
	}
	w.Services = Services{
		Portfolio: p, Breakdown: &breakdown.Service{Portfolio: p}, Reconciliation: &reconciliation.Service{Portfolio: p}, Ledger: &ledger.Service{DB: d},
		Performance: performance.New(life, performance.Config{DB: d, Market: quotes, Past: past, Portfolio: p.Whole, GainsUntil: p.Gains.Until, Now: now, Log: log}),
	}
	return w
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func on(month time.Month, day int) time.Time {
	return calendar.Day{Year: 2026, Month: month, Day: day}.At(12, 0).UTC()
}

func paid(id string, at time.Time, symbol, amount, tax string) broker.Activity {
	return broker.Activity{ID: id, Kind: broker.Dividend, At: at, Instrument: recordingtest.Share(symbol), Currency: "USD", Amount: dec(amount), Tax: dec(tax)}
}

// investor has two purchases of ACME, of which some was sold, a holding that was sold entirely, three dividends, an
// option, a fee and what a brokerage says in words. The brokerage has come to report one share of ACME more than was bought.
func (w *world) investor(t *testing.T) (userID string) {
	t.Helper()
	p := recordingtest.NewPerson(t, w.DB)
	account := p.Account(t, w.DB)
	option := recordingtest.Share("ACME270115C00015000")
	option.AssetClass, option.Multiplier = broker.Option, decimal.NewFromInt(100)
	contracts := broker.Activity{ID: "o", Kind: broker.Buy, At: on(10, 5), Instrument: option, Quantity: dec("2"), Price: decimal.NewNullDecimal(dec("1.37")), Currency: "USD", Amount: dec("-274")}
	told := []broker.Activity{
		{ID: "in", Kind: broker.Deposit, At: on(3, 2), Currency: "USD", Amount: dec("98765.43")},
		recordingtest.Bought("1", on(3, 2), "ACME", "761", "10.63"), recordingtest.Bought("2", on(8, 3), "ACME", "307", "12.17"),
		recordingtest.Bought("3", on(9, 15), "ACME", "-433", "12.59"),
		recordingtest.Bought("4", on(4, 1), "GONE", "211", "10.91"), recordingtest.Bought("5", on(5, 4), "GONE", "-211", "11.23"),
		paid("d1", on(6, 10), "ACME", "171.29", "30.01"), paid("d2", on(9, 10), "ACME", "193.31", "31.07"), paid("d3", on(4, 20), "GONE", "47.93", "0"),
		{ID: "fee", Kind: broker.Fee, At: on(7, 1), Currency: "USD", Amount: dec("-23.57")},
		{ID: "odd", Kind: broker.Other, At: on(7, 2), Currency: "USD", Amount: dec("-61.43"), Description: "Journal to U7654321"},
		contracts,
	}
	cash := decimal.Zero
	for _, a := range told {
		cash = cash.Add(a.Amount)
	}
	positions := []broker.Position{recordingtest.Holds("ACME", "635", ""), {Instrument: option, Quantity: dec("2")}}
	reading := p.Reading(account, saturday.Add(-time.Hour), time.Time{}, positions, told...)
	reading.History.CashComplete = true
	recordingtest.Record(t, w.DB, reading)
	read := db.Time(saturday.Add(-time.Hour))
	recordingtest.Exec(t, w.DB, "update brokerage_connections set last_sync_at = $1 where id = $2", read, p.Connection)
	recordingtest.Exec(t, w.DB, "update brokerage_accounts set cash = $1, as_of = $2 where id = $3", cash, read, account)
	for _, h := range []struct{ symbol, class, quantity, multiplier, cost, price, value string }{
		{"ACME", "equity", "636", "1", "7221.83", "13.23", "8414.28"},
		{"ACME270115C00015000", "option", "2", "100", "274", "1.51", "302"},
	} {
		recordingtest.Exec(t, w.DB, `insert into portfolio_holdings (id, user_id, connection_id, account_id, instrument_id, instrument, symbol, name, asset_class, exchange,
			currency, quantity, multiplier, cost_basis, price, market_value, as_of) values ($1, $2, $3, $4, $5, (select distinct instrument from transactions where symbol = $5 and user_id = $2),
			$5, '', $6, 'NYSE', 'USD', $7, $8, $9, $10, $11, $12)`,
			db.NewID(), p.ID, p.Connection, account, h.symbol, h.class, dec(h.quantity), dec(h.multiplier), dec(h.cost), dec(h.price), dec(h.value), read)
	}
	return p.ID
}

// stranger is somebody whose things must never show.
func (w *world) stranger(t *testing.T) {
	t.Helper()
	p := recordingtest.NewPerson(t, w.DB)
	reading := p.Reading(p.Account(t, w.DB), saturday, time.Time{}, []broker.Position{recordingtest.Holds("SECRET", "5", "50")},
		recordingtest.Bought("1", on(3, 3), "SECRET", "5", "10"), paid("d", on(6, 10), "SECRET", "77777.77", "0"))
	recordingtest.Record(t, w.DB, reading)
}

// use runs a tool as the analyst does: run, printed and read.
func (w *world) use(t *testing.T, asker tool.Asker, name, input string) (output string, call tool.Call, err error) {
	t.Helper()
	result, err := tool.Run(t.Context(), All(w.Services), asker, name, json.RawMessage(input))
	if err != nil {
		return string(tool.PrintFailure("t1", err)), call, err
	}
	if call, err = tool.Read("", "t1", name, result); err != nil {
		t.Fatal(err)
	}
	text, err := tool.Print("t1", name, result)
	if err != nil {
		t.Fatal(err)
	}
	if result.Source.Title == "" || !strings.HasPrefix(result.Source.Name, "portfolio") {
		t.Errorf("%s %s: got the source %+v", name, input, result.Source)
	}
	return string(text), call, nil
}
