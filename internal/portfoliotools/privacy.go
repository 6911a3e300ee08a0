package portfoliotools

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
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
		Price      *decimal.Decimal  `json:"price" unit:"@currency/shares"`
		Currency   string            `json:"currency"`
		AsOf       time.Time         `json:"asOf"`
		Stale      bool              `json:"stale"`
		*privateShares
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

// private is what may be shown of an overview.
func private(o portfolio.Overview, amounts user.Amounts) (privateOverview, string) {
	shown := privateOverview{Privacy: amounts, Holdings: []privateHolding{}}
	for _, h := range o.Holdings {
		one := privateHolding{
			Symbol: h.Symbol, Name: h.Name, AssetClass: h.AssetClass, Price: h.Price, Currency: h.Currency, AsOf: h.AsOf, Stale: h.Stale,
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
