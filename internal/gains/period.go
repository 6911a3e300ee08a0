package gains

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Period is what a person gained, received and paid over some days, in Base, each amount at the rate of its day.
type Period struct {
	Base   string // ISO 4217
	Totals Totals
	Lacks
	Of []OfInstrument // what concerns instruments, the largest first
}

// OfInstrument is the part of one instrument, in all accounts. What is named Base is invalid where a rate is missing.
type OfInstrument struct {
	Instrument, Symbol, Currency string
	Realized                     decimal.Decimal // in Currency, after the fees of its trades
	RealizedBase                 decimal.NullDecimal
	DividendsBase, TaxesBase     decimal.NullDecimal // dividends are before tax
}

// Between is what a person's ledger came to from a day through another, by the settings that are theirs; a zero day is no
// bound. What was sold in these days gained what it did by all that was bought before. It is worked out each time.
func (s *Service) Between(ctx context.Context, userID string, settings user.Settings, first, last calendar.Day) (Period, error) {
	in, err := read(ctx, s.DB.Read(), userID)
	if err != nil {
		return Period{}, err
	}
	past, err := exchange.LoadPast(ctx, s.Rates, settings.BaseCurrency, in.currencies(), in.first())
	if err != nil {
		return Period{}, err
	}
	return between(in, past, first, last), nil
}

func between(in Input, past exchange.Past, first, last calendar.Day) Period {
	if last != (calendar.Day{}) {
		in.cutOff(last)
	}
	end, begin := Work(in, past), &Report{}
	if first != (calendar.Day{}) {
		in.cutOff(first.AddDays(-1))
		begin = Work(in, past)
	}
	p := Period{Base: end.Base, Totals: end.cash.less(begin.cash), Lacks: Lacks{Unread: end.Unread, Unrated: end.cashLacks - begin.cashLacks}}
	of := map[string]*OfInstrument{}
	for i := range end.Positions {
		now := &end.Positions[i]
		before := begin.Position(now.Account, now.Instrument)
		if before == nil {
			before = &Position{Position: lots.Position{RealisedBase: decimal.NewNullDecimal(decimal.Zero), SumsBaseKnown: true}}
		}
		if now.unknownSince(first) {
			p.Unknown++
		}
		if part := p.add(now, before); part != nil {
			part.Symbol = end.Instruments[now.Instrument].Symbol
			of[now.Instrument] = part.plus(of[now.Instrument])
		}
	}
	for _, part := range of {
		p.Of = append(p.Of, *part)
	}
	slices.SortFunc(p.Of, func(a, b OfInstrument) int {
		return cmp.Or(b.size().Cmp(a.size()), cmp.Compare(a.Symbol, b.Symbol), cmp.Compare(a.Instrument, b.Instrument))
	})
	return p
}

// add adds what became of a position to the totals, and gives it as a part; nil when nothing did.
func (p *Period) add(now, before *Position) *OfInstrument {
	one := &OfInstrument{Instrument: now.Instrument, Currency: now.Currency, Realized: now.Realised.Sub(before.Realised)}
	if now.RealisedBase.Valid && before.RealisedBase.Valid {
		one.RealizedBase = decimal.NewNullDecimal(now.RealisedBase.Decimal.Sub(before.RealisedBase.Decimal))
		p.Totals.Realized = p.Totals.Realized.Add(one.RealizedBase.Decimal)
	} else if !one.Realized.IsZero() {
		p.Unrated++
	}
	moved := moved(now.Sums, before.Sums)
	if now.SumsBaseKnown && before.SumsBaseKnown {
		sums := less(now.SumsBase, before.SumsBase)
		p.Totals.add(sums)
		one.DividendsBase, one.TaxesBase = decimal.NewNullDecimal(sums.Dividends), decimal.NewNullDecimal(sums.Taxes)
	} else if moved {
		p.Unrated++
	}
	if one.Realized.IsZero() && one.RealizedBase.Decimal.IsZero() && !moved {
		return nil
	}
	return one
}

// plus joins the parts of one instrument in two accounts.
func (o *OfInstrument) plus(other *OfInstrument) *OfInstrument {
	if other == nil {
		return o
	}
	sum := *o
	sum.Realized = o.Realized.Add(other.Realized)
	sum.RealizedBase = addKnown(o.RealizedBase, other.RealizedBase)
	sum.DividendsBase, sum.TaxesBase = addKnown(o.DividendsBase, other.DividendsBase), addKnown(o.TaxesBase, other.TaxesBase)
	return &sum
}

func addKnown(a, b decimal.NullDecimal) decimal.NullDecimal {
	if !a.Valid || !b.Valid {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(a.Decimal.Add(b.Decimal))
}

// size is by how much it moved what the person has.
func (o OfInstrument) size() decimal.Decimal {
	return o.RealizedBase.Decimal.Abs().Add(o.DividendsBase.Decimal.Abs())
}

func less(a, b lots.Sums) lots.Sums {
	return lots.Sums{
		Dividends: a.Dividends.Sub(b.Dividends), Interest: a.Interest.Sub(b.Interest), Fees: a.Fees.Sub(b.Fees),
		TradeFees: a.TradeFees.Sub(b.TradeFees), Taxes: a.Taxes.Sub(b.Taxes),
	}
}

func (t Totals) less(o Totals) Totals {
	return Totals{
		Realized: t.Realized.Sub(o.Realized), Dividends: t.Dividends.Sub(o.Dividends), Interest: t.Interest.Sub(o.Interest),
		Fees: t.Fees.Sub(o.Fees), TradeFees: t.TradeFees.Sub(o.TradeFees), Taxes: t.Taxes.Sub(o.Taxes),
	}
}

// moved tells whether something was received or paid in a currency between two moments.
func moved(now, before map[string]lots.Sums) bool {
	for currency, sums := range now {
		d := less(sums, before[currency])
		for _, amount := range []decimal.Decimal{d.Dividends, d.Interest, d.Fees, d.TradeFees, d.Taxes} {
			if !amount.IsZero() {
				return true
			}
		}
	}
	return false
}
