package plan

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
)

// companies are the needs of questions on companies and prices.
func companies() []need {
	return []need{
		{func(a *asking) bool { return a.topic(intent.News) && (!a.own() || len(a.Symbols) > 0) }, news},
		{naming(func(a *asking) bool { return a.reports() }), func(a *asking) { a.each("get_earnings", input{}) }},
		{naming(func(a *asking) bool { return len(a.concepts()) > 0 && !a.own() && !a.says() }), filedFigures},
		{naming(func(a *asking) bool { return len(a.metrics()) > 0 && !a.own() }), func(a *asking) { a.each("get_company_metrics", input{Metrics: a.metrics()}) }},
		{naming((*asking).lists), listed},
		{naming((*asking).risks), func(a *asking) { a.each("read_filing_section", input{Form: "10-K", Item: "1A"}) }},
		{naming((*asking).says), said},
		{naming((*asking).profiles), func(a *asking) { a.each("get_company", input{}) }},
		{(*asking).wideSearch, func(a *asking) {
			in := input{Query: a.mentioned(), Forms: a.Forms}
			in.First, in.Last = a.past()
			a.add("search_filings", in)
		}},
		{naming((*asking).moves), moved},
		{naming((*asking).prices), priced},
		{func(a *asking) bool { return !a.own() && len(a.Symbols) == 0 && len(a.calls) == 0 }, unnamed},
		{naming(func(a *asking) bool { return len(a.calls) == 0 }), func(a *asking) { a.add("get_stock_quotes", input{Symbols: a.Symbols}) }},
	}
}

// naming is a need of questions that name something.
func naming(when func(*asking) bool) func(*asking) bool {
	return func(a *asking) bool { return len(a.Symbols) > 0 && when(a) }
}

func news(a *asking) {
	in := input{Limit: 6}
	if in.First, in.Last = a.past(); in.First != nil {
		const widest = 91 // days that the tool gives at once
		if earliest := a.today.AddDays(-widest); in.Last == nil && in.First.Before(earliest) {
			in.First = &earliest
		}
		if day := a.today.AddDays(-1); in.Last == nil && !in.First.Before(day) {
			in.First = &day
		}
	}
	if len(a.Symbols) == 0 {
		a.add("get_news", in)
		return
	}
	a.each("get_news", in)
}

// reports asks for a company's earnings against what was expected, or when it reports.
func (a *asking) reports() bool {
	return (a.perShare() || a.has("earnings", "earning", "eps", "surprise", "earnings date", "reports next", "report next", "guidance", "beat", "missed", "beat estimates")) && len(a.Fiscal) == 0 &&
		!a.has("price to earnings", "earnings per share growth") && !a.compared()
}

// concept is a filed figure with how people call it.
type concept struct {
	name    string
	phrases []string
}

var concepts = []concept{
	{"grossProfit", []string{"gross profit", "gross margin", "margin"}},
	{"operatingIncome", []string{"operating income", "operating profit", "operating margin", "margin"}},
	{"netIncome", []string{"net income", "net profit", "net earnings", "profit", "profitable", "net margin", "profit margin", "margin", "bottom line"}},
	{"revenue", []string{"revenue", "sales", "turnover", "top line", "margin"}},
	{"eps", []string{"eps", "earnings per share", "earn per share", "earned per share", "profit per share"}},
	{"costOfRevenue", []string{"cost of revenue", "cogs", "cost of goods sold", "cost of sales"}},
	{"researchAndDevelopment", []string{"r d", "r and d", "research and development"}},
	{"assets", []string{"assets", "balance sheet"}},
	{"liabilities", []string{"liabilities", "balance sheet"}},
	{"equity", []string{"shareholders equity", "stockholders equity", "equity", "book value", "balance sheet"}},
	{"inventory", []string{"inventory", "inventories"}},
	{"cash", []string{"cash", "cash pile", "cash equivalents"}},
	{"longTermDebt", []string{"debt", "leverage"}},
	{"currentDebt", []string{"debt"}},
	{"operatingCashFlow", []string{"cash flow", "operating cash flow"}},
	{"capitalExpenditure", []string{"capex", "capital expenditure", "free cash flow"}},
	{"dividendsPerShare", []string{"dividends per share", "dividend per share"}},
	{"sharesOutstanding", []string{"shares outstanding", "share count", "buyback", "repurchase"}},
}

// moments are the concepts of a day; the others are of a time.
var moments = []string{"assets", "liabilities", "equity", "inventory", "cash", "longTermDebt", "currentDebt", "sharesOutstanding"}

// concepts are the filed figures that the question asks for, and those that its margins are of.
func (a *asking) concepts() []string {
	var all []string
	certain := a.has("gross margin", "operating margin", "net margin", "profit margin")
	for _, c := range concepts {
		asked := func(phrase string) bool {
			return a.has(phrase) && (phrase != "margin" || !certain || c.name == "revenue") && (phrase != "cash" || !a.has("cash flow")) &&
				(phrase != "equity" || !a.has("debt to equity", "return on equity", "private equity", "equity market", "equity research"))
		}
		if slices.ContainsFunc(c.phrases, asked) && (c.name != "eps" || len(a.Fiscal) > 0) {
			all = append(all, c.name)
		}
	}
	if len(all) == 0 && len(a.Fiscal) > 0 && !a.says() && !a.own() && !a.steps() && !a.costs() {
		all = []string{"revenue", "netIncome", "eps"}
	}
	return all
}

func filedFigures(a *asking) {
	in := input{Concepts: a.concepts(), Periods: slices.Clone(a.Fiscal)}
	grows := a.has("growth", "grow", "grew", "grown", "growing", "change", "changed", "trend", "increase", "increased", "decline", "declined", "year over year", "yoy", "compared to")
	if grows && len(in.Periods) == 1 {
		if before := yearBefore(in.Periods[0]); before != "" {
			in.Periods = append(in.Periods, before)
		}
	}
	if len(in.Periods) == 0 {
		in.Periods = []string{"annual"}
		in.Years = 3
		if a.has("quarter", "quarterly", "last quarter", "latest quarter") {
			in.Periods = []string{"quarterly"}
			in.Years = 2
		} else if !slices.ContainsFunc(in.Concepts, func(c string) bool { return !slices.Contains(moments, c) }) && !grows {
			in.Periods, in.Years = []string{"latest"}, 0
		}
	}
	const mostPeriods = 8
	in.Periods = in.Periods[:min(len(in.Periods), mostPeriods)]
	a.each("get_reported_facts", in)
}

// yearBefore is the same period a year earlier, of "FY2024" or "Q3 2024"; empty for others.
func yearBefore(period string) string {
	const digits = 4
	if len(period) < digits {
		return ""
	}
	at := len(period) - digits
	year, err := strconv.Atoi(period[at:])
	if err != nil {
		return ""
	}
	return period[:at] + strconv.Itoa(year-1)
}

var ratios = []concept{
	{"trailingPE", []string{"p e", "pe", "pe ratio", "price to earnings", "valuation", "valued", "overvalued", "undervalued", "cheap", "expensive", "multiple"}},
	{"forwardPE", []string{"p e", "pe", "pe ratio", "forward p e", "forward pe", "valuation", "valued", "overvalued", "undervalued", "cheap", "expensive", "multiple"}},
	{"pegRatio", []string{"peg", "peg ratio"}},
	{"priceToBook", []string{"price to book", "p b", "valuation", "overvalued", "undervalued"}},
	{"priceToSales", []string{"price to sales", "p s", "valuation", "overvalued", "undervalued"}},
	{"evToEbitda", []string{"ev to ebitda", "ev ebitda", "valuation"}},
	{"ebitda", []string{"ebitda"}},
	{"freeCashFlow", []string{"free cash flow", "fcf"}},
	{"returnOnEquity", []string{"return on equity", "roe"}},
	{"returnOnAssets", []string{"return on assets", "roa"}},
	{"debtToEquity", []string{"debt to equity", "leverage"}},
	{"currentRatio", []string{"current ratio", "liquidity"}},
	{"quickRatio", []string{"quick ratio"}},
	{"payoutRatio", []string{"payout", "payout ratio"}},
	{"beta", []string{"beta"}},
	{"shortRatio", []string{"short interest", "short ratio"}},
	{"targetPrice", []string{"target price", "price target"}},
	{"expenseRatio", []string{"expense ratio"}},
	{"heldByInsiders", []string{"insider", "insiders"}},
	{"heldByInstitutions", []string{"institutional", "institutions"}},
	{"enterpriseValue", []string{"enterprise value"}},
}

// overview are the metrics of a question that asks for no certain one.
var overview = []string{"marketCap", "trailingPE", "forwardPE", "priceToBook", "revenue", "revenueGrowth", "grossMargin", "operatingMargin", "netMargin", "returnOnEquity", "debtToEquity", "freeCashFlow", "dividendYield", "beta"}

func (a *asking) metrics() []string {
	if a.has("fundamentals", "fundamental", "metrics", "key figure", "key metrics", "key ratios", "financials", "a good buy", "a good stock") {
		return overview
	}
	var all []string
	for _, r := range ratios {
		if a.has(r.phrases...) {
			all = append(all, r.name)
		}
	}
	return all
}

// Passages are looked for in these forms.
var readable = []string{"10-K", "10-Q", "8-K", "20-F"}

// lists asks which filings there are.
func (a *asking) lists() bool {
	return (a.topic(intent.Filings) || len(a.Forms) > 0) && !a.says() && !a.risks() && len(a.concepts()) == 0
}

func listed(a *asking) {
	in := input{Forms: a.Forms}
	if a.has("latest", "newest", "most recent", "last") && a.From == nil {
		in.Limit = 3
	}
	in.First, in.Last = a.past()
	if len(a.Fiscal) > 0 { // a report on a year is filed in the next: the days would leave it out
		in.First, in.Last = nil, nil
	}
	a.each("list_filings", in)
}

// risks asks for a company's own account of its risks.
func (a *asking) risks() bool {
	return !a.own() && a.has("risk factor", "risks") && !a.has("mention", "mentions", "about")
}

// says asks what stands in filings: what no figure and no other source answers.
func (a *asking) says() bool {
	if a.own() {
		return a.has("say about", "says about", "filing", "10 k", "10 q", "annual report") && len(a.Symbols) > 0
	}
	if a.has("say", "says", "said", "mention", "mentions", "discuss", "discusses", "disclose", "disclosed", "describe", "describes", "according to", "risk", "risks", "risk factor",
		"lawsuit", "litigation", "legal proceedings", "competition", "competitor", "competitors", "supplier", "suppliers", "strategy", "supply chain", "regulation", "regulatory",
		"summarize", "summary of", "explain", "why did", "why does", "depend on", "depends on", "outlook", "going concern", "cybersecurity", "climate") {
		return true
	}
	if a.costs() || a.steps() || a.staff() || a.perShare() {
		return false
	}
	return a.Type == intent.Research && !a.topic(intent.News, intent.Price, intent.Profile, intent.Filings, intent.Dividends, intent.Performance) && !a.reports() && !a.hasFigures() && !a.has("what does", "what is", "tell me about") && len(a.Forms) == 0 && !a.sideBySide()
}

// sideBySide compares over a time, and says nothing of what: prices.
func (a *asking) sideBySide() bool {
	return a.ranged() && a.has("compare", "compared", "vs", "versus", "against") && len(a.Topics) == 0
}

func (a *asking) hasFigures() bool {
	if len(a.metrics()) > 0 {
		return true
	}
	return slices.ContainsFunc(concepts, func(c concept) bool { return a.has(c.phrases...) }) || len(a.Fiscal) > 0
}

func said(a *asking) {
	in := input{Query: a.query()}
	for _, form := range a.Forms {
		if slices.Contains(readable, form) {
			in.Forms = append(in.Forms, form)
		}
	}
	a.each("search_passages", in)
}

// query is the question as a search takes it.
func (a *asking) query() string {
	const longest = 400
	text := strings.Join(strings.Fields(a.question), " ")
	if len(text) > longest {
		text = strings.TrimSpace(strings.ToValidUTF8(text[:longest], ""))
	}
	return cmp.Or(text, "business")
}

// mentioned is what companies are asked to have mentioned.
func (a *asking) mentioned() string {
	query := a.query()
	for _, word := range []string{"mentioning ", "mentions ", "mention "} {
		if _, what, found := strings.Cut(query, word); found && what != "" {
			what, _, _ = strings.Cut(what, " in ")
			return strings.TrimRight(what, "?.! ")
		}
	}
	return query
}

func (a *asking) profiles() bool {
	const few = 4 // words of "what is nvidia"
	if a.costs() || a.steps() {
		return false
	}
	return !a.own() && (a.topic(intent.Profile) || a.staff() || (a.has("what does", "tell me about", "who is", "employees", "headquarter", "headquartered", "based in", "website", "company profile") || a.has("what is") && len(strings.Fields(string(a.text))) <= few) &&
		!a.hasFigures() && !a.topic(intent.Price, intent.News, intent.Filings, intent.Performance) && !a.reports() && !a.says())
}

// wideSearch asks which companies filed something.
func (a *asking) wideSearch() bool {
	return len(a.Symbols) == 0 && !a.own() && a.has("which companies", "what companies", "companies that mention", "filings that mention", "filings mentioning", "companies mention")
}

// prices asks what something is worth now.
func (a *asking) prices() bool {
	if a.own() || a.perShare() && len(a.calls) > 0 {
		return false
	}
	if (a.costs() || a.steps()) && !a.ranged() {
		return true
	}
	if len(a.calls) > 0 && (a.topic(intent.News) || a.ranged() || a.profiles()) {
		return a.has("price now", "price today", "current price", "quote")
	}
	if a.has("p e", "pe ratio", "market cap", "market capitalization", "52 week", "yield", "dividend", "volume", "overvalued", "undervalued", "valuation", "cheap", "expensive", "worth") {
		return true
	}
	return a.Type == intent.Market || a.topic(intent.Price) && !a.ranged() && len(a.calls) == 0 || len(a.calls) == 0 && a.topic(intent.Performance)
}

func priced(a *asking) {
	const mostQuotes = 20
	a.add("get_stock_quotes", input{Symbols: slices.Concat(a.Symbols, a.markets())[:min(len(a.Symbols)+len(a.markets()), mostQuotes)]})
}

// moves asks how prices went over a time.
func (a *asking) moves() bool {
	switch {
	case a.own(): // how the price went beside what is held
		return a.ranged() && a.aboutHoldings() && a.topic(intent.Performance)
	case a.steps(), a.costs():
		return a.ranged()
	case a.perShare() && len(a.calls) > 0:
		return false
	}
	if len(a.Fiscal) > 0 && a.hasFigures() || a.topic(intent.News, intent.Filings) {
		return false
	}
	return a.ranged() && (a.Type == intent.Market || a.topic(intent.Price, intent.Performance, intent.Dividends) || a.sideBySide()) || a.has("dividend history", "dividend") && !a.topic(intent.Filings) ||
		a.topic(intent.Performance) && !a.hasFigures() && a.From == nil || a.has("volatility", "volatile", "price history", "chart", "all time high")
}

func moved(a *asking) {
	const (
		atOnce = 5
		usual  = 365 // days
	)
	first, last := a.today.AddDays(-usual), (*calendar.Day)(nil)
	if a.ranged() {
		first, last = a.closeBefore(*a.From), a.To
		if a.between() && calendar.IsTradingDay(*a.From) {
			first = *a.From
		}
		if !last.Before(a.today) {
			last = nil
		}
	}
	symbols := slices.Concat(a.Symbols, a.markets())
	a.add("get_price_history", input{Symbols: symbols[:min(len(symbols), atOnce)], First: &first, Last: last})
}

// closeBefore is the last day of trading before a day, from whose close what happened on it is measured.
func (a *asking) closeBefore(day calendar.Day) calendar.Day {
	const longestBreak = 10
	for n := 1; n <= longestBreak; n++ {
		if before := day.AddDays(-n); calendar.IsTradingDay(before) {
			return before
		}
	}
	return day
}

// unnamed is for questions on the market that name nothing in it, or nothing that is known.
func unnamed(a *asking) {
	symbols := a.markets()
	if len(symbols) == 0 && a.Type == intent.Market && a.has("market", "stocks", "stock market", "wall street", "index", "indices") {
		symbols = []string{"^GSPC", "^IXIC", "^DJI"}
	}
	switch {
	case len(symbols) > 0 && a.ranged():
		a.Symbols = symbols
		moved(a)
	case len(symbols) > 0:
		a.add("get_stock_quotes", input{Symbols: symbols})
	case a.Type != intent.Other, a.topic(intent.Price, intent.Earnings), a.has("stock", "earnings", "revenue"), a.has("what does") && strings.HasSuffix(string(a.text), " do "):
		if name := named(a.question); name != "" {
			a.add("find_instrument", input{Query: name})
		}
	}
}
