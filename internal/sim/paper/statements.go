package paper

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// line is one of a statement: what it is called, its tag under US-GAAP and IFRS, and where its value comes from.
type line struct {
	label, tag, ifrs string
	value            func(*Company, figures) decimal.Decimal
	unit             string // "" is money
	total            bool
}

// figures are what a column of a statement is made of.
type figures struct {
	books.Flows
	books.Stocks
	told calendar.Day // shares are those of this day
}

func money(get func(figures) int64) func(*Company, figures) decimal.Decimal {
	return func(_ *Company, f figures) decimal.Decimal { return books.Millions(get(f)) }
}

// named is the label for the company's kind of business.
func (c *Company) named(maker, bank, insurer string) string {
	return []string{maker, bank, insurer}[c.Kind]
}

func (c *Company) incomeLines() []line {
	revenue, cost, selling := "RevenueFromContractWithCustomerExcludingAssessedTax", "CostOfRevenue", "SellingGeneralAndAdministrativeExpense"
	if c.Kind != books.Maker {
		revenue = "Revenues"
	}
	if c.Kind == books.Bank {
		cost, selling = "ProvisionForLoanLeaseAndOtherLosses", "NoninterestExpense"
	}
	lines := []line{
		{c.named("Total revenue", "Total net revenue", "Total revenues"), revenue, "Revenue", money(func(f figures) int64 { return f.Revenue }), "", true},
		{c.named("Cost of revenue", "Provision for credit losses", "Cost of sales, services and insurance losses"), cost, "CostOfSales", money(func(f figures) int64 { return f.Cost }), "", false},
	}
	if c.Kind == books.Maker {
		lines = append(lines, line{"Gross profit", "GrossProfit", "GrossProfit", money(func(f figures) int64 { return f.Gross() }), "", true})
	}
	if c.Registrant.Research > 0 {
		lines = append(lines, line{"Research and development", "ResearchAndDevelopmentExpense", "ResearchAndDevelopmentExpense", money(func(f figures) int64 { return f.Research }), "", false})
	}
	return append(lines,
		line{c.named("Selling, general and administrative", "Total noninterest expense", "Selling, general and administrative expenses"), selling, "SellingGeneralAndAdministrativeExpense", money(func(f figures) int64 { return f.Selling }), "", false},
		line{"Operating income (loss)", "OperatingIncomeLoss", "ProfitLossFromOperatingActivities", money(func(f figures) int64 { return f.Operating() }), "", true},
		line{"Other income (expense), net", "NonoperatingIncomeExpense", "OtherFinanceIncomeCost", money(func(f figures) int64 { return f.Other }), "", false},
		line{"Income (loss) before income taxes", "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest", "ProfitLossBeforeTax", money(func(f figures) int64 { return f.Before() }), "", true},
		line{"Provision for (benefit from) income taxes", "IncomeTaxExpenseBenefit", "IncomeTaxExpenseContinuingOperations", money(func(f figures) int64 { return f.Tax }), "", false},
		line{"Net income (loss)", "NetIncomeLoss", "ProfitLoss", money(func(f figures) int64 { return f.Net() }), "", true},
		line{"Basic earnings (loss) per share", "EarningsPerShareBasic", "BasicEarningsLossPerShare", func(c *Company, f figures) decimal.Decimal { return c.PerShare(f.Net(), c.Basic(f.told)) }, "/shares", false},
		line{"Diluted earnings (loss) per share", "EarningsPerShareDiluted", "DilutedEarningsLossPerShare", func(c *Company, f figures) decimal.Decimal { return c.PerShare(f.Net(), c.Diluted(f.told)) }, "/shares", false},
		line{"Shares used in computing basic earnings per share", "WeightedAverageNumberOfSharesOutstandingBasic", "WeightedAverageShares", func(c *Company, f figures) decimal.Decimal { return decimal.NewFromInt(c.Basic(f.told)) }, "shares", false},
		line{"Shares used in computing diluted earnings per share", "WeightedAverageNumberOfDilutedSharesOutstanding", "AdjustedWeightedAverageShares", func(c *Company, f figures) decimal.Decimal { return decimal.NewFromInt(c.Diluted(f.told)) }, "shares", false},
	)
}

func (c *Company) balanceLines() []line {
	lines := []line{
		{"Cash and cash equivalents", "CashAndCashEquivalentsAtCarryingValue", "CashAndCashEquivalents", money(func(f figures) int64 { return f.Cash }), "", false},
		{c.named("Marketable securities", "Investment securities", "Investments in securities"), "MarketableSecurities", "OtherCurrentFinancialAssets", money(func(f figures) int64 { return f.Stocks.Securities }), "", false},
		{c.named("Accounts receivable, net", "Loans, net of allowance", "Loans and receivables"), c.named("AccountsReceivableNetCurrent", "LoansAndLeasesReceivableNetReportedAmount", "AccountsReceivableNetCurrent"), "TradeAndOtherCurrentReceivables", money(func(f figures) int64 { return f.Receivables }), "", false},
	}
	if c.Periods[0].Stocks.Inventory > 0 {
		lines = append(lines, line{"Inventories", "InventoryNet", "Inventories", money(func(f figures) int64 { return f.Inventory }), "", false})
	}
	return append(lines,
		line{"Property, plant and equipment, net", "PropertyPlantAndEquipmentNet", "PropertyPlantAndEquipment", money(func(f figures) int64 { return f.Property }), "", false},
		line{"Other assets", "OtherAssetsNoncurrent", "OtherNoncurrentAssets", money(func(f figures) int64 { return f.Rest }), "", false},
		line{"Total assets", "Assets", "Assets", money(func(f figures) int64 { return f.Assets() }), "", true},
		line{c.named("Accounts payable", "Deposits", "Losses and loss adjustment expenses"), c.named("AccountsPayableCurrent", "Deposits", "LiabilityForClaimsAndClaimsAdjustmentExpense"), "TradeAndOtherCurrentPayables", money(func(f figures) int64 { return f.Payables }), "", false},
		line{c.named("Term debt", "Long-term debt", "Notes payable and other borrowings"), "LongTermDebt", "Borrowings", money(func(f figures) int64 { return f.Debt }), "", false},
		line{"Other liabilities", "OtherLiabilities", "OtherLiabilities", money(func(f figures) int64 { return f.Others }), "", false},
		line{"Total liabilities", "Liabilities", "Liabilities", money(func(f figures) int64 { return f.Owed() }), "", true},
		line{"Total shareholders' equity", "StockholdersEquity", "Equity", money(func(f figures) int64 { return f.Equity }), "", true},
		line{"Total liabilities and shareholders' equity", "LiabilitiesAndStockholdersEquity", "EquityAndLiabilities", money(func(f figures) int64 { return f.Owed() + f.Equity }), "", true},
	)
}

func (c *Company) cashLines() []line {
	lines := []line{
		{"Depreciation and amortization", "DepreciationDepletionAndAmortization", "AdjustmentsForDepreciationAndAmortisationExpense", money(func(f figures) int64 { return f.Wear }), "", false},
		{"Share-based compensation expense", "ShareBasedCompensation", "AdjustmentsForSharebasedPayments", money(func(f figures) int64 { return f.Awards }), "", false},
		{"Cash generated by (used in) operating activities", "NetCashProvidedByUsedInOperatingActivities", "CashFlowsFromUsedInOperatingActivities", money(func(f figures) int64 { return f.Operated() }), "", true},
		{"Payments for acquisition of property, plant and equipment", "PaymentsToAcquirePropertyPlantAndEquipment", "PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities", money(func(f figures) int64 { return f.Spending }), "", false},
		{"Cash generated by (used in) investing activities", "NetCashProvidedByUsedInInvestingActivities", "CashFlowsFromUsedInInvestingActivities", money(func(f figures) int64 { return f.Invested() }), "", true},
	}
	if c.Periods[0].Flows.Dividends > 0 {
		lines = append(lines, line{"Payments for dividends", "PaymentsOfDividends", "DividendsPaidClassifiedAsFinancingActivities", money(func(f figures) int64 { return f.Dividends }), "", false})
	}
	if c.Buying > 0 {
		lines = append(lines, line{"Repurchases of common stock", "PaymentsForRepurchaseOfCommonStock", "PaymentsToAcquireOrRedeemEntitysShares", money(func(f figures) int64 { return f.Buybacks }), "", false})
	}
	return append(lines,
		line{"Cash generated by (used in) financing activities", "NetCashProvidedByUsedInFinancingActivities", "CashFlowsFromUsedInFinancingActivities", money(func(f figures) int64 { return f.Financed() }), "", true},
		line{"Increase (decrease) in cash and cash equivalents", "CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseIncludingExchangeRateEffect", "IncreaseDecreaseInCashAndCashEquivalents", money(func(f figures) int64 { return f.Change() }), "", true},
	)
}

// column is a period or a moment of a statement.
type column struct {
	head     string
	from, to int // quarters
}

// tabulate makes a statement of lines and columns.
func (c *Company) tabulate(f *Filing, title string, instant bool, lines []line, columns []column) typeset.Table {
	t := typeset.Table{Title: title, Unit: "(In millions, except number of shares, which are reflected in thousands, and per-share amounts)"}
	for _, col := range columns {
		t.Columns = append(t.Columns, col.head)
	}
	for _, l := range lines {
		r := typeset.Row{Label: l.label, Total: l.total}
		for _, col := range columns {
			told := figures{c.Flow(col.from, col.to, f.Filed), c.Periods[col.to].Stocks, f.Filed}
			fact := &typeset.Fact{Taxonomy: "us-gaap", Tag: l.tag, Unit: c.Currency(), End: c.Periods[col.to].End, Value: l.value(c, told)}
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
				fact.Start = c.Periods[col.from].Start
			}
			r.Cells = append(r.Cells, typeset.Cell{Text: shown(*fact), Fact: fact})
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// shown is a figure as statements have it: millions of money, thousands of shares, cents; losses in parentheses.
func shown(f typeset.Fact) string {
	text := ""
	switch {
	case f.Unit == "shares":
		text = typeset.Grouped(f.Value.Shift(-3).Round(0).Abs().String())
	case strings.HasSuffix(f.Unit, "/shares"):
		text = f.Value.Abs().StringFixed(2)
	default:
		text = typeset.Grouped(f.Value.Shift(-6).Abs().String())
	}
	if f.Value.IsNegative() {
		return "(" + text + ")"
	}
	return text
}

// statements are the three a report has.
func (c *Company) statements(f *Filing) []typeset.Table {
	i := f.quarter()
	fy, n := books.YearOf(i)
	name := map[int]string{1: "Three", 2: "Six", 3: "Nine"}
	var income, cash, balance []column
	if n == 4 {
		for y := fy; y > fy-3 && y >= books.FirstYear; y-- {
			income = append(income, column{"Years ended " + long(c.QuarterEnd(y, 4)), books.At(y, 1), books.At(y, 4)})
		}
		cash = income
		for y := fy; y > fy-2; y-- {
			balance = append(balance, column{long(c.QuarterEnd(y, 4)), books.At(y, 4), books.At(y, 4)})
		}
	} else {
		income = []column{{"Three Months Ended " + long(c.Periods[i].End), i, i}, {"Three Months Ended " + long(c.Periods[i-4].End), i - 4, i - 4}}
		cash = []column{{name[n] + " Months Ended " + long(c.Periods[i].End), books.At(fy, 1), i}, {name[n] + " Months Ended " + long(c.Periods[i-4].End), books.At(fy-1, 1), i - 4}}
		if n > 1 {
			income = append(income, cash...)
		}
		balance = []column{{long(c.Periods[i].End), i, i}, {long(c.QuarterEnd(fy-1, 4)), books.At(fy-1, 4), books.At(fy-1, 4)}}
	}
	of := "CONDENSED CONSOLIDATED "
	if n == 4 {
		of = "CONSOLIDATED "
	}
	if f.FiscalPeriod == "FY" && c.Foreign() {
		of = "CONSOLIDATED IFRS "
	}
	return []typeset.Table{
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
func (c *Company) coverFacts(f *Filing) []typeset.Fact {
	day := f.Filed.AddDays(-6)
	facts := []typeset.Fact{{Taxonomy: "dei", Tag: "EntityCommonStockSharesOutstanding", Unit: "shares", End: day, Value: decimal.NewFromInt(c.Basic(day))}}
	if f.Form == "10-K" {
		half := c.QuarterEnd(f.FiscalYear, 2)
		worth := decimal.NewFromInt(c.Basic(half)).Mul(c.PerShare(c.Flow(books.At(f.FiscalYear, 1), books.At(f.FiscalYear, 4), f.Filed).Net(), c.Basic(half)).Abs().Add(decimal.NewFromInt(1))).Mul(decimal.NewFromInt(19))
		facts = append(facts, typeset.Fact{Taxonomy: "dei", Tag: "EntityPublicFloat", Unit: c.Currency(), End: half, Value: worth.Shift(-6).Round(0).Shift(6)})
	}
	return facts
}
