package paper

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Fact is a figure as a filing reports it. Start is the zero Day for one of a moment.
type Fact struct {
	Taxonomy, Tag, Unit string
	Start, End          calendar.Day
	Value               decimal.Decimal
}

// line is one of a statement: what it is called, its tag under US-GAAP and IFRS, and where its value comes from.
type line struct {
	label, tag, ifrs string
	value            func(*Company, figures) decimal.Decimal
	unit             string // "" is money
	total            bool
}

// figures are what a column of a statement is made of.
type figures struct {
	flows
	stocks
	told calendar.Day // shares are those of this day
}

func money(get func(figures) int64) func(*Company, figures) decimal.Decimal {
	return func(_ *Company, f figures) decimal.Decimal { return millions(get(f)) }
}

// named is the label for the company's kind of business.
func (c *Company) named(maker, bank, insurer string) string {
	return []string{maker, bank, insurer}[c.kind]
}

func (c *Company) incomeLines() []line {
	revenue, cost, selling := "RevenueFromContractWithCustomerExcludingAssessedTax", "CostOfRevenue", "SellingGeneralAndAdministrativeExpense"
	if c.kind != maker {
		revenue = "Revenues"
	}
	if c.kind == bank {
		cost, selling = "ProvisionForLoanLeaseAndOtherLosses", "NoninterestExpense"
	}
	lines := []line{
		{c.named("Total revenue", "Total net revenue", "Total revenues"), revenue, "Revenue", money(func(f figures) int64 { return f.revenue }), "", true},
		{c.named("Cost of revenue", "Provision for credit losses", "Cost of sales, services and insurance losses"), cost, "CostOfSales", money(func(f figures) int64 { return f.cost }), "", false},
	}
	if c.kind == maker {
		lines = append(lines, line{"Gross profit", "GrossProfit", "GrossProfit", money(func(f figures) int64 { return f.gross() }), "", true})
	}
	if c.Registrant.research > 0 {
		lines = append(lines, line{"Research and development", "ResearchAndDevelopmentExpense", "ResearchAndDevelopmentExpense", money(func(f figures) int64 { return f.research }), "", false})
	}
	return append(lines,
		line{c.named("Selling, general and administrative", "Total noninterest expense", "Selling, general and administrative expenses"), selling, "SellingGeneralAndAdministrativeExpense", money(func(f figures) int64 { return f.selling }), "", false},
		line{"Operating income (loss)", "OperatingIncomeLoss", "ProfitLossFromOperatingActivities", money(func(f figures) int64 { return f.operating() }), "", true},
		line{"Other income (expense), net", "NonoperatingIncomeExpense", "OtherFinanceIncomeCost", money(func(f figures) int64 { return f.other }), "", false},
		line{"Income (loss) before income taxes", "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest", "ProfitLossBeforeTax", money(func(f figures) int64 { return f.before() }), "", true},
		line{"Provision for (benefit from) income taxes", "IncomeTaxExpenseBenefit", "IncomeTaxExpenseContinuingOperations", money(func(f figures) int64 { return f.tax }), "", false},
		line{"Net income (loss)", "NetIncomeLoss", "ProfitLoss", money(func(f figures) int64 { return f.net() }), "", true},
		line{"Basic earnings (loss) per share", "EarningsPerShareBasic", "BasicEarningsLossPerShare", func(c *Company, f figures) decimal.Decimal { return c.perShare(f.net(), c.basic(f.told)) }, "/shares", false},
		line{"Diluted earnings (loss) per share", "EarningsPerShareDiluted", "DilutedEarningsLossPerShare", func(c *Company, f figures) decimal.Decimal { return c.perShare(f.net(), c.diluted(f.told)) }, "/shares", false},
		line{"Shares used in computing basic earnings per share", "WeightedAverageNumberOfSharesOutstandingBasic", "WeightedAverageShares", func(c *Company, f figures) decimal.Decimal { return decimal.NewFromInt(c.basic(f.told)) }, "shares", false},
		line{"Shares used in computing diluted earnings per share", "WeightedAverageNumberOfDilutedSharesOutstanding", "AdjustedWeightedAverageShares", func(c *Company, f figures) decimal.Decimal { return decimal.NewFromInt(c.diluted(f.told)) }, "shares", false},
	)
}

func (c *Company) balanceLines() []line {
	lines := []line{
		{"Cash and cash equivalents", "CashAndCashEquivalentsAtCarryingValue", "CashAndCashEquivalents", money(func(f figures) int64 { return f.cash }), "", false},
		{c.named("Marketable securities", "Investment securities", "Investments in securities"), "MarketableSecurities", "OtherCurrentFinancialAssets", money(func(f figures) int64 { return f.stocks.securities }), "", false},
		{c.named("Accounts receivable, net", "Loans, net of allowance", "Loans and receivables"), c.named("AccountsReceivableNetCurrent", "LoansAndLeasesReceivableNetReportedAmount", "AccountsReceivableNetCurrent"), "TradeAndOtherCurrentReceivables", money(func(f figures) int64 { return f.receivables }), "", false},
	}
	if c.q[0].stocks.inventory > 0 {
		lines = append(lines, line{"Inventories", "InventoryNet", "Inventories", money(func(f figures) int64 { return f.inventory }), "", false})
	}
	return append(lines,
		line{"Property, plant and equipment, net", "PropertyPlantAndEquipmentNet", "PropertyPlantAndEquipment", money(func(f figures) int64 { return f.property }), "", false},
		line{"Other assets", "OtherAssetsNoncurrent", "OtherNoncurrentAssets", money(func(f figures) int64 { return f.rest }), "", false},
		line{"Total assets", "Assets", "Assets", money(func(f figures) int64 { return f.assets() }), "", true},
		line{c.named("Accounts payable", "Deposits", "Losses and loss adjustment expenses"), c.named("AccountsPayableCurrent", "Deposits", "LiabilityForClaimsAndClaimsAdjustmentExpense"), "TradeAndOtherCurrentPayables", money(func(f figures) int64 { return f.payables }), "", false},
		line{c.named("Term debt", "Long-term debt", "Notes payable and other borrowings"), "LongTermDebt", "Borrowings", money(func(f figures) int64 { return f.debt }), "", false},
		line{"Other liabilities", "OtherLiabilities", "OtherLiabilities", money(func(f figures) int64 { return f.others }), "", false},
		line{"Total liabilities", "Liabilities", "Liabilities", money(func(f figures) int64 { return f.owed() }), "", true},
		line{"Total shareholders' equity", "StockholdersEquity", "Equity", money(func(f figures) int64 { return f.equity }), "", true},
		line{"Total liabilities and shareholders' equity", "LiabilitiesAndStockholdersEquity", "EquityAndLiabilities", money(func(f figures) int64 { return f.owed() + f.equity }), "", true},
	)
}

func (c *Company) cashLines() []line {
	lines := []line{
		{"Depreciation and amortization", "DepreciationDepletionAndAmortization", "AdjustmentsForDepreciationAndAmortisationExpense", money(func(f figures) int64 { return f.wear }), "", false},
		{"Share-based compensation expense", "ShareBasedCompensation", "AdjustmentsForSharebasedPayments", money(func(f figures) int64 { return f.awards }), "", false},
		{"Cash generated by (used in) operating activities", "NetCashProvidedByUsedInOperatingActivities", "CashFlowsFromUsedInOperatingActivities", money(func(f figures) int64 { return f.operated() }), "", true},
		{"Payments for acquisition of property, plant and equipment", "PaymentsToAcquirePropertyPlantAndEquipment", "PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities", money(func(f figures) int64 { return f.spending }), "", false},
		{"Cash generated by (used in) investing activities", "NetCashProvidedByUsedInInvestingActivities", "CashFlowsFromUsedInInvestingActivities", money(func(f figures) int64 { return f.invested() }), "", true},
	}
	if c.q[0].flows.dividends > 0 {
		lines = append(lines, line{"Payments for dividends", "PaymentsOfDividends", "DividendsPaidClassifiedAsFinancingActivities", money(func(f figures) int64 { return f.dividends }), "", false})
	}
	if c.buying > 0 {
		lines = append(lines, line{"Repurchases of common stock", "PaymentsForRepurchaseOfCommonStock", "PaymentsToAcquireOrRedeemEntitysShares", money(func(f figures) int64 { return f.buybacks }), "", false})
	}
	return append(lines,
		line{"Cash generated by (used in) financing activities", "NetCashProvidedByUsedInFinancingActivities", "CashFlowsFromUsedInFinancingActivities", money(func(f figures) int64 { return f.financed() }), "", true},
		line{"Increase (decrease) in cash and cash equivalents", "CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseIncludingExchangeRateEffect", "IncreaseDecreaseInCashAndCashEquivalents", money(func(f figures) int64 { return f.change() }), "", true},
	)
}

// table is a statement, or another array of figures. Cells are texts; those that are facts are in facts too.
type table struct {
	title, unit string
	columns     []string
	rows        []row
}

type row struct {
	label string
	cells []cell
	total bool
}

// cell is a figure as it is shown, and the fact it is, if it is one.
type cell struct {
	text string
	fact *Fact
}

// column is a period or a moment of a statement.
type column struct {
	head     string
	from, to int // quarters
}

// tabulate makes a statement of lines and columns.
func (c *Company) tabulate(f *Filing, title string, instant bool, lines []line, columns []column) table {
	t := table{title: title, unit: "(In millions, except number of shares, which are reflected in thousands, and per-share amounts)"}
	for _, col := range columns {
		t.columns = append(t.columns, col.head)
	}
	for _, l := range lines {
		r := row{label: l.label, total: l.total}
		for _, col := range columns {
			told := figures{c.flow(col.from, col.to, f.Filed), c.q[col.to].stocks, f.Filed}
			fact := &Fact{Taxonomy: "us-gaap", Tag: l.tag, Unit: c.currency(), End: c.q[col.to].end, Value: l.value(c, told)}
			if c.Foreign() {
				fact.Taxonomy, fact.Tag = "ifrs-full", l.ifrs
			}
			switch l.unit {
			case "shares":
				fact.Unit = l.unit
			case "/shares":
				fact.Unit += l.unit
			}
			if !instant {
				fact.Start = c.q[col.from].start
			}
			r.cells = append(r.cells, cell{shown(*fact), fact})
		}
		t.rows = append(t.rows, r)
	}
	return t
}

// shown is a figure as statements have it: millions of money, thousands of shares, cents; losses in parentheses.
func shown(f Fact) string {
	text := ""
	switch {
	case f.Unit == "shares":
		text = grouped(f.Value.Shift(-3).Round(0).Abs().String())
	case strings.HasSuffix(f.Unit, "/shares"):
		text = f.Value.Abs().StringFixed(2)
	default:
		text = grouped(f.Value.Shift(-6).Abs().String())
	}
	if f.Value.IsNegative() {
		return "(" + text + ")"
	}
	return text
}

// grouped puts commas into digits.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// statements are the three a report has.
func (c *Company) statements(f *Filing) []table {
	i := f.quarter()
	fy, n := yearOf(i)
	name := map[int]string{1: "Three", 2: "Six", 3: "Nine"}
	var income, cash, balance []column
	if n == 4 {
		for y := fy; y > fy-3 && y >= firstYear; y-- {
			income = append(income, column{"Years ended " + long(c.quarterEnd(y, 4)), at(y, 1), at(y, 4)})
		}
		cash = income
		for y := fy; y > fy-2; y-- {
			balance = append(balance, column{long(c.quarterEnd(y, 4)), at(y, 4), at(y, 4)})
		}
	} else {
		income = []column{{"Three Months Ended " + long(c.q[i].end), i, i}, {"Three Months Ended " + long(c.q[i-4].end), i - 4, i - 4}}
		cash = []column{{name[n] + " Months Ended " + long(c.q[i].end), at(fy, 1), i}, {name[n] + " Months Ended " + long(c.q[i-4].end), at(fy-1, 1), i - 4}}
		if n > 1 {
			income = append(income, cash...)
		}
		balance = []column{{long(c.q[i].end), i, i}, {long(c.quarterEnd(fy-1, 4)), at(fy-1, 4), at(fy-1, 4)}}
	}
	of := "CONDENSED CONSOLIDATED "
	if n == 4 {
		of = "CONSOLIDATED "
	}
	if f.FiscalPeriod == "FY" && c.Foreign() {
		of = "CONSOLIDATED IFRS "
	}
	return []table{
		c.tabulate(f, of+"STATEMENTS OF OPERATIONS", false, c.incomeLines(), income),
		c.tabulate(f, of+"BALANCE SHEETS", true, c.balanceLines(), balance),
		c.tabulate(f, of+"STATEMENTS OF CASH FLOWS", false, c.cashLines(), cash),
	}
}

// hasStatements tells whether the filing carries XBRL figures.
func (f *Filing) hasStatements() bool {
	return f.Filed.Year > 2000 && (f.Form == "10-K" || f.Form == "10-Q" || f.Form == "20-F")
}

// coverFacts are those of the first page.
func (c *Company) coverFacts(f *Filing) []Fact {
	day := f.Filed.AddDays(-6)
	facts := []Fact{{Taxonomy: "dei", Tag: "EntityCommonStockSharesOutstanding", Unit: "shares", End: day, Value: decimal.NewFromInt(c.basic(day))}}
	if f.Form == "10-K" {
		half := c.quarterEnd(f.FiscalYear, 2)
		worth := decimal.NewFromInt(c.basic(half)).Mul(c.perShare(c.flow(at(f.FiscalYear, 1), at(f.FiscalYear, 4), f.Filed).net(), c.basic(half)).Abs().Add(decimal.NewFromInt(1))).Mul(decimal.NewFromInt(19))
		facts = append(facts, Fact{Taxonomy: "dei", Tag: "EntityPublicFloat", Unit: c.currency(), End: half, Value: worth.Shift(-6).Round(0).Shift(6)})
	}
	return facts
}
