package yahoo

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/market"
)

type detailModule struct {
	Currency      text   `json:"currency"`
	PriceHint     figure `json:"priceHint"`
	MarketCap     figure `json:"marketCap"`
	TrailingPE    figure `json:"trailingPE"`
	ForwardPE     figure `json:"forwardPE"`
	PriceToSales  figure `json:"priceToSalesTrailing12Months"`
	DividendRate  figure `json:"dividendRate"`
	DividendYield figure `json:"dividendYield"` // a fraction, as all that is a part of something in these modules
	FundYield     figure `json:"yield"`
	Payout        figure `json:"payoutRatio"`
	Beta          figure `json:"beta"`
	High          figure `json:"fiftyTwoWeekHigh"`
	Low           figure `json:"fiftyTwoWeekLow"`
	AverageVolume figure `json:"averageVolume"`
	Assets        figure `json:"totalAssets"` // of a fund
}

type statisticsModule struct {
	EnterpriseValue figure `json:"enterpriseValue"`
	PEG             figure `json:"pegRatio"`
	PriceToBook     figure `json:"priceToBook"`
	EVToRevenue     figure `json:"enterpriseToRevenue"`
	EVToEBITDA      figure `json:"enterpriseToEbitda"`
	EPS             figure `json:"trailingEps"`
	ForwardEPS      figure `json:"forwardEps"`
	Book            figure `json:"bookValue"`
	NetIncome       figure `json:"netIncomeToCommon"`
	Change          figure `json:"52WeekChange"`
	Shares          figure `json:"sharesOutstanding"`
	Float           figure `json:"floatShares"`
	ShortRatio      figure `json:"shortRatio"`
	FundBeta        figure `json:"beta3Year"`
	Insiders        figure `json:"heldPercentInsiders"`
	Institutions    figure `json:"heldPercentInstitutions"`
	Expense         figure `json:"annualReportExpenseRatio"`
	LastQuarter     figure `json:"mostRecentQuarter"` // Unix seconds
}

type financialModule struct {
	Currency        text   `json:"financialCurrency"` // of the accounts
	Target          figure `json:"targetMeanPrice"`   // in the currency of the price
	Cash            figure `json:"totalCash"`
	CashPerShare    figure `json:"totalCashPerShare"`
	EBITDA          figure `json:"ebitda"`
	Debt            figure `json:"totalDebt"`
	Quick           figure `json:"quickRatio"`
	Current         figure `json:"currentRatio"`
	Revenue         figure `json:"totalRevenue"`
	DebtToEquity    figure `json:"debtToEquity"` // percent
	RevenuePerShare figure `json:"revenuePerShare"`
	ReturnOnAssets  figure `json:"returnOnAssets"`
	ReturnOnEquity  figure `json:"returnOnEquity"`
	GrossProfit     figure `json:"grossProfits"`
	FreeCash        figure `json:"freeCashflow"`
	OperatingCash   figure `json:"operatingCashflow"`
	EarningsGrowth  figure `json:"earningsGrowth"`
	RevenueGrowth   figure `json:"revenueGrowth"`
	GrossMargin     figure `json:"grossMargins"`
	EBITDAMargin    figure `json:"ebitdaMargins"`
	OperatingMargin figure `json:"operatingMargins"`
	NetMargin       figure `json:"profitMargins"`
}

type fundModule struct {
	Fees struct {
		Expense figure `json:"annualReportExpenseRatio"`
	} `json:"feesExpensesInvestment"`
}

// Metrics are the figures that Yahoo has of a symbol, each in our unit. What it says in a mix of currencies is left out:
// of companies whose accounts are in another one than their price, it divides one by the other.
func (s *Source) Metrics(ctx context.Context, symbol string) (market.Metrics, error) {
	all, now, err := s.summaryOf(ctx, symbol, "price", "summaryDetail", "defaultKeyStatistics", "financialData", "fundProfile")
	if err != nil {
		return market.Metrics{}, err
	}
	return market.Metrics{Symbol: symbol, Metrics: all.metrics(s.Name(), now), Source: s.Name(), FetchedAt: now}, nil
}

// sheet is what metrics are entered in.
type sheet struct {
	source  string
	now     time.Time
	quarter *time.Time // the end of the last one reported
	metrics []market.Metric
}

func (s *summary) metrics(source string, now time.Time) []market.Metric {
	b := &sheet{source: source, now: now, metrics: []market.Metric{}}
	if at, ok := s.Statistics.is.LastQuarter.whole(1, now.Unix()); ok {
		end := time.Unix(at, 0).UTC()
		b.quarter = &end
	}
	s.enterPrices(b)
	s.enterAccounts(b)
	market.SortMetrics(b.metrics)
	return b.metrics
}

// enter adds a metric that is there. Zero is Yahoo's way to say that it does not know, save where it means that there is
// none.
func (b *sheet) enter(name, period, currency string, value *decimal.Decimal) {
	kind, _ := market.MetricKindOf(name)
	money := kind.Unit == market.Amount || kind.Unit == market.AmountPerShare
	if value == nil || value.IsZero() && !canBeNone[name] || money && currency == "" {
		return
	}
	m := market.Metric{Name: name, Value: *value, Unit: kind.Unit, Period: period, AsOf: b.quarter, Source: b.source}
	if money {
		m.Currency = currency
	}
	if kind.OfToday {
		m.AsOf = &b.now
	}
	b.metrics = append(b.metrics, m)
}

// canBeNone are the metrics of which zero is a true value.
var canBeNone = map[string]bool{
	market.TotalDebt: true, market.DebtToEquity: true, market.DividendYield: true, market.PayoutRatio: true,
	market.HeldByInsiders: true, market.HeldByInstitutions: true, market.Change52Week: true,
}

// enterPrices enters what goes with the price, and what shares and funds are by themselves.
func (s *summary) enterPrices(b *sheet) {
	d, k, class := s.Detail.is, s.Statistics.is, s.class()
	quoted := s.currency()
	currency := wholeUnit(quoted)
	perShare := func(name string, f figure) {
		if value := amountIn(f.number, quoted, d.PriceHint.number); value != nil && value.IsPositive() {
			b.enter(name, "", currency, value)
		}
	}
	perShare(market.High52Week, d.High)
	perShare(market.Low52Week, d.Low)
	perShare(market.TargetPrice, s.Financials.is.Target)
	if _, minor := minorUnits[quoted]; !minor { // there a dividend may be in either unit
		perShare(market.DividendPerShare, d.DividendRate)
	}
	b.enter(market.Change52Week, "", "", k.Change.percent())
	b.enter(market.DividendYield, "", "", firstOf(d.DividendYield.percent(), d.FundYield.percent()))
	b.enter(market.PayoutRatio, market.TTM, "", d.Payout.percent())
	b.enter(market.Beta, "", "", firstOf(d.Beta.rounded(ratioDigits), k.FundBeta.rounded(ratioDigits)))
	if class != market.Crypto && market.VolumeUnit(class) == market.Shares { // that of crypto is an amount
		b.enter(market.AverageVolume, "", "", d.AverageVolume.positive(0))
	}
	if hasOwnShares(class) {
		b.enter(market.MarketCap, "", currency, firstOf(s.Price.is.MarketCap.positive(0), d.MarketCap.positive(0)))
		b.enter(market.SharesOutstanding, "", "", firstOf(k.Shares.positive(0), s.Price.is.Circulating.positive(0)))
	}
	b.enter(market.FloatShares, "", "", k.Float.positive(0))
	b.enter(market.ShortRatio, "", "", k.ShortRatio.positive(ratioDigits))
	b.enter(market.HeldByInsiders, "", "", k.Insiders.percent())
	b.enter(market.HeldByInstitutions, "", "", k.Institutions.percent())
	b.enter(market.NetAssets, "", currency, d.Assets.positive(0))
	b.enter(market.ExpenseRatio, "", "", firstOf(s.Fund.is.Fees.Expense.percent(), k.Expense.percent()))
	s.enterRatios(b)
}

// enterRatios enters ratios of the price. Earnings per share are in the currency of the price, in whole units; the
// book and all that is measured by revenue in that of the accounts.
func (s *summary) enterRatios(b *sheet) {
	d, k := s.Detail.is, s.Statistics.is
	currency := wholeUnit(s.currency())
	b.enter(market.EPS, market.TTM, currency, k.EPS.rounded(ratioDigits))
	b.enter(market.ForwardEPS, "", currency, k.ForwardEPS.rounded(ratioDigits))
	b.enter(market.PEGRatio, "", "", k.PEG.positive(ratioDigits))
	trailing, forward, book := d.TrailingPE.positive(ratioDigits), d.ForwardPE.positive(ratioDigits), k.PriceToBook.positive(ratioDigits)
	if _, minor := minorUnits[s.currency()]; minor {
		price := amountIn(s.Price.is.Price.number, s.currency(), s.Price.is.PriceHint.number)
		trailing, forward, book = quotient(price, k.EPS.value), quotient(price, k.ForwardEPS.value), quotient(price, k.Book.value)
	}
	b.enter(market.TrailingPE, "", "", trailing)
	b.enter(market.ForwardPE, "", "", forward)
	if currency == "" || string(s.Financials.is.Currency) != currency {
		return
	}
	b.enter(market.PriceToBook, "", "", book)
	b.enter(market.BookValuePerShare, "", currency, k.Book.rounded(ratioDigits))
	b.enter(market.PriceToSales, "", "", d.PriceToSales.positive(ratioDigits))
	b.enter(market.EnterpriseValue, "", currency, k.EnterpriseValue.rounded(0))
	b.enter(market.EVToRevenue, "", "", k.EVToRevenue.rounded(ratioDigits))
	b.enter(market.EVToEBITDA, "", "", k.EVToEBITDA.rounded(ratioDigits))
}

// enterAccounts enters what the accounts say: of the last twelve months, of the end of the last quarter, or of that quarter
// beside the same of a year before.
func (s *summary) enterAccounts(b *sheet) {
	f := s.Financials.is
	currency := string(f.Currency)
	for _, one := range []struct {
		name, period string
		value        *decimal.Decimal
	}{
		{market.Revenue, market.TTM, f.Revenue.rounded(0)},
		{market.GrossProfit, market.TTM, f.GrossProfit.rounded(0)},
		{market.EBITDA, market.TTM, f.EBITDA.rounded(0)},
		{market.NetIncome, market.TTM, s.Statistics.is.NetIncome.rounded(0)},
		{market.OperatingCashFlow, market.TTM, f.OperatingCash.rounded(0)},
		{market.FreeCashFlow, market.TTM, f.FreeCash.rounded(0)},
		{market.RevenuePerShare, market.TTM, f.RevenuePerShare.rounded(ratioDigits)},
		{market.TotalCash, "", f.Cash.rounded(0)},
		{market.TotalDebt, "", f.Debt.rounded(0)},
		{market.CashPerShare, "", f.CashPerShare.rounded(ratioDigits)},
		{market.GrossMargin, market.TTM, f.GrossMargin.percent()},
		{market.OperatingMargin, market.TTM, f.OperatingMargin.percent()},
		{market.NetMargin, market.TTM, f.NetMargin.percent()},
		{market.EBITDAMargin, market.TTM, f.EBITDAMargin.percent()},
		{market.ReturnOnEquity, market.TTM, f.ReturnOnEquity.percent()},
		{market.ReturnOnAssets, market.TTM, f.ReturnOnAssets.percent()},
		{market.RevenueGrowth, "", f.RevenueGrowth.percent()},
		{market.EarningsGrowth, "", f.EarningsGrowth.percent()},
		{market.DebtToEquity, "", shifted(f.DebtToEquity.value, -2)},
		{market.CurrentRatio, "", f.Current.rounded(ratioDigits)},
		{market.QuickRatio, "", f.Quick.rounded(ratioDigits)},
	} {
		b.enter(one.name, one.period, currency, one.value)
	}
}

// percent is a fraction in percent.
func (f figure) percent() *decimal.Decimal { return shifted(f.value, 2) }

// shifted moves the point, and rounds off what the noise of floats has added.
func shifted(value *decimal.Decimal, places int32) *decimal.Decimal {
	if value == nil {
		return nil
	}
	moved := value.Shift(places).Round(ratioDigits)
	return &moved
}

// firstOf is the first value that is there, and not zero where another one is.
func firstOf(values ...*decimal.Decimal) *decimal.Decimal {
	var found *decimal.Decimal
	for _, value := range values {
		if value != nil && (found == nil || found.IsZero()) {
			found = value
		}
	}
	return found
}
