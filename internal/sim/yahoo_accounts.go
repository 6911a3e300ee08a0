package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
)

// quarterShares are the percents of a year that its quarters bring: any four in a row are a whole one.
var quarterShares = [4]int64{22, 24, 23, 31}

// margin is the part of revenue, in percent, that is earned or lost in the end.
const margin = 12

// reported is a quarter of the calendar that a company has reported.
type reported struct {
	end           calendar.Day
	label         string // 3Q2026
	eps, estimate decimal.Decimal
	revenue       decimal.Decimal
	earned        decimal.Decimal
}

// quarterly are the last four quarters reported by the day of the quote, the oldest first. They make up the twelve months
// of the fundamentals. Those of a company that files are the ones it told of.
func (w *World) quarterly(in *Instrument, f fundamentals, q Quote) []reported {
	if f.filed != nil {
		return w.quartersAsFiled(in)
	}
	end := calendar.Day{Year: q.Day.Year, Month: (q.Day.Month-1)/3*3 + 1, Day: 1}.AddDays(-1) // of the quarter before the day's
	if report := nextSession(end.AddDays(26)); q.Day.Before(report) {
		end = quarterBefore(end)
	}
	quarters := make([]reported, 4)
	for i := range quarters {
		number := int(end.Month) / 3
		part := decimal.New(quarterShares[number-1], -2)
		one := reported{end: end, label: fmt.Sprintf("%dQ%d", number, end.Year), eps: f.eps.Mul(part).Round(2)}
		one.estimate = w.estimated(in, end, one.eps)
		one.revenue, one.earned = f.revenue.Mul(part).Round(0), f.income.Mul(part).Round(0)
		quarters[len(quarters)-1-i] = one
		end = quarterBefore(end)
	}
	return quarters
}

// estimated is what had been expected of a quarter.
func (w *World) estimated(in *Instrument, end calendar.Day, eps decimal.Decimal) decimal.Decimal {
	missed := w.deviation(in.key, dayNumber(end), 11) // thousandths
	return eps.Mul(decimal.New(1000-missed/40, -3)).Round(5)
}

// quartersAsFiled are the last four of a company that files. Fiscal quarters go by the one of the calendar they lie in
// for the most part.
func (w *World) quartersAsFiled(in *Instrument) []reported {
	c, _ := w.Filings().Of(in.Symbol)
	var quarters []reported
	for _, told := range c.Quarters(w.now())[:4] {
		middle := told.End.AddDays(-45)
		quarters = append(quarters, reported{
			end: told.End, label: fmt.Sprintf("%dQ%d", (int(middle.Month)+2)/3, middle.Year), eps: told.EPSDiluted,
			estimate: w.estimated(in, told.End, told.EPSDiluted), revenue: told.Revenue, earned: told.NetIncome,
		})
	}
	slices.Reverse(quarters)
	return quarters
}

func quarterBefore(end calendar.Day) calendar.Day {
	return calendar.Day{Year: end.Year, Month: end.Month - 2, Day: 1}.AddDays(-1)
}

// rawOf is a figure as these modules have it, whether they are asked to leave its text out or not.
func rawOf(d decimal.Decimal) map[string]any {
	return map[string]any{"raw": d, "fmt": d.Round(2).String()}
}

// addAccounts adds the modules of companies' accounts and reports.
func (w *World) addAccounts(modules map[string]map[string]any, in *Instrument, q Quote, now time.Time) {
	f := w.fundamentals(in, q)
	quarters := w.quarterly(in, f, q)
	modules["financialData"] = w.financialModule(q, f)
	var history, shares, company []map[string]any
	for i, one := range quarters {
		surprise := one.eps.Sub(one.estimate)
		history = append(history, map[string]any{
			"maxAge": 1, "epsActual": rawOf(one.eps), "epsEstimate": rawOf(one.estimate), "epsDifference": rawOf(surprise.Round(2)),
			"surprisePercent": rawOf(ratio(surprise, one.estimate.Abs()).Round(4)), "quarter": rawOf(decimal.NewFromInt(dayStart(one.end))),
			"currency": f.currency, "period": fmt.Sprintf("-%dq", len(quarters)-i),
		})
		shares = append(shares, map[string]any{"date": one.label, "actual": one.eps, "estimate": one.estimate})
		company = append(company, map[string]any{"date": one.label, "revenue": one.revenue, "earnings": one.earned})
	}
	modules["earningsHistory"] = map[string]any{"history": history}
	modules["earnings"] = map[string]any{
		"earningsChart": map[string]any{"quarterly": shares}, "financialsChart": map[string]any{"yearly": []any{}, "quarterly": company},
		"financialCurrency": f.currency,
	}
	next := quarters[0]
	expected, revenue := next.eps.Mul(decimal.New(108, -2)).Round(5), next.revenue.Mul(decimal.New(104, -2)).Round(0)
	modules["earningsTrend"] = map[string]any{"trend": []map[string]any{{
		"maxAge": 1, "period": "0q", "endDate": quarterAfter(quarters[3].end).String(),
		"earningsEstimate": map[string]any{"avg": rawOf(expected), "numberOfAnalysts": rawOf(decimal.NewFromInt(21)), "earningsCurrency": f.currency},
		"revenueEstimate":  map[string]any{"avg": rawOf(revenue), "numberOfAnalysts": rawOf(decimal.NewFromInt(19)), "revenueCurrency": f.currency},
	}}}
	modules["calendarEvents"] = calendarModule(f, expected, revenue, now)
}

func quarterAfter(end calendar.Day) calendar.Day {
	return calendar.Day{Year: end.Year, Month: end.Month + 4, Day: 1}.AddDays(-1)
}

func dayStart(d calendar.Day) int64 {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix()
}

// calendarModule has the next report: while it is some weeks ahead as a guess at a span, then as a time.
func calendarModule(f fundamentals, expected, revenue decimal.Decimal, now time.Time) map[string]any {
	dates, guessed := []int64{f.earnings.Unix()}, f.earnings.Sub(now) > 21*24*time.Hour
	if guessed {
		dates = append(dates, f.earnings.AddDate(0, 0, 4).Unix())
	}
	module := map[string]any{"earnings": map[string]any{
		"earningsDate": dates, "isEarningsDateEstimate": guessed, "earningsAverage": expected, "revenueAverage": revenue,
	}}
	if f.paid.IsPositive() {
		module["exDividendDate"], module["dividendDate"] = dayStart(f.exDay), dayStart(f.payDay)
	}
	return module
}

// financialModule has margins and growth as fractions, but debt by equity in percent. What is of a share's price is in the
// price's own unit, pence too.
func (w *World) financialModule(q Quote, f fundamentals) map[string]any {
	a, shares := f.accounts(), decimal.NewFromInt(f.shares)
	return map[string]any{
		"currentPrice": q.Price, "targetMeanPrice": q.Price.Mul(decimal.New(112, -2)).Round(tickDigits), "recommendationKey": "hold",
		"totalRevenue": a.Revenue, "grossProfits": a.GrossProfit, "ebitda": a.EBITDA, "operatingCashflow": a.OperatingCash, "freeCashflow": a.FreeCash,
		"totalCash": a.Cash, "totalDebt": a.Debt, "debtToEquity": ratio(a.Debt.Shift(2), a.Equity).Round(3),
		"revenuePerShare": ratio(a.Revenue, shares).Round(3), "totalCashPerShare": ratio(a.Cash, shares).Round(3),
		"grossMargins": ratio(a.GrossProfit, a.Revenue).Round(5), "ebitdaMargins": ratio(a.EBITDA, a.Revenue).Round(5), "operatingMargins": ratio(a.Operating, a.Revenue).Round(5),
		"profitMargins": ratio(a.NetIncome, a.Revenue).Round(5), "returnOnEquity": ratio(a.NetIncome, a.Equity).Round(5),
		"returnOnAssets": ratio(a.NetIncome, a.Assets).Round(5), "revenueGrowth": a.Growth,
		"currentRatio": decimal.New(13, -1), "quickRatio": decimal.New(11, -1), "financialCurrency": f.currency,
	}
}

// accounts are those of the filings, or for a company that files none, what its size suggests.
func (f fundamentals) accounts() books.Standing {
	if f.filed != nil {
		return *f.filed
	}
	of := func(percent int64) decimal.Decimal { return f.revenue.Mul(decimal.New(percent, -2)).Round(0) }
	equity := f.book.Mul(decimal.NewFromInt(f.shares))
	return books.Standing{
		Revenue: f.revenue, GrossProfit: of(44), Operating: of(17), EBITDA: of(22), NetIncome: f.income, OperatingCash: of(18), FreeCash: of(13),
		Cash: of(15), Debt: equity.Mul(decimal.New(40, -2)).Round(0), Equity: equity, Assets: equity.Mul(decimal.NewFromInt(2)), Growth: decimal.New(4, -2),
	}
}

// kindModule says what a symbol is.
func (in *Instrument) kindModule(now time.Time) map[string]any {
	kind, _ := in.yahooType()
	zone, offset := now.In(in.zone).Zone()
	return map[string]any{
		"symbol": in.yahooSymbol(), "underlyingSymbol": in.yahooSymbol(), "quoteType": kind, "exchange": in.yahooExchange().code,
		"shortName": in.Name, "longName": in.Name, "firstTradeDateEpochUtc": epoch.At(9, 30).Unix(),
		"timeZoneFullName": in.zone.String(), "timeZoneShortName": zone, "gmtOffSetMilliseconds": offset * 1000,
	}
}

// goneModules are the stub that is kept of what is traded no more.
func (in *Instrument) goneModules(now time.Time) map[string]map[string]any {
	kind := in.kindModule(now)
	kind["quoteType"], kind["exchange"], kind["longName"] = "MUTUALFUND", "YHD", nil
	return map[string]map[string]any{
		"quoteType": kind,
		"price": {
			"symbol": in.yahooSymbol(), "quoteType": "MUTUALFUND", "exchange": "YHD", "exchangeName": "YHD", "shortName": in.Symbol,
			"marketState": "CLOSED", "priceHint": 2, "regularMarketTime": in.Delisted.At(16, 0).Unix(),
		},
		"fundProfile": {"family": nil, "categoryName": nil, "feesExpensesInvestment": map[string]any{}},
	}
}

// addFund adds what there is of a fund, exchange-traded or not.
func (w *World) addFund(modules map[string]map[string]any, in *Instrument, q Quote) {
	house, _, _ := strings.Cut(in.Name, " ")
	cost, assets := decimal.New(3+int64(in.key%40), -4), w.fundamentals(in, q).marketCap
	modules["fundProfile"] = map[string]any{
		"family": house, "categoryName": "Large Blend", "legalType": map[Kind]any{ETF: "Exchange Traded Fund"}[in.Kind],
		"feesExpensesInvestment": map[string]any{"annualReportExpenseRatio": cost},
	}
	detail, statistics := modules["summaryDetail"], modules["defaultKeyStatistics"]
	detail["totalAssets"], detail["yield"] = assets, detail["dividendYield"]
	delete(detail, "dividendYield")
	delete(detail, "dividendRate")
	if detail["yield"] == nil {
		delete(detail, "yield")
	}
	statistics["beta3Year"], statistics["totalAssets"], statistics["category"] = decimal.New(in.beta, -2), assets, "Large Blend"
}
