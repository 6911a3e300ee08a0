package ranking

// concept is something that investors ask for, with the words that filings use for it.
type concept struct {
	// says are the ways to ask for it, any of them.
	says []string
	// rows are how filings call it, or what it is worked out from.
	rows []string
	// in is where it stands, 1 being the place where one looks first.
	in     statements
	weight float64
}

func (c concept) asked(written string) bool { return containsAny(written, c.says) }

var (
	inBalance  = statements{balance: 0.8}
	inIncome   = statements{income: 0.8}
	inCash     = statements{cash: 0.8}
	alsoInCash = statements{cash: 0.4}
	nowhere    = statements{}
)

// concepts is what is known of the language of filings.
var concepts = []concept{
	// of the income statement
	{written("revenue", "revenues", "sales", "top line", "net sales", "turnover"), phrases("net sales", "total revenue", "net revenue", "revenue"), statements{income: 0.5}, 0.4},
	{written("revenue growth", "growth rate", "total revenue", "total revenues", "sales growth", "revenue cagr", "revenue for"), phrases("total net revenue", "total revenue", "net sales"), inIncome, 0.6},
	{written("cogs", "cost of goods sold", "cost of sales", "cost of revenue", "cost of revenues"), phrases("cost of goods sold", "cost of sales", "cost of revenue", "cost of product sold"), inIncome, 1},
	{written("gross margin", "gross margins", "gross profit", "gross profit margin"), phrases("gross profit", "gross margin", "cost of sales", "cost of revenue"), inIncome, 1},
	{written("operating margin", "operating margins", "operating income", "operating profit", "income from operations", "ebit", "unadjusted operating income"), phrases("operating income", "income from operations", "operating profit"), inIncome, 1},
	{written("ebitda"), phrases("operating income", "depreciation and amortization", "ebitda", "income from operations"), statements{income: 0.8, cash: 0.8}, 1},
	{written("net income", "net profit", "net earnings", "profit margin", "net margin", "bottom line"), phrases("net income", "net earnings", "net loss"), inIncome, 0.8},
	{written("eps", "earnings per share", "per share earnings"), phrases("earnings per share", "diluted", "net income per share", "earnings per common share"), inIncome, 1},
	{written("interest expense", "interest coverage", "interest cost", "times interest earned"), phrases("interest expense", "operating income"), inIncome, 1},
	{written("sg&a", "sga", "selling general and administrative"), phrases("selling general and administrative", "general and administrative"), statements{income: 0.4}, 1},
	{written("r&d", "research and development"), phrases("research and development"), statements{income: 0.4}, 1},
	{written("operating expenses", "opex", "operating costs"), phrases("total operating expenses", "operating expenses", "costs and expenses"), statements{income: 0.5}, 0.8},
	{written("effective tax rate", "tax rate", "income tax", "income taxes"), phrases("effective tax rate", "effective income tax rate", "provision for income taxes", "income tax expense", "statutory"), statements{income: 0.3}, 1},
	{written("outside standard business", "standard business operations", "unusual", "one off", "one time", "nonrecurring", "non recurring", "special items", "extraordinary"), phrases("gain on", "loss on", "discontinued operations", "restructuring charges", "impairment", "divestiture"), statements{income: 0.5}, 0.7},

	// of the balance sheet
	{written("total assets"), phrases("total assets"), inBalance, 1},
	{written("current assets"), phrases("total current assets"), inBalance, 1},
	{written("current liabilities"), phrases("total current liabilities"), inBalance, 1},
	{written("working capital", "current ratio", "quick ratio", "acid test", "liquidity profile", "liquidity ratio"), phrases("total current assets", "total current liabilities", "inventories", "cash and cash equivalents", "receivables"), inBalance, 1},
	{written("total liabilities", "largest liability", "liabilities"), phrases("total liabilities"), statements{balance: 0.6}, 0.8},
	{written("shareholders equity", "stockholders equity", "book value", "total equity"), phrases("total shareholders equity", "total stockholders equity", "total equity"), inBalance, 1},
	{written("ppe", "pp&e", "ppne", "pp&ne", "net ppne", "property plant and equipment", "fixed asset", "fixed assets"), phrases("property plant and equipment", "property and equipment", "property plant and equipment net"), inBalance, 1},
	{written("accounts receivable", "receivables", "dso", "days sales outstanding"), phrases("accounts receivable", "receivables net", "trade receivables"), statements{balance: 0.6}, 1},
	{written("accounts payable", "payables", "dpo", "days payable", "days payables", "days payable outstanding"), phrases("accounts payable", "trade payables"), statements{balance: 0.6}, 1},
	{written("inventory", "inventories", "dio", "inventory turnover", "days inventory outstanding"), phrases("inventories", "merchandise inventories", "inventories net"), statements{balance: 0.6}, 1},
	{written("goodwill"), phrases("goodwill"), statements{balance: 0.4}, 0.8},
	{written("debt", "borrowings", "leverage", "debt to equity"), phrases("long term debt", "short term debt", "total debt", "current portion of long term debt", "notes payable", "debt maturing within one year"), statements{balance: 0.4}, 0.8},
	{written("cash and cash equivalents", "cash & cash equivalents", "cash balance", "cash position"), phrases("cash and cash equivalents"), statements{balance: 0.5, cash: 0.3}, 0.8},
	{written("intangible assets", "intangibles"), phrases("intangible assets net", "other intangible assets", "intangible assets"), statements{balance: 0.4}, 0.8},
	{written("deposits", "customer deposits"), phrases("customer deposits", "total deposits", "deposits"), statements{balance: 0.4}, 0.8},
	{written("shares outstanding", "share count"), phrases("shares outstanding", "shares issued", "weighted average", "outstanding as of"), statements{balance: 0.3}, 0.8},
	{written("retained earnings"), phrases("retained earnings"), inBalance, 1},

	// of the cash flow statement
	{written("capex", "capital expenditure", "capital expenditures", "capital spending"), phrases("capital expenditures", "purchases of property and equipment", "purchases of property plant and equipment", "additions to property plant and equipment", "purchases of land buildings and equipment", "purchase of property", "additions to property"), inCash, 1},
	{written("cash from operations", "cash flow from operating activities", "cash flow from operations", "operating cash flow", "cash provided by operating activities", "operating cash flows"), phrases("net cash provided by operating activities", "cash provided by operations", "operating activities"), inCash, 1},
	{written("free cash flow", "free cashflow", "fcf", "cash conversion", "cashflow conversion", "free cash flows"), phrases("net cash provided by operating activities", "purchases of property and equipment", "capital expenditures", "free cash flow"), inCash, 1},
	{written("cash flow", "cash flows", "financing activities", "investing activities"), phrases("net cash provided by", "net cash used in", "operating activities", "investing activities", "financing activities"), statements{cash: 0.4}, 0.6},
	{written("operations investing and financing", "operating investing and financing", "operations investing or financing"), phrases("net cash provided by operating activities", "net cash used in investing activities", "net cash used in financing activities"), inCash, 1},
	{written("depreciation", "amortization", "d&a"), phrases("depreciation and amortization", "depreciation"), inCash, 1},
	{written("dividend", "dividends", "payout ratio", "retention ratio"), phrases("dividends paid", "cash dividends", "payment of dividends", "dividends"), statements{cash: 0.6}, 1},
	{written("repurchase", "repurchases", "buyback", "buybacks", "share repurchase", "stock repurchases"), phrases("repurchases of common stock", "share repurchase program", "treasury stock", "repurchase", "shares repurchased"), statements{cash: 0.2}, 1},
	{written("stock based compensation", "share based compensation", "stock compensation"), phrases("stock based compensation", "share based compensation"), alsoInCash, 1},

	// worked out from several
	{written("return on assets", "roa", "asset turnover"), phrases("total assets", "net income", "total revenue", "net sales"), statements{balance: 0.8, income: 0.8}, 0.8},
	{written("return on equity", "roe"), phrases("total shareholders equity", "total stockholders equity", "net income"), statements{balance: 0.8, income: 0.8}, 0.8},
	{written("cash conversion cycle", "ccc"), phrases("inventories", "accounts payable", "cost of sales", "receivables"), statements{balance: 0.8, income: 0.8}, 0.8},
	{written("capital intensive", "capital intensity"), phrases("capital expenditures", "property plant and equipment", "total assets", "purchases of property"), statements{balance: 0.7, cash: 0.6, income: 0.3}, 1},

	// of discussion, notes and cover
	{written("acquisition", "acquisitions", "acquired", "acquire", "m&a", "mergers"), phrases("acquisitions", "business combinations", "acquired", "acquisition of", "purchase price", "completed the acquisition", "consideration transferred"), nowhere, 0.8},
	{written("divest", "divestiture", "divested", "spin off", "spinning off", "spun off", "sold business"), phrases("divestitures", "discontinued operations", "spin off", "separation", "held for sale", "planned to spin off"), nowhere, 0.8},
	{written("restructuring"), phrases("restructuring liability", "restructuring", "employee related expenses", "severance"), nowhere, 0.8},
	{written("industry", "operate in", "products and services", "main products", "major products", "what does", "primary customers", "business model"), phrases("business", "overview", "general", "we are a", "leading", "company is a", "global leader", "products and services"), nowhere, 0.7},
	{written("segment", "segments", "region", "regions", "geographic", "geography", "geographies", "category", "categories", "international"), phrases("segment", "reportable segments", "geographic", "by segment", "united states", "international", "segment results"), nowhere, 0.6},
	{written("legal", "litigation", "lawsuit", "lawsuits", "legal battles", "legal proceedings", "contingencies"), phrases("legal proceedings", "litigation", "contingencies", "commitments and contingencies", "plaintiffs", "complaint"), nowhere, 0.8},
	{written("risk", "risks", "risk factors"), phrases("risk factors", "could adversely affect", "risks related to"), nowhere, 0.5},
	{written("derivative", "derivatives", "hedge", "hedges", "hedging", "notional"), phrases("derivative instruments", "notional amounts", "interest rate swaps", "cross currency swaps", "foreign exchange forwards", "notional value"), nowhere, 0.8},
	{written("pension", "retirees", "retirement", "postretirement", "pensions"), phrases("expected benefit payments", "pension plans", "pension benefits", "health care and life", "estimated future benefit payments", "benefit payments"), nowhere, 0.9},
	{written("debt securities", "registered", "securities registered", "national securities exchange", "trading symbol"), phrases("securities registered pursuant to section 12", "title of each class", "trading symbol", "name of each exchange"), nowhere, 1},
	{written("customer concentration", "concentration", "largest customer", "major customers", "customers account"), phrases("concentration of credit risk", "customers accounted for", "of net revenue", "significant customers", "10 of"), nowhere, 0.8},
	{written("guidance", "outlook", "forecast", "expects", "expect", "expected", "projected"), phrases("outlook", "guidance", "expects", "we expect", "fiscal guidance"), nowhere, 0.4},
	{written("drove", "driver", "drivers", "drive", "driven", "reason for", "due to", "what caused", "factors contributing"), phrases("primarily due to", "driven by", "was due to", "compared to", "decreased due", "increased due", "primarily driven by"), nowhere, 0.5},
	{written("adjusted", "non gaap", "nongaap", "excluding", "exclude", "organic", "constant currency"), phrases("non gaap", "reconciliation of non gaap", "adjusted", "constant currency", "comparable constant currency", "organic"), nowhere, 0.7},
	{written("employees", "headcount", "workforce", "how many people"), phrases("employees", "full time", "human capital", "number of employees"), nowhere, 0.8},
	{written("stores", "number of stores", "store count", "new stores"), phrases("total stores", "stores at end", "stores opened", "number of stores", "store count"), nowhere, 0.8},
	{written("agenda", "purpose of the 8k", "8k filing", "8 k", "key agenda"), phrases("item 1", "item 5", "item 7", "item 8", "other events", "entry into", "amendment", "on the date"), nowhere, 0.6},
	{written("vote", "votes", "voting", "shareholder proposal", "proposals", "nominee", "annual meeting"), phrases("annual meeting", "votes for", "votes against", "broker non votes", "nominees", "proposal"), nowhere, 0.9},
	{written("lease", "leases", "rent", "operating lease"), phrases("lease liabilities", "operating lease", "finance lease", "right of use"), nowhere, 0.7},
	{written("credit facility", "credit agreement", "revolver", "line of credit", "revolving"), phrases("revolving credit", "credit facility", "credit agreement", "commitments"), nowhere, 0.8},
	{written("foreign currency", "currency", "exchange rate", "exchange rates", "fx"), phrases("foreign currency", "foreign exchange", "exchange rates", "currency translation", "effect of exchange rate"), nowhere, 0.6},
	{written("accounting policy", "accounting policies", "accounting standards", "new accounting"), phrases("recently adopted accounting", "accounting pronouncements", "summary of significant accounting policies"), nowhere, 0.8},
	{written("liquidity", "capital resources"), phrases("liquidity and capital resources", "liquidity", "sources of liquidity"), nowhere, 0.5},
	{written("seasonal", "seasonality", "cyclical", "cyclicality"), phrases("seasonality", "seasonal", "cyclical", "business cycle"), nowhere, 0.9},
	{written("competition", "competitors", "compete"), phrases("competition", "competitors", "compete", "highly competitive"), nowhere, 0.8},
	{written("wages", "wage", "labor"), phrases("payroll", "wages", "store payroll", "labor costs"), nowhere, 0.8},
}
