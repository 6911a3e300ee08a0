package when

import (
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/words"
)

// market reads as questions on prices and portfolios are read.
func market(today calendar.Day) Options { return Options{Today: today, Past: true, Trading: true} }

func find(text string, o Options) []Range { return Find(words.Translate(words.Split(text)), o) }

func day(t *testing.T, text string) calendar.Day {
	t.Helper()
	d, err := calendar.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestExpressionsOfInvestors(t *testing.T) {
	// 2026-03-18 is a Wednesday.
	tests := []struct{ text, from, to string }{
		{"how did I do today", "2026-03-18", "2026-03-18"},
		{"yesterday", "2026-03-17", "2026-03-17"},
		{"this week", "2026-03-16", "2026-03-22"},
		{"my week so far this week", "2026-03-16", "2026-03-18"},
		{"last week", "2026-03-09", "2026-03-15"},
		{"this month", "2026-03-01", "2026-03-31"},
		{"last month", "2026-02-01", "2026-02-28"},
		{"last quarter", "2025-10-01", "2025-12-31"},
		{"last year", "2025-01-01", "2025-12-31"},
		{"ytd", "2026-01-01", "2026-03-18"},
		{"year-to-date return", "2026-01-01", "2026-03-18"},
		{"month to date", "2026-03-01", "2026-03-18"},
		{"over the past 6 months", "2025-09-18", "2026-03-18"},
		{"the last 5 years", "2021-03-18", "2026-03-18"},
		{"over the last year", "2025-03-18", "2026-03-18"},
		{"the past week", "2026-03-11", "2026-03-18"},
		{"1 month return", "2026-02-18", "2026-03-18"},
		{"three-year performance", "2023-03-18", "2026-03-18"},
		{"AAPL 6m", "2025-09-18", "2026-03-18"},
		{"the last 5 trading days", "2026-03-12", "2026-03-18"},
		{"the last trading day", "2026-03-17", "2026-03-17"},
		{"next trading day", "2026-03-19", "2026-03-19"},
		{"the last two quarters", "2025-07-01", "2025-12-31"},
		{"since last quarter", "2025-10-01", "2026-03-18"},
		{"since january", "2026-01-01", "2026-03-18"},
		{"in december", "2025-12-01", "2025-12-31"},
		{"on Friday", "2026-03-13", "2026-03-13"},
		{"in 2024", "2024-01-01", "2024-12-31"},
		{"from March 2024 to June 2024", "2024-03-01", "2024-06-30"},
		{"between 2020 and 2022", "2020-01-01", "2022-12-31"},
		{"from January to April 2015", "2015-01-01", "2015-04-30"},
		{"from the 13th to the 15th of July 2025", "2025-07-13", "2025-07-15"},
		{"July 13-15, 2025", "2025-07-13", "2025-07-15"},
		{"on March 3, 2025", "2025-03-03", "2025-03-03"},
		{"3/18/2025", "2025-03-18", "2025-03-18"},
		{"18.3.2025", "2025-03-18", "2025-03-18"},
		{"2025-03-18", "2025-03-18", "2025-03-18"},
		{"Q3 2024", "2024-07-01", "2024-09-30"},
		{"third quarter of last year", "2025-07-01", "2025-09-30"},
		{"first half of 2025", "2025-01-01", "2025-06-30"},
		{"the last Friday of January", "2026-01-30", "2026-01-30"},
		{"first trading day of 2026", "2026-01-02", "2026-01-02"},
		{"the 20th of last month", "2026-02-20", "2026-02-20"},
		{"Monday of last week", "2026-03-09", "2026-03-09"},
		{"3 days ago", "2026-03-15", "2026-03-15"},
		{"early February", "2026-02-01", "2026-02-10"},
		{"the week of March 4th", "2026-03-02", "2026-03-08"},
		{"since Easter", "2025-04-20", "2026-03-18"},
		{"Black Friday 2025", "2025-11-28", "2025-11-28"},
		{"last weekend", "2026-03-14", "2026-03-15"},
		{"last July", "2025-07-01", "2025-07-31"},
		{"the week before last", "2026-03-02", "2026-03-08"},
		{"two quarters ago", "2025-07-01", "2025-09-30"},
		{"last year's Q4", "2025-10-01", "2025-12-31"},
		{"the three months ended June 30, 2024", "2024-04-01", "2024-06-30"},
		{"what it was on the 15th", "2026-03-15", "2026-03-15"},
		{"in the 2010s", "2010-01-01", "2019-12-31"},
		{"trailing twelve months", "2025-03-18", "2026-03-18"},
		{"after Feb 3", "2026-02-04", "2026-03-18"},
		{"what it cost a year ago", "2025-03-18", "2025-03-18"},
		{"half a year ago", "2025-09-18", "2025-09-18"},
		{"past 1.5 years", "2024-09-18", "2026-03-18"},
		{"the last year and a half", "2024-09-18", "2026-03-18"},
		{"the last 24 hours", "2026-03-17", "2026-03-18"},
		{"overnight", "2026-03-17", "2026-03-18"},
		{"the last one hundred days", "2025-12-08", "2026-03-18"},
		{"in the 90s", "1990-01-01", "1999-12-31"},
		{"the nineties", "1990-01-01", "1999-12-31"},
		{"summer of 2024", "2024-06-21", "2024-09-22"},
		{"4Q 2024", "2024-10-01", "2024-12-31"},
		{"1H25", "2025-01-01", "2025-06-30"},
		{"Q4 24", "2024-10-01", "2024-12-31"},
		{"Q1 and Q2 2024", "2024-01-01", "2024-03-31"},
		{"first half of February", "2026-02-01", "2026-02-14"},
		{"same quarter last year", "2025-01-01", "2025-03-31"},
		{"since the end of 2024", "2024-12-31", "2026-03-18"},
		{"2019 to date", "2019-01-01", "2026-03-18"},
		{"starting January 2024", "2024-01-01", "2026-03-18"},
		{"from Monday till today", "2026-03-16", "2026-03-18"},
		{"the Friday before last", "2026-03-06", "2026-03-06"},
		{"this coming Friday", "2026-03-20", "2026-03-20"},
		{"the first Monday after Christmas 2025", "2025-12-29", "2025-12-29"},
		{"the day before Thanksgiving 2025", "2025-11-26", "2025-11-26"},
		{"July 4th weekend 2025", "2025-07-05", "2025-07-06"},
		{"Christmas week 2025", "2025-12-22", "2025-12-28"},
		{"the first weekend of February", "2026-02-07", "2026-02-08"},
		{"the week of the 9th", "2026-03-09", "2026-03-15"},
		{"twelve months ending June 2025", "2024-07-01", "2025-06-30"},
		{"year-end 2025", "2025-12-31", "2025-12-31"},
		{"in twenty twenty five", "2025-01-01", "2025-12-31"},
		{"in two thousand and eight", "2008-01-01", "2008-12-31"},
		{"within 6 months", "2025-09-18", "2026-03-18"},
		{"letzte Woche", "2026-03-09", "2026-03-15"},
		{"el mes pasado", "2026-02-01", "2026-02-28"},
		{"上个月", "2026-02-01", "2026-02-28"},
	}
	today := day(t, "2026-03-18")
	for _, test := range tests {
		got := find(test.text, market(today))
		if len(got) == 0 || got[0].From != day(t, test.from) || got[0].To != day(t, test.to) {
			t.Errorf("%q: got %v, want %s to %s", test.text, got, test.from, test.to)
		}
	}
}

func TestNoTimeIsReadWhereNoneIsMeant(t *testing.T) {
	for _, text := range []string{
		"may I march on", "price target of $2000", "10-K filing", "buy 2020 shares", "the second stock", "P/E of 15", "H1B visa",
		"Russell 2000", "I sat down", "a mar in the surface", "3/4 of my portfolio", "$1,999.50", "12 months out of my league",
		"before 2019", "a 12 month price target", "year over year", "two thousand shares", "twenty thirty-year bonds", "the 15th shareholder",
	} {
		if got := find(text, market(day(t, "2026-03-18"))); len(got) > 0 {
			t.Errorf("%q: got %v, want nothing", text, got)
		}
	}
}

func TestYesterdayOfAMondayIsTheSessionBeforeWhereTheMarketIsAsked(t *testing.T) {
	monday := day(t, "2026-03-16")
	if got := find("yesterday", market(monday)); got[0].From != day(t, "2026-03-13") {
		t.Errorf("of the market: got %v, want Friday", got)
	}
	if got := find("yesterday", Options{Today: monday}); got[0].From != day(t, "2026-03-15") {
		t.Errorf("of anything else: got %v, want Sunday", got)
	}
	// Good Friday 2026 is the 3rd of April.
	if got := find("yesterday", market(day(t, "2026-04-06"))); got[0].From != day(t, "2026-04-02") {
		t.Errorf("after Good Friday: got %v, want Thursday", got)
	}
}

func TestPeriodsEndWhereTheirMonthsDo(t *testing.T) {
	tests := []struct{ today, text, from, to string }{
		{"2024-02-29", "over the past year", "2023-02-28", "2024-02-29"},
		{"2026-03-31", "1 month return", "2026-02-28", "2026-03-31"},
		{"2026-01-02", "last month", "2025-12-01", "2025-12-31"},
		{"2026-01-02", "this week", "2025-12-29", "2026-01-04"},
		{"2026-01-02", "last quarter", "2025-10-01", "2025-12-31"},
		{"2028-02-10", "this month", "2028-02-01", "2028-02-29"},
	}
	for _, test := range tests {
		got := find(test.text, market(day(t, test.today)))
		if len(got) != 1 || got[0].From != day(t, test.from) || got[0].To != day(t, test.to) {
			t.Errorf("%q on %s: got %v, want %s to %s", test.text, test.today, got, test.from, test.to)
		}
	}
}

func TestUntilCutsWhatIsToCome(t *testing.T) {
	today := day(t, "2026-03-18")
	month := find("this month", market(today))[0]
	if got := month.Until(today); got.From != month.From || got.To != today {
		t.Errorf("got %v, want it to end today", got)
	}
	next := find("next month", market(today))[0]
	if got := next.Until(today); got != next {
		t.Errorf("what lies ahead whole: got %v, want %v", got, next)
	}
}

func TestEasterIsWhereChurchesKeptIt(t *testing.T) {
	for year, want := range map[int]string{2008: "2008-03-23", 2013: "2013-03-31", 2018: "2018-04-01", 2024: "2024-03-31", 2025: "2025-04-20", 2026: "2026-04-05", 2038: "2038-04-25"} {
		if got := easter(year); got != day(t, want) {
			t.Errorf("%d: got %v, want %s", year, got, want)
		}
	}
}

func FuzzRangesAreOrderedAndLieInTheText(f *testing.F) {
	for _, text := range []string{
		"from 13th to 15th July", "the last 3 weeks of this year", "between the end of 2007 and now", "2 weeks from 2 weeks from 2 weeks from",
		"early early early march", "first week of first week of 2015", "31 february", "from this 5/12 to next 5/19", "99999999", "last last last", "week 53 of 2016",
		"Monday two weeks from now", "300 years ago", "999 decades ago", "上个月",
	} {
		f.Add(text, int32(20530))
	}
	f.Fuzz(func(t *testing.T, text string, number int32) {
		today := calendar.DayNumbered(number%20_000 + 20_000)
		for _, o := range []Options{market(today), {Today: today}} {
			end := -1
			for _, r := range find(text, o) {
				if r.To.Before(r.From) || r.Start < 0 || r.End > len(text) || r.Start >= r.End {
					t.Fatalf("%q: got %+v", text, r)
				}
				if r.From.Year < 1900 || r.To.Year >= 2200 || calendar.DayNumbered(r.From.Number()) != r.From || calendar.DayNumbered(r.To.Number()) != r.To {
					t.Fatalf("%q: %v to %v are no days", text, r.From, r.To)
				}
				if r.Start < end {
					t.Fatalf("%q: ranges overlap", text)
				}
				end = r.Start
			}
		}
	})
}
