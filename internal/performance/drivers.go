package performance

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// Drivers are what a change of value came from, in the base currency, in cents:
// opening + in − out + market + income − fees − taxes + fx = closing, exactly.
type Drivers struct {
	Opening *decimal.Decimal `json:"opening" doc:"What everything was worth at the beginning; null where nothing of it had a price and a rate: it came in when it had"`
	In      decimal.Decimal  `json:"in" doc:"What came from outside: deposits, deliveries, accounts that were linked"`
	Out     decimal.Decimal  `json:"out" doc:"What went outside"`
	Market  decimal.Decimal  `json:"market" doc:"Gain by prices, before fees, at the last rates of exchange"`
	Income  decimal.Decimal  `json:"income" doc:"Dividends and interest, before fees and taxes"`
	Fees    decimal.Decimal  `json:"fees"`
	Taxes   decimal.Decimal  `json:"taxes"`
	FX      decimal.Decimal  `json:"fx" doc:"Gain by rates of exchange: what was there and what was put in, at the last rates less at those of its day"`
	Closing decimal.Decimal  `json:"closing"`
}

// Contribution is what of the gain one account, or one instrument, brought: by prices, income and rates of exchange,
// less fees and taxes. The contributions add up to the whole gain.
type Contribution struct {
	AccountID    string            `json:"accountId,omitempty"`
	ConnectionID string            `json:"connectionId,omitempty"`
	Symbol       string            `json:"symbol,omitempty" doc:"For cash the currency"`
	Name         string            `json:"name,omitempty"`
	AssetClass   broker.AssetClass `json:"assetClass,omitempty" enum:"equity,option,crypto,other,cash"`
	Opening      *decimal.Decimal  `json:"opening" doc:"Of what had a price and a rate; null where nothing of it had"`
	Closing      *decimal.Decimal  `json:"closing" doc:"Null as opening is"`
	Gain         *decimal.Decimal  `json:"gain" doc:"Null where nothing of it had a value at the end, or at the beginning"`
}

// driversOf rounds to cents such that they still add up. That what they are rounded from does is an error of ours if it
// does not hold: every amount was sorted as one of them when it was booked.
func driversOf(b *history.Breakdown) (Drivers, error) {
	parts := []decimal.Decimal{b.Opening, b.In, b.Out.Neg(), b.Market, b.Income, b.Fees.Neg(), b.Taxes.Neg(), b.FX}
	if off := decimal.Sum(b.Closing.Neg(), parts...); off.Abs().GreaterThan(halfCent) {
		return Drivers{}, fmt.Errorf("the drivers of a performance are %s off", off)
	}
	closing := b.Closing.Round(2)
	toCents(parts, closing)
	d := Drivers{portfolio.KnownOf(parts[0], b.OpeningLacks), parts[1], parts[2].Neg(), parts[3], parts[4], parts[5].Neg(), parts[6].Neg(), parts[7], closing}
	if !d.sum().Equal(d.Closing) {
		return Drivers{}, fmt.Errorf("the drivers of a performance add up to %s, not %s", d.sum(), d.Closing)
	}
	return d, nil
}

func (d Drivers) sum() decimal.Decimal {
	return decimal.Sum(d.Out.Add(d.Fees).Add(d.Taxes).Neg(), d.opening(), d.In, d.Market, d.Income, d.FX)
}

// opening is nothing where it is not known.
func (d Drivers) opening() decimal.Decimal {
	if d.Opening == nil {
		return decimal.Zero
	}
	return *d.Opening
}

// gain is the change that no flow explains.
func (d Drivers) gain() decimal.Decimal { return d.Closing.Sub(d.opening()).Sub(d.In).Add(d.Out) }

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

// contributions are parts in cents, the largest gain or loss first.
func contributions(parts []history.Part, total decimal.Decimal) []Contribution {
	all := make([]Contribution, 0, len(parts))
	gains := make([]decimal.Decimal, 0, len(parts))
	for _, p := range parts {
		all = append(all, Contribution{
			AccountID: p.Account.ID, ConnectionID: p.Account.ConnectionID, Symbol: p.Symbol, Name: p.Name, AssetClass: p.Class,
			Opening: portfolio.KnownOf(p.Opening.Round(2), p.OpeningLacks), Closing: portfolio.KnownOf(p.Closing.Round(2), p.ClosingLacks),
		})
		gains = append(gains, p.Gain)
	}
	toCents(gains, total.Round(2))
	for i := range all {
		if all[i].Opening != nil && all[i].Closing != nil || !gains[i].IsZero() {
			all[i].Gain = &gains[i]
		}
	}
	slices.SortStableFunc(all, func(a, b Contribution) int { return size(b.Gain).Cmp(size(a.Gain)) })
	return all
}

// size is how much a gain moves; what is not known comes last.
func size(gain *decimal.Decimal) decimal.Decimal {
	if gain == nil {
		return decimal.NewFromInt(-1)
	}
	return gain.Abs()
}
