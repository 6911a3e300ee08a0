package portfoliotools

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// holdingsInput is the input of the tool for holdings.
type holdingsInput struct {
	Symbols []string `json:"symbols,omitempty" jsonschema:"Only these holdings; leave it out for all of them. The summary always covers everything." pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$" maxItems:"50"`
}

// holdingsData is what is read of everything.
type holdingsData struct {
	counted
	Summary  portfolio.Summary `json:"summary"`
	Holdings []holding         `json:"holdings"`
}

// holding is a holding of the portfolio as a model reads it: amounts in Currency, and in the person's own where that is
// another.
type holding struct {
	counted
	Symbol               string            `json:"symbol"`
	Name                 string            `json:"name,omitempty"`
	AssetClass           broker.AssetClass `json:"assetClass"`
	Quantity             decimal.Decimal   `json:"quantity" unit:"@countedIn"`
	AverageCost          *decimal.Decimal  `json:"averageCost" unit:"@currency/@pricePer"`
	CostBasis            *decimal.Decimal  `json:"costBasis" unit:"@currency"`
	Price                *decimal.Decimal  `json:"price" unit:"@currency/@pricePer"`
	MarketValue          *decimal.Decimal  `json:"marketValue" unit:"@currency"`
	Currency             string            `json:"currency"`
	UnrealizedPnl        *decimal.Decimal  `json:"unrealizedPnl" unit:"@currency"`
	UnrealizedPnlPercent *decimal.Decimal  `json:"unrealizedPnlPercent" unit:"%"`
	DayChange            *decimal.Decimal  `json:"dayChange" unit:"@currency"`
	DayChangePercent     *decimal.Decimal  `json:"dayChangePercent" unit:"%"`
	AllocationPercent    *decimal.Decimal  `json:"allocationPercent" unit:"%"`
	Base                 *inBase           `json:"base,omitempty"`
	AsOf                 time.Time         `json:"asOf"`
	Stale                bool              `json:"stale,omitempty"`
	Sources              []source          `json:"sources,omitempty"`
}

// inBase are the figures in the person's own currency, at rates that the summary has.
type inBase struct {
	Currency      string           `json:"currency"`
	CostBasis     *decimal.Decimal `json:"costBasis" unit:"@currency"`
	MarketValue   *decimal.Decimal `json:"marketValue" unit:"@currency"`
	UnrealizedPnl *decimal.Decimal `json:"unrealizedPnl" unit:"@currency"`
	DayChange     *decimal.Decimal `json:"dayChange" unit:"@currency"`
}

// source is the part of a holding in one account.
type source struct {
	Provider    string           `json:"provider"`
	Account     string           `json:"account"`
	Currency    string           `json:"currency,omitempty"` // where it is not the holding's
	Quantity    decimal.Decimal  `json:"quantity" unit:"@countedIn"`
	CostBasis   *decimal.Decimal `json:"costBasis,omitempty" unit:"@currency"`
	MarketValue *decimal.Decimal `json:"marketValue,omitempty" unit:"@currency"`
	AsOf        time.Time        `json:"asOf"`
	Stale       bool             `json:"stale,omitempty"`
}

// Holdings reads what the person owns.
func Holdings(p *portfolio.Service) tool.Tool {
	return tool.New("get_portfolio_holdings",
		"The portfolio of the person who asks, over all their brokerages: a summary (total value, cash, gain and loss, "+
			"change since the previous close) and every holding with quantity, cost, price, value, gain and loss, and share of the total.",
		func(ctx context.Context, asker tool.Asker, in holdingsInput) (tool.Result, error) {
			return readHoldings(ctx, p, asker, in.Symbols)
		})
}

func readHoldings(ctx context.Context, p *portfolio.Service, asker tool.Asker, symbols []string) (tool.Result, error) {
	amounts, err := shown(ctx, p, asker)
	if err != nil {
		return tool.Result{}, err
	}
	all, warnings, err := p.Overview(ctx, asker.UserID)
	if err != nil {
		return tool.Result{}, err
	}
	if amounts != user.Full {
		warnings = nil
	}
	picked := portfolio.Overview{Summary: all.Summary, Holdings: []portfolio.Holding{}}
	for _, h := range all.Holdings {
		wanted := func(symbol string) bool { return portfolio.SameSymbol(symbol, h.Symbol) }
		if len(symbols) == 0 || slices.ContainsFunc(symbols, wanted) {
			picked.Holdings = append(picked.Holdings, h)
		}
	}
	for _, s := range symbols {
		held := func(h portfolio.Holding) bool { return portfolio.SameSymbol(s, h.Symbol) }
		if !slices.ContainsFunc(picked.Holdings, held) {
			warnings = append(warnings, "not held: "+s)
		}
	}
	result := tool.Result{Warnings: warnings, Source: sourceOf(brokeragesOf(all.Holdings), "Portfolio holdings", oldest(picked))}
	if amounts != user.Full {
		data, warning := private(picked, amounts)
		result.Data, result.Warnings = data, slices.Concat(warnings, []string{warning})
		return result, nil
	}
	data := holdingsData{counted: inShares, Summary: picked.Summary, Holdings: []holding{}}
	for _, h := range picked.Holdings {
		data.Holdings = append(data.Holdings, holdingOf(h))
	}
	result.Data = data
	return result, nil
}

func holdingOf(h portfolio.Holding) holding {
	one := holding{
		counted: countedOf(h.AssetClass), Symbol: h.Symbol, Name: h.Name, AssetClass: h.AssetClass, Quantity: h.Quantity, AverageCost: h.AverageCost,
		CostBasis: h.CostBasis, Price: h.Price, MarketValue: h.MarketValue, Currency: h.Currency, UnrealizedPnl: h.UnrealizedPnl,
		UnrealizedPnlPercent: h.UnrealizedPnlPercent, DayChange: h.DayChange, DayChangePercent: h.DayChangePercent,
		AllocationPercent: h.AllocationPercent, AsOf: h.AsOf, Stale: h.Stale,
	}
	if b := h.Base; b.Currency != h.Currency {
		one.Base = &inBase{b.Currency, b.CostBasis, b.MarketValue, b.UnrealizedPnl, b.DayChange}
	}
	for _, s := range h.Sources {
		part := source{
			Provider: s.Provider, Account: portfolio.MaskAccount(s.Account), Quantity: s.Quantity, CostBasis: s.CostBasis,
			MarketValue: s.MarketValue, AsOf: s.AsOf, Stale: s.Stale,
		}
		if s.Currency != h.Currency {
			part.Currency = s.Currency
		}
		one.Sources = append(one.Sources, part)
	}
	return one
}

// brokeragesOf are the brokerages behind holdings.
func brokeragesOf(holdings []portfolio.Holding) []string {
	var providers []string
	for _, h := range holdings {
		for _, s := range h.Sources {
			providers = append(providers, s.Provider)
		}
	}
	return providers
}

// oldest is when the oldest of the figures was true; nil when there are none.
func oldest(o portfolio.Overview) *time.Time {
	at := o.Summary.AsOf
	for _, h := range o.Holdings {
		if at == nil || h.AsOf.Before(*at) {
			at = &h.AsOf
		}
	}
	return at
}
