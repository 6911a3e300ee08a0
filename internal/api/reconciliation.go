package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/reconciliation"
)

// reconciliationRoutes registers whether what brokerages report is what their transactions come to.
func (r *router) reconciliationRoutes() {
	get(r, "/api/portfolio/reconciliation", func(ctx context.Context, _ *nothing) (result[reconciliation.Report], error) {
		report, warnings, err := r.Reconciliation.Of(ctx, identity(ctx).UserID)
		return result[reconciliation.Report]{data: report, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getReconciliation", tag: "Portfolio", scope: auth.ScopeRead, summary: "Whether my positions are what my transactions come to",
		detail: "Quantities, costs and cash that do not agree, each with a reason and what to do about it."})
}
