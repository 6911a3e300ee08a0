package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/reported"
)

type factsInput struct {
	Symbol  string   `path:"symbol" maxLength:"20" doc:"A symbol such as AAPL, BRK.B or BRK-B, or a CIK with or without its zeros." example:"AAPL"`
	Concept []string `query:"concept" maxItems:"20" doc:"Figures, with commas between: revenue, costOfRevenue, grossProfit, researchAndDevelopment, operatingIncome, netIncome, epsBasic, epsDiluted, assets, currentAssets, inventory, liabilities, currentLiabilities, equity, cash, longTermDebt, currentDebt, operatingCashFlow, capitalExpenditure, dividendsPerShare, sharesOutstanding, sharesDiluted, or tags such as us-gaap:NetIncomeLoss. Without any, the last values of these." example:"revenue,netIncome"`
	Period  string   `query:"period" maxLength:"20" doc:"annual, quarterly, latest, ttm, a fiscal period as the company counts (FY2024, Q3 FY2024, H1 FY2024, 9M FY2024), or the day a period ends." example:"FY2024"`
	Unit    string   `query:"unit" maxLength:"40" doc:"As filed, such as USD or USD/shares; the one the company used last."`
	Limit   int      `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many values at most."`
	Cursor  string   `query:"cursor" maxLength:"20" doc:"meta.nextCursor of the page before."`
}

// factRoutes registers the figures of filings.
func (r *router) factRoutes() {
	get(r, "/api/edgar/facts/{symbol}", func(ctx context.Context, in *factsInput) (result[reported.Figures], error) {
		all, next, warnings, err := r.Reported.Read(ctx, reported.Ask{
			Company: in.Symbol, Concepts: in.Concept, Period: in.Period, Unit: in.Unit, Limit: in.Limit, Cursor: in.Cursor,
		})
		return result[reported.Figures]{data: all, meta: Meta{NextCursor: next, Warnings: warnings}}, err
	}, doc{id: "getFacts", tag: "Filings", scope: auth.ScopeRead, summary: "Figures that a company tagged in its filings",
		detail: "Of each period the value as last filed, with those it had before and the filings they stand in. Quarters that only longer periods tell are derived, and say of what.",
		errors: filingErrors})
}
