package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

type symbolInput struct {
	Symbol string `path:"symbol" maxLength:"30" doc:"Such as AAPL, BRK.B or BTC-USD, in any case." example:"AAPL"`
}

// portfolioRoutes registers what a person owns.
func (r *router) portfolioRoutes() {
	const tag = "Portfolio"
	get(r, "/api/portfolio/summary", func(ctx context.Context, _ *nothing) (result[portfolio.Summary], error) {
		summary, warnings, err := r.Portfolio.Summary(ctx, identity(ctx).UserID)
		return result[portfolio.Summary]{data: summary, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getSummary", tag: tag, scope: auth.ScopeRead, summary: "Everything I own, added up",
		detail: "Twice: confirmed counts fresh accounts only, bestKnown the last known values of the others too."})

	get(r, "/api/portfolio/holdings", func(ctx context.Context, _ *nothing) (result[[]portfolio.Holding], error) {
		holdings, warnings, err := r.Portfolio.Holdings(ctx, identity(ctx).UserID)
		return result[[]portfolio.Holding]{data: holdings, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "listHoldings", tag: tag, scope: auth.ScopeRead, summary: "What I own, one row an instrument, the largest first"})

	get(r, "/api/portfolio/holdings/{symbol}", func(ctx context.Context, in *symbolInput) (result[portfolio.Detail], error) {
		holding, warnings, err := r.Portfolio.Holding(ctx, identity(ctx).UserID, in.Symbol)
		return result[portfolio.Detail]{data: holding, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getHolding", tag: tag, scope: auth.ScopeRead, summary: "One holding, with its sources and open lots", errors: []fault.Kind{fault.NotFound}})
}
