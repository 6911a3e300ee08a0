package performance

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Drivers are what a change of value came from, in the base currency, in cents:
// opening + in − out + market + income − fees − taxes + fx = closing, exactly.
type Drivers struct {
	Opening decimal.Decimal `json:"opening" doc:"What everything was worth at the beginning"`
	In      decimal.Decimal `json:"in" doc:"What came from outside: deposits, deliveries, accounts that were linked"`
	Out     decimal.Decimal `json:"out" doc:"What went outside"`
	Market  decimal.Decimal `json:"market" doc:"Gain by prices, before fees, at the last rates of exchange"`
	Income  decimal.Decimal `json:"income" doc:"Dividends and interest, before fees and taxes"`
	Fees    decimal.Decimal `json:"fees"`
	Taxes   decimal.Decimal `json:"taxes"`
	FX      decimal.Decimal `json:"fx" doc:"Gain by rates of exchange: what was there and what was put in, at the last rates less at those of its day"`
	Closing decimal.Decimal `json:"closing"`
}

// Contribution is what of the gain one account, or one instrument, brought: by prices, income and rates of exchange,
// less fees and taxes. The contributions add up to the whole gain.
type Contribution struct {
	AccountID    string            `json:"accountId,omitempty"`
	ConnectionID string            `json:"connectionId,omitempty"`
	Symbol       string            `json:"symbol,omitempty" doc:"For cash the currency"`
	Name         string            `json:"name,omitempty"`
	AssetClass   broker.AssetClass `json:"assetClass,omitempty" enum:"equity,option,crypto,other,cash"`
	Opening      decimal.Decimal   `json:"opening"`
	Closing      decimal.Decimal   `json:"closing"`
	Gain         decimal.Decimal   `json:"gain"`
}

// cashClass is the asset class of cash, which no brokerage has.
const cashClass broker.AssetClass = "cash"

// breakdown is a stretch of days taken apart, in exact decimals.
type breakdown struct {
	Sums
	opening, closing, market, fx decimal.Decimal
	byAsset                      map[int]Contribution
	byAccount                    map[int]Contribution
	unvalued                     map[int]bool  // assets held at the end without a price or a rate
	old                          map[int]int32 // assets held at the end whose price is of a day long before
}

// takeApart works out what the change from the close of one day to that of another came from; -1 is before the first.
func (v *View) takeApart(after, through int) breakdown {
	b := breakdown{Sums: v.between(after, through), byAsset: map[int]Contribution{}, byAccount: map[int]Contribution{},
		unvalued: map[int]bool{}, old: map[int]int32{}}
	first, last := prices{h: v.h, index: after}, prices{h: v.h, index: through}
	for _, p := range v.h.positions {
		if !v.holds(p) {
			continue
		}
		from, to := p.at(after), p.at(through)
		if from.quantity.IsZero() && to == from {
			continue
		}
		b.add(p, from, to, first.of(p.asset), last.of(p.asset))
		if at := last.of(p.asset); !to.quantity.IsZero() {
			if !at.known {
				b.unvalued[p.asset] = true
			} else if v.h.days[through]-at.day > staleDays {
				b.old[p.asset] = at.day
			}
		}
	}
	b.fx = b.fx.Add(b.exchanged)
	return b
}

// add takes one position apart. With local and base what was put in during the days:
//
//	market = (closing − opening − local) · last rate
//	fx     = opening · (last rate − first rate) + local · last rate − base
//
// which, together with opening and base, is closing in the base currency, whatever the rates.
func (b *breakdown) add(p *position, from, to event, first, last quote) {
	opening, closing := from.quantity.Mul(first.price), to.quantity.Mul(last.price)
	openingBase, closingBase := opening.Mul(first.rate), closing.Mul(last.rate)
	local, base := to.local.Sub(from.local), to.base.Sub(from.base)
	market := closing.Sub(opening).Sub(local).Mul(last.rate)
	b.opening, b.closing = b.opening.Add(openingBase), b.closing.Add(closingBase)
	b.market = b.market.Add(market)
	b.fx = b.fx.Add(closingBase).Sub(openingBase).Sub(base).Sub(market)
	c := Contribution{Opening: openingBase, Closing: closingBase,
		Gain: closingBase.Sub(openingBase).Sub(base).Add(to.earned).Sub(from.earned)}
	b.byAsset[p.asset] = b.byAsset[p.asset].plus(c)
	b.byAccount[p.account] = b.byAccount[p.account].plus(c)
}

func (c Contribution) plus(o Contribution) Contribution {
	return Contribution{Opening: c.Opening.Add(o.Opening), Closing: c.Closing.Add(o.Closing), Gain: c.Gain.Add(o.Gain)}
}

// gain is what was earned over the days: the change that no flow explains.
func (b *breakdown) gain() decimal.Decimal {
	return b.closing.Sub(b.opening).Sub(b.In).Add(b.Out)
}

// drivers rounds to cents such that they still add up. That what they are rounded from does is an error of ours if it
// does not hold: every amount was sorted as one of them when it was booked.
func (b *breakdown) drivers() (Drivers, error) {
	parts := []decimal.Decimal{b.opening, b.In, b.Out.Neg(), b.market, b.Income, b.Fees.Neg(), b.Taxes.Neg(), b.fx}
	if off := decimal.Sum(b.closing.Neg(), parts...); off.Abs().GreaterThan(halfCent) {
		return Drivers{}, fmt.Errorf("the drivers of a performance are %s off", off)
	}
	closing := b.closing.Round(2)
	toCents(parts, closing)
	d := Drivers{parts[0], parts[1], parts[2].Neg(), parts[3], parts[4], parts[5].Neg(), parts[6].Neg(), parts[7], closing}
	if sum := decimal.Sum(d.Out.Add(d.Fees).Add(d.Taxes).Neg(), d.Opening, d.In, d.Market, d.Income, d.FX); !sum.Equal(d.Closing) {
		return Drivers{}, fmt.Errorf("the drivers of a performance add up to %s, not %s", sum, d.Closing)
	}
	return d, nil
}

var halfCent = decimal.New(5, -3)

// toCents rounds amounts such that they add up to a total: down, and what is left goes to those with the largest remainders.
// Amounts of nothing stay that.
func toCents(amounts []decimal.Decimal, total decimal.Decimal) {
	const cents = 2
	order := []int{}
	remainders := make([]decimal.Decimal, len(amounts))
	left := total
	for i, amount := range amounts {
		amounts[i] = amount.RoundFloor(cents)
		remainders[i] = amount.Sub(amounts[i])
		left = left.Sub(amounts[i])
		if !amount.IsZero() {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return remainders[b].Cmp(remainders[a]) })
	cent := decimal.New(1, -cents)
	for n := 0; len(order) > 0 && left.Sign() > 0; n++ {
		i := order[n%len(order)]
		amounts[i], left = amounts[i].Add(cent), left.Sub(cent)
	}
	for n := len(order) - 1; len(order) > 0 && left.Sign() < 0; n-- {
		i := order[(n+len(order))%len(order)]
		amounts[i], left = amounts[i].Sub(cent), left.Add(cent)
	}
}

// contributions are those of instruments and currencies, the largest gain or loss first.
func (b *breakdown) contributions(h *History) []Contribution {
	all := make([]Contribution, 0, len(b.byAsset))
	for n, c := range b.byAsset {
		a := h.assets[n]
		c.Symbol, c.Name, c.AssetClass = a.symbol, a.name, a.class
		if a.cash() {
			c.AssetClass = cashClass
		}
		all = append(all, c)
	}
	return inCents(all, b.gain())
}

// accounts are the contributions of accounts; what is between two is in none.
func (b *breakdown) accounts(h *History) []Contribution {
	all := make([]Contribution, 0, len(b.byAccount))
	for n, c := range b.byAccount {
		if n != inTransit {
			c.AccountID, c.ConnectionID = h.accounts[n], h.in.Accounts[n].ConnectionID
			all = append(all, c)
		}
	}
	return inCents(all, b.gain().Sub(b.byAccount[inTransit].Gain))
}

func inCents(all []Contribution, total decimal.Decimal) []Contribution {
	slices.SortFunc(all, func(a, b Contribution) int {
		return cmp.Or(b.Gain.Abs().Cmp(a.Gain.Abs()), cmp.Compare(a.Symbol, b.Symbol), cmp.Compare(a.AccountID, b.AccountID))
	})
	gains := make([]decimal.Decimal, len(all))
	for i := range all {
		gains[i] = all[i].Gain
	}
	toCents(gains, total.Round(2))
	for i := range all {
		all[i].Opening, all[i].Closing, all[i].Gain = all[i].Opening.Round(2), all[i].Closing.Round(2), gains[i]
	}
	return all
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

// dayOf is the date of an index of the history.
func (h *History) dayOf(index int) calendar.Day { return calendar.DayNumbered(h.days[index]) }
