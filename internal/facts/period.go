package facts

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Span is how long a figure's period is.
type Span string

// The spans that companies report over. The limits between them leave room for years of 52 and 53 weeks, and for
// quarters of 12 to 17 weeks.
const (
	Moment     Span = "moment" // of a balance sheet
	Quarterly  Span = "quarter"
	HalfYear   Span = "halfYear"
	NineMonths Span = "nineMonths"
	Annual     Span = "year"
	OtherSpan  Span = "other"
)

// Period is what a figure is of. Start is zero for a moment.
type Period struct {
	Start, End calendar.Day
}

// Days is how many days the period has; 0 for a moment.
func (p Period) Days() int {
	if p.Start == (calendar.Day{}) {
		return 0
	}
	return int(p.End.Number()-p.Start.Number()) + 1
}

// Span tells how long the period is.
func (p Period) Span() Span {
	switch days := p.Days(); {
	case days == 0:
		return Moment
	case days >= 75 && days <= 120:
		return Quarterly
	case days >= 150 && days <= 200:
		return HalfYear
	case days >= 235 && days <= 290:
		return NineMonths
	case days >= 340 && days <= 385:
		return Annual
	}
	return OtherSpan
}

// fiscalYear is how a company counts its years.
type fiscalYear struct {
	ends   []calendar.Day // of years that were reported, the oldest first
	offset int            // what is added to the calendar year of an end to name it
}

// vote is what an annual report says of its own year: that the period with this end is called so.
type vote struct {
	accession string
	end       calendar.Day
	year      int
}

// annualForms are the reports of whole years.
var annualForms = []string{"10-K", "10-K/A", "10-KT", "20-F", "20-F/A", "40-F", "40-F/A"}

// votes are those of the annual figures.
func (one *concept) votes() []vote {
	var all []vote
	for _, reports := range one.units {
		for _, r := range reports {
			annual := (Period{r.Start, r.End}).Span() == Annual && slices.Contains(annualForms, r.Form)
			if annual && r.FiscalYear != 0 {
				all = append(all, vote{r.Accession, r.End, r.FiscalYear})
			}
		}
	}
	return all
}

// slack is how far the end of a fiscal year of 52 or 53 weeks moves: one that ends on the 2nd of January belongs to the
// calendar year before.
const slack = 15

// fiscalYearOf finds the ends of years, and by which calendar year the company names them: a year that ends in January
// 2024 is fiscal 2023 to one and fiscal 2024 to another. What most of its annual reports say of their latest year holds.
func fiscalYearOf(votes []vote) fiscalYear {
	own := map[string]vote{} // by filing: its latest year is its own, the others are for comparison
	ends := map[calendar.Day]int{}
	for _, v := range votes {
		ends[v.end]++
		if last, ok := own[v.accession]; !ok || last.end.Before(v.end) {
			own[v.accession] = v
		}
	}
	counts := map[int]int{}
	for _, v := range own {
		counts[v.year-v.end.AddDays(-slack).Year]++
	}
	year := fiscalYear{ends: distinctEnds(ends)}
	best := 0
	for offset, n := range counts {
		if n > best || n == best && offset > year.offset {
			best, year.offset = n, offset
		}
	}
	return year
}

// distinctEnds are the ends of years, less those a few days from another that more figures have: single figures are tagged
// with days that are not the year's.
func distinctEnds(counts map[calendar.Day]int) []calendar.Day {
	var all []calendar.Day
	for end := range counts {
		all = append(all, end)
	}
	slices.SortFunc(all, calendar.Day.Compare)
	var kept []calendar.Day
	for _, end := range all {
		n := len(kept)
		switch {
		case n == 0 || end.Number()-kept[n-1].Number() > 300:
			kept = append(kept, end)
		case counts[end] > counts[kept[n-1]]:
			kept[n-1] = end
		}
	}
	return kept
}

// yearDays is a year on average, by which years are told ahead of their reports.
const yearDays = 365.25

// of is the fiscal year that a day is in, by its name, and that year's end. It is false where no year was ever reported.
func (y fiscalYear) of(day calendar.Day) (name int, end calendar.Day, ok bool) {
	if len(y.ends) == 0 {
		return 0, calendar.Day{}, false
	}
	i, _ := slices.BinarySearchFunc(y.ends, day.AddDays(-slack/2), calendar.Day.Compare)
	if i < len(y.ends) && y.ends[i].Number()-day.Number() < 400 {
		end = y.ends[i]
	} else { // before, between or after the years that were reported
		anchor := y.ends[min(i, len(y.ends)-1)]
		years := math.Ceil(float64(day.Number()-slack/2-anchor.Number()) / yearDays)
		end = anchor.AddDays(int(math.Round(years * yearDays)))
	}
	return end.AddDays(-slack).Year + y.offset, end, true
}

// label names a period as the company counts: "FY2024", "Q3 FY2024", "H1 FY2024", "9M FY2024". A moment has the label of
// the quarter, or of the year, that it ends. It is empty where that is not known, and for moments between.
func (y fiscalYear) label(p Period) string {
	name, end, ok := y.of(p.End)
	if !ok {
		return ""
	}
	before := float64(end.Number()-p.End.Number()) / (yearDays / 4)
	quarter := max(4-int(math.Round(before)), 1)
	if p.Span() == Moment && math.Abs(before-math.Round(before))*yearDays/4 > slack { // of a title page
		return ""
	}
	switch span := p.Span(); {
	case span == Annual, span == Moment && quarter == 4:
		return fmt.Sprintf("FY%d", name)
	case span == Quarterly, span == Moment:
		return fmt.Sprintf("Q%d FY%d", quarter, name)
	case span == HalfYear && quarter == 2:
		return fmt.Sprintf("H1 FY%d", name)
	case span == NineMonths && quarter == 3:
		return fmt.Sprintf("9M FY%d", name)
	}
	return ""
}

// sameLabel compares labels however people write them: "q3 2024", "2024Q3", "fy24".
func sameLabel(asked, label string) bool { return label != "" && canonical(asked) == canonical(label) }

// canonical is a label's year and part: "2024 Q3", "2024" for a whole year; empty for what is none.
func canonical(text string) string {
	text = strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(text))
	part := ""
	for _, p := range []string{"Q1", "Q2", "Q3", "Q4", "H1", "9M"} {
		if before, after, found := strings.Cut(text, p); found {
			text, part = before+after, " "+p
			break
		}
	}
	text = strings.TrimPrefix(text, "FY")
	if len(text) == 2 {
		text = "20" + text
	}
	if len(text) != 4 || strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return text + part
}
