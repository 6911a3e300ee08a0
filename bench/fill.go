package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/recording"
)

const (
	benchProvider = "bench"
	// compared is what performance is compared with by default; its prices are those of the first symbol.
	compared = "SPY"
)

// benchNow is the Saturday after the last price.
func benchNow() time.Time { return time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC) }

// priceFile is a source of prices that has those of a file. Without any it can only refuse: what is asked of it then
// should have been in the database.
type priceFile map[string]map[string]float64

func (priceFile) Name() string { return "bench" }

func (priceFile) Quotes(context.Context, []string) (map[string]market.Quote, error) {
	return map[string]market.Quote{}, nil
}

func (f priceFile) History(_ context.Context, symbol string, first, last calendar.Day) (market.History, error) {
	prices, known := f[symbol]
	if !known {
		return market.History{}, fault.New(fault.UnknownSymbol, "no prices of %s", symbol)
	}
	h := market.History{Symbol: symbol, Currency: "USD", Source: "bench", FetchedAt: benchNow()}
	for _, date := range slices.Sorted(maps.Keys(prices)) {
		day, err := calendar.ParseDay(date)
		if err != nil {
			return h, err
		}
		if !day.Before(first) && !last.Before(day) {
			h.Bars = append(h.Bars, market.Bar{Day: day, Close: decimal.NewFromFloat(prices[date])})
		}
	}
	return h, nil
}

func newPast(ctx context.Context, d *db.DB, source priceFile) (*pastprices.Service, error) {
	return pastprices.New(ctx, pastprices.Config{DB: d, Sources: []market.Source{source}, Now: benchNow, Log: slog.New(slog.DiscardHandler)})
}

// storePrices keeps the prices of a file.
func storePrices(ctx context.Context, d *db.DB, prices map[string]map[string]float64) error {
	prices[compared] = prices["GF000"]
	m, err := newPast(ctx, d, prices)
	if err != nil {
		return err
	}
	all, warnings, err := m.Closes(ctx, slices.Sorted(maps.Keys(prices)), calendar.Day{Year: priceYear, Month: time.November, Day: 1})
	if err == nil && len(all) != len(prices) {
		err = fmt.Errorf("%d of %d histories were stored: %v", len(all), len(prices), warnings)
	}
	return err
}

// person is who has a ledger, with the accounts by their names in it.
type person struct {
	UserID, ConnectionID string
	Accounts             map[string]string
}

// storeLedger makes a person with three accounts, of whose trades and dividends the ledger tells.
func storeLedger(ctx context.Context, d *db.DB, m made) (person, error) {
	p := person{UserID: db.NewID(), ConnectionID: db.NewID(), Accounts: map[string]string{}}
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		now := db.Time(benchNow())
		_, err := tx.ExecContext(ctx, "insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)",
			p.UserID, p.UserID+"@example.com", now)
		if err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, `insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at)
			values ($1, $2, $3, 'live', 'active', '', $4, $4)`, p.ConnectionID, p.UserID, benchProvider, now); err != nil {
			return err
		}
		for _, name := range []string{"A1", "A2", "A3"} {
			p.Accounts[name] = db.NewID()
			if _, err = tx.ExecContext(ctx, `insert into brokerage_accounts (id, connection_id, external_id, number, status, currency, as_of)
				values ($1, $2, $3, $3, 'ACTIVE', 'USD', $4)`, p.Accounts[name], p.ConnectionID, name, now); err != nil {
				return err
			}
			if err := p.record(ctx, tx, name, m.rows); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

// record puts what an account did into the ledger.
func (p person) record(ctx context.Context, tx db.Querier, account string, rows []row) error {
	r := recording.Reading{UserID: p.UserID, ConnectionID: p.ConnectionID, AccountID: p.Accounts[account], Provider: benchProvider, AsOf: benchNow()}
	for i, one := range rows {
		if one.account != account {
			continue
		}
		day, err := calendar.ParseDay(one.date)
		if err != nil {
			return err
		}
		r.History.Activities = append(r.History.Activities, one.activity(fmt.Sprintf("%s %d", one.date, i), day.At(10, 0).Add(time.Duration(i)*time.Millisecond)))
	}
	r.Positions = positions(rows, account)
	_, err := recording.Record(ctx, tx, r, benchNow())
	return err
}

// positions are what an account holds after all of its rows.
func positions(rows []row, account string) []broker.Position {
	held := map[string]int64{}
	for _, r := range rows {
		switch {
		case r.account != account:
		case r.kind == "BUY":
			held[r.symbol] += r.quantity
		case r.kind == "SELL":
			held[r.symbol] -= r.quantity
		}
	}
	var all []broker.Position
	for symbol, quantity := range held {
		all = append(all, broker.Position{Instrument: instrumentOf(symbol), Quantity: decimal.NewFromInt(quantity), AsOf: benchNow()})
	}
	return all
}

func instrumentOf(symbol string) broker.Instrument {
	return broker.Instrument{
		InstrumentID: symbol, Symbol: symbol, AssetClass: broker.Equity, Exchange: "NYSE", Currency: "USD", Multiplier: decimal.NewFromInt(1),
	}
}

// activity is the row as a brokerage would tell of it.
func (r row) activity(id string, at time.Time) broker.Activity {
	price, fee := decimal.NewFromFloat(r.price), decimal.NewFromFloat(r.fee)
	quantity := decimal.NewFromInt(r.quantity)
	a := broker.Activity{ID: id, At: at, Currency: "USD", Price: decimal.NewNullDecimal(price), Fee: fee, Instrument: instrumentOf(r.symbol)}
	switch r.kind {
	case "BUY":
		a.Kind, a.Quantity, a.Amount = broker.Buy, quantity, quantity.Mul(price).Neg().Sub(fee)
	case "SELL":
		a.Kind, a.Quantity, a.Amount = broker.Sell, quantity.Neg(), quantity.Mul(price).Sub(fee)
	default:
		a.Kind, a.Amount = broker.Dividend, quantity.Mul(price)
	}
	return a
}
