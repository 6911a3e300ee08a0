package yahoo_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// checkExtended wants the later one of the two sessions outside the regular one, where it is later than that.
func checkExtended(t *testing.T, row any, q market.Quote, places int32) {
	t.Helper()
	latest, name := numberAt(row, "regularMarketTime"), ""
	for _, session := range []string{"pre", "post"} {
		if at := numberAt(row, session+"MarketTime"); at != nil && numberAt(row, session+"MarketPrice") != nil && at.GreaterThan(*latest) {
			latest, name = at, session
		}
	}
	if name == "" {
		equal(t, q.Symbol+" has no price outside the session", q.Extended == nil, true)
		return
	}
	if q.Extended == nil {
		t.Errorf("%s: got no price of the %s market", q.Symbol, name)
		return
	}
	equal(t, q.Symbol+" session", q.Extended.Session, name)
	near(t, q.Symbol+" price outside", &q.Extended.Price, scaled(numberAt(row, name+"MarketPrice"), places))
	near(t, q.Symbol+" change outside", q.Extended.Change, scaled(numberAt(row, name+"MarketChange"), places))
	near(t, q.Symbol+" change outside in percent", q.Extended.ChangePercent, numberAt(row, name+"MarketChangePercent"))
	equal(t, q.Symbol+" traded outside at", q.Extended.Timestamp, time.Unix(latest.IntPart(), 0).UTC())
}

func checkBars(t *testing.T, r recording) {
	chart := dig(r.read(t), "chart", "result", 0)
	end := time.Unix(numberAt(chart, "meta", "regularMarketTime").IntPart(), 0)
	r.answered = end
	interval := textAt(chart, "meta", "dataGranularity")
	got, err := r.source(t).Bars(t.Context(), textAt(chart, "meta", "symbol"), interval, end.AddDate(0, 0, -1), end)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "bars", len(got.Bars), len(listAt(chart, "timestamp")))
	equal(t, "currency", got.Currency, textAt(chart, "meta", "currency"))
	equal(t, "interval", got.Interval, interval)
}

func checkSummary(t *testing.T, r recording) {
	modules := dig(r.read(t), "quoteSummary", "result", 0)
	symbol := cmp.Or(textAt(modules, "quoteType", "symbol"), "AAPL")
	checkCompany(t, r, symbol, modules)
	checkMetrics(t, r, symbol, modules)
	checkEarnings(t, r, symbol, modules)
}

func checkCompany(t *testing.T, r recording, symbol string, modules any) {
	t.Helper()
	c, err := r.source(t).Company(t.Context(), symbol)
	if err != nil {
		t.Fatal(err)
	}
	profile, kind, price := dig(modules, "assetProfile"), dig(modules, "quoteType"), dig(modules, "price")
	name := cmp.Or(textAt(price, "longName"), textAt(kind, "longName"), textAt(price, "shortName"), textAt(kind, "shortName"), symbol)
	class := cmp.Or(classes[cmp.Or(textAt(kind, "quoteType"), textAt(price, "quoteType"))], "other")
	currency, _ := whole(cmp.Or(textAt(price, "currency"), textAt(modules, "summaryDetail", "currency")))
	for what, pair := range map[string][2]string{
		"symbol": {c.Symbol, symbol}, "name": {c.Name, name}, "class": {c.AssetClass, class}, "currency": {c.Currency, currency},
		"exchange": {c.Exchange, cmp.Or(textAt(price, "exchangeName"), textAt(kind, "exchange"))}, "country": {c.Country, textAt(profile, "country")},
		"sector": {c.Sector, textAt(profile, "sector")}, "industry": {c.Industry, textAt(profile, "industry")}, "city": {c.City, textAt(profile, "city")},
		"website": {c.Website, textAt(profile, "website")}, "source": {c.Source, "yahoo"},
		"description": {c.Description, strings.TrimSpace(cmp.Or(textAt(profile, "longBusinessSummary"), textAt(profile, "description")))},
	} {
		equal(t, what, pair[0], pair[1])
	}
	countAt(t, "employees", c.Employees, numberAt(profile, "fullTimeEmployees"))
	var worth, shares *decimal.Decimal
	if class == "equity" || class == "crypto" {
		worth = numberAt(price, "marketCap")
		if shares = numberAt(modules, "defaultKeyStatistics", "sharesOutstanding"); shares == nil {
			shares = numberAt(price, "circulatingSupply")
		}
	}
	near(t, "market value", c.MarketCap, worth)
	near(t, "shares", c.Shares, shares)
	if worth != nil {
		equal(t, "currency of the market value", c.CapCurrency, currency)
	}
	if first := numberAt(kind, "firstTradeDateEpochUtc"); first != nil {
		zone, err := time.LoadLocation(textAt(kind, "timeZoneFullName"))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "listed", c.Listed.String(), time.Unix(first.IntPart(), 0).In(zone).Format(time.DateOnly))
	} else {
		equal(t, "listed", c.Listed, nil)
	}
}

// where are metrics in Yahoo's modules, and by how many places the point is moved: fractions become percents.
var where = []struct {
	name, module, field string
	places              int32
}{
	{market.MarketCap, "price", "marketCap", 0}, {market.EnterpriseValue, "defaultKeyStatistics", "enterpriseValue", 0},
	{market.TrailingPE, "summaryDetail", "trailingPE", 0}, {market.ForwardPE, "summaryDetail", "forwardPE", 0},
	{market.PriceToBook, "defaultKeyStatistics", "priceToBook", 0}, {market.PriceToSales, "summaryDetail", "priceToSalesTrailing12Months", 0},
	{market.EVToRevenue, "defaultKeyStatistics", "enterpriseToRevenue", 0}, {market.EVToEBITDA, "defaultKeyStatistics", "enterpriseToEbitda", 0},
	{market.EPS, "defaultKeyStatistics", "trailingEps", 0}, {market.ForwardEPS, "defaultKeyStatistics", "forwardEps", 0},
	{market.BookValuePerShare, "defaultKeyStatistics", "bookValue", 0}, {market.RevenuePerShare, "financialData", "revenuePerShare", 0},
	{market.CashPerShare, "financialData", "totalCashPerShare", 0}, {market.Revenue, "financialData", "totalRevenue", 0},
	{market.GrossProfit, "financialData", "grossProfits", 0}, {market.EBITDA, "financialData", "ebitda", 0},
	{market.NetIncome, "defaultKeyStatistics", "netIncomeToCommon", 0}, {market.OperatingCashFlow, "financialData", "operatingCashflow", 0},
	{market.FreeCashFlow, "financialData", "freeCashflow", 0}, {market.TotalCash, "financialData", "totalCash", 0},
	{market.TotalDebt, "financialData", "totalDebt", 0}, {market.GrossMargin, "financialData", "grossMargins", 2},
	{market.OperatingMargin, "financialData", "operatingMargins", 2}, {market.NetMargin, "financialData", "profitMargins", 2},
	{market.EBITDAMargin, "financialData", "ebitdaMargins", 2}, {market.ReturnOnEquity, "financialData", "returnOnEquity", 2},
	{market.ReturnOnAssets, "financialData", "returnOnAssets", 2}, {market.RevenueGrowth, "financialData", "revenueGrowth", 2},
	{market.EarningsGrowth, "financialData", "earningsGrowth", 2}, {market.DebtToEquity, "financialData", "debtToEquity", -2},
	{market.CurrentRatio, "financialData", "currentRatio", 0}, {market.QuickRatio, "financialData", "quickRatio", 0},
	{market.DividendPerShare, "summaryDetail", "dividendRate", 0}, {market.DividendYield, "summaryDetail", "dividendYield", 2},
	{market.DividendYield, "summaryDetail", "yield", 2}, {market.PayoutRatio, "summaryDetail", "payoutRatio", 2},
	{market.Beta, "summaryDetail", "beta", 0}, {market.Beta, "defaultKeyStatistics", "beta3Year", 0},
	{market.High52Week, "summaryDetail", "fiftyTwoWeekHigh", 0}, {market.Low52Week, "summaryDetail", "fiftyTwoWeekLow", 0},
	{market.Change52Week, "defaultKeyStatistics", "52WeekChange", 2}, {market.AverageVolume, "summaryDetail", "averageVolume", 0},
	{market.SharesOutstanding, "defaultKeyStatistics", "sharesOutstanding", 0}, {market.FloatShares, "defaultKeyStatistics", "floatShares", 0},
	{market.SharesOutstanding, "price", "circulatingSupply", 0},
	{market.ShortRatio, "defaultKeyStatistics", "shortRatio", 0}, {market.TargetPrice, "financialData", "targetMeanPrice", 0},
	{market.ExpenseRatio, "fundProfile", "feesExpensesInvestment.annualReportExpenseRatio", 2}, {market.NetAssets, "summaryDetail", "totalAssets", 0},
	{market.HeldByInsiders, "defaultKeyStatistics", "heldPercentInsiders", 2}, {market.HeldByInstitutions, "defaultKeyStatistics", "heldPercentInstitutions", 2},
}

// wanted are the metrics a recording holds. Three rules are Yahoo's traps: what is quoted in pence has ratios by the
// hundredth; zeros are unknown, save of what a company can have none of; and the market value of a fund is none.
func wanted(modules any) map[string]*decimal.Decimal {
	quoted := cmp.Or(textAt(modules, "price", "currency"), textAt(modules, "summaryDetail", "currency"))
	_, places := whole(quoted)
	class := cmp.Or(classes[cmp.Or(textAt(modules, "quoteType", "quoteType"), textAt(modules, "price", "quoteType"))], "other")
	zeros := []string{market.TotalDebt, market.DebtToEquity, market.DividendYield, market.PayoutRatio, market.HeldByInsiders, market.HeldByInstitutions, market.Change52Week}
	negatives := []string{market.TrailingPE, market.ForwardPE, market.PriceToBook}
	want := map[string]*decimal.Decimal{}
	for _, w := range where {
		steps := []any{w.module}
		for field := range strings.SplitSeq(w.field, ".") {
			steps = append(steps, field)
		}
		value := scaled(numberAt(modules, steps...), w.places)
		if value == nil || value.IsZero() && !slices.Contains(zeros, w.name) || value.IsNegative() && slices.Contains(negatives, w.name) {
			continue
		}
		if slices.Contains([]string{market.High52Week, market.Low52Week, market.TargetPrice}, w.name) {
			value = scaled(value, places)
		}
		want[w.name] = value
	}
	if places != 0 {
		for name, field := range map[string]string{market.TrailingPE: "trailingEps", market.ForwardPE: "forwardEps", market.PriceToBook: "bookValue"} {
			delete(want, name)
			if per := aboveZero(numberAt(modules, "defaultKeyStatistics", field)); per != nil {
				ratio := numberAt(modules, "price", "regularMarketPrice").Shift(places).DivRound(*per, 6)
				want[name] = &ratio
			}
		}
	}
	if class != "equity" && class != "crypto" {
		delete(want, market.MarketCap)
		delete(want, market.SharesOutstanding)
	}
	if class == "crypto" {
		delete(want, market.AverageVolume)
	}
	for name := range want { // without a currency nothing is said of amounts
		kind, _ := market.MetricKindOf(name)
		ofPrice := slices.Contains([]string{market.EPS, market.ForwardEPS, market.MarketCap, market.TargetPrice, market.High52Week, market.Low52Week, market.DividendPerShare, market.NetAssets}, name)
		if (kind.Unit == market.Amount || kind.Unit == market.AmountPerShare) && ofPrice && quoted == "" {
			delete(want, name)
		}
	}
	return want
}

func checkMetrics(t *testing.T, r recording, symbol string, modules any) {
	t.Helper()
	got, err := r.source(t).Metrics(t.Context(), symbol)
	if err != nil {
		t.Fatal(err)
	}
	want := wanted(modules)
	quoted, _ := whole(cmp.Or(textAt(modules, "price", "currency"), textAt(modules, "summaryDetail", "currency")))
	for _, m := range got.Metrics {
		value, ok := want[m.Name]
		if !ok {
			t.Errorf("got %s of %s, which is not there", m.Name, m.Value)
			continue
		}
		near(t, m.Name, &m.Value, value)
		if err := market.CheckMetric(m); err != nil {
			t.Error(err)
		}
		if m.Currency != "" {
			equal(t, "currency of "+m.Name, m.Currency, cmp.Or(quoted, textAt(modules, "financialData", "financialCurrency")))
		}
		delete(want, m.Name)
	}
	for name, value := range want {
		t.Errorf("got no %s, want %v", name, value)
	}
}

func checkEarnings(t *testing.T, r recording, symbol string, modules any) {
	t.Helper()
	got, err := r.source(t).Earnings(t.Context(), symbol)
	if err != nil {
		t.Fatal(err)
	}
	history := listAt(modules, "earningsHistory", "history")
	revenues := listAt(modules, "earnings", "financialsChart", "quarterly")
	if len(history) > 0 {
		equal(t, "quarters", len(got.Quarters), len(history))
	} else {
		equal(t, "quarters", len(got.Quarters), len(revenues))
	}
	for i, q := range got.Quarters {
		if len(history) == 0 { // there are only the calendar's quarters, which end with its months
			end := q.PeriodEnd
			equal(t, "a quarter's last day", end.AddDays(1).Day, 1)
			row := revenues[len(revenues)-1-i]
			near(t, end.String()+" revenue", q.RevenueActual, numberAt(row, "revenue"))
			equal(t, "quarter", textAt(row, "date"), string(rune('0'+int(end.Month)/3))+"Q"+end.String()[:4])
			continue
		}
		row := history[len(history)-1-i]
		equal(t, "a quarter's end", q.PeriodEnd.String(), textAt(row, "quarter", "fmt"))
		near(t, "earnings", q.EPSActual, numberAt(row, "epsActual"))
		near(t, "estimate", q.EPSEstimate, numberAt(row, "epsEstimate"))
		near(t, "surprise in percent", q.SurprisePercent, scaled(numberAt(row, "surprisePercent"), 2))
		if said := numberAt(row, "epsDifference"); said.Sub(*q.Surprise).Abs().GreaterThan(decimal.New(5, -3)) {
			t.Errorf("got a surprise of %s, want %s, which is rounded", q.Surprise, said)
		}
		near(t, "revenue", q.RevenueActual, numberAt(revenues[len(revenues)-1-i], "revenue"))
	}
	equal(t, "currency", got.Currency, textAt(modules, "earnings", "financialCurrency"))
	checkNext(t, r, got.Next, modules)
}

func checkNext(t *testing.T, r recording, next *market.NextEvent, modules any) {
	t.Helper()
	dates := listAt(modules, "calendarEvents", "earnings", "earningsDate")
	if len(dates) == 0 {
		equal(t, "there is no next report", next == nil, true)
		return
	}
	if next == nil {
		t.Fatalf("got no next report at %s, want one of %v", r.answered, dates)
	}
	dayOf := func(i int) calendar.Day {
		return calendar.DayOf(time.Unix(numberAt(dates, i).IntPart(), 0)) // London has the same days here
	}
	equal(t, "next from", next.From, dayOf(0))
	equal(t, "next to", next.To, dayOf(len(dates)-1))
	estimate, revenue := numberAt(modules, "calendarEvents", "earnings", "earningsAverage"), numberAt(modules, "calendarEvents", "earnings", "revenueAverage")
	if textAt(modules, "earnings", "financialCurrency") == "" && textAt(modules, "calendarEvents", "earnings", "earningsAverage") != "" {
		estimate, revenue = nil, nil
	}
	near(t, "estimate of the next", next.EPSEstimate, estimate)
	near(t, "revenue of the next", next.Revenue, revenue)
}

func checkSearch(t *testing.T, r recording) {
	body := r.read(t)
	matches, err := r.source(t).Search(t.Context(), "anything")
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for _, row := range listAt(body, "quotes") {
		if textAt(row, "symbol") == "" { // a company that is not traded
			continue
		}
		if i >= len(matches) {
			t.Fatalf("got %d matches, want %s, too", len(matches), textAt(row, "symbol"))
		}
		m := matches[i]
		i++
		equal(t, "symbol", m.Symbol, ours(textAt(row, "symbol")))
		equal(t, "name", m.Name, strings.Join(strings.Fields(cmp.Or(textAt(row, "longname"), textAt(row, "shortname"))), " "))
		equal(t, "class", m.AssetClass, classes[textAt(row, "quoteType")])
		equal(t, "exchange", m.Exchange, textAt(row, "exchDisp"))
	}
	equal(t, "matches", len(matches), i)
	checkFoundNews(t, r, listAt(body, "news"))
}

// checkFoundNews asks for the news of each symbol that a story is about. The stream, which has no answer in its form here,
// is done without.
func checkFoundNews(t *testing.T, r recording, rows []any) {
	t.Helper()
	about := map[string][]any{}
	for _, row := range rows {
		for _, ticker := range listAt(row, "relatedTickers") {
			about[ours(ticker.(string))] = append(about[ours(ticker.(string))], row)
		}
	}
	for symbol, want := range about {
		got, err := r.source(t).News(t.Context(), symbol, day("2020-01-01"), day("2030-01-01"))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: got %d stories, %v, want %d", symbol, len(got), err, len(want))
		}
		slices.SortFunc(want, func(a, b any) int { return numberAt(b, "providerPublishTime").Cmp(*numberAt(a, "providerPublishTime")) })
		for i, row := range want {
			equal(t, "id", got[i].ID, textAt(row, "uuid"))
			equal(t, "headline", got[i].Headline, strings.TrimSpace(textAt(row, "title")))
			equal(t, "publisher", got[i].Publisher, textAt(row, "publisher"))
			equal(t, "link", got[i].URL, textAt(row, "link"))
			equal(t, "time", got[i].PublishedAt.Unix(), numberAt(row, "providerPublishTime").IntPart())
			equal(t, "symbols", len(got[i].Symbols), len(listAt(row, "relatedTickers")))
		}
	}
	if got, err := r.source(t).News(t.Context(), "NOBODY", day("2020-01-01"), day("2030-01-01")); err != nil || len(got) != 0 {
		t.Errorf("got %d stories about nobody, %v", len(got), err)
	}
}

func checkStream(t *testing.T, r recording) {
	rows := listAt(r.read(t), "data", "tickerStream", "stream")
	got, err := r.source(t).News(t.Context(), "", day("2020-01-01"), day("2030-01-01"))
	if err != nil || len(got) != len(rows) {
		t.Fatalf("got %d stories, %v, want %d", len(got), err, len(rows))
	}
	slices.SortFunc(rows, func(a, b any) int {
		return strings.Compare(textAt(b, "content", "pubDate"), textAt(a, "content", "pubDate"))
	})
	for i, row := range rows {
		c := dig(row, "content")
		equal(t, "id", got[i].ID, textAt(row, "id"))
		equal(t, "headline", got[i].Headline, strings.Join(strings.Fields(textAt(c, "title")), " "))
		equal(t, "summary", got[i].Summary, strings.TrimSpace(textAt(c, "summary")))
		equal(t, "publisher", got[i].Publisher, textAt(c, "provider", "displayName"))
		equal(t, "link", got[i].URL, cmp.Or(textAt(c, "canonicalUrl", "url"), textAt(c, "clickThroughUrl", "url"), textAt(c, "previewUrl")))
		equal(t, "time", got[i].PublishedAt.Format(time.RFC3339), textAt(c, "pubDate"))
	}
	if none, err := r.source(t).News(t.Context(), "", day("2020-01-01"), day("2020-02-01")); err != nil || len(none) != 0 {
		t.Errorf("got %d stories of other days, %v", len(none), err)
	}
	fails(searchOf, fault.UpstreamFailed)(t, r)
}
