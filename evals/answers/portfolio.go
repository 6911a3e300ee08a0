package answers

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

type readings = map[string]func(*view, []string) (reading, error)

// portfolioReadings are what the person owns now.
var portfolioReadings = readings{
	"total": summary("totalValue", "Your portfolio is worth %s", "Your cash comes to %s", func(w *view) decimal.Decimal { return w.equity() }),
	"cash":  summary("cash", "Your cash comes to %s", "Your portfolio is worth %s", func(w *view) decimal.Decimal { return w.cash() }),
	"cost":  summary("costBasis", "The cost basis of your holdings is %s", "The market value of your holdings is %s", func(w *view) decimal.Decimal { return w.position("").cost }),
	"gain": summary("unrealizedPnl", "Your unrealized gain is %s", "Your realized gain is %s", func(w *view) decimal.Decimal {
		p := w.position("")
		return p.value.Sub(p.cost)
	}),
	"today": summary("dayChange", "Your portfolio changed by %s today", "Your portfolio changed by %s this year", func(w *view) decimal.Decimal {
		p := w.position("")
		return p.value.Sub(p.before)
	}),
	"value":       holding("marketValue", "USD", "Your position in %[1]s is worth %%s", moneyForms, func(_ *view, p position) decimal.Decimal { return p.value }),
	"quantity":    holding("quantity", "shares", "You hold %%s shares of %[1]s", countForms, func(_ *view, p position) decimal.Decimal { return p.quantity }),
	"paid":        holding("costBasis", "USD", "Your position in %[1]s cost %%s", moneyForms, func(_ *view, p position) decimal.Decimal { return p.cost }),
	"average":     holding("averageCost", "USD", "You paid %%s on average for a share of %[1]s", priceForms, func(_ *view, p position) decimal.Decimal { return p.cost.DivRound(p.quantity, 10) }),
	"gained":      holding("unrealizedPnl", "USD", "Your unrealized gain on %[1]s is %%s", moneyForms, func(_ *view, p position) decimal.Decimal { return p.value.Sub(p.cost) }),
	"gainedPart":  holding("unrealizedPnlPercent", "%", "Your unrealized gain on %[1]s is %%s", percentForms, func(_ *view, p position) decimal.Decimal { return percentOf(p.value.Sub(p.cost), p.cost) }),
	"movedToday":  holding("dayChange", "USD", "Your position in %[1]s changed by %%s today", moneyForms, func(_ *view, p position) decimal.Decimal { return p.value.Sub(p.before) }),
	"share":       holding("allocationPercent", "%", "%[1]s is %%s of your portfolio", percentForms, func(w *view, p position) decimal.Decimal { return percentOf(p.value, w.equity()) }),
	"sector":      sector,
	"sectorValue": sectorValue,
}

// summary is a figure of the whole portfolio.
func summary(field, says, wrong string, of func(*view) decimal.Decimal) func(*view, []string) (reading, error) {
	return func(w *view, _ []string) (reading, error) {
		r := reading{
			value: of(w), unit: "USD", calls: call("get_portfolio_holdings", "{}"), path: "a.summary." + field, says: says, others: []string{wrong}, forms: moneyForms,
			lapsed: []string{"On 18 November 2025, a year ago: " + says},
		}
		r.old = decimal.NewNullDecimal(of(w.at(opening().AddDate(0, -3, 0))))
		return r, nil
	}
}

// holding is a figure of one holding.
func holding(field, unit, says string, forms []string, of func(*view, position) decimal.Decimal) func(*view, []string) (reading, error) {
	return func(w *view, args []string) (reading, error) {
		symbol := args[0]
		p := w.position(symbol)
		if p.quantity.IsZero() {
			return reading{}, fmt.Errorf("nothing is held of %s", symbol)
		}
		r := reading{
			value: of(w, p), unit: unit, subject: symbol, calls: call("get_holding", `{"symbol":%q}`, symbol), path: "a.holding." + field,
			says: fmt.Sprintf(says, symbol), wrong: []string{fmt.Sprintf(says, w.other(symbol))}, forms: forms,
			lapsed: []string{"At the end of 2024: " + fmt.Sprintf(says, symbol)},
		}
		if before := w.at(opening().AddDate(0, -3, 0)); !before.position(symbol).quantity.IsZero() {
			if old := of(before, before.position(symbol)); !old.Equal(r.value) {
				r.old = decimal.NewNullDecimal(old)
			}
		}
		return r, nil
	}
}

// inSector is what the holdings of a sector are worth.
func (w *view) inSector(name string) decimal.Decimal {
	sum := decimal.Zero
	for _, a := range w.accounts {
		for _, held := range w.Positions(a[0], a[1]) {
			if held.Instrument.Kind == sim.Equity && held.Instrument.Sector == name {
				sum = sum.Add(held.MarketValue)
			}
		}
	}
	return sum
}

func sector(w *view, args []string) (reading, error) {
	says := "%s is %%s of your portfolio"
	return reading{
		value: percentOf(w.inSector(args[0]), w.equity()), unit: "%", calls: call("get_allocation", `{"by":"sector"}`), path: "a.slices[" + args[0] + "].percent",
		says: fmt.Sprintf(says, args[0]), others: []string{fmt.Sprintf(says, otherSector(args[0]))}, forms: percentForms,
	}, nil
}

func sectorValue(w *view, args []string) (reading, error) {
	says := "Your holdings in %s are worth %%s"
	return reading{
		value: w.inSector(args[0]), unit: "USD", calls: call("get_allocation", `{"by":"sector"}`), path: "a.slices[" + args[0] + "].value",
		says: fmt.Sprintf(says, args[0]), others: []string{fmt.Sprintf(says, otherSector(args[0]))}, forms: moneyForms,
	}, nil
}

func otherSector(name string) string {
	if name == "Technology" {
		return "Energy"
	}
	return "Technology"
}
