package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

type quotesInput struct {
	Body struct {
		Symbols []string `json:"symbols" minItems:"1" maxItems:"100" doc:"Each counts once."`
	}
}

// upstreamErrors are what asking somebody else's service can end in.
var upstreamErrors = []fault.Kind{fault.UpstreamFailed, fault.UpstreamDown, fault.UpstreamTimeout}

// stockRoutes registers market data.
func (r *router) stockRoutes() {
	const tag = "Market"
	get(r, "/api/stocks/quote/{symbol}", func(ctx context.Context, in *symbolInput) (result[market.Quote], error) {
		quote, warnings, err := r.Market.Quote(ctx, in.Symbol)
		return result[market.Quote]{data: quote, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getQuote", tag: tag, scope: auth.ScopeRead, summary: "What an instrument trades at", errors: append([]fault.Kind{fault.UnknownSymbol}, upstreamErrors...)})

	post(r, "/api/stocks/quotes", func(ctx context.Context, in *quotesInput) (result[[]market.Quote], error) {
		batch, err := r.Market.Quotes(ctx, in.Body.Symbols)
		return result[[]market.Quote]{data: batch.Quotes, meta: Meta{Warnings: batch.Warnings, Unknown: batch.Unknown}}, err
	}, doc{id: "listQuotes", tag: tag, scope: auth.ScopeRead, summary: "What several instruments trade at",
		detail: "In the order asked for; symbols no source knows are in meta.unknown.", errors: upstreamErrors})
}
