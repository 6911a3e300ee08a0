package recording

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
)

// openings makes the account's openings what the reading says: what is held less what the known past explains, before
// that begins. Cash has one only where all that moves cash is known.
func (c *recording) openings(ctx context.Context, splits map[string][]instrument.Split) error {
	all := c.all()
	at := c.beginning(all)
	wanted := map[string]ledger.Transaction{}
	explained := lots.Quantities(all, splits, calendar.DayOf(c.asOf()))
	instruments := maps.Clone(c.held)
	for key := range explained {
		instruments[key.Instrument] = c.held[key.Instrument]
	}
	for id, held := range instruments {
		lacking := held.Sub(explained[lots.Holding{Account: c.AccountID, Instrument: id}])
		if lacking.IsZero() || len(splits[id]) > 0 && lacking.Abs().LessThan(lots.Looseness) {
			continue
		}
		t := c.opening("opening:"+id, at, c.names[id].Currency)
		t.Instrument, t.Symbol = id, c.names[id].Symbol
		t.Quantity = lacking.DivRound(ratioAfter(splits[id], t.Day, calendar.DayOf(c.asOf())), lots.QuantityDigits)
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

func (c *recording) opening(externalID string, at time.Time, currency string) ledger.Transaction {
	return ledger.Transaction{
		ID: externalID, ConnectionID: c.ConnectionID, AccountID: c.AccountID, ExternalID: externalID, Kind: ledger.Opening,
		At: at, Day: calendar.DayOf(at), Currency: currency,
	}
}

// beginning is the moment before all that is known.
func (c *recording) beginning(all []ledger.Transaction) time.Time {
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
func (c *recording) openingCash(all []ledger.Transaction) map[string]decimal.Decimal {
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
func (c *recording) openingPrice(opening ledger.Transaction, all []ledger.Transaction, splits map[string][]instrument.Split) decimal.NullDecimal {
	cost, multiplier, known := c.reportedCost(opening.Instrument)
	if !known {
		return decimal.NullDecimal{}
	}
	of := []ledger.Transaction{opening}
	for _, t := range all {
		if t.Instrument == opening.Instrument {
			of = append(of, t)
		}
	}
	until := calendar.DayOf(c.asOf())
	book := lots.Work(lots.Input{
		Transactions: of, Splits: splits, Accounts: map[string]lots.Rules{c.AccountID: {Complete: true}}, Until: until,
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
	return decimal.NewNullDecimal(cost.Mul(ratio).DivRound(left.Mul(multiplier), lots.QuantityDigits))
}

// reportedCost is what the open lots of an instrument cost, as the brokerage says.
func (c *recording) reportedCost(id string) (cost, multiplier decimal.Decimal, known bool) {
	for _, p := range c.lines[id] {
		multiplier = p.Multiplier
		if multiplier.IsZero() {
			multiplier = decimal.NewFromInt(1)
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
	ratio := decimal.NewFromInt(1)
	for _, s := range splits {
		if day.Before(s.Day) && !until.Before(s.Day) {
			ratio = ratio.Mul(s.To).DivRound(s.From, lots.QuantityDigits)
		}
	}
	return ratio
}

// replaceOpenings stores the openings that are new or other than before, and takes out the rest.
func (c *recording) replaceOpenings(ctx context.Context, wanted map[string]ledger.Transaction) error {
	var fresh []ledger.Transaction
	for _, externalID := range slices.Sorted(maps.Keys(c.stored)) {
		old := c.stored[externalID]
		if old.Kind != ledger.Opening {
			continue
		}
		t, wants := wanted[externalID]
		if wants && sameContent(old, t) {
			delete(wanted, externalID)
			continue
		}
		c.changes.Add(c.UserID, old.Day)
		if wants {
			t.ID = old.ID
			wanted[externalID] = t
			continue
		}
		if err := ledger.Remove(ctx, c.tx, old.ID); err != nil {
			return err
		}
		delete(c.stored, externalID)
	}
	for _, externalID := range slices.Sorted(maps.Keys(wanted)) {
		t := wanted[externalID]
		t.ID = cmp.Or(c.stored[externalID].ID, db.NewID())
		c.changes.Add(c.UserID, t.Day)
		fresh = append(fresh, t)
	}
	return ledger.Store(ctx, c.tx, c.UserID, fresh, c.now)
}
