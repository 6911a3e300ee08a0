package facts

import (
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Names of figures that have gone by several tags. A company changes its tags over the years, and two companies use
// different ones; the first that a period has is taken.
const (
	Revenue            = "revenue"
	CostOfRevenue      = "costOfRevenue"
	GrossProfit        = "grossProfit"
	OperatingIncome    = "operatingIncome"
	NetIncome          = "netIncome"
	EPSBasic           = "epsBasic"
	EPSDiluted         = "epsDiluted"
	Assets             = "assets"
	CurrentAssets      = "currentAssets"
	Inventory          = "inventory"
	Liabilities        = "liabilities"
	CurrentLiabilities = "currentLiabilities"
	Equity             = "equity"
	Cash               = "cash"
	LongTermDebt       = "longTermDebt"
	CurrentDebt        = "currentDebt"
	OperatingCashFlow  = "operatingCashFlow"
	CapitalExpenditure = "capitalExpenditure"
	DividendsPerShare  = "dividendsPerShare"
	ResearchCosts      = "researchAndDevelopment"
	SharesOutstanding  = "sharesOutstanding"
	SharesDiluted      = "sharesDiluted"
)

// namedFigure is a figure and its tags, the most telling first.
type namedFigure struct {
	name string
	tags []string
}

// figures are in the order people read them. Where a company tags a total and a part of it, the total comes first.
var figures = []namedFigure{
	{Revenue, []string{"us-gaap:Revenues", "us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax", "us-gaap:RevenueFromContractWithCustomerIncludingAssessedTax",
		"us-gaap:SalesRevenueNet", "us-gaap:RevenuesNetOfInterestExpense", "us-gaap:SalesRevenueGoodsNet", "us-gaap:SalesRevenueServicesNet", "ifrs-full:Revenue"}},
	{CostOfRevenue, []string{"us-gaap:CostOfRevenue", "us-gaap:CostOfGoodsAndServicesSold", "us-gaap:CostOfGoodsSold", "us-gaap:CostOfServices", "ifrs-full:CostOfSales"}},
	{GrossProfit, []string{"us-gaap:GrossProfit", "ifrs-full:GrossProfit"}},
	{ResearchCosts, []string{"us-gaap:ResearchAndDevelopmentExpense", "us-gaap:ResearchAndDevelopmentExpenseExcludingAcquiredInProcessCost", "ifrs-full:ResearchAndDevelopmentExpense"}},
	{OperatingIncome, []string{"us-gaap:OperatingIncomeLoss", "ifrs-full:ProfitLossFromOperatingActivities"}},
	{NetIncome, []string{"us-gaap:NetIncomeLoss", "us-gaap:ProfitLoss", "us-gaap:NetIncomeLossAvailableToCommonStockholdersBasic", "ifrs-full:ProfitLossAttributableToOwnersOfParent", "ifrs-full:ProfitLoss"}},
	{EPSBasic, []string{"us-gaap:EarningsPerShareBasic", "us-gaap:EarningsPerShareBasicAndDiluted", "ifrs-full:BasicEarningsLossPerShare"}},
	{EPSDiluted, []string{"us-gaap:EarningsPerShareDiluted", "us-gaap:EarningsPerShareBasicAndDiluted", "ifrs-full:DilutedEarningsLossPerShare"}},
	{Assets, []string{"us-gaap:Assets", "ifrs-full:Assets"}},
	{CurrentAssets, []string{"us-gaap:AssetsCurrent", "ifrs-full:CurrentAssets"}},
	{Inventory, []string{"us-gaap:InventoryNet", "ifrs-full:Inventories"}},
	{Liabilities, []string{"us-gaap:Liabilities", "ifrs-full:Liabilities"}},
	{CurrentLiabilities, []string{"us-gaap:LiabilitiesCurrent", "ifrs-full:CurrentLiabilities"}},
	{Equity, []string{"us-gaap:StockholdersEquity", "us-gaap:StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest", "ifrs-full:EquityAttributableToOwnersOfParent", "ifrs-full:Equity"}},
	{Cash, []string{"us-gaap:CashAndCashEquivalentsAtCarryingValue", "us-gaap:CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents", "ifrs-full:CashAndCashEquivalents"}},
	{LongTermDebt, []string{"us-gaap:LongTermDebtNoncurrent", "us-gaap:LongTermDebt", "ifrs-full:NoncurrentPortionOfNoncurrentBorrowings"}},
	{CurrentDebt, []string{"us-gaap:LongTermDebtCurrent", "us-gaap:DebtCurrent", "ifrs-full:CurrentBorrowings"}},
	{OperatingCashFlow, []string{"us-gaap:NetCashProvidedByUsedInOperatingActivities", "us-gaap:NetCashProvidedByUsedInOperatingActivitiesContinuingOperations", "ifrs-full:CashFlowsFromUsedInOperatingActivities"}},
	{CapitalExpenditure, []string{"us-gaap:PaymentsToAcquirePropertyPlantAndEquipment", "us-gaap:PaymentsToAcquireProductiveAssets", "ifrs-full:PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities"}},
	{DividendsPerShare, []string{"us-gaap:CommonStockDividendsPerShareDeclared", "us-gaap:CommonStockDividendsPerShareCashPaid"}},
	{SharesOutstanding, []string{"dei:EntityCommonStockSharesOutstanding", "us-gaap:CommonStockSharesOutstanding", "ifrs-full:NumberOfSharesOutstanding"}},
	{SharesDiluted, []string{"us-gaap:WeightedAverageNumberOfDilutedSharesOutstanding", "us-gaap:WeightedAverageNumberOfShareOutstandingBasicAndDiluted"}},
}

// aliases are what people call figures beside their names, in small letters.
var aliases = map[string]string{
	"eps": EPSDiluted, "earningspershare": EPSDiluted, "sales": Revenue, "revenues": Revenue, "totalrevenue": Revenue,
	"netearnings": NetIncome, "profit": NetIncome, "totalassets": Assets, "totalliabilities": Liabilities,
	"stockholdersequity": Equity, "shareholdersequity": Equity, "capex": CapitalExpenditure, "costofsales": CostOfRevenue,
	"operatingprofit": OperatingIncome, "researchcosts": ResearchCosts, "rnd": ResearchCosts, "shares": SharesOutstanding,
}

// Names are those that a figure can be asked for by, beside tags.
func Names() []string {
	all := make([]string, len(figures))
	for i, f := range figures {
		all[i] = f.name
	}
	return all
}

// tagsOf are the concepts that a name, an alias or a tag means, as the company uses them; a tag without its taxonomy is looked for in
// all. Case does not matter.
func (c *Company) tagsOf(asked string) []*concept {
	if name, ok := aliases[strings.ToLower(asked)]; ok {
		asked = name
	}
	var tags []string
	for _, f := range figures {
		if strings.EqualFold(f.name, asked) {
			tags = f.tags
		}
	}
	if tags == nil {
		for name := range c.concepts {
			_, tag, _ := strings.Cut(name, ":")
			if strings.EqualFold(name, asked) || strings.EqualFold(tag, asked) {
				tags = append(tags, name)
			}
		}
		slices.Sort(tags)
	}
	var all []*concept
	for _, tag := range tags {
		if one, ok := c.concepts[tag]; ok {
			all = append(all, one)
		}
	}
	return all
}

// mainUnit is the unit a concept was used with last and, between two of the same day, most often.
func (one *concept) mainUnit() string {
	best, last, most := "", calendar.Day{}, 0
	for unit, reports := range one.units {
		filed := reports[len(reports)-1].FiledOn
		newer := filed.Compare(last)
		if newer > 0 || newer == 0 && (len(reports) > most || len(reports) == most && unit < best) {
			best, last, most = unit, filed, len(reports)
		}
	}
	return best
}

// all are the values of a name or tag, the latest first: of each period those of the first tag that has it.
func (c *Company) all(asked, unit string) []Value {
	merged := newSeries()
	for _, one := range c.tagsOf(asked) {
		in := unit
		if in == "" {
			in = one.mainUnit()
		}
		found := c.seriesOf(one, in)
		c.derive(found, in)
		for p := range found.values { // periods of one tag may lie close to each other
			if _, told := merged.near(p); told {
				delete(found.values, p)
			}
		}
		for p, v := range found.values {
			merged.set(p, v)
		}
	}
	return merged.sorted()
}
