package paper

import (
	"fmt"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// quarterlyItems are those of a 10-Q: two parts that count from one each.
func (c *Company) quarterlyItems(f *Filing) []typeset.Section {
	w := c.words
	return []typeset.Section{
		section("I.1", "Financial Statements", c.statementsItem(f)),
		section("I.2", "Management's Discussion and Analysis of Financial Condition and Results of Operations", c.discussion(f)),
		section("I.3", "Quantitative and Qualitative Disclosures About Market Risk", c.say(f, "There have been no material changes to {company}'s market risk during the quarter. For a discussion of its exposure, see Item 7A of its annual report on Form 10-K for fiscal {last}.")),
		section("I.4", "Controls and Procedures", c.say(f, w.special("controls")[0])),
		section("II.1", "Legal Proceedings", c.say(f, w.every("legal")...)),
		section("II.1A", "Risk Factors", c.say(f, w.special("risks of a quarter")...)),
		section("II.2", "Unregistered Sales of Equity Securities and Use of Proceeds", c.purchases(f)),
		section("II.3", "Defaults Upon Senior Securities", c.say(f, "None.")),
		section("II.4", "Mine Safety Disclosures", c.say(f, "Not applicable.")),
		section("II.5", "Other Information", c.say(f, w.special("other information")...)),
		section("II.6", "Exhibits", c.say(f, w.special("exhibits")...)),
	}
}

func (c *Company) purchases(f *Filing) []typeset.Block {
	if spent := c.Periods[f.quarter()].Flows.Buybacks; spent > 0 {
		return c.say(f, fmt.Sprintf("During the quarter {company} repurchased shares of its common stock for %s.", c.amount(spent)))
	}
	return c.say(f, "None.")
}

// bySegment says how the revenue of each segment moved.
func (c *Company) bySegment(t *typeset.Table) string {
	var moves []string
	for _, r := range t.Rows[:len(t.Rows)-1] {
		var now, then int64
		_, _ = fmt.Sscan(strings.ReplaceAll(r.Cells[0].Text, ",", ""), &now)
		_, _ = fmt.Sscan(strings.ReplaceAll(r.Cells[1].Text, ",", ""), &then)
		moves = append(moves, r.Label+" "+c.moved(now, then))
	}
	return "Revenue of " + strings.Join(moves, ", of ") + "."
}

// segments divides the revenue by what it was earned with. The words name the parts and their shares in percent, in
// which "Phones 52" is a line; the last takes what is left.
func (c *Company) segments(f *Filing, from, to int) *typeset.Table {
	t := &typeset.Table{Title: "Revenue by category", Unit: "(In millions)"}
	type span struct{ from, to int }
	spans := []span{{from, to}, {from - 4, to - 4}}
	var left []int64
	for _, s := range spans {
		t.Columns = append(t.Columns, long(c.Periods[s.to].End))
		left = append(left, c.Flow(s.from, s.to, f.Filed).Revenue)
	}
	names := strings.Split(c.words.special("segments")[0], ";")
	total := typeset.Row{Label: "Total", Total: true}
	for i := range spans {
		total.Cells = append(total.Cells, typeset.Cell{Text: typeset.Grouped(fmt.Sprint(left[i]))})
	}
	all := append([]int64(nil), left...)
	for i, name := range names {
		name = strings.TrimSpace(name)
		cut := strings.LastIndexByte(name, ' ')
		var share int64
		_, _ = fmt.Sscan(name[cut+1:], &share) // a test reads all of them
		r := typeset.Row{Label: name[:cut]}
		for j := range spans {
			part := all[j] * share / 100 * c.Between(985, 1015, "segment", name, t.Columns[j]) / 1000
			if i == len(names)-1 {
				part = left[j]
			}
			left[j] -= part
			r.Cells = append(r.Cells, typeset.Cell{Text: typeset.Grouped(fmt.Sprint(part))})
		}
		t.Rows = append(t.Rows, r)
	}
	t.Rows = append(t.Rows, total)
	return t
}

// oldQuarterly is the 10-Q of 1996: no part of it is in XBRL, and its few figures are made up here.
func (c *Company) oldQuarterly(f *Filing) []typeset.Section {
	w := c.words
	t := typeset.Table{Title: "CONDENSED CONSOLIDATED STATEMENTS OF OPERATIONS (UNAUDITED)", Unit: "(In millions, except per share amounts)", Columns: []string{"June 28, 1996", "June 30, 1995"}}
	for _, r := range [][3]string{{"Net sales", "2,214", "2,548"}, {"Cost of sales", "1,803", "1,842"}, {"Gross margin", "411", "706"}, {"Operating expenses", "472", "561"}, {"Net income (loss)", "(36)", "98"}} {
		t.Rows = append(t.Rows, typeset.Row{Label: r[0], Cells: []typeset.Cell{{Text: r[1]}, {Text: r[2]}}})
	}
	return []typeset.Section{
		section("I.1", "Financial Statements", append(c.say(f, w.special("old statements")...), typeset.Block{Table: &t})),
		section("I.2", "Management's Discussion and Analysis of Financial Condition and Results of Operations", c.say(f, w.special("old discussion")...)),
		section("II.1", "Legal Proceedings", c.say(f, w.special("old legal")...)),
		section("II.6", "Exhibits and Reports on Form 8-K", c.say(f, "No reports on Form 8-K were filed during the quarter.")),
	}
}
