package reading

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/recording"
)

// Found is what a reading brought.
type Found struct {
	Positions    int
	Transactions *int // new or changed; nil where no history was told
}

// Store makes what was read at asOf what is stored of the connection, in the caller's transaction: positions become those
// reported, and the ledger learns what happened. It changes nothing when a reading that began later was faster.
func Store(ctx context.Context, tx db.Querier, connections *connection.Service, link connection.Link, read []Account, asOf, now time.Time) (Found, error) {
	var found Found
	for _, a := range read {
		found.Positions += len(a.Positions)
	}
	newest, err := connections.Synced(ctx, tx, link, asOf)
	if err != nil || !newest {
		return found, err
	}
	accounts := make([]broker.Account, 0, len(read))
	for _, a := range read {
		accounts = append(accounts, a.Account)
	}
	ids, err := connection.StoreAccounts(ctx, tx, link.ID, accounts, asOf)
	if err != nil {
		return found, err
	}
	for _, a := range read {
		if err := storePositions(ctx, tx, link, ids[a.ID], a.Positions, now); err != nil {
			return found, err
		}
		if err := storeHistory(ctx, tx, link, ids[a.ID], a, &found, asOf, now); err != nil {
			return found, err
		}
	}
	if _, err := tx.ExecContext(ctx, "update brokerage_connections set revision = revision + 1 where id = $1", link.ID); err != nil {
		return found, fmt.Errorf("count reading: %w", err)
	}
	return found, nil
}

// storeHistory has the ledger record what happened, and keeps why that is not known.
func storeHistory(ctx context.Context, tx db.Querier, link connection.Link, accountID string, a Account, found *Found, asOf, now time.Time) error {
	problem := sql.NullString{String: a.Problem, Valid: a.Problem != ""}
	if _, err := tx.ExecContext(ctx, "update brokerage_accounts set history_problem = $2 where id = $1", accountID, problem); err != nil {
		return fmt.Errorf("note the reading of a history: %w", err)
	}
	if a.History == nil {
		return nil
	}
	changed, err := recording.Record(ctx, tx, recording.Reading{
		UserID: link.UserID, ConnectionID: link.ID, AccountID: accountID, Provider: link.Provider,
		History: *a.History, Positions: a.Positions, Cash: a.cash(), AsOf: asOf,
	}, now)
	if err != nil {
		return err
	}
	if found.Transactions == nil {
		found.Transactions = new(int)
	}
	if !changed { // nearly always
		return nil
	}
	var n int
	err = tx.QueryRowContext(ctx, "select count(*) from transactions where account_id = $1 and updated_at = $2", accountID, db.Time(now)).Scan(&n)
	if err != nil {
		return fmt.Errorf("count transactions: %w", err)
	}
	*found.Transactions += n
	return nil
}

// lastRead tells when the history of each account of a connection was read last, by the brokerage's ids.
func lastRead(ctx context.Context, q db.Querier, connectionID string) (map[string]time.Time, error) {
	type account struct {
		id string
		at sql.NullTime
	}
	rows, err := q.QueryContext(ctx, "select external_id, history_read_at from brokerage_accounts where connection_id = $1", connectionID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (a account, err error) { return a, scan(&a.id, &a.at) })
	if err != nil {
		return nil, fmt.Errorf("list readings of histories: %w", err)
	}
	last := make(map[string]time.Time, len(all))
	for _, a := range all {
		last[a.id] = a.at.Time.UTC()
		if !a.at.Valid {
			last[a.id] = time.Time{}
		}
	}
	return last, nil
}

// storePositions makes the stored positions of an account those given.
func storePositions(ctx context.Context, tx db.Querier, link connection.Link, accountID string, positions []broker.Position, now time.Time) error {
	stored, err := storedPositions(ctx, tx, accountID)
	if err != nil {
		return err
	}
	for _, p := range positions {
		was := stored[p.InstrumentID]
		delete(stored, p.InstrumentID)
		identity := was.identity
		if identity == "" || was.named != named(p.Instrument) { // a look-up costs a dozen statements
			if identity, err = instrument.Resolve(ctx, tx, link.Provider, p.Instrument, now); err != nil {
				return err
			}
		}
		if err := upsertPosition(ctx, tx, link, accountID, identity, p); err != nil {
			return err
		}
	}
	for instrumentID := range stored {
		_, err := tx.ExecContext(ctx, "delete from portfolio_holdings where account_id = $1 and instrument_id = $2", accountID, instrumentID)
		if err != nil {
			return fmt.Errorf("delete position: %w", err)
		}
	}
	return nil
}

// names is what a brokerage called an instrument when it was looked up.
type names struct {
	symbol, name, exchange, currency string
	class                            broker.AssetClass
}

func named(in broker.Instrument) names {
	return names{in.Symbol, in.Name, in.Exchange, in.Currency, in.AssetClass}
}

type storedPosition struct {
	instrumentID string // the brokerage's
	identity     string // ours; empty before the first look-up
	named        names
}

func storedPositions(ctx context.Context, q db.Querier, accountID string) (map[string]storedPosition, error) {
	rows, err := q.QueryContext(ctx, `select instrument_id, instrument, symbol, name, exchange, currency, asset_class
		from portfolio_holdings where account_id = $1`, accountID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (p storedPosition, err error) {
		var identity sql.NullString
		err = scan(&p.instrumentID, &identity, &p.named.symbol, &p.named.name, &p.named.exchange, &p.named.currency, &p.named.class)
		p.identity = identity.String
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("list positions: %w", err)
	}
	byID := make(map[string]storedPosition, len(all))
	for _, p := range all {
		byID[p.instrumentID] = p
	}
	return byID, nil
}

func upsertPosition(ctx context.Context, tx db.Querier, link connection.Link, accountID, identity string, p broker.Position) error {
	_, err := tx.ExecContext(ctx, `insert into portfolio_holdings
		(id, user_id, connection_id, account_id, instrument_id, symbol, name, asset_class, exchange, currency,
			quantity, multiplier, average_cost, cost_basis, price, previous_close, market_value, as_of, instrument)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		on conflict (account_id, instrument_id) do update set
			symbol = excluded.symbol, name = excluded.name, asset_class = excluded.asset_class,
			exchange = excluded.exchange, currency = excluded.currency, quantity = excluded.quantity,
			multiplier = excluded.multiplier, average_cost = excluded.average_cost, cost_basis = excluded.cost_basis,
			price = excluded.price, previous_close = excluded.previous_close,
			market_value = excluded.market_value, as_of = excluded.as_of, instrument = excluded.instrument`,
		db.NewID(), link.UserID, link.ID, accountID, p.InstrumentID, p.Symbol, p.Name, p.AssetClass, p.Exchange, p.Currency,
		p.Quantity, p.Multiplier, p.AverageCost, p.CostBasis, p.Price, p.PreviousClose, p.MarketValue, db.Time(p.AsOf), identity)
	if err != nil {
		return fmt.Errorf("store position: %w", err)
	}
	return nil
}
