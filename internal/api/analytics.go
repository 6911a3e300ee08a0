package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/usage"
	"github.com/jaspers-ai/jaspers/internal/user"
)

type usageInput struct {
	Whose
	Days
	By []usage.By `query:"by" maxItems:"3" enum:"provider,endpoint,day" doc:"What calls are added up by, with commas; provider,endpoint." example:"provider,day"`
}

type costsInput struct {
	Whose
	Days
	By []usage.By `query:"by" maxItems:"3" enum:"provider,model,day" doc:"What costs are added up by, with commas; day,provider,model." example:"model"`
}

// analyticsRoutes registers what was asked of other companies, and what that costs.
func (r *router) analyticsRoutes() {
	get(r, "/api/analytics/usage", func(ctx context.Context, in *usageInput) (result[usage.Usage], error) {
		userID, err := in.of(identity(ctx))
		if err != nil {
			return result[usage.Usage]{}, err
		}
		u, err := r.Usage.Usage(ctx, usage.Query{UserID: userID, From: in.first, To: in.last, By: in.By})
		return result[usage.Usage]{data: u}, err
	}, doc{id: "getUsage", tag: "Analytics", scope: auth.ScopeAdmin, summary: "What was asked of other companies: calls, errors, times, tokens",
		detail: "What was asked for me, unless an admin asks for somebody else's or everybody's. Days are those of UTC; thirty that end today where " +
			"nothing is said, 366 at most. A call is for the person in whose request it was made, also where others get its answer, too, later; " +
			"the reading of a brokerage is for who connected it; what is fetched before anybody asks is nobody's.",
		errors: []fault.Kind{fault.Forbidden}})
	get(r, "/api/analytics/costs", func(ctx context.Context, in *costsInput) (result[usage.Costs], error) {
		who := identity(ctx)
		userID, err := in.of(who)
		if err != nil {
			return result[usage.Costs]{}, err
		}
		c, err := r.Usage.Costs(ctx, usage.Query{UserID: userID, From: in.first, To: in.last, By: in.By}, who.Role == user.Admin)
		return result[usage.Costs]{data: c}, err
	}, doc{id: "getCosts", tag: "Analytics", scope: auth.ScopeAdmin, summary: "What language models cost, and the budgets of the month",
		detail: "For whom and by which days as in usage. Amounts are US dollars, exact, by the prices that were set when a model was asked; other " +
			"companies' calls cost nothing that is known here.",
		errors: []fault.Kind{fault.Forbidden}})
}
