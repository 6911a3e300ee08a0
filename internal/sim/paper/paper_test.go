package paper

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

var now = time.Date(2026, time.November, 23, 16, 0, 0, 0, time.UTC)

// issuers are shares for all registered companies: one makes a loss, one splits ten to one, one pays nothing.
func issuers() []books.Issuer {
	var list []books.Issuer
	split := calendar.Day{Year: 2024, Month: time.June, Day: 10}
	for i, r := range books.Registrants() {
		if r.Symbol == "" {
			continue
		}
		in := books.Issuer{
			Symbol: r.Symbol, City: r.City, Employees: 12_000, EPS: 450, Shares: r.Revenue / 60,
			Factor:   func(calendar.Day) int64 { return 1 },
			Dividend: func(calendar.Day, calendar.Day) int64 { return 2500 },
		}
		switch r.Symbol {
		case "BA":
			in.EPS = -820
		case "NVDA":
			in.Factor = func(day calendar.Day) int64 {
				if day.Before(split) {
					return 1
				}
				return 10
			}
		}
		if i%3 == 0 {
			in.Dividend = func(calendar.Day, calendar.Day) int64 { return 0 }
		}
		list = append(list, in)
	}
	return list
}

// of are the companies that file.
func of(seed uint64) []*Company {
	return slices.DeleteFunc(slices.Clone(New(books.Open(seed, issuers())).Companies()), func(c *Company) bool { return c.Symbol == "" })
}

func named(t *testing.T, symbol string) (*Archive, *Company) {
	t.Helper()
	a := New(books.Open(1, issuers()))
	c, ok := a.Of(symbol)
	if !ok {
		t.Fatalf("%s does not file", symbol)
	}
	return a, c
}

// latest is the newest filing of the form.
func latest(t *testing.T, c *Company, form string, at time.Time) *Filing {
	t.Helper()
	for _, f := range c.Until(at) {
		if f.Form == form {
			return f
		}
	}
	t.Fatalf("%s filed no %s", c.Short, form)
	return nil
}

// reported finds a fact's value for a period by its tag, in the newest filing that has it.
func reported(facts []FiledFact, tag string, start, end calendar.Day) (decimal.Decimal, bool) {
	for _, f := range slices.Backward(facts) {
		if f.Tag == tag && f.Start == start && f.End == end {
			return f.Value, true
		}
	}
	return decimal.Zero, false
}

func TestQuartersAddUpToTheYearAsReported(t *testing.T) {
	for _, c := range of(1) {
		if c.Foreign() {
			continue // it reports years alone
		}
		facts := c.Facts(now)
		for _, tag := range []string{"NetIncomeLoss", "OperatingIncomeLoss", "IncomeTaxExpenseBenefit"} {
			for fy := books.FirstYear + 2; fy <= 2025; fy++ {
				year, ok := reported(facts, tag, c.Periods[books.At(fy, 1)].Start, c.Periods[books.At(fy, 4)].End)
				nine, ok2 := reported(facts, tag, c.Periods[books.At(fy, 1)].Start, c.Periods[books.At(fy, 3)].End)
				if !ok || !ok2 {
					t.Fatalf("%s: no %s of fiscal %d", c.Short, tag, fy)
				}
				sum := decimal.Zero
				for n := 1; n <= 3; n++ {
					q := c.Periods[books.At(fy, n)]
					value, ok := reported(facts, tag, q.Start, q.End)
					if !ok {
						t.Fatalf("%s: no %s of quarter %d of fiscal %d", c.Short, tag, n, fy)
					}
					sum = sum.Add(value)
				}
				if !sum.Equal(nine) {
					t.Errorf("%s, %s of nine months of %d: got %s, the quarters sum to %s", c.Short, tag, fy, nine, sum)
				}
				fourth := year.Sub(nine).Shift(-6).IntPart()
				want := map[string]int64{"NetIncomeLoss": c.Periods[books.At(fy, 4)].Flows.Net(), "OperatingIncomeLoss": c.Periods[books.At(fy, 4)].Flows.Operating(), "IncomeTaxExpenseBenefit": c.Periods[books.At(fy, 4)].Flows.Tax}[tag]
				if fourth != want {
					t.Errorf("%s, %s: the year less nine months of %d is %d, want the fourth quarter's %d", c.Short, tag, fy, fourth, want)
				}
			}
		}
	}
}

func TestThePressReleaseTheReportAndTheFactsSayTheSame(t *testing.T) {
	for _, c := range of(1) {
		form := "10-K"
		if c.Foreign() {
			form = "20-F"
		}
		f := latest(t, c, form, now)
		net, ok := reported(c.Facts(now), map[bool]string{true: "ProfitLoss", false: "NetIncomeLoss"}[c.Foreign()], c.Periods[books.At(f.FiscalYear, 1)].Start, c.Periods[books.At(f.FiscalYear, 4)].End)
		if !ok {
			t.Fatalf("%s: no net income of fiscal %d", c.Short, f.FiscalYear)
		}
		said := ""
		for _, b := range c.discussion(f) {
			said += typeset.Curly(b.Text) + "\n"
		}
		if want := "Net income (loss) was " + c.amount(net.Shift(-6).IntPart()); !strings.Contains(said, want) {
			t.Errorf("%s: the discussion does not say %q", c.Short, want)
		}
		quarters := c.Quarters(now)
		if got := c.release(c.resultsOf(t, quarters[0].Released)); !strings.Contains(got[1].Text, "Revenue was "+c.amount(quarters[0].Revenue.Shift(-6).IntPart())) {
			t.Errorf("%s: the release says %q, want the revenue %s", c.Short, got[1].Text, quarters[0].Revenue)
		}
	}
}

// resultsOf is the filing of a press release.
func (c *Company) resultsOf(t *testing.T, released time.Time) *Filing {
	t.Helper()
	for _, f := range c.Filings {
		if f.subject == "results" && f.Accepted.Equal(released) {
			return f
		}
	}
	t.Fatalf("%s: no results at %s", c.Short, released)
	return nil
}

func TestTrailingEarningsAreThoseOfTheYearWhenItHasJustEnded(t *testing.T) {
	for _, c := range of(1) {
		f := latest(t, c, map[bool]string{true: "20-F", false: "10-K"}[c.Foreign()], now)
		eps, _ := reported(c.Facts(now), map[bool]string{true: "DilutedEarningsLossPerShare", false: "EarningsPerShareDiluted"}[c.Foreign()], c.Periods[books.At(f.FiscalYear, 1)].Start, c.Periods[books.At(f.FiscalYear, 4)].End)
		if got := c.TrailingEPS(f.Accepted); !got.Equal(eps) {
			t.Errorf("%s: trailing %s at the annual report, which says %s", c.Short, got, eps)
		}
	}
}

func TestTheArchiveFollowsFromTheSeed(t *testing.T) {
	text := func(seed uint64) string {
		a := New(books.Open(seed, issuers()))
		var all strings.Builder
		for _, c := range a.Companies() {
			if c.Symbol == "" {
				continue
			}
			for _, f := range c.Until(now)[:12] {
				for _, d := range f.Documents {
					body, ok := a.Body(f, d.Name)
					if !ok || len(body) == 0 {
						t.Fatalf("%s has no %s", f.Accession, d.Name)
					}
					fmt.Fprintf(&all, "%s %s %s\n%s\n", f.Accession, f.Form, f.Accepted, body)
				}
			}
		}
		return all.String()
	}
	if first, again := text(7), text(7); first != again {
		t.Error("two archives of one seed differ")
	}
	if text(7) == text(8) {
		t.Error("two archives of different seeds are the same")
	}
}

func TestFilingsAppearWhenTheirDayComesAndStayAsTheyWere(t *testing.T) {
	_, c := named(t, "AAPL")
	filed := latest(t, c, "10-Q", now)
	if _, ok := New(books.Open(1, issuers())).Filing(filed.Accession, filed.Accepted.Add(-time.Second)); ok {
		t.Error("the filing is there a second before it was accepted")
	}
	before, after := c.Until(filed.Accepted.Add(-time.Second)), c.Until(filed.Accepted)
	if len(after) != len(before)+1 || after[0] != filed {
		t.Errorf("got %d filings before and %d after, want one more", len(before), len(after))
	}
	numbers := map[string]bool{}
	for _, f := range c.Filings {
		if numbers[f.Accession] {
			t.Errorf("two filings are called %s", f.Accession)
		}
		numbers[f.Accession] = true
		if f.Filed.Year > 2000 && (calendar.DayOf(f.Accepted) != f.Filed || !calendar.IsTradingDay(f.Filed)) {
			t.Errorf("%s: filed on %s, accepted at %s", f.Accession, f.Filed, f.Accepted)
		}
	}
}

func TestCompaniesFileWhatIsAskedOfThem(t *testing.T) {
	for _, c := range of(1) {
		forms := map[string]int{}
		for _, f := range c.Until(now) {
			if f.Filed.Year == 2025 {
				forms[f.Form]++
			}
		}
		want := map[string]int{"10-K": 1, "10-Q": 3}
		switch c.Role {
		case books.Foreign:
			want = map[string]int{"20-F": 1, "6-K": 4}
		case books.Amended:
			want["10-K/A"] = 1
		}
		for form, n := range want {
			if forms[form] != n {
				t.Errorf("%s: got %d of %s in 2025, want %d", c.Short, forms[form], form, n)
			}
		}
		if !c.Foreign() && forms["8-K"] < 4 {
			t.Errorf("%s: got %d 8-K in 2025, want at least the results", c.Short, forms["8-K"])
		}
	}
}

func TestSegmentsAddUpToTheRevenue(t *testing.T) {
	for _, c := range of(3) {
		f := latest(t, c, map[bool]string{true: "20-F", false: "10-K"}[c.Foreign()], now)
		table := c.segments(f, books.At(f.FiscalYear, 1), books.At(f.FiscalYear, 4))
		for column := range table.Columns {
			var sum, total int64
			for i, r := range table.Rows {
				var n int64
				if _, err := fmt.Sscan(strings.ReplaceAll(r.Cells[column].Text, ",", ""), &n); err != nil || n < 0 {
					t.Fatalf("%s: %s is %s", c.Short, r.Label, r.Cells[column].Text)
				}
				if i == len(table.Rows)-1 {
					total = n
				} else {
					sum += n
				}
			}
			if sum != total {
				t.Errorf("%s: the segments sum to %d, want %d", c.Short, sum, total)
			}
		}
	}
}

func TestALaterReportTellsOneYearOtherwise(t *testing.T) {
	_, c := named(t, "BA")
	start, end := c.Periods[books.At(books.RestatedYear, 1)].Start, c.Periods[books.At(books.RestatedYear, 4)].End
	values := map[string]bool{}
	var first, last decimal.Decimal
	for _, f := range c.Facts(now) {
		if f.Tag == "RevenueFromContractWithCustomerExcludingAssessedTax" && f.Start == start && f.End == end {
			if len(values) == 0 {
				first = f.Value
			}
			last = f.Value
			values[f.Value.String()] = true
		}
	}
	if len(values) != 2 || !first.Sub(last).Equal(books.Millions(4*books.RestatedBy)) {
		t.Errorf("got values %v, want two that are %d millions apart", values, 4*books.RestatedBy)
	}
}

func TestEarningsPerShareAreToldAnewAfterASplit(t *testing.T) {
	_, c := named(t, "NVDA")
	start, end := c.Periods[books.At(2024, 1)].Start, c.Periods[books.At(2024, 4)].End
	var values []string
	for _, f := range c.Facts(now) {
		if f.Tag == "EarningsPerShareDiluted" && f.Start == start && f.End == end {
			values = append(values, f.Filing.Filed.String()[:4]+" "+f.Value.String())
		}
	}
	if len(values) != 3 || values[0][5:] == values[1][5:] || values[1][5:] != values[2][5:] {
		t.Errorf("got %v, want one value before the split and another twice after it", values)
	}
}

func TestOneFactOfEachPeriodHasAFrame(t *testing.T) {
	_, c := named(t, "AAPL")
	frames := map[string]int{}
	for _, f := range c.Facts(now) {
		if f.Frame != "" {
			frames[f.Tag+" "+f.Frame]++
		}
	}
	for name, n := range frames {
		if n != 1 {
			t.Errorf("%s is set %d times", name, n)
		}
	}
	for _, want := range []string{"NetIncomeLoss CY2025", "NetIncomeLoss CY2025Q4", "Assets CY2025Q4I"} {
		if frames[want] == 0 {
			t.Errorf("there is no %s", want)
		}
	}
}
