package researchtools

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// quotesInput is the input of the tool for quotes.
type quotesInput struct {
	Symbols []string `json:"symbols" jsonschema:"Ticker symbols, such as AAPL, BRK.B, VOD.L, BTC-USD or ^GSPC" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$" minItems:"1" maxItems:"50"`
}

// Quotes reads prices.
func Quotes(m *market.Service) tool.Tool {
	return tool.New("get_stock_quotes",
		"The latest known quotes of stocks, funds, indices, currencies and crypto: price, change since the previous close, "+
			"volume, and when it traded. Symbols that no source knows are listed as unknown.",
		func(ctx context.Context, _ tool.Asker, in quotesInput) (tool.Result, error) {
			batch, err := m.Quotes(ctx, in.Symbols)
			if err != nil {
				return tool.Result{}, err
			}
			return quotesResult(batch), nil
		})
}

// quotesData is what is read of prices.
type quotesData struct {
	Quotes  []market.Quote `json:"quotes"`
	Unknown []string       `json:"unknown"`
}

func quotesResult(batch market.Batch) tool.Result {
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
	return tool.Result{
		Data:     quotesData{Quotes: append([]market.Quote{}, batch.Quotes...), Unknown: append([]string{}, batch.Unknown...)},
		Warnings: batch.Warnings,
		Source:   tool.Source{Name: strings.Join(slices.Compact(sources), ", "), Title: titleOf(symbols), AsOf: oldest},
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
