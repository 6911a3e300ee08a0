package paper

import (
	"fmt"
	"strings"
)

// quarterlyItems are those of a 10-Q: two parts that count from one each.
func (c *Company) quarterlyItems(f *Filing) []Section {
	w := c.words
	return []Section{
		{"I.1", "Financial Statements", c.statementsItem(f)},
		{"I.2", "Management's Discussion and Analysis of Financial Condition and Results of Operations", c.discussion(f)},
		{"I.3", "Quantitative and Qualitative Disclosures About Market Risk", c.say(f, fmt.Sprintf(`There have been no material changes to {company}'s market risk during the quarter. For a discussion of its exposure, see Item 7A of its annual report on Form 10-K for fiscal {last}.`))},
		{"I.4", "Controls and Procedures", c.say(f, w.special("controls")[0])},
		{"II.1", "Legal Proceedings", c.say(f, w.every("legal")...)},
		{"II.1A", "Risk Factors", c.say(f, w.special("risks of a quarter")...)},
		{"II.2", "Unregistered Sales of Equity Securities and Use of Proceeds", c.purchases(f)},
		{"II.3", "Defaults Upon Senior Securities", c.say(f, "None.")},
		{"II.4", "Mine Safety Disclosures", c.say(f, "Not applicable.")},
		{"II.5", "Other Information", c.say(f, w.special("other information")...)},
		{"II.6", "Exhibits", c.say(f, w.special("exhibits")...)},
	}
}

func (c *Company) purchases(f *Filing) []block {
	if spent := c.q[f.quarter()].flows.buybacks; spent > 0 {
		return c.say(f, fmt.Sprintf("During the quarter {company} repurchased shares of its common stock for %s.", c.amount(spent)))
	}
	return c.say(f, "None.")
}

// bySegment says how the revenue of each segment moved.
func (c *Company) bySegment(t *table) string {
	var moves []string
	for _, r := range t.rows[:len(t.rows)-1] {
		var now, then int64
		_, _ = fmt.Sscan(strings.ReplaceAll(r.cells[0].text, ",", ""), &now)
		_, _ = fmt.Sscan(strings.ReplaceAll(r.cells[1].text, ",", ""), &then)
		moves = append(moves, r.label+" "+c.moved(now, then))
	}
	return "Revenue of " + strings.Join(moves, ", of ") + "."
}

// segments divides the revenue by what it was earned with. The words name the parts and their shares in percent, in
// which "Phones 52" is a line; the last takes what is left.
func (c *Company) segments(f *Filing, from, to int) *table {
	t := &table{title: "Revenue by category", unit: "(In millions)"}
	type span struct{ from, to int }
	spans := []span{{from, to}, {from - 4, to - 4}}
	var left []int64
	for _, s := range spans {
		t.columns = append(t.columns, long(c.q[s.to].end))
		left = append(left, c.flow(s.from, s.to, f.Filed).revenue)
	}
	names := strings.Split(c.words.special("segments")[0], ";")
	total := row{label: "Total", total: true}
	for i := range spans {
		total.cells = append(total.cells, cell{text: grouped(fmt.Sprint(left[i]))})
	}
	all := append([]int64(nil), left...)
	for i, name := range names {
		name = strings.TrimSpace(name)
		cut := strings.LastIndexByte(name, ' ')
		var share int64
		_, _ = fmt.Sscan(name[cut+1:], &share) // a test reads all of them
		r := row{label: name[:cut]}
		for j := range spans {
			part := all[j] * share / 100 * c.between(985, 1015, "segment", name, t.columns[j]) / 1000
			if i == len(names)-1 {
				part = left[j]
			}
			left[j] -= part
			r.cells = append(r.cells, cell{text: grouped(fmt.Sprint(part))})
		}
		t.rows = append(t.rows, r)
	}
	t.rows = append(t.rows, total)
	return t
}

// oldQuarterly is the 10-Q of 1996: no part of it is in XBRL, and its figures are as rough as the memory of them.
func (c *Company) oldQuarterly(f *Filing) []Section {
	w := c.words
	t := table{title: "CONDENSED CONSOLIDATED STATEMENTS OF OPERATIONS (UNAUDITED)", unit: "(In millions, except per share amounts)", columns: []string{"June 28, 1996", "June 30, 1995"}}
	for _, r := range [][3]string{{"Net sales", "2,214", "2,548"}, {"Cost of sales", "1,803", "1,842"}, {"Gross margin", "411", "706"}, {"Operating expenses", "472", "561"}, {"Net income (loss)", "(36)", "98"}} {
		t.rows = append(t.rows, row{label: r[0], cells: []cell{{text: r[1]}, {text: r[2]}}})
	}
	return []Section{
		{"I.1", "Financial Statements", append(c.say(f, w.special("old statements")...), block{table: &t})},
		{"I.2", "Management's Discussion and Analysis of Financial Condition and Results of Operations", c.say(f, w.special("old discussion")...)},
		{"II.1", "Legal Proceedings", c.say(f, w.special("old legal")...)},
		{"II.6", "Exhibits and Reports on Form 8-K", c.say(f, "No reports on Form 8-K were filed during the quarter.")},
	}
}
