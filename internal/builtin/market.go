package builtin

import (
	"strings"

	"github.com/jaspers-ai/jaspers/internal/intent"
)

// quotes answers with prices as they are now: a sentence for one, a table for several.
func (a *asked) quotes(p *page, rs []*result) {
	var all []node
	for _, r := range rs {
		all = append(all, r.list("quotes")...)
		for _, symbol := range r.texts("unknown") {
			p.say("I looked for %s and no source knows it.", plainly(symbol))
		}
	}
	switch {
	case len(all) == 1:
		a.quote(p, all[0])
	case len(all) > 1:
		a.sideBySide(p, all, rs)
	}
}

func (a *asked) quote(p *page, q node) {
	for _, f := range quoteFields {
		if len(f.lead) > 0 && a.has(f.lead...) && q.knows(f.path) {
			p.say("%s of **%s**: %s. %s", f.name, q.text("symbol"), q.figure(f.path, f.form...), handle(q))
		}
	}
	p.say("**%s** is at %s%s; change since the previous close: %s%s. %s", q.named(), q.figure("price"), stale(q), q.figure("change", "signed"), beside(q.figure("changePercent", "signed")), handle(q))
	if e := q.at("extended"); e.value != nil && e.knows("price") {
		p.say("Outside the session it traded at %s%s.", e.figure("price"), beside(e.figure("changePercent", "signed")))
	}
	var rows [][]string
	for _, f := range quoteFields {
		if q.knows(f.path) && (f.always || a.has(f.phrases...)) {
			rows = append(rows, []string{f.name, q.figure(f.path, f.form...)})
		}
	}
	p.table([]string{q.text("symbol"), "Figure"}, rows)
	for _, f := range quoteFields {
		if !q.knows(f.path) && a.has(f.phrases...) {
			p.say("%s of %s: %s to this source.", f.name, q.text("symbol"), unknown)
		}
	}
}

// handle cites the whole result of a place.
func handle(n node) string {
	call, _, _ := strings.Cut(n.ref, ".")
	return "[[" + call + "]]"
}

// quoteFields are what a quote tells beside the price; what is asked for by a phrase is shown in comparisons, too.
var quoteFields = []struct {
	name, path string
	form       []string
	always     bool
	phrases    []string
	lead       []string // of which it is said before all else
}{
	{"Previous close", "previousClose", nil, false, []string{"previous close", "yesterday"}, []string{"previous close", "yesterday", "yesterday s", "last close"}},
	{"Open", "open", nil, true, []string{"open", "opened"}, []string{"open", "opened", "opening price"}},
	{"Day's high", "dayHigh", nil, true, []string{"day high", "high today", "high of the day"}, []string{"day high", "day s high", "high today", "today s high", "high of the day", "highest price", "highest"}},
	{"Day's low", "dayLow", nil, true, []string{"day low", "low today", "low of the day"}, []string{"day low", "day s low", "low today", "today s low", "low of the day", "lowest price", "lowest"}},
	{"High of 52 weeks", "high52Week", nil, true, []string{"52 week", "year high", "range"}, nil},
	{"Low of 52 weeks", "low52Week", nil, true, []string{"52 week", "year low", "range"}, nil},
	{"Volume", "volume", []string{"compact"}, true, []string{"volume"}, []string{"volume"}},
	{"Market capitalization", "marketCap", []string{"compact"}, true, []string{"market cap", "market capitalization", "worth", "big", "valuable", "valuation"}, []string{"market cap", "market capitalization"}},
	{"Price to earnings", "trailingPE", []string{"2"}, true, []string{"p e", "pe", "pe ratio", "price to earnings", "valuation", "cheap", "expensive", "cheaper"}, nil},
	{"Dividend yield", "dividendYield", nil, true, []string{"yield", "dividend"}, []string{"yield"}},
}

func (a *asked) sideBySide(p *page, all []node, rs []*result) {
	columns := []string{"Symbol", "Price", "Change", "In percent"}
	var extra []int
	for i, f := range quoteFields {
		if a.has(f.phrases...) {
			columns, extra = append(columns, f.name), append(extra, i)
		}
	}
	if a.about.Movers != "" {
		all = largest(all, "changePercent")
		if a.about.Movers == "losers" {
			all = smallest(all, "changePercent")
		}
	}
	var rows [][]string
	for _, q := range all {
		row := []string{q.named() + stale(q), q.figure("price"), q.figure("change", "signed"), q.figure("changePercent", "signed")}
		for _, i := range extra {
			row = append(row, q.figure(quoteFields[i].path, quoteFields[i].form...))
		}
		rows = append(rows, row)
	}
	p.say("Prices now: %s", rs[0].cite())
	p.table(columns, rows)
	if top := largest(all, "changePercent"); len(top) > 1 {
		p.say("The best of them since the previous close is %s with %s.", top[0].text("symbol"), top[0].figure("changePercent", "signed"))
	}
}

// histories answers how prices went between two days.
func (a *asked) histories(p *page, rs []*result) {
	var all []node
	for _, r := range rs {
		all = append(all, r.list("histories")...)
		for _, symbol := range r.texts("unknown") {
			p.say("I looked for past prices of %s and no source knows it.", plainly(symbol))
		}
	}
	if len(all) == 0 {
		return
	}
	if len(all) > 1 {
		a.compareHistories(p, all, rs[0])
		return
	}
	h := all[0]
	symbol := plainly(h.text("symbol"))
	p.say("**%s** changed by %s%s from the close of %s to that of %s. %s", symbol, h.figure("changePercent", "signed"), beside(h.figure("change", "signed")), h.text("first.day"), h.text("last.day"), rs[0].cite())
	rows := [][]string{}
	for _, c := range []struct{ name, path string }{{"First close", "first"}, {"Last close", "last"}, {"Highest close", "highestClose"}, {"Lowest close", "lowestClose"}} {
		rows = append(rows, []string{c.name, h.text(c.path + ".day"), h.figure(c.path + ".close")})
	}
	p.table([]string{symbol, "Day", "Price"}, rows)
	if h.knows("totalReturnPercent") {
		p.say("With dividends reinvested it returned %s.", h.figure("totalReturnPercent", "signed"))
	}
	paid(p, h, a.topic(intent.Dividends))
	if a.has("volatility", "volatile") {
		p.note("The volatility of a single price is not worked out here; the range of its closes stands above.")
	}
}

// paid lists dividends, where they are asked for.
func paid(p *page, h node, asked bool) {
	all := h.list("dividends")
	if len(all) == 0 {
		if asked {
			p.say("No dividends are known of %s in this time.", plainly(h.text("symbol")))
		}
		return
	}
	p.say("Dividends in this time: %s.", h.figure("dividendsPerShare"))
	if !asked {
		return
	}
	const shown = 12
	var rows [][]string
	for i := len(all) - 1; i >= 0 && len(rows) < shown; i-- {
		rows = append(rows, []string{all[i].text("day"), all[i].figure("amount")})
	}
	p.table([]string{"Day", "Dividend"}, rows)
}

func (a *asked) compareHistories(p *page, all []node, r *result) {
	var rows [][]string
	for _, h := range all {
		rows = append(rows, []string{
			plainly(h.text("symbol")), h.figure("changePercent", "signed"), h.figure("totalReturnPercent", "signed"), h.figure("highestClose.close"), h.figure("lowestClose.close"), h.figure("last.close"),
		})
	}
	p.say("How they went, from the close of %s to that of %s: %s", all[0].text("first.day"), all[0].text("last.day"), r.cite())
	p.table([]string{"Symbol", "Change", "With dividends", "Highest close", "Lowest close", "Last close"}, rows)
	if top := largest(all, "changePercent"); len(top) > 1 {
		p.say("%s did best with %s; the distance to %s is %s.", plainly(top[0].text("symbol")), top[0].figure("changePercent", "signed"), plainly(top[len(top)-1].text("symbol")),
			refer(top[0].ref+".changePercent - "+top[len(top)-1].ref+".changePercent"))
	}
}

// found lists what a name may mean.
func (a *asked) found(p *page, rs []*result) {
	const shown = 5
	all := rs[0].list("matches")
	query := plainly(rs[0].given().Query)
	if len(all) == 0 {
		p.say("I looked for “%s” among stocks, funds, indices, currencies and crypto, and found nothing of that name. Ask with its symbol, if there is one.", strings.Trim(query, "“”\""))
		return
	}
	if len(a.resolved()) > 0 {
		return
	}
	p.say("Which one do you mean? Ask again with its symbol. %s", rs[0].cite())
	var rows [][]string
	for _, m := range first(all, shown) {
		rows = append(rows, []string{plainly(m.text("symbol")), plainly(m.text("name")), plainly(m.text("assetClass")), plainly(m.text("exchange"))})
	}
	p.table([]string{"Symbol", "Name", "Kind", "Exchange"}, rows)
}

func nextOfMarket(_ *asked, rs []*result) []string {
	symbol := ""
	for _, list := range []string{"quotes", "histories"} {
		if all := rs[0].list(list); len(all) > 0 {
			symbol = plainly(all[0].text("symbol"))
		}
	}
	if symbol == "" || strings.HasPrefix(symbol, "^") {
		return []string{"How did my portfolio do this year against the market?"}
	}
	return []string{"How did " + symbol + " do over the past year?", "What is the news on " + symbol + "?", "What are the main figures of " + symbol + "?"}
}
