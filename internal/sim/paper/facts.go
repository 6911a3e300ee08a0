package paper

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

// FiledFact is a figure with the filing that reports it. Frame is set on one of all that report the same period.
type FiledFact struct {
	typeset.Fact
	Filing *Filing
	Frame  string // CY2025, CY2025Q3, CY2025Q3I
}

// Facts are the figures that the filings accepted by the moment report in XBRL, by tag, then by period, then by filing.
func (c *Company) Facts(now time.Time) []FiledFact {
	var facts []FiledFact
	for _, f := range slices.Backward(c.Until(now)) {
		if !f.hasStatements() {
			continue
		}
		for _, fact := range c.coverFacts(f) {
			facts = append(facts, FiledFact{Fact: fact, Filing: f})
		}
		for _, t := range c.statements(f) {
			for _, r := range t.Rows {
				for _, one := range r.Cells {
					facts = append(facts, FiledFact{Fact: *one.Fact, Filing: f})
				}
			}
		}
	}
	slices.SortStableFunc(facts, func(x, y FiledFact) int {
		return cmp.Or(cmp.Compare(x.Taxonomy, y.Taxonomy), cmp.Compare(x.Tag, y.Tag), x.End.Compare(y.End), x.Start.Compare(y.Start))
	})
	facts = slices.CompactFunc(facts, func(x, y FiledFact) bool { return same(x.Fact, y.Fact) && x.Filing == y.Filing })
	last := map[string]int{}
	for i, f := range facts {
		if of := frame(f.Fact); of != "" {
			last[f.Taxonomy+f.Tag+of] = i
		}
	}
	for _, i := range last {
		facts[i].Frame = frame(facts[i].Fact)
	}
	return facts
}

// same tells whether two facts are of the same thing and period.
func same(f, g typeset.Fact) bool {
	return f.Taxonomy == g.Taxonomy && f.Tag == g.Tag && f.Start == g.Start && f.End == g.End
}

// frame is the calendar period that a fact's comes next to, "" when it is none of a year, a quarter or a moment.
func frame(f typeset.Fact) string {
	if f.Start == (calendar.Day{}) {
		middle := f.End.AddDays(-45) // the quarter that ended closest to the day
		return fmt.Sprintf("CY%dQ%dI", middle.Year, (int(middle.Month)-1)/3+1)
	}
	days := int(f.End.Number() - f.Start.Number())
	middle := f.Start.AddDays(days / 2)
	switch {
	case days > 335 && days < 395:
		return fmt.Sprintf("CY%d", middle.Year)
	case days > 75 && days < 105:
		return fmt.Sprintf("CY%dQ%d", middle.Year, (int(middle.Month)-1)/3+1)
	}
	return ""
}

// Labels are what a tag is called, by tag.
func (c *Company) Labels() map[string]string {
	labels := map[string]string{
		"EntityCommonStockSharesOutstanding": "Entity Common Stock, Shares Outstanding", "EntityPublicFloat": "Entity Public Float",
	}
	if len(c.Periods) == 0 {
		return labels // it never reported anything
	}
	for _, lines := range [][]line{c.incomeLines(), c.balanceLines(), c.cashLines()} {
		for _, l := range lines {
			if labels[l.tag] = l.label; c.Foreign() {
				labels[l.ifrs] = l.label
			}
		}
	}
	return labels
}
