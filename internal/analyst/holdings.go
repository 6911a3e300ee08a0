package analyst

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/portfolio"
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

// holdingsData is what the model reads of a portfolio.
type holdingsData struct {
	Summary  portfolio.Summary   `json:"summary"`
	Holdings []portfolio.Holding `json:"holdings"`
}

func readHoldings(ctx context.Context, p *portfolio.Service, userID string, symbols []string) (ToolResult, error) {
	summary, _, err := p.Summary(ctx, userID) // the same warnings come with the holdings
	if err != nil {
		return ToolResult{}, err
	}
	holdings, warnings, err := p.Holdings(ctx, userID)
	if err != nil {
		return ToolResult{}, err
	}
	masks, err := accountMasks(ctx, p, userID)
	if err != nil {
		return ToolResult{}, err
	}
	for i := range warnings {
		warnings[i] = masks.Replace(warnings[i])
	}
	data := holdingsData{Summary: summary, Holdings: []portfolio.Holding{}}
	var found []string
	for _, h := range holdings {
		symbol := plainSymbol(h.Symbol)
		if len(symbols) == 0 || slices.ContainsFunc(symbols, func(s string) bool { return plainSymbol(s) == symbol }) {
			data.Holdings = append(data.Holdings, masked(h))
			found = append(found, symbol)
		}
	}
	for _, s := range symbols {
		if !slices.Contains(found, plainSymbol(s)) {
			warnings = append(warnings, "not held: "+s)
		}
	}
	return ToolResult{
		Data: data, Warnings: warnings, Source: sourceOf(holdings), Title: "Portfolio holdings", AsOf: oldest(summary, data.Holdings),
	}, nil
}

// mask keeps the last characters of an account's number: enough to tell accounts apart, and all that a model's vendor
// gets to see.
func mask(number string) string {
	characters := []rune(number)
	return "…" + string(characters[len(characters)-min(4, len(characters)/2):])
}

func masked(h portfolio.Holding) portfolio.Holding {
	h.Sources = slices.Clone(h.Sources)
	for i, source := range h.Sources {
		h.Sources[i].Account = mask(source.Account)
	}
	return h
}

// accountMasks masks the numbers of the person's accounts in sentences.
func accountMasks(ctx context.Context, p *portfolio.Service, userID string) (*strings.Replacer, error) {
	connections, err := p.Connections.List(ctx, userID)
	if err != nil {
		return nil, err
	}
	var pairs []string
	for _, c := range connections {
		for _, number := range c.Accounts {
			if number != "" {
				pairs = append(pairs, number, mask(number))
			}
		}
	}
	return strings.NewReplacer(pairs...), nil
}

// plainSymbol is a symbol without what spellings differ in: BRK.B, BRK-B and brk/b are one.
func plainSymbol(symbol string) string {
	return strings.ToUpper(strings.NewReplacer(".", "", "-", "", "/", "").Replace(symbol))
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
func oldest(summary portfolio.Summary, holdings []portfolio.Holding) time.Time {
	var at time.Time
	if summary.AsOf != nil {
		at = *summary.AsOf
	}
	for _, h := range holdings {
		if at.IsZero() || h.AsOf.Before(at) {
			at = h.AsOf
		}
	}
	return at
}
