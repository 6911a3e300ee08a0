package builtin

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// companies says what companies are.
func (a *asked) companies(p *page, rs []*result) {
	for _, r := range rs {
		if a.has("how many", "number of", "headcount") && r.knows("employees") {
			p.say("Employees of %s: %s. %s", plainly(r.text("symbol")), r.figure("employees", "0"), r.cite())
		}
		p.say("**%s**: %s. %s", r.named(), about(r), r.cite())
		p.table([]string{plainly(r.text("symbol")), "Figure"}, known([][]string{
			{"Employees", r.figure("employees", "0")}, {"Market capitalization", r.figure("marketCap", "compact")}, {"Shares outstanding", r.figure("sharesOutstanding", "compact")},
		}))
		if summary := r.at("summary"); r.text("summary") != "" {
			if quote := quoteOf(r.text("summary"), ""); quote != "" {
				p.say("By its profile: “%s” %s", quote, summary.cite())
			}
		}
	}
}

// known leaves out the rows of what is not known.
func known(rows [][]string) [][]string {
	return slices.DeleteFunc(rows, func(row []string) bool { return row[1] == unknown })
}

// about is what a company is in a few words.
func about(r *result) string {
	var parts []string
	for _, field := range []struct{ name, path string }{{"", "assetClass"}, {"sector ", "sector"}, {"industry ", "industry"}, {"country ", "country"}, {"exchange ", "exchange"}} {
		if text := plainly(r.text(field.path)); text != "" && !counts(text) {
			parts = append(parts, field.name+text)
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "no source says more")
}

// metricNames are those that are more than their words.
var metricNames = map[string]string{
	"trailingPE": "P/E, trailing", "forwardPE": "P/E, forward", "pegRatio": "PEG ratio", "evToRevenue": "EV to revenue", "evToEbitda": "EV to EBITDA", "eps": "EPS",
	"forwardEps": "EPS, forward", "ebitda": "EBITDA", "ebitdaMargin": "EBITDA margin", "high52Week": "High of 52 weeks", "low52Week": "Low of 52 weeks",
	"change52Week": "Change over 52 weeks", "epsBasic": "EPS, basic",
}

// spaced is a metric's name as people read it: "grossMargin" is "Gross margin".
func spaced(name string) string {
	if known, ok := metricNames[name]; ok {
		return known
	}
	var b strings.Builder
	for i, r := range plainly(name) {
		switch {
		case i == 0:
			b.WriteRune(unicode.ToUpper(r))
		case unicode.IsUpper(r):
			b.WriteString(" " + string(unicode.ToLower(r)))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// metrics compares companies by their figures: a row for each, a column for each company.
func (a *asked) metrics(p *page, rs []*result) {
	const shown = 20
	columns := []string{"Figure"}
	var names []string
	byName := map[string]map[int]node{}
	for i, r := range rs {
		columns = append(columns, plainly(r.text("symbol")))
		for _, m := range r.list("metrics") {
			name := m.text("name")
			if byName[name] == nil {
				byName[name], names = map[int]node{}, append(names, name)
			}
			if _, taken := byName[name][i]; !taken {
				byName[name][i] = m
			}
		}
	}
	var rows [][]string
	for _, name := range first(names, shown) {
		row := []string{spaced(name)}
		for i := range rs {
			cell := unknown
			if m, ok := byName[name][i]; ok {
				cell = m.figure("value", metricForm(m)...)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		p.say("No source tells these figures of %s. %s", listed(columns[1:]), rs[0].cite())
		return
	}
	p.say("Figures of %s: %s", listed(columns[1:]), cites(rs))
	p.table(columns, rows)
}

func metricForm(m node) []string {
	switch unit := m.text("unit"); {
	case unit == "ratio":
		return []string{"2"}
	case len(unit) == 3 && strings.ToUpper(unit) == unit, unit == "shares":
		return []string{"compact"}
	}
	return nil
}

func cites(rs []*result) string {
	var all []string
	for _, r := range rs {
		all = append(all, r.cite())
	}
	return strings.Join(all, " ")
}

// earnings says when companies report next, and how they did against what was expected.
func (a *asked) earnings(p *page, rs []*result) {
	const shown = 4
	for _, r := range rs {
		symbol := plainly(r.text("symbol"))
		if quarters := r.list("quarters"); a.has("eps", "per share") && !a.has("next", "expected", "estimate") && len(quarters) > 0 && quarters[0].knows("epsActual") {
			p.say("Earnings per share of %s in the quarter %s: %s. %s", symbol, plainly(quarters[0].text("period")), quarters[0].figure("epsActual"), r.cite())
		}
		if next := r.at("next"); next.value != nil {
			day := next.text("from")
			if to := next.text("to"); to != "" && to != day {
				day += " to " + to
			}
			p.say("%s reports next on %s%s. %s", symbol, day, prefixed(", in the session: ", plainly(next.text("when"))), r.cite())
			if next.knows("epsEstimate") || next.knows("revenueEstimate") {
				p.say("Expected of %s: earnings per share of %s and revenue of %s.", symbol, next.figure("epsEstimate"), next.figure("revenueEstimate", "compact"))
			}
		} else {
			p.say("No source says when %s reports next. %s", symbol, r.cite())
		}
		var rows [][]string
		for _, q := range first(r.list("quarters"), shown) {
			rows = append(rows, []string{
				plainly(q.text("period")), q.figure("epsActual"), q.figure("epsEstimate"), q.figure("surprisePercent", "signed"), q.figure("revenueActual", "compact"), q.figure("revenueEstimate", "compact"),
			})
		}
		p.table([]string{symbol, "Earnings per share", "Expected", "Surprise", "Revenue", "Expected revenue"}, rows)
	}
}

// news lists headlines, word for word.
func (a *asked) news(p *page, rs []*result) {
	const shown = 5
	for _, r := range rs {
		of := cmp.Or(plainly(r.given().Symbol), "the market")
		var lines []string
		for _, s := range first(r.list("stories"), shown) {
			headline := s.text("headline")
			if !quotable(headline) {
				continue
			}
			line := "“" + strings.Join(strings.Fields(headline), " ") + "” " + s.cite()
			if by := plainly(s.text("publisher")); by != "" && !counts(by) {
				line += ", " + by
			}
			if day := s.text("publishedAt"); len(day) >= len("2006-01-02") {
				line += ", " + day[:len("2006-01-02")]
			}
			lines = append(lines, line)
		}
		if len(lines) == 0 {
			p.say("I looked for news of %s%s and found none. %s", of, r.span(), r.cite())
			continue
		}
		p.say("News of %s%s: %s", of, r.span(), r.cite())
		p.entries(lines)
	}
}

func nextOfCompany(_ *asked, rs []*result) []string {
	symbol := plainly(cmp.Or(rs[0].text("symbol"), rs[0].given().Symbol))
	if symbol == "" {
		return nil
	}
	next := map[string]string{
		"get_news": "What is the news on " + symbol + "?", "get_reported_facts": "How did the revenue of " + symbol + " grow?",
		"get_earnings": "When does " + symbol + " report earnings?", "search_passages": "What does " + symbol + " say about its risks?", "get_stock_quotes": "What is the price of " + symbol + "?",
	}
	var all []string
	for _, tool := range []string{"get_reported_facts", "get_earnings", "search_passages", "get_news", "get_stock_quotes"} {
		if tool != rs[0].Tool {
			all = append(all, next[tool])
		}
	}
	return all
}
