package researchtools

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// listInput is the input of the tool that lists filings.
type listInput struct {
	Symbol string        `json:"symbol" jsonschema:"Ticker symbol or CIK" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$"`
	Forms  []string      `json:"forms,omitempty" jsonschema:"Forms such as 10-K, or families: annual, quarterly, current, proxy, insider, ownership, registration, prospectus, late" pattern:"^[A-Za-z0-9/ -]{1,20}$" maxItems:"10"`
	First  *calendar.Day `json:"first,omitempty" jsonschema:"Filed on this day or later"`
	Last   *calendar.Day `json:"last,omitempty" jsonschema:"Filed on this day or before"`
	Limit  int           `json:"limit,omitempty" jsonschema:"How many, the newest first; left out, 10" minimum:"1" maximum:"40"`
}

// filingsData is what is read of filings.
type filingsData struct {
	Filings []filing `json:"filings"`
	More    bool     `json:"more"` // whether there are more than these
}

// filing is one as lists and searches have it.
type filing struct {
	Accession   string        `json:"accession"`
	Company     string        `json:"company"`
	CIK         string        `json:"cik"`
	Form        string        `json:"form"`
	Filed       calendar.Day  `json:"filed"`
	ReportsOn   *calendar.Day `json:"reportsOn"` // the last day it reports on
	Items       []string      `json:"items,omitempty"`
	Description string        `json:"description,omitempty"`
	URL         string        `json:"url"`
	Documents   []foundIn     `json:"documents,omitempty"`
}

// foundIn is a document in which a search found its words.
type foundIn struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
}

const (
	usualFilings    = 10
	mostCompany     = 150
	mostDescription = 200
	mostDocuments   = 3
)

// ListFilings lists what a company filed.
func ListFilings(f *filings.Service) tool.Tool {
	return tool.New("list_filings",
		"What a company filed with the SEC, newest first: accession number, form, day, the day it reports on, items of an 8-K. "+
			"Read a filing's words with read_filing_section.",
		func(ctx context.Context, _ tool.Asker, in listInput) (tool.Result, error) {
			from, to, err := spanOf(in.First, in.Last)
			if err != nil {
				return tool.Result{}, err
			}
			list, next, warnings, err := f.List(ctx, filings.Filter{Company: in.Symbol, Forms: in.Forms, From: from, To: to, Limit: cmp.Or(in.Limit, usualFilings)})
			if err != nil {
				return tool.Result{}, named(err)
			}
			data, asOf := filingsData{Filings: []filing{}, More: next != ""}, time.Time{}
			for _, one := range list {
				asOf = older(asOf, one.FetchedAt)
				data.Filings = append(data.Filings, filing{
					Accession: one.Accession, Company: line(one.Company, mostCompany), CIK: one.CIK, Form: one.Form, Filed: one.Filed, ReportsOn: one.Period,
					Items: one.Items, Description: line(one.Description, mostDescription), URL: one.URL,
				})
			}
			return filingsResult(data, "Filings of "+in.Symbol, asOf, warnings), nil
		})
}

// filingsResult makes each filing a place of its own.
func filingsResult(data filingsData, title string, asOf time.Time, warnings []string) tool.Result {
	result := tool.Result{Data: data, Warnings: warnings, Source: tool.Source{Name: SEC, Title: title, AsOf: asOf}}
	if len(data.Filings) == 0 {
		result.Warnings = append(result.Warnings, "No filing of this kind is known to the SEC for these days.")
	}
	for i, one := range data.Filings {
		result.Places = append(result.Places, tool.Place{
			Path: place("filings", i), Source: tool.Source{Name: SEC, Title: titleOfFiling(one.Company, one.Form, one.Filed), AsOf: midnight(one.Filed), URL: one.URL},
		})
	}
	return result
}

func titleOfFiling(company, form string, filed calendar.Day) string {
	return fmt.Sprintf("%s: %s filed %s", line(company, mostCompany), form, filed)
}

// place is the path of a list's element.
func place(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// searchInput is the input of the tool that searches all filings.
type searchInput struct {
	Query  string        `json:"query" jsonschema:"Words that must all be there; a phrase in quotes, OR, -word without, word* with any end" minLength:"1" maxLength:"400"`
	Symbol string        `json:"symbol,omitempty" jsonschema:"Only this company's: ticker symbol or CIK" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$"`
	Forms  []string      `json:"forms,omitempty" jsonschema:"Forms such as 10-K, or families: annual, quarterly, current, proxy, insider, ownership, registration, prospectus, late" pattern:"^[A-Za-z0-9/ -]{1,20}$" maxItems:"10"`
	First  *calendar.Day `json:"first,omitempty" jsonschema:"Filed on this day or later; nothing before 2001 is found"`
	Last   *calendar.Day `json:"last,omitempty" jsonschema:"Filed on this day or before"`
}

// SearchFilings finds filings of all companies by their words.
func SearchFilings(f *filings.Service) tool.Tool {
	return tool.New("search_filings",
		"Finds filings of any company by exact words in their full text: which filings, and in which documents. It gives no text. "+
			"To find what a company says about something, use search_passages.",
		func(ctx context.Context, _ tool.Asker, in searchInput) (tool.Result, error) {
			from, to, err := spanOf(in.First, in.Last)
			if err != nil {
				return tool.Result{}, err
			}
			found, next, warnings, err := f.Find(ctx, filings.Search{Text: in.Query, Company: in.Symbol, Forms: in.Forms, From: from, To: to, Limit: usualFilings})
			if err != nil {
				return tool.Result{}, named(err)
			}
			data, asOf := filingsData{Filings: []filing{}, More: next != ""}, time.Time{}
			for _, one := range found {
				asOf = older(asOf, one.FetchedAt)
				data.Filings = append(data.Filings, filing{
					Accession: one.Accession, Company: line(one.Company, mostCompany), CIK: one.CIK, Form: one.Form, Filed: one.Filed, ReportsOn: one.Period,
					Items: one.Items, URL: one.URL, Documents: foundDocuments(one.Documents),
				})
			}
			return filingsResult(data, "Filings with: "+line(in.Query, 60), asOf, warnings), nil
		})
}

func foundDocuments(all []filings.FoundDocument) []foundIn {
	var some []foundIn
	for _, d := range all[:min(len(all), mostDocuments)] {
		some = append(some, foundIn{line(d.Name, mostDescription), line(d.Type, 40), line(d.Description, mostDescription), d.URL})
	}
	return some
}
