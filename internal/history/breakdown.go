package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// Breakdown is a stretch of days taken apart, in the base currency, in exact decimals:
// Opening + In − Out + Market + Income − Fees − Taxes + FX = Closing.
type Breakdown struct {
	Sums
	Opening, Closing decimal.Decimal
	Market           decimal.Decimal // gain by prices, before fees, at the last rates of exchange
	FX               decimal.Decimal // gain by rates of exchange
	ByAsset          []Part          // by instrument and currency, in the order of their first use
	ByAccount        []Part          // in the order of the accounts; what is between two is in none
	Transit          Part
	OpeningLacks     bool     // whether something was held without a value at the beginning,
	ClosingLacks     bool     // or at the end
	Unvalued         []string // what is held at the end without a value, and why
	Old              []string // what is held at the end at a price of long before
}

// Part is what of a breakdown is one instrument's, or one account's. Gain is by prices, income and rates of exchange, less
// fees and taxes. The gains of all instruments add up to the whole, as do those of the accounts and of Transit.
type Part struct {
	Account                ledger.Account
	Symbol, Name           string // of cash the currency
	Class                  broker.AssetClass
	Opening, Closing, Gain decimal.Decimal
	// Whether something of it was held without a value then.
	OpeningLacks, ClosingLacks bool
}

// Cash is the asset class of cash, which no brokerage has.
const Cash broker.AssetClass = "cash"

func (p *Part) plus(o Part) {
	p.Opening, p.Closing, p.Gain = p.Opening.Add(o.Opening), p.Closing.Add(o.Closing), p.Gain.Add(o.Gain)
	p.OpeningLacks, p.ClosingLacks = p.OpeningLacks || o.OpeningLacks, p.ClosingLacks || o.ClosingLacks
}

// Gain is what was earned over the days: the change that no flow explains.
func (b *Breakdown) Gain() decimal.Decimal {
	return b.Closing.Sub(b.Opening).Sub(b.In).Add(b.Out)
}

// TakeApart works out what the change from the close of one day to that of another came from; -1 is before the first.
func (v *View) TakeApart(after, through int) *Breakdown {
	b := &Breakdown{Sums: v.Between(after, through)}
	first, last := prices{h: v.h, index: after}, prices{h: v.h, index: through}
	assets, accounts := map[int]*Part{}, map[int]*Part{inTransit: &b.Transit}
	unvalued, old := map[int]bool{}, map[int]int32{}
	for _, p := range v.h.positions {
		if !v.holds(p) {
			continue
		}
		from, to := p.at(after), p.at(through)
		if from.quantity.IsZero() && to == from {
			continue
		}
		opening, closing := first.of(p.asset), last.of(p.asset)
		part := b.add(from, to, opening, closing)
		part.OpeningLacks, part.ClosingLacks = !opening.known && !from.quantity.IsZero(), !closing.known && !to.quantity.IsZero()
		b.OpeningLacks, b.ClosingLacks = b.OpeningLacks || part.OpeningLacks, b.ClosingLacks || part.ClosingLacks
		partOf(assets, p.asset).plus(part)
		partOf(accounts, p.account).plus(part)
		switch {
		case to.quantity.IsZero():
		case !closing.known:
			unvalued[p.asset] = true
		case v.h.days[through]-closing.day > staleDays:
			old[p.asset] = closing.day
		}
	}
	b.FX = b.FX.Add(b.exchanged)
	b.name(v.h, assets, accounts)
	b.note(v.h, through, unvalued, old)
	return b
}

func partOf(parts map[int]*Part, n int) *Part {
	if parts[n] == nil {
		parts[n] = &Part{}
	}
	return parts[n]
}

// add takes one position apart. With local and base what was put in during the days:
//
//	market = (closing − opening − local) · last rate
//	fx     = opening · (last rate − first rate) + local · last rate − base
//
// which, together with opening and base, is closing in the base currency, whatever the rates.
func (b *Breakdown) add(from, to event, first, last quote) Part {
	opening, closing := from.quantity.Mul(first.price), to.quantity.Mul(last.price)
	openingBase, closingBase := opening.Mul(first.rate), closing.Mul(last.rate)
	local, base := to.local.Sub(from.local), to.base.Sub(from.base)
	market := closing.Sub(opening).Sub(local).Mul(last.rate)
	b.Opening, b.Closing = b.Opening.Add(openingBase), b.Closing.Add(closingBase)
	b.Market = b.Market.Add(market)
	b.FX = b.FX.Add(closingBase).Sub(openingBase).Sub(base).Sub(market)
	return Part{Opening: openingBase, Closing: closingBase, Gain: closingBase.Sub(openingBase).Sub(base).Add(to.earned).Sub(from.earned)}
}

// name lists the parts with what they are of.
func (b *Breakdown) name(h *History, assets, accounts map[int]*Part) {
	for n, a := range h.assets {
		if part := assets[n]; part != nil {
			part.Symbol, part.Name, part.Class = a.symbol, a.name, a.class
			b.ByAsset = append(b.ByAsset, *part)
		}
	}
	for n, a := range h.in.Accounts {
		if part := accounts[n]; part != nil {
			part.Account = a
			b.ByAccount = append(b.ByAccount, *part)
		}
	}
}

// note names what is not valued as of the last day.
func (b *Breakdown) note(h *History, through int, unvalued map[int]bool, old map[int]int32) {
	names := map[string][]string{} // by why
	for n := range unvalued {
		a := h.assets[n]
		why := "there is no price"
		if a.rates != nil && h.days[through] < a.rates.first() {
			why = fmt.Sprintf("there is no rate of exchange from %s to %s", a.currency, h.in.Base)
		}
		names[why] = append(names[why], cmp.Or(a.symbol, a.currency))
	}
	for why, symbols := range names {
		b.Unvalued = append(b.Unvalued, leftOut(symbols)+why+".")
	}
	for n, day := range old {
		b.Old = append(b.Old, fmt.Sprintf("%s is at its last known price, of %s.", h.assets[n].symbol, calendar.DayNumbered(day)))
	}
	slices.Sort(b.Unvalued)
	slices.Sort(b.Old)
}

// maxNamed bounds how many symbols one sentence names.
const maxNamed = 5

// leftOut begins a sentence that says of what there is no value.
func leftOut(symbols []string) string {
	slices.Sort(symbols)
	if n := len(symbols); n > maxNamed {
		return fmt.Sprintf("%s and %d more are left out: ", strings.Join(symbols[:maxNamed], ", "), n-maxNamed)
	} else if n > 1 {
		return strings.Join(symbols, ", ") + " are left out: "
	}
	return symbols[0] + " is left out: "
}

// quote is what one unit of an asset is worth on a day.
type quote struct {
	price, rate decimal.Decimal // zero when it is not known
	day         int32           // the day the price is of
	known       bool
}

// prices are those of one day, each looked up once.
type prices struct {
	h     *History
	index int
	found map[int]quote
}

func (p *prices) of(n int) quote {
	if q, ok := p.found[n]; ok {
		return q
	}
	if p.found == nil {
		p.found = map[int]quote{}
	}
	var q quote
	if a := p.h.assets[n]; p.index >= a.known {
		day := p.h.days[p.index]
		q.price, q.day = a.price(day, p.h.today(p.index))
		q.rate, q.known = a.rate(day), true
	}
	p.found[n] = q
	return q
}
