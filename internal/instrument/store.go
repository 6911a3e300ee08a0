package instrument

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// Resolve gives the id of what a brokerage names, in the caller's transaction, and makes it where it is new. What is
// learned of it, ids and words, is kept.
func Resolve(ctx context.Context, tx db.Querier, provider string, in broker.Instrument, now time.Time) (string, error) {
	keys := keysOf(provider, in)
	id, err := find(ctx, tx, keys)
	if err != nil {
		return "", err
	}
	if id == "" {
		if id, err = insert(ctx, tx, in, now); err != nil {
			return "", err
		}
	} else if err := learn(ctx, tx, id, in); err != nil {
		return "", err
	}
	if err := addKeys(ctx, tx, id, keys); err != nil {
		return "", err
	}
	return find(ctx, tx, keys) // another process may have been faster
}

// find is the instrument that the most trusted of the keys names; "" when none does. A symbol does not name one of which
// a better id of the same scheme says otherwise.
func find(ctx context.Context, q db.Querier, keys []key) (string, error) {
	for _, k := range keys {
		var id string
		err := q.QueryRowContext(ctx, "select instrument_id from instrument_ids where scheme = $1 and value = $2", k.scheme, k.value).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("find instrument: %w", err)
		}
		if k.scheme == symbolScheme {
			other, err := contradicted(ctx, q, id, keys)
			if err != nil || other {
				return "", err
			}
		}
		return id, nil
	}
	return "", nil
}

// contradicted tells whether the instrument has an id of a key's scheme, but another one.
func contradicted(ctx context.Context, q db.Querier, id string, keys []key) (bool, error) {
	rows, err := q.QueryContext(ctx, "select scheme, value from instrument_ids where instrument_id = $1", id)
	has, err := db.Collect(rows, err, func(scan func(...any) error) (k key, err error) { return k, scan(&k.scheme, &k.value) })
	if err != nil {
		return false, fmt.Errorf("find instrument: %w", err)
	}
	return slices.ContainsFunc(has, func(h key) bool {
		return h.scheme != symbolScheme && slices.ContainsFunc(keys, func(k key) bool { return k.scheme == h.scheme && k.value != h.value })
	}), nil
}

func insert(ctx context.Context, tx db.Querier, in broker.Instrument, now time.Time) (string, error) {
	id := db.NewID()
	_, err := tx.ExecContext(ctx, `insert into instruments
		(id, symbol, name, asset_class, sector, country, exchange, currency, multiplier, market_symbol, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, in.Symbol, in.Name, in.AssetClass, in.Sector, in.Country, in.Exchange, in.Currency, in.Multiplier, marketSymbol(in), db.Time(now))
	if err != nil {
		return "", fmt.Errorf("store instrument: %w", err)
	}
	return id, nil
}

// learn keeps words that were missing, and the symbol of today.
func learn(ctx context.Context, tx db.Querier, id string, in broker.Instrument) error {
	_, err := tx.ExecContext(ctx, `update instruments set symbol = $2,
			name = case when name = '' then $3 else name end, sector = case when sector = '' then $4 else sector end,
			country = case when country = '' then $5 else country end, exchange = case when exchange = '' then $6 else exchange end,
			market_symbol = case when market_symbol = '' or symbol <> $2 then $7 else market_symbol end
		where id = $1 and (symbol <> $2 or name = '' and $3 <> '' or sector = '' and $4 <> '' or country = '' and $5 <> ''
			or exchange = '' and $6 <> '')`,
		id, in.Symbol, in.Name, in.Sector, in.Country, in.Exchange, marketSymbol(in))
	if err != nil {
		return fmt.Errorf("store instrument: %w", err)
	}
	return nil
}

func addKeys(ctx context.Context, tx db.Querier, id string, keys []key) error {
	for _, k := range keys {
		_, err := tx.ExecContext(ctx, `insert into instrument_ids (scheme, value, instrument_id) values ($1, $2, $3)
			on conflict (scheme, value) do nothing`, k.scheme, k.value, id)
		if err != nil {
			return fmt.Errorf("store instrument: %w", err)
		}
	}
	return nil
}

const columns = "id, symbol, name, asset_class, sector, country, exchange, currency, multiplier, market_symbol"

// Held gives the instruments that a person's positions and transactions are of, by id.
func Held(ctx context.Context, q db.Querier, userID string) (map[string]Instrument, error) {
	rows, err := q.QueryContext(ctx, "select "+columns+` from instruments where id in (
		select instrument from transactions where user_id = $1 union select instrument from portfolio_holdings where user_id = $1)`, userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (i Instrument, err error) {
		return i, scan(&i.ID, &i.Symbol, &i.Name, &i.AssetClass, &i.Sector, &i.Country, &i.Exchange, &i.Currency, &i.Multiplier, &i.MarketSymbol)
	})
	if err != nil {
		return nil, fmt.Errorf("list instruments: %w", err)
	}
	byID := make(map[string]Instrument, len(all))
	for _, i := range all {
		byID[i.ID] = i
	}
	return byID, nil
}
