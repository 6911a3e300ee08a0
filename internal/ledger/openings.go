package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
)

// openings makes the account's openings what the reading says: what is held less what the known past explains, before
// that begins. Cash has one only where all that moves cash is known.
func (c *recording) openings(ctx context.Context, splits map[string][]instrument.Split) error {
	all := c.all()
	at := c.beginning(all)
	wanted := map[string]Transaction{}
	explained := Quantities(all, splits, calendar.DayOf(c.asOf()))
	instruments := maps.Clone(c.held)
	for key := range explained {
		instruments[key.Instrument] = c.held[key.Instrument]
	}
	for id, held := range instruments {
		lacking := held.Sub(explained[Holding{c.AccountID, id}])
		if lacking.IsZero() || len(splits[id]) > 0 && lacking.Abs().LessThan(looseness) {
			continue
		}
		t := c.opening("opening:"+id, at, c.names[id].Currency)
		t.Instrument, t.Symbol = id, c.names[id].Symbol
		t.Quantity = lacking.DivRound(ratioAfter(splits[id], t.Day, calendar.DayOf(c.asOf())), quantityDigits)
		t.Price = c.openingPrice(t, all, splits)
		wanted[t.ExternalID] = t
	}
	for currency, lacking := range c.openingCash(all) {
		t := c.opening("opening:cash:"+currency, at, currency)
		t.Amount = lacking
		wanted[t.ExternalID] = t
	}
	return c.replaceOpenings(ctx, wanted)
}

func (c *recording) opening(externalID string, at time.Time, currency string) Transaction {
	return Transaction{
		ID: externalID, ConnectionID: c.ConnectionID, AccountID: c.AccountID, ExternalID: externalID, Kind: Opening,
		At: at, Day: calendar.DayOf(at), Currency: currency,
	}
}

// beginning is the moment before all that is known.
func (c *recording) beginning(all []Transaction) time.Time {
	at := c.asOf()
	if since := c.History.Since; !since.IsZero() && since.Before(at) {
		at = since.UTC().Truncate(time.Microsecond)
	}
	if len(all) > 0 && !all[0].At.After(at) {
		at = all[0].At.Add(-time.Microsecond)
	}
	return at
}

// openingCash is what the cash of each currency was before.
func (c *recording) openingCash(all []Transaction) map[string]decimal.Decimal {
	if c.Cash == nil || !c.History.CashComplete {
		return nil
	}
	lacking := maps.Clone(c.Cash)
	for _, t := range all {
		if !t.Amount.IsZero() {
			lacking[t.Currency] = lacking[t.Currency].Sub(t.Amount)
		}
	}
	maps.DeleteFunc(lacking, func(_ string, d decimal.Decimal) bool { return d.IsZero() })
	return lacking
}

// openingPrice is the price at which the opening makes the account's open lots cost what the brokerage says they cost;
// invalid where it does not say, or what it says cannot be.
func (c *recording) openingPrice(opening Transaction, all []Transaction, splits map[string][]instrument.Split) decimal.NullDecimal {
	cost, multiplier, known := c.reportedCost(opening.Instrument)
	if !known {
		return decimal.NullDecimal{}
	}
	of := []Transaction{opening}
	for _, t := range all {
		if t.Instrument == opening.Instrument {
			of = append(of, t)
		}
	}
	until := calendar.DayOf(c.asOf())
	book := Work(Input{
		Transactions: of, Splits: splits, Accounts: map[string]Rules{c.AccountID: {Complete: true}}, Until: until,
		Instruments: map[string]instrument.Instrument{opening.Instrument: {Currency: opening.Currency, Multiplier: multiplier}},
	})
	left := decimal.Zero
	for _, l := range book.Position(c.AccountID, opening.Instrument).Lots {
		switch {
		case l.Transaction == opening.ID:
			left = left.Add(l.Quantity)
		case l.CostUnknown:
			return decimal.NullDecimal{}
		default:
			cost = cost.Sub(l.Cost)
		}
	}
	if left.IsZero() || cost.Sign()*left.Sign() < 0 {
		return decimal.NullDecimal{}
	}
	ratio := ratioAfter(splits[opening.Instrument], opening.Day, until)
	return decimal.NewNullDecimal(cost.Mul(ratio).DivRound(left.Mul(multiplier), quantityDigits))
}

// reportedCost is what the open lots of an instrument cost, as the brokerage says.
func (c *recording) reportedCost(id string) (cost, multiplier decimal.Decimal, known bool) {
	for _, p := range c.lines[id] {
		multiplier = p.Multiplier
		if multiplier.IsZero() {
			multiplier = one
		}
		switch {
		case p.CostBasis.Valid:
			cost = cost.Add(p.CostBasis.Decimal)
		case p.AverageCost.Valid:
			cost = cost.Add(p.AverageCost.Decimal.Mul(p.Quantity).Mul(multiplier))
		default:
			return cost, multiplier, false
		}
		known = true
	}
	return cost, multiplier, known
}

// ratioAfter is how many of today's one of a day's became by the splits after it.
func ratioAfter(splits []instrument.Split, day, until calendar.Day) decimal.Decimal {
	ratio := one
	for _, s := range splits {
		if day.Before(s.Day) && !until.Before(s.Day) {
			ratio = ratio.Mul(s.To).DivRound(s.From, quantityDigits)
		}
	}
	return ratio
}

// replaceOpenings stores the openings that are new or other than before, and takes out the rest.
func (c *recording) replaceOpenings(ctx context.Context, wanted map[string]Transaction) error {
	var fresh []Transaction
	for _, externalID := range slices.Sorted(maps.Keys(c.stored)) {
		old := c.stored[externalID]
		if old.Kind != Opening {
			continue
		}
		t, wants := wanted[externalID]
		if wants && sameContent(old, t) {
			delete(wanted, externalID)
			continue
		}
		c.touch(c.UserID, old.Day)
		if wants {
			t.ID = old.ID
			wanted[externalID] = t
			continue
		}
		if _, err := c.tx.ExecContext(ctx, "delete from transactions where id = $1", old.ID); err != nil {
			return fmt.Errorf("take an opening out: %w", err)
		}
		delete(c.stored, externalID)
	}
	for _, externalID := range slices.Sorted(maps.Keys(wanted)) {
		t := wanted[externalID]
		t.ID = cmp.Or(c.stored[externalID].ID, db.NewID())
		c.touch(c.UserID, t.Day)
		fresh = append(fresh, t)
	}
	return upsert(ctx, c.tx, c.UserID, fresh, c.now)
}

// splits puts what the account was told of splits into the table of instruments, and gives all that is there.
func (c *recording) splits(ctx context.Context) (map[string][]instrument.Split, error) {
	byDay := map[string]map[calendar.Day][]Transaction{}
	for _, t := range c.stored {
		if t.Kind == broker.Split && t.Instrument != "" && c.told[t.ExternalID] {
			if byDay[t.Instrument] == nil {
				byDay[t.Instrument] = map[calendar.Day][]Transaction{}
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
		added, err := instrument.AddSplits(ctx, c.tx, id, c.Provider, splits)
		if err != nil {
			return nil, err
		}
		if err := touchHolders(ctx, c.tx, id, added, c.touch); err != nil {
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
func (c *recording) split(id string, day calendar.Day, told []Transaction) (instrument.Split, bool) {
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
	from, to, ok := simpleRatio(after.Sub(gained).Abs(), after.Abs())
	return instrument.Split{Day: day, From: from, To: to}, ok && !gained.IsZero()
}

// maxTerm bounds the numbers of a ratio that is guessed from quantities.
const maxTerm = 200

// simpleRatio is the ratio with the smallest numbers that makes after of before, less a fraction of a share that was
// paid out where after is whole.
func simpleRatio(before, after decimal.Decimal) (from, to decimal.Decimal, ok bool) {
	if !before.IsPositive() || !after.IsPositive() {
		return from, to, false
	}
	b, a := before.InexactFloat64(), after.InexactFloat64()
	slack := 1e-6
	if after.IsInteger() {
		slack = 1 - slack
	}
	for sum := int64(3); sum <= maxTerm; sum++ {
		for t := int64(1); t < sum; t++ {
			f := sum - t
			if over := b*float64(t)/float64(f) - a; t != f && over > -1e-6 && over < slack {
				return decimal.NewFromInt(f), decimal.NewFromInt(t), true
			}
		}
	}
	return before, after, true
}
