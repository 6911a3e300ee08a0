package researchtools

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// symbolInput is the input of tools that are about one symbol.
type symbolInput struct {
	Symbol string `json:"symbol" jsonschema:"Ticker symbol, such as AAPL, BRK.B or VOD.L" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$"`
}

// companyData is what is read of a company.
type companyData struct {
	Symbol      string           `json:"symbol"`
	Name        string           `json:"name"`
	AssetClass  string           `json:"assetClass"`
	Exchange    string           `json:"exchange"`
	Country     string           `json:"country"`
	City        string           `json:"city"`
	Sector      string           `json:"sector"`
	Industry    string           `json:"industry"`
	Website     string           `json:"website"`
	Listed      *calendar.Day    `json:"listed"`
	Employees   *int64           `json:"employees" unit:"employees"`
	MarketCap   *decimal.Decimal `json:"marketCap" unit:"@marketCapCurrency"`
	CapCurrency string           `json:"marketCapCurrency"`
	Shares      *decimal.Decimal `json:"sharesOutstanding" unit:"shares"`
	Summary     string           `json:"summary"`
}

// mostSummary bounds a company's description.
const mostSummary = 2500

// Company reads what a company or a fund is.
func Company(r *research.Service) tool.Tool {
	return tool.New("get_company",
		"What a company or fund is: name, exchange, country, sector, industry, employees, market capitalisation, shares outstanding and a summary of what it does.",
		func(ctx context.Context, _ tool.Asker, in symbolInput) (tool.Result, error) {
			c, warnings, err := r.Company(ctx, in.Symbol)
			if err != nil {
				return tool.Result{}, named(err)
			}
			names, asOf := told(c.Sources)
			source := tool.Source{Name: names, Title: c.Symbol + ": " + c.Name, AsOf: asOf}
			data := companyData{
				Symbol: c.Symbol, Name: c.Name, AssetClass: c.AssetClass, Exchange: c.Exchange, Country: c.Country, City: c.City, Sector: c.Sector,
				Industry: c.Industry, Website: publicURL(c.Website), Listed: c.Listed, Employees: c.Employees, MarketCap: c.MarketCap,
				CapCurrency: c.CapCurrency, Shares: c.Shares, Summary: clean(c.Description, mostSummary),
			}
			result := tool.Result{Data: data, Warnings: warnings, Source: source}
			if data.Summary != "" {
				result.Places = []tool.Place{{Path: "summary", Source: source, Text: data.Summary}}
			}
			return result, nil
		})
}

// metricsInput is the input of the tool for a company's metrics.
type metricsInput struct {
	Symbol  string   `json:"symbol" jsonschema:"Ticker symbol, such as AAPL, BRK.B or VOD.L" pattern:"^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$"`
	Metrics []string `json:"metrics,omitempty" jsonschema:"Only these, such as trailingPE, revenue or grossMargin; leave it out for all there are" pattern:"^[A-Za-z0-9]{1,40}$" maxItems:"60"`
}

// metricsData is what is read of a company's metrics.
type metricsData struct {
	Symbol  string   `json:"symbol"`
	Metrics []metric `json:"metrics"`
}

// metric is one, with its unit as figures have it.
type metric struct {
	Name   string          `json:"name"`
	Value  decimal.Decimal `json:"value" unit:"@unit"`
	Unit   string          `json:"unit"`
	Period string          `json:"period"`
	AsOf   *time.Time      `json:"asOf"`
	Source string          `json:"source"`
	Filing string          `json:"filing,omitempty"`
}

// CompanyMetrics reads the figures by which companies are compared.
func CompanyMetrics(r *research.Service) tool.Tool {
	return tool.New("get_company_metrics",
		"Figures by which a company or fund is judged: valuation ratios, margins, growth, income, cash, debt, dividends, beta, analysts' target price. "+
			"Each with unit, period (ttm, a fiscal period; empty for now), source and, where it was filed, the filing.",
		func(ctx context.Context, _ tool.Asker, in metricsInput) (tool.Result, error) {
			m, warnings, err := r.Metrics(ctx, in.Symbol)
			if err != nil {
				return tool.Result{}, named(err)
			}
			data, names, asOf := metricsData{Symbol: m.Symbol, Metrics: []metric{}}, []string{}, time.Time{}
			for _, one := range m.Metrics {
				wanted := func(name string) bool { return strings.EqualFold(name, one.Name) }
				if len(in.Metrics) > 0 && !slices.ContainsFunc(in.Metrics, wanted) {
					continue
				}
				source := sourceName(one.Source, one.Filing)
				data.Metrics = append(data.Metrics, metric{one.Name, one.Value, unitOf(one.Unit, one.Currency), one.Period, one.AsOf, source, one.Filing})
				names = append(names, source)
				if one.AsOf != nil {
					asOf = older(asOf, *one.AsOf)
				}
			}
			for _, name := range in.Metrics {
				if !slices.ContainsFunc(data.Metrics, func(one metric) bool { return strings.EqualFold(name, one.Name) }) {
					warnings = append(warnings, "No source tells "+name+" of "+m.Symbol+".")
				}
			}
			return tool.Result{Data: data, Warnings: warnings, Source: tool.Source{Name: joined(names), Title: m.Symbol + ": metrics", AsOf: asOf}}, nil
		})
}

func sourceName(source, filing string) string {
	if filing != "" {
		return SEC
	}
	return source
}

// earningsData is what is read of a company's earnings.
type earningsData struct {
	Symbol   string    `json:"symbol"`
	Currency string    `json:"currency"`
	Next     *nextDate `json:"next"`
	Quarters []quarter `json:"quarters"`
}

// nextDate is when a company reports next, as a day or a span.
type nextDate struct {
	From        calendar.Day     `json:"from"`
	To          calendar.Day     `json:"to"`
	When        string           `json:"when"` // before, during or after the session; empty where nobody says
	EPSEstimate *decimal.Decimal `json:"epsEstimate" unit:"@currency/shares"`
	Revenue     *decimal.Decimal `json:"revenueEstimate" unit:"@currency"`
}

// quarter is what a company earned in one.
type quarter struct {
	Period          string           `json:"period"` // Q3 FY2026, or the day it ended where nobody counts it
	PeriodEnd       calendar.Day     `json:"periodEnd"`
	EPSActual       *decimal.Decimal `json:"epsActual" unit:"@currency/shares"`
	EPSEstimate     *decimal.Decimal `json:"epsEstimate" unit:"@currency/shares"`
	Surprise        *decimal.Decimal `json:"surprise" unit:"@currency/shares"`
	SurprisePercent *decimal.Decimal `json:"surprisePercent" unit:"%"`
	RevenueActual   *decimal.Decimal `json:"revenueActual" unit:"@currency"`
	RevenueEstimate *decimal.Decimal `json:"revenueEstimate" unit:"@currency"`
}

// mostQuarters are shown, the newest.
const mostQuarters = 12

// Earnings reads when a company reports next, and what it earned against what was expected.
func Earnings(r *research.Service) tool.Tool {
	return tool.New("get_earnings",
		"When a company reports next with what is expected, and its past quarters, newest first: earnings per share and revenue against estimates, and the surprise.",
		func(ctx context.Context, _ tool.Asker, in symbolInput) (tool.Result, error) {
			e, warnings, err := r.Earnings(ctx, in.Symbol)
			if err != nil {
				return tool.Result{}, named(err)
			}
			data := earningsData{Symbol: e.Symbol, Currency: e.Currency, Quarters: []quarter{}}
			if n := e.Next; n != nil {
				data.Next = &nextDate{n.From, n.To, n.When, n.EPSEstimate, n.Revenue}
			}
			for _, q := range e.Quarters[:min(len(e.Quarters), mostQuarters)] {
				data.Quarters = append(data.Quarters, quarter{
					fiscal(q.FiscalYear, q.FiscalQuarter, q.PeriodEnd), q.PeriodEnd,
					q.EPSActual, q.EPSEstimate, q.Surprise, q.SurprisePercent, q.RevenueActual, q.RevenueEstimate,
				})
			}
			if e.Currency == "" {
				warnings = append(warnings, "No source says in which currency these amounts are.")
			}
			names, asOf := told(e.Sources)
			return tool.Result{Data: data, Warnings: warnings, Source: tool.Source{Name: names, Title: e.Symbol + ": earnings", AsOf: asOf}}, nil
		})
}
