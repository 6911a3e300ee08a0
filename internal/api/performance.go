package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/performance"
)

type performanceInput struct {
	Range        string `query:"range" enum:"1D,1W,1M,3M,6M,YTD,1Y,ALL" doc:"How far back from the last day; ALL where neither it nor from or to is given."`
	From         string `query:"from" format:"date" doc:"The day at whose close the period begins." example:"2026-01-02"`
	To           string `query:"to" format:"date" doc:"The last day of the period." example:"2026-06-30"`
	ConnectionID string `query:"connectionId" maxLength:"36" doc:"Of these accounts alone."`

	query performance.Query
}

// Resolve is called by huma once the query is read.
func (in *performanceInput) Resolve(huma.Context) []error {
	in.query = performance.Query{Range: in.Range, ConnectionID: in.ConnectionID}
	var errs []error
	for _, day := range []struct {
		name, text string
		to         *calendar.Day
	}{{"from", in.From, &in.query.From}, {"to", in.To, &in.query.To}} {
		if day.text == "" {
			continue
		}
		parsed, err := calendar.ParseDay(day.text)
		if err != nil {
			continue // the schema has named it
		}
		if parsed.Year < 1900 || parsed.Year > 2200 {
			errs = append(errs, &huma.ErrorDetail{Location: "query." + day.name, Message: "must be a day such as 2026-06-30"})
			continue
		}
		*day.to = parsed
	}
	if in.ConnectionID != "" && !db.IsID(in.ConnectionID) {
		errs = append(errs, fault.New(fault.NotFound, "you have no account through this connection"))
	}
	return errs
}

// performanceRoutes registers how a person's portfolio did.
func (r *router) performanceRoutes() {
	get(r, "/api/portfolio/performance", func(ctx context.Context, in *performanceInput) (result[performance.Performance], error) {
		shown, warnings, err := r.Performance.Performance(ctx, identity(ctx).UserID, in.query)
		return result[performance.Performance]{data: shown, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getPerformance", tag: "Portfolio", scope: auth.ScopeRead, summary: "How my portfolio did",
		detail: "Over a range, or between two days. What came in and what went out is no gain; an account counts from where its known " +
			"history begins, with what it held then as something that came in. Every figure says by which method it was worked out.",
		errors: []fault.Kind{fault.NotFound, fault.Overloaded}})
}
