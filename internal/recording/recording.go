// Package recording puts what brokerages tell of an account's past into the ledger, and what must have been there before it.
package recording

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
)

// Reading is what a brokerage told of an account at one time: its past, and what it holds now.
type Reading struct {
	UserID       string
	ConnectionID string
	AccountID    string // ours
	Provider     string
	History      broker.History
	Positions    []broker.Position
	Cash         map[string]decimal.Decimal // by currency; nil when the brokerage does not say
	AsOf         time.Time
}

// recording is a reading on its way into the ledger.
type recording struct {
	Reading
	tx      db.Querier
	now     time.Time
	stored  map[string]ledger.Transaction // by the brokerage's id
	told    map[string]bool               // ids of this reading
	names   map[string]broker.Instrument  // by our id, as told last
	ids     map[string]string             // ours by what the brokerage names
	held    map[string]decimal.Decimal    // by our id, as reported
	lines   map[string][]broker.Position  // by our id
	changes ledger.Changes
	sorted  []ledger.Transaction // what all gives
}

// Record puts what a brokerage told into the ledger, in the caller's transaction, and reports whether that changed it.
// However often and in whatever order overlapping readings are recorded, the ledger is the same: a transaction is known by
// the brokerage's id, and what is told again replaces what was told before. With the first reading, and with one that
// goes further back, what the past does not explain of what is held becomes Opening transactions; what does not agree
// later is for reconciliation. A transaction that is told no more is taken out where that is what the reported position
// says. An account that is gone is no error.
func Record(ctx context.Context, tx db.Querier, r Reading, now time.Time) (changed bool, err error) {
	before, err := lockAccount(ctx, tx, r.AccountID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock account: %w", err)
	}
	c := &recording{
		Reading: r, tx: tx, now: now, told: map[string]bool{}, names: map[string]broker.Instrument{}, ids: map[string]string{},
		held: map[string]decimal.Decimal{}, lines: map[string][]broker.Position{}, changes: ledger.Changes{},
	}
	if c.stored, err = ledger.LoadAccount(ctx, tx, r.AccountID); err != nil {
		return false, err
	}
	further, err := c.activities(ctx, before)
	if err != nil {
		return false, err
	}
	if err := c.positions(ctx); err != nil {
		return false, err
	}
	splits, err := c.splits(ctx)
	if err != nil {
		return false, err
	}
	if err := c.takeBack(ctx, before, splits); err != nil {
		return false, err
	}
	if !before.read.Valid || further {
		if err := c.openings(ctx, splits); err != nil {
			return false, err
		}
	}
	if err := c.markRead(ctx, !before.read.Valid || further); err != nil {
		return false, err
	}
	return len(c.changes) > 0, c.changes.Store(ctx, tx, now)
}

// activities stores what is new or other than before, and tells whether that goes further back than anything did. That a
// history begins with the account is believed where it tells something older, since a part of it may say so as well.
func (c *recording) activities(ctx context.Context, before known) (further bool, err error) {
	all := slices.Clone(c.History.Activities)
	slices.SortStableFunc(all, func(a, b broker.Activity) int { return a.At.Compare(b.At) }) // the words told last are today's
	reaches := before.since.Valid && (c.History.Since.IsZero() || db.Time(c.History.Since).Before(before.since.Time))
	further = reaches && !c.History.Since.IsZero()
	var fresh []ledger.Transaction
	for _, a := range all {
		old, is := c.stored[a.ID]
		t, err := c.transaction(ctx, a, old)
		if err != nil {
			return false, err
		}
		c.told[a.ID] = true
		if is && sameContent(old, t) {
			continue
		}
		further = further || !is && reaches && t.At.Before(before.since.Time)
		if is {
			c.changes.Add(c.UserID, old.Day)
		}
		c.changes.Add(c.UserID, t.Day)
		c.stored[a.ID] = t
		fresh = append(fresh, t)
	}
	return further, ledger.Store(ctx, c.tx, c.UserID, unique(fresh), c.now)
}

// unique keeps the last telling of each transaction.
func unique(all []ledger.Transaction) []ledger.Transaction {
	last := map[string]int{}
	for i, t := range all {
		last[t.ExternalID] = i
	}
	var kept []ledger.Transaction
	for i, t := range all {
		if last[t.ExternalID] == i {
			kept = append(kept, t)
		}
	}
	return kept
}

// transaction is an activity as the ledger has it; old is how it had it. What is named by its symbol alone stays what it
// was: the symbol may be another's by now.
func (c *recording) transaction(ctx context.Context, a broker.Activity, old ledger.Transaction) (ledger.Transaction, error) {
	t := ledger.Transaction{
		ID: old.ID, ConnectionID: c.ConnectionID, AccountID: c.AccountID, ExternalID: a.ID, Kind: a.Kind, At: db.Time(a.At), Day: calendar.DayOf(a.At),
		Symbol: a.Instrument.Symbol, Quantity: a.Quantity, Price: a.Price, Currency: a.Currency, Amount: a.Amount, Fee: a.Fee, Tax: a.Tax,
		Description: a.Description,
	}
	if t.ID == "" {
		t.ID = db.NewID()
	}
	if !a.SplitFrom.IsZero() && !a.SplitTo.IsZero() {
		t.SplitFrom, t.SplitTo = decimal.NewNullDecimal(a.SplitFrom), decimal.NewNullDecimal(a.SplitTo)
	}
	var err error
	switch {
	case a.Instrument.Symbol == "":
	case a.Instrument.InstrumentID == "" && old.Instrument != "" && old.Symbol == t.Symbol:
		t.Instrument = old.Instrument
		if _, is := c.names[t.Instrument]; !is {
			c.names[t.Instrument] = a.Instrument
		}
	default:
		t.Instrument, err = c.resolve(ctx, a.Instrument)
	}
	return t, err
}

// resolve is instrument.Resolve, asked once for each thing that the reading names.
func (c *recording) resolve(ctx context.Context, in broker.Instrument) (string, error) {
	name := strings.Join([]string{in.InstrumentID, in.ISIN, in.FIGI, in.CUSIP, in.Symbol, string(in.AssetClass), in.Exchange, in.Currency}, "\n")
	id, is := c.ids[name]
	if !is {
		var err error
		if id, err = instrument.Resolve(ctx, c.tx, c.Provider, in, c.now); err != nil {
			return "", err
		}
		c.ids[name] = id
	}
	c.names[id] = in
	return id, nil
}

// positions finds what is held: after the activities, because its symbols are today's.
func (c *recording) positions(ctx context.Context) error {
	for _, p := range c.Positions {
		id, err := c.resolve(ctx, p.Instrument)
		if err != nil {
			return err
		}
		c.held[id], c.lines[id] = c.held[id].Add(p.Quantity), append(c.lines[id], p)
	}
	return nil
}

// asOf is until when what is told explains what is held.
func (c *recording) asOf() time.Time {
	latest := c.AsOf
	for _, p := range c.Positions {
		if p.AsOf.After(latest) {
			latest = p.AsOf
		}
	}
	return db.Time(latest)
}

// all gives the account's transactions up to what was read, without openings. It is asked once all are stored.
func (c *recording) all() []ledger.Transaction {
	if c.sorted != nil {
		return c.sorted
	}
	until := c.asOf()
	all := []ledger.Transaction{}
	for _, t := range c.stored {
		if t.Kind != ledger.Opening && !t.At.After(until) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b ledger.Transaction) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ExternalID, b.ExternalID))
	})
	c.sorted = all
	return all
}

// takeBack takes out trades that the brokerage tells no more, though it told of the time around them, and whose absence
// is what makes the ledger agree with what it reports: they were busted. What is merely left out stays.
func (c *recording) takeBack(ctx context.Context, before known, splits map[string][]instrument.Split) error {
	told := c.History.Activities
	if !before.read.Valid || len(told) == 0 || db.Time(c.AsOf).Before(before.read.Time) {
		return nil
	}
	from := slices.MinFunc(told, func(a, b broker.Activity) int { return a.At.Compare(b.At) }).At
	if c.History.Since.After(from) {
		from = c.History.Since
	}
	untold, all := map[string][]ledger.Transaction{}, []ledger.Transaction{}
	until := c.asOf()
	for id, t := range c.stored {
		if t.At.After(until) {
			continue
		}
		all = append(all, t)
		if !c.told[id] && t.Kind != ledger.Opening && t.Kind != broker.Split && t.Instrument != "" && !t.Quantity.IsZero() && t.At.After(from) {
			untold[t.Instrument] = append(untold[t.Instrument], t)
		}
	}
	have := lots.Quantities(all, splits, calendar.DayOf(until))
	for id, gone := range untold {
		key := lots.Holding{Account: c.AccountID, Instrument: id}
		without := have[key].Sub(lots.Quantities(gone, splits, calendar.DayOf(until))[key])
		if have[key].Equal(c.held[id]) || !without.Equal(c.held[id]) {
			continue
		}
		for _, t := range gone {
			if err := ledger.Remove(ctx, c.tx, t.ID); err != nil {
				return err
			}
			delete(c.stored, t.ExternalID)
			c.changes.Add(c.UserID, t.Day)
		}
		c.sorted = nil
	}
	return nil
}

// sameContent tells whether two tellings of one transaction agree.
func sameContent(a, b ledger.Transaction) bool {
	return a.Kind == b.Kind && a.At.Equal(b.At) && a.Day == b.Day && a.Instrument == b.Instrument && a.Symbol == b.Symbol &&
		a.Quantity.Equal(b.Quantity) && same(a.Price, b.Price) && a.Currency == b.Currency && a.Amount.Equal(b.Amount) &&
		a.Fee.Equal(b.Fee) && a.Tax.Equal(b.Tax) && same(a.SplitFrom, b.SplitFrom) && same(a.SplitTo, b.SplitTo) && a.Description == b.Description
}

func same(a, b decimal.NullDecimal) bool { return a.Valid == b.Valid && a.Decimal.Equal(b.Decimal) }
