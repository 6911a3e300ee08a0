package ranking

import "strings"

// statements are how much something is, or wants, each of the financial statements, from 0 to 1.
type statements struct{ balance, income, cash, equity float64 }

// meets is how much of what is wanted is there. A unit is one statement; where several are wanted, any of them will do.
func (wanted statements) meets(there statements) float64 {
	return max(wanted.balance*there.balance, wanted.income*there.income, wanted.cash*there.cash, wanted.equity*there.equity)
}

// also is both together.
func (wanted statements) also(more statements) statements {
	return statements{
		balance: max(wanted.balance, more.balance),
		income:  max(wanted.income, more.income),
		cash:    max(wanted.cash, more.cash),
		equity:  max(wanted.equity, more.equity),
	}
}

// form is what one statement looks like: what it is called, and rows that make it what it is.
type form struct {
	titles, rows []string
}

var (
	balanceForm = form{
		titles: phrases("balance sheet", "balance sheets", "statement of financial position", "statements of financial position",
			"statement of financial condition", "statements of financial condition"),
		rows: phrases("total assets", "total current assets", "total current liabilities", "total liabilities", "total equity",
			"total shareholders equity", "total stockholders equity", "retained earnings", "accounts payable", "goodwill",
			"additional paid in capital", "accumulated other comprehensive", "inventories", "total liabilities and"),
	}
	incomeForm = form{
		titles: phrases("statement of income", "statements of income", "statement of operations", "statements of operations",
			"statement of earnings", "statements of earnings", "income statement", "income statements", "statement of consolidated income",
			"statements of consolidated income", "statement of consolidated operations", "statements of consolidated earnings",
			"statement of profit or loss"),
		rows: phrases("net sales", "total revenue", "total revenues", "revenue", "net revenues", "total net revenue", "cost of sales", "cost of revenue",
			"cost of goods sold", "gross profit", "gross margin", "operating income", "income from operations", "operating profit",
			"income before", "earnings before", "provision for income taxes", "income tax expense", "net income", "net earnings", "net loss",
			"basic", "diluted", "interest expense", "selling general and administrative", "total operating expenses", "total costs and expenses"),
	}
	cashForm = form{
		titles: phrases("statement of cash flows", "statements of cash flows", "statement of cash flow", "statements of consolidated cash flows",
			"statement of consolidated cash flows", "cash flow statement", "cash flow statements"),
		rows: phrases("operating activities", "investing activities", "financing activities", "net cash provided", "net cash used",
			"depreciation", "deferred income taxes", "stock based compensation", "share based compensation",
			"accounts receivable", "purchases of property", "capital expenditures", "additions to property", "dividends paid",
			"proceeds from", "beginning of", "end of", "repurchases of common", "increase decrease in cash", "decrease increase in cash"),
	}
	equityForm = form{
		titles: phrases("statement of equity", "statements of equity", "statement of stockholders equity", "statements of stockholders equity",
			"statement of shareholders equity", "statements of shareholders equity", "statement of changes in", "statements of changes in"),
		rows: phrases("balance at", "balances at", "balance as of", "balances as of", "net income", "dividends", "stock based compensation", "repurchase"),
	}
)

// enoughRows of a statement's own make it one.
const enoughRows = 6

// statementsOf tells what a piece is by its heading and its rows. Rows without a heading may be a summary, or the later
// part of a statement; a heading without rows is where another place is named.
func statementsOf(p *piece) statements {
	return statements{
		balance: balanceForm.seen(p), income: incomeForm.seen(p), cash: cashForm.seen(p), equity: equityForm.seen(p),
	}
}

func (f form) seen(p *piece) float64 {
	rows := 0.0
	for _, row := range f.rows {
		if strings.Contains(p.rows, row) {
			rows++
		}
	}
	rows = min(1, rows/enoughRows)
	titled := 0.0
	for _, title := range f.titles {
		if strings.Contains(p.headings, title) {
			titled = 1
			break
		}
	}
	return rows * (0.35 + 0.65*titled)
}

// phrases are texts as they are looked for in lines.
func phrases(texts ...string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = spaced(Words(text))
	}
	return all
}

func spaced(words []string) string { return " " + strings.Join(words, " ") + " " }
