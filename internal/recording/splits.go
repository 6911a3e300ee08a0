package recording

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// AddSplits keeps the splits of an instrument that a source tells of, in the caller's transaction; the ledgers of all who
// hold it change where something is new.
func AddSplits(ctx context.Context, tx db.Querier, instrumentID, source string, splits []instrument.Split, now time.Time) error {
	changes := ledger.Changes{}
	if err := addSplits(ctx, tx, instrumentID, source, splits, changes); err != nil {
		return err
	}
	return changes.Store(ctx, tx, now)
}

func addSplits(ctx context.Context, tx db.Querier, instrumentID, source string, splits []instrument.Split, changes ledger.Changes) error {
	changed, err := instrument.AddSplits(ctx, tx, instrumentID, source, splits)
	if err != nil || len(changed) == 0 {
		return err
	}
	first := slices.MinFunc(changed, func(a, b instrument.Split) int { return a.Day.Compare(b.Day) })
	return changes.AddHolders(ctx, tx, instrumentID, first.Day)
}

// splits puts what the account was told of splits into the table of instruments, and gives all that is there.
func (c *recording) splits(ctx context.Context) (map[string][]instrument.Split, error) {
	byDay := map[string]map[calendar.Day][]ledger.Transaction{}
	for _, t := range c.stored {
		if t.Kind == broker.Split && t.Instrument != "" && c.told[t.ExternalID] {
			if byDay[t.Instrument] == nil {
				byDay[t.Instrument] = map[calendar.Day][]ledger.Transaction{}
			}
			byDay[t.Instrument][t.Day] = append(byDay[t.Instrument][t.Day], t)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(byDay)) {
		var splits []instrument.Split
		for _, day := range slices.SortedFunc(maps.Keys(byDay[id]), calendar.Day.Compare) {
			if s, ok := c.split(id, day, byDay[id][day]); ok {
				splits = append(splits, s)
			}
		}
		if err := addSplits(ctx, c.tx, id, c.Provider, splits, c.changes); err != nil {
			return nil, err
		}
	}
	known := map[string][]instrument.Split{}
	for id := range c.names {
		splits, err := instrument.Splits(ctx, c.tx, id)
		if err != nil {
			return nil, err
		}
		if len(splits) > 0 {
			known[id] = splits
		}
	}
	return known, nil
}

// split is what the activities of a day say of a split: its ratio, or how many shares became how many. What was held is
// counted back from what is held now, since the account's beginning may not be known.
func (c *recording) split(id string, day calendar.Day, told []ledger.Transaction) (instrument.Split, bool) {
	gained := decimal.Zero
	for _, t := range told {
		if t.SplitFrom.Valid && t.SplitTo.Valid {
			return instrument.Split{Day: day, From: t.SplitFrom.Decimal, To: t.SplitTo.Decimal}, true
		}
		gained = gained.Add(t.Quantity)
	}
	after := c.held[id]
	for _, t := range c.all() {
		if t.Instrument == id && (day.Before(t.Day) || t.Day == day && t.Kind != broker.Split) {
			after = after.Sub(t.Quantity)
		}
	}
	from, to, ok := likelyRatio(after.Sub(gained).Abs(), after.Abs())
	return instrument.Split{Day: day, From: from, To: to, Guessed: true}, ok && !gained.IsZero()
}
