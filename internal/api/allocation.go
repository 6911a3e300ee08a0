package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/breakdown"
)

type allocationInput struct {
	By breakdown.Dimension `query:"by" enum:"assetClass,sector,country,currency,broker,holding" doc:"All of them when left out."`
}

// allocationRoutes registers how what a person owns divides.
func (r *router) allocationRoutes() {
	get(r, "/api/portfolio/allocation", func(ctx context.Context, in *allocationInput) (result[breakdown.Allocation], error) {
		allocation, warnings, err := r.Breakdown.Of(ctx, identity(ctx).UserID, in.By)
		return result[breakdown.Allocation]{data: allocation, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getAllocation", tag: "Portfolio", scope: auth.ScopeRead, summary: "How what I own divides",
		detail: "In my own currency; the percents of a breakdown add up to exactly 100.00. Short positions and borrowed cash are below zero."})
}
