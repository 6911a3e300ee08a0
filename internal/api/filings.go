package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

// FormFilter chooses filings by form and day. It is exported, like Page, because huma looks into exported embedded structs only.
type FormFilter struct {
	Form       []string `query:"form" maxItems:"20" doc:"Forms as they are called, with commas between, or of these families: annual, quarterly, current, proxy, insider, ownership, registration, prospectus, late." example:"10-K,10-Q"`
	Amendments bool     `query:"amendments" doc:"Amendments of these forms, too: 10-K/A beside 10-K."`
	From       string   `query:"from" maxLength:"10" doc:"Filed on this day or later." example:"2024-01-01"`
	To         string   `query:"to" maxLength:"10" doc:"Filed on this day or earlier." example:"2024-12-31"`
}

type filingsInput struct {
	Symbol string `path:"symbol" maxLength:"20" doc:"A symbol such as AAPL, BRK.B or BRK-B, or a CIK with or without its zeros." example:"AAPL"`
	FormFilter
	Page
}

type filingInput struct {
	Accession string `path:"accession" maxLength:"20" doc:"With dashes or without." example:"0000320193-24-000123"`
	Section   string `query:"section" maxLength:"30" doc:"An item of the main document: 1A of a 10-K, II.1A of a 10-Q (1A, where only one part has it), 2.02 of an 8-K." example:"1A"`
	Document  string `query:"document" maxLength:"128" doc:"A document of the filing instead, by its name."`
	Company   string `query:"company" maxLength:"20" doc:"Whose it is, a symbol or a CIK: needed where an agent sent it in and no list or search has shown it yet."`
	Limit     int    `query:"limit" minimum:"100" maximum:"200000" default:"50000" doc:"How many characters of text at most."`
	Cursor    string `query:"cursor" maxLength:"20" doc:"meta.nextCursor of the piece before."`
	Cacheable
}

type filingSearchInput struct {
	Q      string `query:"q" maxLength:"400" doc:"Words, which must all be there, \"a phrase\", OR, -without, begin*."`
	Symbol string `query:"symbol" maxLength:"20" doc:"Of one company: a symbol or a CIK."`
	FormFilter
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many filings at most."`
	Cursor string `query:"cursor" maxLength:"20" doc:"meta.nextCursor of the page before."`
}

// filingErrors are what asking for filings can end in.
var filingErrors = append([]fault.Kind{fault.FilingsNotConfigured, fault.UnknownSymbol, fault.NotFound}, upstreamErrors...)

// filingRoutes registers what companies filed with the SEC.
func (r *router) filingRoutes() {
	const tag = "Filings"
	get(r, "/api/edgar/filings/{symbol}", func(ctx context.Context, in *filingsInput) (result[[]filings.Listed], error) {
		list, next, warnings, err := r.Filings.List(ctx, filings.Filter{
			Company: in.Symbol, Forms: in.Form, Amendments: in.Amendments, From: in.From, To: in.To, Limit: in.Limit, Cursor: in.Cursor,
		})
		return result[[]filings.Listed]{data: list, meta: Meta{NextCursor: next, Warnings: warnings}}, err
	}, doc{id: "listFilings", tag: tag, scope: auth.ScopeRead, summary: "What a company filed, newest first",
		detail: "All of it, back to its first filing. A page may have fewer filings than asked for, and still a next one.", errors: filingErrors})

	getLasting(r, "/api/edgar/filing/{accession}", func(ctx context.Context, in *filingInput) (result[documents.Filing], error) {
		filing, next, warnings, err := r.Documents.Read(ctx, documents.Ask{
			Accession: in.Accession, Company: in.Company, Section: in.Section, Document: in.Document, Limit: in.Limit, Cursor: in.Cursor,
		})
		return result[documents.Filing]{data: filing, meta: Meta{NextCursor: next, Warnings: warnings}, lasting: len(warnings) == 0}, err
	}, doc{id: "getFiling", tag: tag, scope: auth.ScopeRead, summary: "A filing: its documents, its sections, and the text of one",
		detail: "Places are characters of a document's flat text, which stays as it is. An item that refers to an exhibit of the filing is followed there.",
		errors: append([]fault.Kind{fault.FilingTooLarge, fault.Overloaded}, filingErrors...)})

	get(r, "/api/edgar/search", func(ctx context.Context, in *filingSearchInput) (result[[]filings.Found], error) {
		found, next, warnings, err := r.Filings.Find(ctx, filings.Search{
			Text: in.Q, Company: in.Symbol, Forms: in.Form, Amendments: in.Amendments, From: in.From, To: in.To, Limit: in.Limit, Cursor: in.Cursor,
		})
		return result[[]filings.Found]{data: found, meta: Meta{NextCursor: next, Warnings: warnings}}, err
	}, doc{id: "searchFilings", tag: tag, scope: auth.ScopeRead, summary: "Filings since 2001 by their words",
		detail: "By filing, with the documents in which the words are; the best first, and without words the newest. A filing comes again on a later page where more of its documents match.",
		errors: append([]fault.Kind{fault.Overloaded}, filingErrors...)})
}
