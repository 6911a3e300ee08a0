package portfolio

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// load reads the user's connections with their accounts and positions. It is one statement, so that a sync which
// commits meanwhile is seen whole or not at all.
func load(ctx context.Context, q db.Querier, userID string) ([]link, error) {
	rows, err := q.QueryContext(ctx, `
		select c.id, c.provider, c.environment, c.status, c.error_message, c.last_sync_at,
			a.id, a.number, a.currency, a.cash,
			h.instrument_id, h.symbol, h.name, h.asset_class, h.exchange, h.currency, h.quantity, h.multiplier,
			h.average_cost, h.cost_basis, h.price, h.previous_close, h.market_value, h.as_of
		from brokerage_connections c
		left join brokerage_accounts a on a.connection_id = c.id
		left join portfolio_holdings h on h.account_id = a.id and h.user_id = c.user_id
		where c.user_id = $1
		order by c.created_at, c.id, a.number, a.id, h.symbol, h.id`, userID)
	all, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("load portfolio: %w", err)
	}
	var links []link
	for _, r := range all {
		links = r.addTo(links)
	}
	return links, nil
}

// row is a connection, an account of it if there is one, and a position in that if there is one.
type row struct {
	link     link
	account  *account
	position *broker.Position
}

func scanRow(scan func(...any) error) (row, error) {
	var r row
	var problem sql.NullString
	var syncedAt, asOf sql.NullTime
	var accountID, number, accountCurrency sql.NullString
	var instrument, symbol, name, class, exchange, currency sql.NullString
	var quantity, multiplier decimal.NullDecimal
	var a account
	var p broker.Position
	err := scan(&r.link.id, &r.link.provider, &r.link.environment, &r.link.status, &problem, &syncedAt,
		&accountID, &number, &accountCurrency, &a.cash,
		&instrument, &symbol, &name, &class, &exchange, &currency, &quantity, &multiplier,
		&p.AverageCost, &p.CostBasis, &p.Price, &p.PreviousClose, &p.MarketValue, &asOf)
	r.link.problem = problem.String
	if syncedAt.Valid {
		r.link.syncedAt = new(syncedAt.Time.UTC())
	}
	if accountID.Valid {
		a.id, a.number, a.currency = accountID.String, number.String, accountCurrency.String
		r.account = &a
	}
	if instrument.Valid {
		p.InstrumentID, p.Symbol, p.Name = instrument.String, symbol.String, name.String
		p.AssetClass, p.Exchange, p.Currency = broker.AssetClass(class.String), exchange.String, currency.String
		p.Quantity, p.Multiplier, p.AsOf = quantity.Decimal, multiplier.Decimal, asOf.Time.UTC()
		r.position = &p
	}
	return r, err
}

// addTo puts the row where it belongs; rows of one connection, and in it of one account, follow each other.
func (r row) addTo(links []link) []link {
	if len(links) == 0 || links[len(links)-1].id != r.link.id {
		links = append(links, r.link)
	}
	if r.account == nil {
		return links
	}
	l := &links[len(links)-1]
	if len(l.accounts) == 0 || l.accounts[len(l.accounts)-1].id != r.account.id {
		l.accounts = append(l.accounts, *r.account)
	}
	if r.position != nil {
		a := &l.accounts[len(l.accounts)-1]
		a.positions = append(a.positions, *r.position)
	}
	return links
}

// cryptoConnections are the connections that held crypto when they were last read.
func cryptoConnections(ctx context.Context, q db.Querier) (map[string]bool, error) {
	rows, err := q.QueryContext(ctx, "select distinct connection_id from portfolio_holdings where asset_class = $1", broker.Crypto)
	ids, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("list connections with crypto: %w", err)
	}
	held := make(map[string]bool, len(ids))
	for _, id := range ids {
		held[id] = true
	}
	return held, nil
}

// storePositions makes the stored positions of an account those given.
func storePositions(ctx context.Context, tx db.Querier, link connection.Link, accountID string, positions []broker.Position) error {
	stored, err := storedInstruments(ctx, tx, accountID)
	if err != nil {
		return err
	}
	reported := make(map[string]bool, len(positions))
	for _, p := range positions {
		reported[p.InstrumentID] = true
		if err := upsertPosition(ctx, tx, link, accountID, p); err != nil {
			return err
		}
	}
	for _, instrument := range stored {
		if reported[instrument] {
			continue
		}
		_, err := tx.ExecContext(ctx, "delete from portfolio_holdings where account_id = $1 and instrument_id = $2", accountID, instrument)
		if err != nil {
			return fmt.Errorf("delete position: %w", err)
		}
	}
	return nil
}

func storedInstruments(ctx context.Context, q db.Querier, accountID string) ([]string, error) {
	rows, err := q.QueryContext(ctx, "select instrument_id from portfolio_holdings where account_id = $1", accountID)
	ids, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("list positions: %w", err)
	}
	return ids, nil
}

func upsertPosition(ctx context.Context, tx db.Querier, link connection.Link, accountID string, p broker.Position) error {
	_, err := tx.ExecContext(ctx, `insert into portfolio_holdings
		(id, user_id, connection_id, account_id, instrument_id, symbol, name, asset_class, exchange, currency,
			quantity, multiplier, average_cost, cost_basis, price, previous_close, market_value, as_of)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		on conflict (account_id, instrument_id) do update set
			symbol = excluded.symbol, name = excluded.name, asset_class = excluded.asset_class,
			exchange = excluded.exchange, currency = excluded.currency, quantity = excluded.quantity,
			multiplier = excluded.multiplier, average_cost = excluded.average_cost, cost_basis = excluded.cost_basis,
			price = excluded.price, previous_close = excluded.previous_close,
			market_value = excluded.market_value, as_of = excluded.as_of`,
		db.NewID(), link.UserID, link.ID, accountID, p.InstrumentID, p.Symbol, p.Name, p.AssetClass, p.Exchange, p.Currency,
		p.Quantity, p.Multiplier, p.AverageCost, p.CostBasis, p.Price, p.PreviousClose, p.MarketValue, db.Time(p.AsOf))
	if err != nil {
		return fmt.Errorf("store position: %w", err)
	}
	return nil
}
