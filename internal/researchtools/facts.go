package researchtools

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/reported"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// factsInput is the input of the tool for filed figures.
type factsInput struct {
	Symbol   string   `json:"symbol" jsonschema:"Ticker symbol or CIK" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$"`
	Concepts []string `json:"concepts" jsonschema:"revenue, costOfRevenue, grossProfit, researchAndDevelopment, operatingIncome, netIncome, eps, epsBasic, assets, currentAssets, inventory, liabilities, currentLiabilities, equity, cash, longTermDebt, currentDebt, operatingCashFlow, capitalExpenditure, dividendsPerShare, sharesOutstanding, sharesDiluted; or an XBRL tag such as us-gaap:Goodwill" pattern:"^[A-Za-z][A-Za-z0-9:_-]{1,150}$" minItems:"1" maxItems:"12"`
	Periods  []string `json:"periods,omitempty" jsonschema:"As the company counts: FY2024, Q3 2024, H1 FY2024, 9M FY2024; or TTM, latest, annual, quarterly, or the day a period ends; left out, latest" pattern:"^[A-Za-z0-9 -]{2,20}$" maxItems:"8"`
	Years    int      `json:"years,omitempty" jsonschema:"Of annual and quarterly, how many years back; left out, 4" minimum:"1" maximum:"15"`
}

// factsData is what is read of filed figures.
type factsData struct {
	Symbol  string `json:"symbol"`
	Company string `json:"company"`
	CIK     string `json:"cik"`
	Facts   []fact `json:"facts"`
}

// fact is the figure of a period as last filed.
type fact struct {
	Concept   string          `json:"concept"`
	Period    string          `json:"period"`
	Value     decimal.Decimal `json:"value" unit:"@unit"`
	Unit      string          `json:"unit"`
	Start     *calendar.Day   `json:"start"` // null for a moment
	End       calendar.Day    `json:"end"`
	AsOf      time.Time       `json:"asOf"` // the end of the period
	Label     string          `json:"label"`
	Tag       string          `json:"tag"`
	Form      string          `json:"form"`
	Filed     calendar.Day    `json:"filed"`
	Accession string          `json:"accession"`
	URL       string          `json:"url"`
	Derived   string          `json:"derived,omitempty"` // how it was made where the company reports none of its own
	Restated  bool            `json:"restated"`
	Before    []was           `json:"before,omitempty"` // what it was before it was restated, the oldest first
}

// was is a value that a period had in an earlier filing.
type was struct {
	Value     decimal.Decimal `json:"value" unit:"@unit"`
	Form      string          `json:"form"`
	Filed     calendar.Day    `json:"filed"`
	Accession string          `json:"accession"`
}

const (
	usualYears = 4
	mostFacts  = 120
	mostLabel  = 200
	yearDays   = 366
)

// ReportedFacts reads the figures that a company tagged in its filings.
func ReportedFacts(f *filings.Service, r *reported.Service) tool.Tool {
	return tool.New("get_reported_facts",
		"Figures as a company filed them with the SEC, each with unit, period, form, day and filing, and whether it was restated. "+
			"Periods are the company's fiscal ones. Place of a figure: t1.facts[0].value.",
		func(ctx context.Context, _ tool.Asker, in factsInput) (tool.Result, error) {
			a := asking{reported: r, in: in}
			if err := a.all(ctx); err != nil {
				return tool.Result{}, named(err)
			}
			return a.result(f)
		})
}

// asking collects the figures of a call.
type asking struct {
	reported *reported.Service
	in       factsInput
	company  reported.Figures
	values   []reported.Figure
	warnings []string
	missing  error
}

// all asks for every concept and period. What the company does not report costs a warning, and is an error where it
// reports nothing of all that is asked.
func (a *asking) all(ctx context.Context) error {
	periods := a.in.Periods
	if len(periods) == 0 {
		periods = []string{"latest"}
	}
	for _, concept := range a.in.Concepts {
		for _, period := range periods {
			if err := a.one(ctx, concept, period); err != nil {
				return err
			}
		}
	}
	if len(a.values) == 0 && a.missing != nil {
		return a.missing
	}
	if len(a.values) > mostFacts {
		a.warnings = append(a.warnings, fmt.Sprintf("Only the first %d of %d figures are shown; ask for fewer.", mostFacts, len(a.values)))
		a.values = a.values[:mostFacts]
	}
	return nil
}

func (a *asking) one(ctx context.Context, concept, period string) error {
	const plenty = 200
	found, _, warnings, err := a.reported.Read(ctx, reported.Ask{Company: a.in.Symbol, Concepts: []string{concept}, Period: period, Limit: plenty})
	switch {
	case fault.Is(err, fault.NotFound):
		a.missing = err
		a.warn("The company does not report " + concept + ".")
		return nil
	case err != nil:
		return err
	}
	a.company = found
	for _, w := range warnings {
		a.warn(w)
	}
	values := a.recent(found.Values, period)
	if len(values) == 0 {
		a.warn("The company has not reported " + concept + " for " + period + ".")
	}
	for _, v := range values {
		v.Name = concept
		a.values = append(a.values, v)
	}
	return nil
}

func (a *asking) warn(words string) {
	for _, said := range a.warnings {
		if said == words {
			return
		}
	}
	a.warnings = append(a.warnings, words)
}

// recent leaves out what ended longer before the latest than the years that are asked for.
func (a *asking) recent(all []reported.Figure, period string) []reported.Figure {
	series := strings.EqualFold(period, "annual") || strings.EqualFold(period, "quarterly")
	if !series || len(all) == 0 {
		return all
	}
	years := a.in.Years
	if years == 0 {
		years = usualYears
	}
	const slack = 20 // of years of 52 and 53 weeks
	oldest := all[0].End.AddDays(slack - years*yearDays)
	n := 0
	for n < len(all) && oldest.Before(all[n].End) {
		n++
	}
	return all[:n]
}

func (a *asking) result(f *filings.Service) (tool.Result, error) {
	data := factsData{Symbol: strings.ToUpper(a.in.Symbol), Company: line(a.company.Company, mostCompany), CIK: a.company.CIK, Facts: []fact{}}
	result := tool.Result{Warnings: a.warnings, Source: tool.Source{Name: SEC, Title: data.Company + ": figures as filed"}}
	cik, err := filings.ParseCIK(a.company.CIK)
	if err != nil && len(a.values) > 0 {
		return tool.Result{}, fault.Wrap(fault.UpstreamFailed, err, "the SEC's figures do not say whose they are; try again later")
	}
	for i, v := range a.values {
		one := factOf(v)
		one.URL = f.Source.DocumentURL(cik, filings.Accession(one.Accession), "")
		data.Facts = append(data.Facts, one)
		result.Source.AsOf = older(result.Source.AsOf, one.AsOf)
		result.Places = append(result.Places, tool.Place{Path: place("facts", i), Source: tool.Source{
			Name: SEC, Title: titleOfFiling(data.Company, one.Form, one.Filed) + ", " + one.Concept + " " + one.Period, AsOf: one.AsOf, URL: one.URL,
		}})
	}
	result.Data = data
	return result, nil
}

func factOf(v reported.Figure) fact {
	one := fact{
		Concept: v.Name, Period: v.Period, Value: v.Value.Value, Unit: factUnit(v.Unit), Start: v.Start, End: v.End, AsOf: midnight(v.End),
		Label: line(v.Label, mostLabel), Tag: v.Concept, Form: v.Form, Filed: v.FiledOn, Accession: v.Filing, Derived: v.Derived, Restated: v.Restated(),
	}
	if one.Period == "" {
		one.Period = v.End.String()
		if v.Start != nil {
			one.Period = v.Start.String() + " to " + one.Period
		}
	}
	if one.Restated {
		for _, h := range v.History[:len(v.History)-1] {
			one.Before = append(one.Before, was{h.Value, h.Form, h.FiledOn, h.Filing})
		}
	}
	return one
}
