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
// learned of it, ids and words, is kept: the symbol told last is today's, so what is held is to be resolved after what
// was. Whoever resolves one thing at the same time gets one id.
func Resolve(ctx context.Context, tx db.Querier, provider string, in broker.Instrument, now time.Time) (string, error) {
	keys := keysOf(provider, in)
	id, err := find(ctx, tx, keys)
	if err != nil {
		return "", err
	}
	if id != "" {
		if err := learn(ctx, tx, id, in); err != nil {
			return "", err
		}
		return id, addKeys(ctx, tx, id, in.Symbol, keys)
	}
	if id, err = insert(ctx, tx, in, now); err != nil {
		return "", err
	}
	if err := addKeys(ctx, tx, id, in.Symbol, keys); err != nil {
		return "", err
	}
	return joinFaster(ctx, tx, id, keys)
}

// joinFaster gives an instrument up that was just made, where another process made the same meanwhile: then some of its
// keys are the other's. It gives the id that stays.
func joinFaster(ctx context.Context, tx db.Querier, made string, keys []key) (string, error) {
	var others []key
	for _, k := range keys {
		var owner string
		err := tx.QueryRowContext(ctx, "select instrument_id from instrument_ids where scheme = $1 and value = $2", k.scheme, k.value).Scan(&owner)
		if err != nil {
			return "", fmt.Errorf("find instrument: %w", err)
		}
		if owner != made {
			others = append(others, k)
		}
	}
	if len(others) == 0 {
		return made, nil
	}
	id, err := findAmong(ctx, tx, others, keys)
	if err != nil || id == "" {
		return made, err // they share a symbol, and are not the same
	}
	if _, err := tx.ExecContext(ctx, "update instrument_ids set instrument_id = $1 where instrument_id = $2", id, made); err != nil {
		return "", fmt.Errorf("join instruments: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "delete from instruments where id = $1", made); err != nil {
		return "", fmt.Errorf("join instruments: %w", err)
	}
	return id, nil
}

func find(ctx context.Context, q db.Querier, keys []key) (string, error) {
	return findAmong(ctx, q, keys, keys)
}

// findAmong is the instrument that the most trusted of some keys names; "" when none does. A symbol does not name one of
// which a better one of all its keys says otherwise.
func findAmong(ctx context.Context, q db.Querier, some, keys []key) (string, error) {
	for _, k := range some {
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

// contradicted tells whether the instrument has an id of a key's scheme, but another one. A CUSIP says nothing against
// it: shares get a new one with a reverse split, under the old symbol.
func contradicted(ctx context.Context, q db.Querier, id string, keys []key) (bool, error) {
	rows, err := q.QueryContext(ctx, "select scheme, value from instrument_ids where instrument_id = $1", id)
	has, err := db.Collect(rows, err, func(scan func(...any) error) (k key, err error) { return k, scan(&k.scheme, &k.value) })
	if err != nil {
		return false, fmt.Errorf("find instrument: %w", err)
	}
	for _, k := range keys {
		if k.scheme == symbolScheme || k.scheme == cusipScheme || slices.Contains(has, k) {
			continue
		}
		if slices.ContainsFunc(has, func(h key) bool { return h.scheme == k.scheme }) {
			return true, nil
		}
	}
	return false, nil
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

// addKeys has the keys name the instrument, save those that name another. A symbol is taken from one that has another
// symbol by now: it changed hands.
func addKeys(ctx context.Context, tx db.Querier, id, symbol string, keys []key) error {
	for _, k := range keys {
		taken := "nothing"
		if k.scheme == symbolScheme {
			taken = `update set instrument_id = excluded.instrument_id
				where (select symbol from instruments i where i.id = instrument_ids.instrument_id) <> $4`
		}
		args := []any{k.scheme, k.value, id}
		if k.scheme == symbolScheme {
			args = append(args, symbol)
		}
		_, err := tx.ExecContext(ctx, `insert into instrument_ids (scheme, value, instrument_id) values ($1, $2, $3)
			on conflict (scheme, value) do `+taken, args...)
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
