package portfolio

import (
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/exchange"
)

// Pnl is where gain and loss come from, in the summary's currency: what is still held, and by the ledger since Since what
// was sold, received and paid, each amount at the rate of its day. What the ledger says is null while no transactions
// were read. Fees of trades are in what was realized and in costs, and stand in TradeFees for information.
type Pnl struct {
	Unrealized *decimal.Decimal `json:"unrealized" unit:"@baseCurrency" doc:"Price and currency effect together; as unrealizedPnl"`
	// The effects are (value − cost) at the rate of now, and cost at the rate of now less cost at the rates of then.
	PriceEffect    *decimal.Decimal `json:"priceEffect" unit:"@baseCurrency" doc:"Of unrealized: what prices did, at the rates of now"`
	CurrencyEffect *decimal.Decimal `json:"currencyEffect" unit:"@baseCurrency" doc:"Of unrealized: what rates of exchange did to what was paid, where the days of purchase are known"`
	Realized       *decimal.Decimal `json:"realized" unit:"@baseCurrency" doc:"Of sales, after fees of trades"`
	Dividends      *decimal.Decimal `json:"dividends" unit:"@baseCurrency" doc:"Before tax"`
	Interest       *decimal.Decimal `json:"interest" unit:"@baseCurrency" doc:"Before tax; negative when more was paid"`
	Fees           *decimal.Decimal `json:"fees" unit:"@baseCurrency" doc:"That belong to no trade; paid, so less gain"`
	TradeFees      *decimal.Decimal `json:"tradeFees" unit:"@baseCurrency" doc:"In realized and in costs already"`
	Taxes          *decimal.Decimal `json:"taxes" unit:"@baseCurrency" doc:"Withheld and paid; so less gain"`
	Since          *calendar.Day    `json:"since" doc:"The first day the ledger knows; null when it is empty"`
	Incomplete     []string         `json:"incomplete" doc:"What these figures lack, in words; empty when nothing"`
}

// pnl splits gain and loss up; f are the figures of all positions in the person's currency.
func (b book) pnl(f figures) Pnl {
	p := Pnl{Unrealized: f.pnl.counted(), Incomplete: []string{}}
	p.PriceEffect, p.CurrencyEffect = effects(b.lines, b.rates)
	r := b.gains
	if len(r.Accounts) > 0 && r.Unread == len(r.Accounts) {
		p.Incomplete = append(p.Incomplete, "No transactions were read yet: what was sold, received and paid is not known.")
		return p
	}
	t := r.Totals
	p.Realized, p.Dividends, p.Interest, p.Fees, p.TradeFees, p.Taxes = &t.Realized, &t.Dividends, &t.Interest, &t.Fees, &t.TradeFees, &t.Taxes
	if r.First != (calendar.Day{}) {
		p.Since = &r.First
	}
	p.Incomplete = append(p.Incomplete, r.Lacks.Words()...)
	return p
}

// effects split the unrealized gain of positions of which it is known; null when that is none of those there are.
func effects(lines []held, rates exchange.Table) (price, currency *decimal.Decimal) {
	var byPrice, byRate sum
	for _, l := range lines {
		cost, rated := rates.Convert(l.Currency, l.CostBasis.Decimal)
		gain, _ := rates.Convert(l.Currency, l.MarketValue.Decimal.Sub(l.CostBasis.Decimal))
		known := rated && l.CostBasis.Valid && l.MarketValue.Valid
		byPrice.addIf(known, gain)
		switch {
		case l.paidRate.Valid:
			byRate.addIf(known, cost.Sub(l.CostBasis.Decimal.Mul(l.paidRate.Decimal)))
		case l.Currency == rates.To:
			byRate.addIf(known, decimal.Zero)
		default:
			byRate.addIf(false, decimal.Zero)
		}
	}
	return byPrice.counted(), byRate.counted()
}
