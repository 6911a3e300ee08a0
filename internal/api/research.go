package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/research"
)

type newsInput struct {
	Days
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many stories at most, the newest."`
}

type newsAboutInput struct {
	Symbol string `path:"symbol" maxLength:"30" doc:"Such as AAPL, BRK.B or BTC-USD, in any case." example:"AAPL"`
	Days
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many stories at most, the newest."`
}

type searchInput struct {
	Query string `query:"q" required:"true" minLength:"1" maxLength:"100" doc:"Part of a name or symbol." example:"apple"`
}

// researchErrors are what asking sources about a symbol can end in.
var researchErrors = append([]fault.Kind{fault.UnknownSymbol, fault.NotOffered, fault.Overloaded}, upstreamErrors...)

// researchRoutes registers what sources tell of companies, and news.
func (r *router) researchRoutes() {
	const tag = "Research"
	const filledIn = "Sources are asked in their order, and one fills in what those before it do not say. While one cannot be reached, what it said last stands, marked stale."
	get(r, "/api/stocks/{symbol}/info", func(ctx context.Context, in *symbolInput) (result[research.Company], error) {
		company, warnings, err := r.Research.Company(ctx, in.Symbol)
		return result[research.Company]{data: company, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getCompany", tag: tag, scope: auth.ScopeRead, summary: "What a company or fund is", detail: filledIn, errors: researchErrors})

	get(r, "/api/stocks/{symbol}/metrics", func(ctx context.Context, in *symbolInput) (result[research.Metrics], error) {
		metrics, warnings, err := r.Research.Metrics(ctx, in.Symbol)
		return result[research.Metrics]{data: metrics, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getMetrics", tag: tag, scope: auth.ScopeRead, summary: "Figures by which companies are compared",
		detail: "Each with its source. Those that a company's filings tell count more than a vendor's, unless that is of a period which ended later. " + filledIn, errors: researchErrors})

	get(r, "/api/stocks/{symbol}/earnings", func(ctx context.Context, in *symbolInput) (result[research.Earnings], error) {
		earnings, warnings, err := r.Research.Earnings(ctx, in.Symbol)
		return result[research.Earnings]{data: earnings, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "getEarnings", tag: tag, scope: auth.ScopeRead, summary: "What a company earned by quarter, and when it reports next", detail: filledIn, errors: researchErrors})

	const stories = "The newest first, each once, of up to 92 days within the last year; a week where nobody says. Its texts are the publishers'."
	get(r, "/api/stocks/{symbol}/news", func(ctx context.Context, in *newsAboutInput) (result[[]market.Story], error) {
		news, warnings, err := r.Research.News(ctx, in.Symbol, in.first, in.last, in.Limit)
		return result[[]market.Story]{data: news.Stories, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "listSymbolNews", tag: tag, scope: auth.ScopeRead, summary: "What is in the news about an instrument", detail: stories, errors: researchErrors})

	get(r, "/api/news", func(ctx context.Context, in *newsInput) (result[[]market.Story], error) {
		news, warnings, err := r.Research.News(ctx, "", in.first, in.last, in.Limit)
		return result[[]market.Story]{data: news.Stories, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "listNews", tag: tag, scope: auth.ScopeRead, summary: "What is in the news about the market", detail: stories, errors: researchErrors})

	get(r, "/api/stocks/search", func(ctx context.Context, in *searchInput) (result[[]market.Match], error) {
		matches, warnings, err := r.Research.Search(ctx, in.Query)
		return result[[]market.Match]{data: matches, meta: Meta{Warnings: warnings}}, err
	}, doc{id: "searchInstruments", tag: tag, scope: auth.ScopeRead, summary: "Find instruments by part of a name or symbol",
		detail: "An exact symbol first, then as sources rank them.", errors: append([]fault.Kind{fault.NotOffered, fault.Overloaded}, upstreamErrors...)})
}
