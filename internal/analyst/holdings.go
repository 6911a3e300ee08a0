package analyst

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// maxSymbols is how many symbols a tool takes at once.
const maxSymbols = 50

// HoldingsTool lets the model read what the person owns.
func HoldingsTool(p *portfolio.Service) Tool {
	in := symbolsInput{about: "Only these holdings; leave it out for all of them. The summary always covers everything.", max: maxSymbols}
	return Tool{
		Name: "get_portfolio_holdings",
		Description: "The portfolio of the person who asks, over all their brokerages: a summary (total value, cash, gain and loss, " +
			"change since the previous close) and every holding with quantity, cost, price, value, gain and loss, and share of the total.",
		Schema: in.schema(),
		Run: func(ctx context.Context, userID string, input json.RawMessage) (ToolResult, error) {
			symbols, err := in.decode(input)
			if err != nil {
				return ToolResult{}, err
			}
			return readHoldings(ctx, p, userID, symbols)
		},
	}
}

func readHoldings(ctx context.Context, p *portfolio.Service, userID string, symbols []string) (ToolResult, error) {
	amounts, _, err := user.AmountsToModel(ctx, p.DB.Read(), userID)
	if err != nil {
		return ToolResult{}, err
	}
	all, warnings, err := p.Overview(ctx, userID)
	if err != nil {
		return ToolResult{}, err
	}
	if amounts != user.Full {
		warnings = nil
	}
	shown := portfolio.Overview{Summary: all.Summary, Holdings: []portfolio.Holding{}}
	for _, h := range all.Holdings {
		wanted := func(symbol string) bool { return portfolio.SameSymbol(symbol, h.Symbol) }
		if len(symbols) == 0 || slices.ContainsFunc(symbols, wanted) {
			shown.Holdings = append(shown.Holdings, masked(h))
		}
	}
	for _, s := range symbols {
		held := func(h portfolio.Holding) bool { return portfolio.SameSymbol(s, h.Symbol) }
		if !slices.ContainsFunc(shown.Holdings, held) {
			warnings = append(warnings, "not held: "+s)
		}
	}
	result := ToolResult{
		Data: shown, Warnings: warnings, Source: sourceOf(all.Holdings), Title: "Portfolio holdings", AsOf: oldest(shown),
	}
	if amounts != user.Full {
		data, warning := private(shown, amounts)
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
