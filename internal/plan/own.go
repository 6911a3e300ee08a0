package plan

import (
	"slices"

	"github.com/jaspers-ai/jaspers/internal/intent"
)

// own are the needs of questions on what the person owns.
func own() []need {
	return []need{
		{(*asking).aboutHoldings, func(a *asking) { a.each("get_holding", input{}) }},
		{flow("dividend", "payout"), paidOut},
		{flow("interest"), func(a *asking) { a.transactions("month", "interest") }},
		{flow("fee", "commission"), charged},
		{func(a *asking) bool {
			return flow("tax", "taxes", "withheld", "withholding")(a) || len(a.Symbols) == 0 && a.has("tax was withheld", "tax withheld", "withholding tax")
		}, taxed},
		{flow(slices.Concat(putIn, tookOut)...), movedCash},
		{flow("realized", "realised", "realize", "realise", "capital gain", "capital gains", "from selling", "by selling"), gained},
		{(*asking).trades, traded},
		{(*asking).divides, divided},
		{(*asking).performs, performed},
		{func(a *asking) bool { return a.own() && a.has(mismatch...) }, func(a *asking) { a.add("get_reconciliation", input{}) }},
		{(*asking).needsHoldings, func(a *asking) { a.add("get_portfolio_holdings", input{}) }},
	}
}

// Words for money that was put in and taken out.
var (
	putIn   = []string{"deposit", "deposited", "contributed", "contribute", "contribution", "put in", "put into", "paid in", "pay in", "add to my account", "added to my account"}
	tookOut = []string{"withdrawal", "withdraw", "withdrew", "withdrawn", "took out", "take out", "taken out", "pull out", "pulled out"}
)

func movedCash(a *asking) {
	kinds := []string{"deposit", "withdrawal"}
	switch in, out := a.has(putIn...), a.has(tookOut...); {
	case in && !out:
		kinds = kinds[:1]
	case out && !in:
		kinds = kinds[1:]
	}
	a.transactions("month", kinds...)
}

var mismatch = []string{
	"reconcile", "reconciliation", "reconciled", "discrepancy", "discrepancies", "mismatch", "does not match", "doesn t match", "do not match", "don t match", "looks wrong",
	"look wrong", "agree with", "differ from", "differs from", "add up", "match my broker", "match what my broker",
}

// Supposed tells whether a question supposes a sale: what it would bring.
func (t Text) Supposed() bool {
	return t.Has("if i sold", "if i sell", "if i were to sell", "if i liquidated", "if i liquidate", "selling half", "selling all", "sell half", "would i get for", "would i get if")
}

// moves are the phrases of money that came or went; a sale that is only supposed has none.
func flow(phrases ...string) func(*asking) bool {
	return func(a *asking) bool {
		return a.own() && a.has(phrases...) && !a.text.Supposed() && !a.has("including dividend", "with dividend", "made on", "made from")
	}
}

func (a *asking) flows() bool {
	for _, n := range own()[1:7] {
		if n.when(a) {
			return true
		}
	}
	return a.trades()
}

// aboutHoldings is a question on what is held of what it names.
func (a *asking) aboutHoldings() bool {
	return a.own() && len(a.Symbols) > 0 && !a.flows() && !a.compared() && !a.picks()
}

// picks means holdings by how large they are, or what became of them, beside others by their names.
func (a *asking) picks() bool {
	return a.has("largest", "biggest", "top") && a.has("holding", "position", "stock", "investment") || a.Movers != ""
}

// compared tells whether the portfolio is held against what the question names.
func (a *asking) compared() bool {
	return a.has("beat", "beaten", "benchmark", "outperform", "outperformed", "underperform", "my portfolio vs", "my portfolio against", "compared to", "compared with", "versus the") &&
		(a.has("portfolio", "i", "my return", "my performance", "my returns"))
}

// trades asks what was bought and sold.
func (a *asking) trades() bool {
	return a.own() && !a.text.Supposed() && !a.has("should i", "can i", "could i", "would") &&
		a.has("transaction", "trade", "order", "bought", "sold", "buy", "sell", "purchase", "purchased", "activity", "activities")
}

func traded(a *asking) {
	bought, sold := a.has("bought", "buy", "purchase", "purchased"), a.has("sold", "sell", "sale")
	kinds := []string{"buy", "sell"}
	switch {
	case bought && !sold:
		kinds = kinds[:1]
	case sold && !bought:
		kinds = kinds[1:]
	case !bought && !a.has("trade", "order"):
		kinds = nil
	}
	a.transactions("", kinds...)
}

// transactions reads what happened over the range, of each of the symbols where there are any.
func (a *asking) transactions(groupBy string, kinds ...string) {
	in := input{Kinds: kinds, GroupBy: groupBy}
	if in.First, in.Last = a.past(); in.First == nil && a.has("yield") { // of the last year
		const year = 364 // days before today
		first := a.today.AddDays(-year)
		in.First = &first
	}
	if years := a.years(); len(years) > 1 { // each by itself
		for _, year := range years {
			in.First, in.Last = a.ofYear(year)
			a.read("get_transactions", in)
		}
		return
	}
	a.read("get_transactions", in)
}

// read adds a call for each of the symbols, or one for all where there are none.
func (a *asking) read(tool string, in input) {
	if len(a.Symbols) > 0 {
		a.each(tool, in)
		return
	}
	a.add(tool, in)
}

// gains reads the gains of the question's calendar years.
func (a *asking) gains(otherwise int) {
	for _, year := range a.years() {
		a.add("get_gains", input{Year: year})
	}
	if a.year() == 0 {
		a.add("get_gains", input{Year: otherwise})
	}
}

func paidOut(a *asking) {
	groupBy := "symbol"
	if len(a.Symbols) > 0 || a.has("month", "monthly", "by month", "each month", "per month") {
		groupBy = "month"
	}
	a.transactions(groupBy, "dividend")
}

func charged(a *asking) {
	if a.From == nil || a.year() != 0 {
		a.gains(0)
		return
	}
	a.transactions("kind", "fee", "buy", "sell")
}

func taxed(a *asking) {
	if a.From == nil || a.year() != 0 {
		a.gains(0)
		return
	}
	a.transactions("kind", "tax", "dividend", "interest")
}

// gained reads by calendar year: the tool knows no other ranges. What was gained of a holding in all is told with it.
func gained(a *asking) {
	switch {
	case a.To == nil && len(a.Symbols) > 0:
		a.each("get_holding", input{})
	case a.To == nil:
		a.gains(0)
	default:
		a.gains(a.To.Year)
	}
}

// onPaper asks for the gain of what is held, against its cost: not how the portfolio did over a time.
func (a *asking) onPaper() bool {
	return !a.ranged() && !a.compared() && a.has("unrealized", "unrealised", "on paper", "paper gain", "paper profit", "paper loss", "cost basis", "open gain", "open profit")
}

// dimensions are by what a portfolio divides, and how people say it.
var dimensions = []struct {
	by      string
	phrases []string
}{
	{"sector", []string{"sector", "industry", "industries", "diversified", "diversification", "diversify"}},
	{"country", []string{"country", "countries", "region", "geographic", "geography", "international", "foreign", "abroad", "diversified", "diversification"}},
	{"currency", []string{"currency", "currencies", "dollar", "euro", "forex", "fx"}},
	{"broker", []string{"broker", "brokerage", "by account", "each account", "per account"}},
	{"class", []string{"asset class", "class", "classes", "bond", "equities", "crypto", "asset mix", "diversified", "diversification"}},
	{"holding", []string{"weight", "concentrated", "concentration", "overweight", "diversified", "diversification", "by holding", "by position"}},
}

// divides asks how the portfolio divides. A holding that is named is answered by what is read of it.
func (a *asking) divides() bool {
	if !a.own() || a.flows() || len(a.Symbols) > 0 && len(a.Sectors) == 0 || a.has(mismatch...) {
		return false
	}
	return a.topic(intent.Allocation) || len(a.Sectors) > 0 && a.Movers == "" ||
		a.has("sector", "asset class", "diversified", "diversification", "allocation", "allocated", "exposure", "exposed", "breakdown", "asset mix", "by currency", "by country",
			"by broker", "which countries", "which currencies", "concentrated", "concentration")
}

func divided(a *asking) {
	if len(a.Sectors) > 0 {
		a.add("get_allocation", input{By: "sector"})
	}
	for _, d := range dimensions {
		if a.has(d.phrases...) {
			a.add("get_allocation", input{By: d.by})
		}
	}
	if len(a.calls) == 0 {
		a.add("get_allocation", input{By: "class"})
		a.add("get_allocation", input{By: "sector"})
	}
}

// performs asks how the portfolio did, in all.
func (a *asking) performs() bool {
	if !a.own() || len(a.Symbols) > 0 && !a.compared() || a.flows() {
		return false
	}
	if a.picks() && a.Movers == "" || a.onPaper() {
		return false
	}
	if a.From != nil && !a.ranged() { // today: the holdings know
		return false
	}
	return a.topic(intent.Performance, intent.Risk) && a.Movers == "" && !a.divides() || a.ranged() && (a.Movers != "" || !a.topic(intent.News)) || a.compared() ||
		a.has("sharpe", "sortino", "volatility", "volatile", "drawdown", "twr", "irr", "xirr", "time weighted", "money weighted", "beat the market", "beating the market",
			"annualized", "my beta")
}

func performed(a *asking) {
	in := input{Range: a.span()}
	if in.Range == "" {
		in.First, in.Last = a.past()
	}
	if in.Range == "" && in.First == nil {
		in.Range = "YTD"
		switch {
		case a.has("inception", "ever", "overall", "total return", "since i started", "all time", "so far", "in total", "altogether"):
			in.Range = "ALL"
		case a.topic(intent.Risk):
			in.Range = "1Y"
		}
	}
	if markets := a.markets(); len(markets) > 0 {
		in.Benchmark = markets[0]
	} else if a.compared() && len(a.Symbols) > 0 {
		in.Benchmark = a.Symbols[0]
	}
	a.add("get_portfolio_performance", in)
}

// needsHoldings is where nothing else answers, and where what is held leads on to other things.
func (a *asking) needsHoldings() bool {
	if !a.own() {
		return false
	}
	return len(a.calls) == 0 || a.topic(intent.Cash) && !a.flows() && !a.divides() && len(a.Symbols) == 0 || len(a.Symbols) == 0 && a.topic(intent.News) ||
		a.Movers != "" && !a.ranged() || a.has("yield") || a.has("how is my portfolio", "how am i doing", "how s my portfolio")
}
