package prices

import (
	"context"
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
)

// ofHeld are the instruments that somebody holds or held.
const ofHeld = `(select instrument from transactions where instrument is not null
	union select instrument from portfolio_holdings where instrument is not null)`

func texts(ctx context.Context, q db.Querier, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	return db.Collect(rows, err, func(scan func(...any) error) (text string, err error) { return text, scan(&text) })
}

// heldSymbols are market's symbols of all that somebody holds or held.
func heldSymbols(ctx context.Context, q db.Querier) ([]string, error) {
	symbols, err := texts(ctx, q, "select distinct market_symbol from instruments where market_symbol <> '' and id in "+ofHeld+" order by 1")
	if err != nil {
		return nil, fmt.Errorf("list symbols held: %w", err)
	}
	return symbols, nil
}

// currencies are those people have something in, and those they count in.
func currencies(ctx context.Context, q db.Querier) (have, want []string, err error) {
	have, err = texts(ctx, q, "select currency from instruments where id in "+ofHeld+`
		union select currency from transactions union select currency from brokerage_accounts order by 1`)
	if err != nil {
		return nil, nil, fmt.Errorf("list currencies held: %w", err)
	}
	want, err = texts(ctx, q, `select coalesce(s.base_currency, 'USD') from users u left join user_settings s on s.user_id = u.id
		union select 'USD' order by 1`)
	if err != nil {
		return nil, nil, fmt.Errorf("list currencies counted in: %w", err)
	}
	return have, want, nil
}

// instrumentsOf are the instruments of a symbol, in one order for everybody.
func instrumentsOf(ctx context.Context, q db.Querier, symbol string) ([]string, error) {
	ids, err := texts(ctx, q, "select id from instruments where market_symbol = $1 order by id", symbol)
	if err != nil {
		return nil, fmt.Errorf("list instruments of a symbol: %w", err)
	}
	return ids, nil
}

// missing is a split that market has and an instrument has not.
type missing struct {
	instrument string
	source     string
	split      instrument.Split
}

// missingSplits are also those that another source dates some days apart: instrument knows these when it is told.
func missingSplits(ctx context.Context, q db.Querier) ([]missing, error) {
	rows, err := q.QueryContext(ctx, `select i.id, h.source, p.day, p.split_from, p.split_to
		from price_splits p join price_histories h on h.symbol = p.symbol join instruments i on i.market_symbol = p.symbol
		where not exists (select 1 from instrument_splits s where s.instrument_id = i.id and s.day = p.day
			and (s.source not like $1 or s.split_from * p.split_to = p.split_from * s.split_to))
		order by i.id, p.day`, "%"+instrument.GuessedMark)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (m missing, err error) {
		var day string
		if err = scan(&m.instrument, &m.source, &day, &m.split.From, &m.split.To); err == nil {
			m.split.Day, err = calendar.ParseDay(day)
		}
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("list splits that instruments lack: %w", err)
	}
	return all, nil
}
