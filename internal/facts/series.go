package facts

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Value is the figure of a period as last filed.
type Value struct {
	Concept string `json:"concept" doc:"The tag it was read from, such as us-gaap:NetIncomeLoss."`
	Label   string `json:"label"`
	Period  string `json:"period" doc:"As the company counts its years: FY2024, Q3 FY2024, H1 FY2024, 9M FY2024; empty when that is not known."`
	Span    Span   `json:"span" enum:"moment,quarter,halfYear,nineMonths,year,other"`
	// Start is nil for a moment.
	Start *calendar.Day   `json:"start"`
	End   calendar.Day    `json:"end"`
	Value decimal.Decimal `json:"value"`
	Unit  string          `json:"unit" doc:"As filed: USD, USD/shares, shares, pure …"`
	// Filing, Form and FiledOn are those of the last report; of a derived figure, of the latest it was made from.
	Filing  string       `json:"filing" doc:"Accession number."`
	Form    string       `json:"form"`
	FiledOn calendar.Day `json:"filedOn"`
	// Derived says how the figure was made where the company reports none of its own for the period.
	// A period that was restated since may have been made of what was first filed, and then says so.
	Derived string `json:"derived"`
	// History has every value the period ever had, the first report of each, the oldest first. It is empty when derived.
	History []Filed `json:"history"`
	// since is the day of the oldest filing that it was made from; basis is the figure's, the same for all values of a tag.
	since calendar.Day
	basis *basis
	// otherEnds are the days on which some filings let the period end.
	otherEnds []calendar.Day
}

// Restated tells whether a later filing gave the period another value.
func (v Value) Restated() bool { return len(v.History) > 1 }

// Filed is a value that a period had since a filing.
type Filed struct {
	Value   decimal.Decimal `json:"value"`
	Filing  string          `json:"filing"`
	Form    string          `json:"form"`
	FiledOn calendar.Day    `json:"filedOn"`
}

// series are the values of one figure in one unit by period.
type series struct {
	values map[Period]Value
	ends   map[int32][]Period // by the day they end
	basis  *basis
}

func newSeries() series { return series{map[Period]Value{}, map[int32][]Period{}, new(basis)} }

func (s series) set(p Period, v Value) {
	if _, known := s.values[p]; !known {
		end := p.End.Number()
		s.ends[end] = append(s.ends[end], p)
	}
	s.values[p] = v
}

// meant is the period that a report is of: one that is there by days close to the report's, or its own. What one filing
// tells side by side it means as two, and so are balance sheets of two days: new rules count from the first day of a year.
func (s series) meant(r Report) Period {
	own := Period{r.Start, r.End}
	if own.Span() == Moment || own.Span() == OtherSpan {
		return own
	}
	v, known := s.near(own)
	if !known || v.Filing == r.Accession {
		return own
	}
	return Period{*v.Start, v.End}
}

// seriesOf resolves the reports of a concept in a unit, which are the oldest first: for each period the last one holds.
// Where filings tag a period by one day more or less, its days are those of the first.
func (c *Company) seriesOf(one *concept, unit string) series {
	s := newSeries()
	for _, r := range one.units[unit] {
		p := s.meant(r)
		v, known := s.values[p]
		if !known {
			v = Value{Concept: one.name, Label: one.label, Period: c.year.label(p), Span: p.Span(), End: p.End, Unit: unit, basis: s.basis}
			if p.Start != (calendar.Day{}) {
				v.Start = &p.Start
			}
		}
		if known && !v.Value.Equal(r.Value) {
			s.basis.restated(v.FiledOn, r.FiledOn)
		}
		if !known || !v.Value.Equal(r.Value) {
			v.History = append(v.History, Filed{r.Value, r.Accession, r.Form, r.FiledOn})
		}
		if r.End != p.End && !slices.Contains(v.otherEnds, r.End) {
			v.otherEnds = append(v.otherEnds, r.End)
		}
		v = v.as(Filed{r.Value, r.Accession, r.Form, r.FiledOn})
		s.set(p, v)
	}
	return s
}

// derive adds the quarters that a company reports only within longer periods: the fourth as the year less nine months,
// and of cash flows, which are told for the year so far, the others likewise. Only what adds up over time can be made so,
// and only of two figures that are counted alike: a year that was restated, less nine months that were not, is nothing.
func (c *Company) derive(s series, unit string) {
	if !additive(unit) {
		return
	}
	byStart := map[calendar.Day][]Value{}
	for p, v := range s.values {
		if p.Span() != Moment && p.Span() != OtherSpan {
			byStart[p.Start] = append(byStart[p.Start], v)
		}
	}
	for _, all := range byStart {
		slices.SortFunc(all, func(a, b Value) int { return a.End.Compare(b.End) })
		for i, whole := range all {
			for _, part := range all[:i] {
				rest := Period{part.End.AddDays(1), whole.End}
				if _, told := s.near(rest); told || rest.Span() != Quarterly {
					continue
				}
				if v, ok := c.difference(whole, part, rest); ok {
					s.set(rest, v)
				}
			}
		}
	}
}

// additive are amounts; figures per share and ratios do not add up over time, nor do averages of shares.
func additive(unit string) bool { return len(unit) == 3 && unit == strings.ToUpper(unit) }

// difference is a whole less a part of it as both were last filed or, where they are no longer counted alike, as both were
// first.
func (c *Company) difference(whole, part Value, rest Period) (Value, bool) {
	how := named(whole) + " less " + named(part)
	if !oneBasis(whole, part) {
		first, then, known := asFirstFiled(whole, part)
		if !known || !oneBasis(first, then) {
			return Value{}, false
		}
		if !first.Value.Equal(whole.Value) || !then.Value.Equal(part.Value) {
			how += ", as first filed"
		}
		whole, part = first, then
	}
	v := whole
	v.Start, v.End, v.Span, v.Period = &rest.Start, rest.End, rest.Span(), c.year.label(rest)
	v.Value, v.Derived, v.History = whole.Value.Sub(part.Value), how, []Filed{}
	if v.FiledOn.Before(part.FiledOn) {
		v.Filing, v.Form, v.FiledOn = part.Filing, part.Form, part.FiledOn
	}
	if part.since.Before(v.since) {
		v.since = part.since
	}
	return v, true
}

func named(v Value) string {
	if v.Period != "" {
		return v.Period
	}
	return v.Start.String() + " to " + v.End.String()
}

// near finds a value whose period begins and ends within some days of another: filers tag the same quarter by one day more
// or less.
func (s series) near(p Period) (Value, bool) {
	if v, ok := s.values[p]; ok {
		return v, true
	}
	for end := p.End.Number() - nearDays; end <= p.End.Number()+nearDays; end++ {
		for _, q := range s.ends[end] {
			if q.Span() == p.Span() && max(q.Start.Number()-p.Start.Number(), p.Start.Number()-q.Start.Number()) <= nearDays {
				return s.values[q], true
			}
		}
	}
	return Value{}, false
}

// nearDays is how far the ends of what is meant as one period lie apart.
const nearDays = 4

// sorted are the values with the latest end first and, where periods end together, the longest first.
func (s series) sorted() []Value {
	all := make([]Value, 0, len(s.values))
	for _, v := range s.values {
		all = append(all, v)
	}
	slices.SortFunc(all, compare)
	return all
}

func compare(a, b Value) int {
	if n := b.End.Compare(a.End); n != 0 {
		return n
	}
	return startNumber(a) - startNumber(b)
}

// startNumber orders moments after what began before them.
func startNumber(v Value) int {
	if v.Start == nil {
		return 1 << 30
	}
	return int(v.Start.Number())
}
