package market

import (
	"fmt"
	"slices"
)

// Names of metrics. Each means the same and has the same unit whoever says it; MetricKinds tells which.
const (
	MarketCap          = "marketCap"
	EnterpriseValue    = "enterpriseValue"
	TrailingPE         = "trailingPE"
	ForwardPE          = "forwardPE"
	PEGRatio           = "pegRatio"
	PriceToBook        = "priceToBook"
	PriceToSales       = "priceToSales"
	EVToRevenue        = "evToRevenue"
	EVToEBITDA         = "evToEbitda"
	EPS                = "eps"
	ForwardEPS         = "forwardEps"
	BookValuePerShare  = "bookValuePerShare"
	RevenuePerShare    = "revenuePerShare"
	CashPerShare       = "cashPerShare"
	Revenue            = "revenue"
	GrossProfit        = "grossProfit"
	OperatingIncome    = "operatingIncome"
	EBITDA             = "ebitda"
	NetIncome          = "netIncome"
	OperatingCashFlow  = "operatingCashFlow"
	FreeCashFlow       = "freeCashFlow"
	TotalCash          = "totalCash"
	TotalDebt          = "totalDebt"
	TotalAssets        = "totalAssets"
	TotalLiabilities   = "totalLiabilities"
	Equity             = "equity"
	GrossMargin        = "grossMargin"
	OperatingMargin    = "operatingMargin"
	NetMargin          = "netMargin"
	EBITDAMargin       = "ebitdaMargin"
	ReturnOnEquity     = "returnOnEquity"
	ReturnOnAssets     = "returnOnAssets"
	RevenueGrowth      = "revenueGrowth"
	EarningsGrowth     = "earningsGrowth"
	DebtToEquity       = "debtToEquity"
	CurrentRatio       = "currentRatio"
	QuickRatio         = "quickRatio"
	DividendPerShare   = "dividendPerShare"
	DividendYield      = "dividendYield"
	PayoutRatio        = "payoutRatio"
	Beta               = "beta"
	High52Week         = "high52Week"
	Low52Week          = "low52Week"
	Change52Week       = "change52Week"
	AverageVolume      = "averageVolume"
	SharesOutstanding  = "sharesOutstanding"
	FloatShares        = "floatShares"
	ShortRatio         = "shortRatio"
	TargetPrice        = "targetPrice"
	ExpenseRatio       = "expenseRatio"
	NetAssets          = "netAssets"
	HeldByInsiders     = "heldByInsiders"
	HeldByInstitutions = "heldByInstitutions"
)

// Values of Metric.Unit.
const (
	Amount         = "amount"
	AmountPerShare = "amountPerShare"
	Percent        = "percent"
	Ratio          = "ratio"
	Shares         = "shares"
	Days           = "days"
)

// TTM is the Metric.Period of the twelve months up to the last report.
const TTM = "ttm"

// MetricKind says what the metric of a name is.
type MetricKind struct {
	Name string
	Unit string
	// OfToday says that it is of the day it was said, and not of the period that was reported last: it moves with the price,
	// or is what somebody expects or holds, or what is paid now.
	OfToday bool
	Doc     string
}

// metricKinds are in the order in which metrics are shown.
var metricKinds = []MetricKind{
	{MarketCap, Amount, true, "What all shares come to at the price."},
	{EnterpriseValue, Amount, true, "Market capitalisation and debt, less cash."},
	{TrailingPE, Ratio, true, "Price by the earnings per share of twelve months; missing when those are none."},
	{ForwardPE, Ratio, true, "Price by the earnings per share that are expected of the next fiscal year."},
	{PEGRatio, Ratio, true, "Price-earnings ratio by the growth of earnings expected, in percent a year."},
	{PriceToBook, Ratio, true, "Price by the book value per share."},
	{PriceToSales, Ratio, true, "Market capitalisation by the revenue of twelve months."},
	{EVToRevenue, Ratio, true, "Enterprise value by the revenue of twelve months."},
	{EVToEBITDA, Ratio, true, "Enterprise value by the EBITDA of twelve months."},
	{EPS, AmountPerShare, false, "Diluted earnings per share."},
	{ForwardEPS, AmountPerShare, true, "Earnings per share that are expected of the next fiscal year."},
	{BookValuePerShare, AmountPerShare, false, "Equity per share."},
	{RevenuePerShare, AmountPerShare, false, "Revenue per share."},
	{CashPerShare, AmountPerShare, false, "Cash and what is as good, per share."},
	{Revenue, Amount, false, "Revenue."},
	{GrossProfit, Amount, false, "Revenue less what the goods sold cost."},
	{OperatingIncome, Amount, false, "Income from operations."},
	{EBITDA, Amount, false, "Earnings before interest, taxes, depreciation and amortisation."},
	{NetIncome, Amount, false, "Net income."},
	{OperatingCashFlow, Amount, false, "Cash that operations brought in."},
	{FreeCashFlow, Amount, false, "Cash from operations less capital expenditure."},
	{TotalCash, Amount, false, "Cash, what is as good, and short-term investments."},
	{TotalDebt, Amount, false, "Short-term and long-term debt."},
	{TotalAssets, Amount, false, "Total assets."},
	{TotalLiabilities, Amount, false, "Total liabilities."},
	{Equity, Amount, false, "What of the assets is the shareholders'."},
	{GrossMargin, Percent, false, "Gross profit by revenue."},
	{OperatingMargin, Percent, false, "Operating income by revenue."},
	{NetMargin, Percent, false, "Net income by revenue."},
	{EBITDAMargin, Percent, false, "EBITDA by revenue."},
	{ReturnOnEquity, Percent, false, "Net income by equity."},
	{ReturnOnAssets, Percent, false, "Net income by total assets."},
	{RevenueGrowth, Percent, false, "Revenue of the period beside that of the same period a year before."},
	{EarningsGrowth, Percent, false, "Earnings of the period beside those of the same period a year before."},
	{DebtToEquity, Ratio, false, "Debt by equity: 1.5 is debt of one and a half times the equity."},
	{CurrentRatio, Ratio, false, "Current assets by current liabilities."},
	{QuickRatio, Ratio, false, "Cash, short-term investments and receivables by current liabilities."},
	{DividendPerShare, AmountPerShare, true, "Dividends per share and year."},
	{DividendYield, Percent, true, "Dividends per share and year by the price."},
	{PayoutRatio, Percent, false, "Dividends by earnings."},
	{Beta, Ratio, true, "How much the price moves with the market's; over five years by month unless the source has it otherwise."},
	{High52Week, AmountPerShare, true, "The highest price of 52 weeks."},
	{Low52Week, AmountPerShare, true, "The lowest price of 52 weeks."},
	{Change52Week, Percent, true, "How far the price went in 52 weeks."},
	{AverageVolume, Shares, true, "Shares traded a day, on the average of three months."},
	{SharesOutstanding, Shares, false, "Shares that are out."},
	{FloatShares, Shares, true, "Shares that can be traded freely."},
	{ShortRatio, Days, true, "How many days of average volume it takes to cover what is sold short."},
	{TargetPrice, AmountPerShare, true, "The mean of the prices that brokers' analysts expect within a year."},
	{ExpenseRatio, Percent, false, "What a fund costs a year."},
	{NetAssets, Amount, true, "What a fund holds."},
	{HeldByInsiders, Percent, true, "The part of the shares that insiders hold."},
	{HeldByInstitutions, Percent, true, "The part of the shares that institutions hold."},
}

// MetricKinds are all metrics there are, in the order in which they are shown.
func MetricKinds() []MetricKind { return slices.Clone(metricKinds) }

// MetricKindOf says what the metric of a name is.
func MetricKindOf(name string) (MetricKind, bool) {
	i := slices.IndexFunc(metricKinds, func(k MetricKind) bool { return k.Name == name })
	if i < 0 {
		return MetricKind{}, false
	}
	return metricKinds[i], true
}

// CheckMetric says what about a metric is not as MetricKinds has it; what sources say must pass.
func CheckMetric(m Metric) error {
	kind, ok := MetricKindOf(m.Name)
	money := m.Unit == Amount || m.Unit == AmountPerShare
	switch {
	case !ok:
		return fmt.Errorf("no metric is called %q", m.Name)
	case m.Unit != kind.Unit:
		return fmt.Errorf("%s is of unit %q, want %q", m.Name, m.Unit, kind.Unit)
	case money && m.Currency == "":
		return fmt.Errorf("%s has no currency", m.Name)
	case !money && m.Currency != "":
		return fmt.Errorf("%s is no amount, and has currency %s", m.Name, m.Currency)
	case m.Source == "":
		return fmt.Errorf("%s has no source", m.Name)
	}
	return nil
}

// SortMetrics puts metrics into the order in which they are shown.
func SortMetrics(metrics []Metric) {
	place := map[string]int{}
	for i, kind := range metricKinds {
		place[kind.Name] = i
	}
	slices.SortStableFunc(metrics, func(a, b Metric) int { return place[a.Name] - place[b.Name] })
}
