// Package portfoliotools lets an answer read what the person who asks owns, and what became of it.
package portfoliotools

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// holdingsInput is the input of the tool for holdings.
type holdingsInput struct {
	Symbols []string `json:"symbols,omitempty" jsonschema:"Only these holdings; leave it out for all of them. The summary always covers everything." pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$" maxItems:"50"`
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
			picked.Holdings = append(picked.Holdings, masked(h))
		}
	}
	for _, s := range symbols {
		held := func(h portfolio.Holding) bool { return portfolio.SameSymbol(s, h.Symbol) }
		if !slices.ContainsFunc(picked.Holdings, held) {
			warnings = append(warnings, "not held: "+s)
		}
	}
	result := tool.Result{
		Data: picked, Warnings: warnings,
		Source: tool.Source{Name: sourceOf(all.Holdings), Title: "Portfolio holdings", AsOf: oldest(picked)},
	}
	if amounts != user.Full {
		data, warning := private(picked, amounts)
		result.Data, result.Warnings = data, slices.Concat(warnings, []string{warning})
	}
	return result, nil
}

// masked is the holding without whole account numbers, which the model's vendor need not see.
func masked(h portfolio.Holding) portfolio.Holding {
	h.Sources = slices.Clone(h.Sources)
	for i, source := range h.Sources {
		h.Sources[i].Account = portfolio.MaskAccount(source.Account)
	}
	return h
}

// sourceOf names the brokerages behind holdings.
func sourceOf(holdings []portfolio.Holding) string {
	var providers []string
	for _, h := range holdings {
		for _, s := range h.Sources {
			providers = append(providers, s.Provider)
		}
	}
	slices.Sort(providers)
	if providers = slices.Compact(providers); len(providers) == 0 {
		return "portfolio"
	}
	return "portfolio (" + strings.Join(providers, ", ") + ")"
}

// oldest is when the oldest of the figures was true; zero when there are none.
func oldest(o portfolio.Overview) time.Time {
	var at time.Time
	if o.Summary.AsOf != nil {
		at = *o.Summary.AsOf
	}
	for _, h := range o.Holdings {
		if at.IsZero() || h.AsOf.Before(at) {
			at = h.AsOf
		}
	}
	return at
}
