package analyst

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/market"
)

// QuotesTool lets the model read prices.
func QuotesTool(m *market.Service) Tool {
	in := symbolsInput{about: "Ticker symbols, such as AAPL, BRK.B, VOD.L, BTC-USD or ^GSPC", min: 1, max: maxSymbols, required: true}
	return Tool{
		Name: "get_stock_quotes",
		Description: "The latest known quotes of stocks, funds, indices, currencies and crypto: price, change since the previous close, " +
			"volume, and when it traded. Symbols that no source knows are listed as unknown.",
		Schema: in.schema(),
		Run: func(ctx context.Context, _ string, input json.RawMessage) (ToolResult, error) {
			symbols, err := in.decode(input)
			if err != nil {
				return ToolResult{}, err
			}
			batch, err := m.Quotes(ctx, symbols)
			if err != nil {
				return ToolResult{}, err
			}
			return quotesResult(batch), nil
		},
	}
}

// quotesData is what the model reads of prices.
type quotesData struct {
	Quotes  []market.Quote `json:"quotes"`
	Unknown []string       `json:"unknown"`
}

func quotesResult(batch market.Batch) ToolResult {
	var symbols, sources []string
	var oldest time.Time
	for _, q := range batch.Quotes {
		symbols = append(symbols, q.Symbol)
		sources = append(sources, q.Source)
		if oldest.IsZero() || q.Timestamp.Before(oldest) {
			oldest = q.Timestamp
		}
	}
	slices.Sort(sources)
	return ToolResult{
		Data:     quotesData{Quotes: append([]market.Quote{}, batch.Quotes...), Unknown: append([]string{}, batch.Unknown...)},
		Warnings: batch.Warnings,
		Source:   strings.Join(slices.Compact(sources), ", "),
		Title:    titleOf(symbols),
		AsOf:     oldest,
	}
}

// titleOf names a few symbols and counts the rest.
func titleOf(symbols []string) string {
	const named = 5
	if len(symbols) <= named {
		return strings.TrimSuffix("Quotes: "+strings.Join(symbols, ", "), ": ")
	}
	return "Quotes: " + strings.Join(symbols[:named], ", ") + " and others"
}
