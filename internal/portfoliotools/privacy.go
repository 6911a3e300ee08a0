package portfoliotools

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// shown is what of amounts whoever reads may see: all of them where nothing leaves this server, and else what the person
// chose.
func shown(ctx context.Context, p *portfolio.Service, asker tool.Asker) (user.Amounts, error) {
	if asker.Local {
		return user.Full, nil
	}
	amounts, _, err := user.AmountsToModel(ctx, p.DB.Read(), asker.UserID)
	return amounts, err
}

// What a model is told of holdings whose owner keeps the amounts to themselves. These are lists of what may be shown, so
// that a figure which is added to a portfolio some day does not get out by itself. Prices and their changes are the
// market's.
type (
	privateOverview struct {
		Privacy  user.Amounts     `json:"amountsShown"`
		PricePer string           `json:"pricePer"`
		Summary  *privateSummary  `json:"summary,omitempty"`
		Holdings []privateHolding `json:"holdings"`
	}
	privateSummary struct {
		CashPercent          *decimal.Decimal `json:"cashPercent" unit:"%"`
		UnrealizedPnlPercent *decimal.Decimal `json:"unrealizedPnlPercent" unit:"%"`
		DayChangePercent     *decimal.Decimal `json:"dayChangePercent" unit:"%"`
	}
	privateHolding struct {
		Symbol     string            `json:"symbol"`
		Name       string            `json:"name"`
		AssetClass broker.AssetClass `json:"assetClass"`
		Price      *decimal.Decimal  `json:"price" unit:"@currency/@pricePer"`
		PricePer   string            `json:"pricePer,omitempty"`
		Currency   string            `json:"currency"`
		AsOf       time.Time         `json:"asOf"`
		Stale      bool              `json:"stale"`
		*privateShares
	}
	privateDetail struct {
		Privacy user.Amounts `json:"amountsShown"`
		privateHolding
		Lots []privateLot `json:"lots,omitempty"`
	}
	privateLot struct {
		Day         *calendar.Day    `json:"day" figure:"period"`
		Term        string           `json:"term,omitempty"`
		Percent     *decimal.Decimal `json:"percentOfHolding" unit:"%"`
		GainPercent *decimal.Decimal `json:"gainPercent" unit:"%"`
	}
	privateShares struct {
		AllocationPercent    *decimal.Decimal `json:"allocationPercent" unit:"%"`
		UnrealizedPnlPercent *decimal.Decimal `json:"unrealizedPnlPercent" unit:"%"`
		DayChangePercent     *decimal.Decimal `json:"dayChangePercent" unit:"%"`
	}
)

// What the model has to tell instead of the figures. The portfolio's own warnings name accounts and are left out.
const (
	relativeWarning = "The person shows the model no amounts, quantities or accounts, only shares and changes in percent. Say so when asked for more; they can change it in their settings."
	noneWarning     = "The person shows the model what is held and nothing of how much. Say so when asked for more; they can change it in their settings."
)

// refused is the answer where the person's choice leaves nothing of what was asked for.
func refused(what string) error {
	return fault.New(fault.Forbidden, "the person does not show the model %s; they can change what it is shown of their amounts in their settings", what)
}

// private is what may be shown of an overview.
func private(o portfolio.Overview, amounts user.Amounts) (privateOverview, string) {
	shown := privateOverview{Privacy: amounts, PricePer: inShares.PricePer, Holdings: []privateHolding{}}
	for _, h := range o.Holdings {
		one := privateHolding{
			Symbol: h.Symbol, Name: h.Name, AssetClass: h.AssetClass, Price: h.Price, Currency: h.Currency, AsOf: h.AsOf, Stale: h.Stale,
			PricePer: countedOf(h.AssetClass).PricePer,
		}
		if amounts == user.Relative {
			one.privateShares = &privateShares{h.AllocationPercent, h.UnrealizedPnlPercent, h.DayChangePercent}
		}
		shown.Holdings = append(shown.Holdings, one)
	}
	if amounts != user.Relative {
		return shown, noneWarning
	}
	shown.Summary = &privateSummary{
		CashPercent: percentOf(o.Summary.Cash, o.Summary.TotalValue), UnrealizedPnlPercent: o.Summary.UnrealizedPnlPercent,
		DayChangePercent: o.Summary.DayChangePercent,
	}
	return shown, relativeWarning
}

// percentOf is nil where the part is not known, or there is no whole to have a part of.
func percentOf(part, whole *decimal.Decimal) *decimal.Decimal {
	if part == nil || whole == nil || !whole.IsPositive() {
		return nil
	}
	percent := part.Mul(decimal.NewFromInt(100)).DivRound(*whole, 2)
	return &percent
}

// privatePerformance is what may be shown for Relative: returns, what they are compared with, and the points of each
// contribution. Warnings may name amounts, and are left out.
func privatePerformance(p performanceData) performanceData {
	shown := performanceData{
		Privacy: user.Relative, Period: p.Period, AsOf: p.AsOf, Live: p.Live, Status: p.Status, TimeWeighted: p.TimeWeighted,
		MoneyWeighted: p.MoneyWeighted, Simple: p.Simple, Risk: p.Risk, Best: pointsOf(p.Best), Worst: pointsOf(p.Worst), Days: []day{},
	}
	quiet := []*noted{
		&shown.TimeWeighted.noted, &shown.MoneyWeighted.noted, &shown.Simple.noted, &shown.Risk.Volatility.noted, &shown.Risk.Sharpe.noted,
		&shown.Risk.Sortino.noted, &shown.Risk.MaxDrawdown.noted, &shown.Risk.Drawdown.noted,
	}
	if b := shown.Risk.Beta; b != nil {
		shown.Risk.Beta = &ratio{Value: b.Value}
	}
	if b := p.Benchmark; b != nil {
		shown.Benchmark = &benchmark{Symbol: b.Symbol, TotalReturn: b.TotalReturn, TimeWeighted: b.TimeWeighted}
		quiet = append(quiet, &shown.Benchmark.TimeWeighted.noted)
		if b.SameFlows != nil {
			shown.Benchmark.SameFlows = &rate{Value: b.SameFlows.Value, Annual: b.SameFlows.Annual}
		}
	}
	for _, n := range quiet {
		n.Warnings = nil
	}
	for _, d := range p.Days {
		shown.Days = append(shown.Days, day{Day: d.Day, TimeWeighted: d.TimeWeighted, Benchmark: d.Benchmark})
	}
	return shown
}

func pointsOf(all []contribution) []contribution {
	shown := []contribution{}
	for _, c := range all {
		shown = append(shown, contribution{Symbol: c.Symbol, Name: c.Name, Points: c.Points})
	}
	return shown
}
