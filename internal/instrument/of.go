package instrument

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// atOnce bounds the ids of one query.
const atOnce = 500

// Of gives the instruments that ids name, by id.
func Of(ctx context.Context, q db.Querier, ids []string) (map[string]Instrument, error) {
	byID := make(map[string]Instrument, len(ids))
	for some := range slices.Chunk(ids, atOnce) {
		list, args := placeholders(some)
		rows, err := q.QueryContext(ctx, "select "+columns+" from instruments where id in "+list, args...) // #nosec G202 -- placeholders
		_, err = db.Collect(rows, err, func(scan func(...any) error) (i Instrument, err error) {
			err = scan(&i.ID, &i.Symbol, &i.Name, &i.AssetClass, &i.Sector, &i.Country, &i.Exchange, &i.Currency, &i.Multiplier, &i.MarketSymbol)
			byID[i.ID] = i
			return i, err
		})
		if err != nil {
			return nil, fmt.Errorf("list instruments: %w", err)
		}
	}
	return byID, nil
}

// SplitsOf gives the splits of the instruments that ids name, by instrument, the oldest first.
func SplitsOf(ctx context.Context, q db.Querier, ids []string) (map[string][]Split, error) {
	byID := map[string][]Split{}
	for some := range slices.Chunk(ids, atOnce) {
		list, args := placeholders(some)
		rows, err := q.QueryContext(ctx, "select instrument_id, day, split_from, split_to, source from instrument_splits where instrument_id in "+
			list+" order by day", args...) // #nosec G202 -- placeholders
		found, err := db.Collect(rows, err, scanSplit)
		if err != nil {
			return nil, fmt.Errorf("list splits: %w", err)
		}
		for _, s := range found {
			byID[s.id] = append(byID[s.id], s.Split)
		}
	}
	return byID, nil
}

// placeholders are those of a list of values, with the values.
func placeholders(values []string) (list string, args []any) {
	var text strings.Builder
	for i, v := range values {
		fmt.Fprintf(&text, ", $%d", i+1)
		args = append(args, v)
	}
	return "(" + strings.TrimPrefix(text.String(), ", ") + ")", args
}
