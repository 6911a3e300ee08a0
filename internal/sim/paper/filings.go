package paper

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
)

// Filing is one submission.
type Filing struct {
	CIK          int
	Accession    string
	Form         string
	Filed        calendar.Day
	Accepted     time.Time
	Period       calendar.Day // the report date; the zero Day where a form has none
	Items        []string     // of an 8-K, in order
	FiscalYear   int
	FiscalPeriod string // FY, Q1, Q2, Q3; "" where there are no statements
	FilmNumber   string
	Documents    []Document // the primary one first

	subject string // what an 8-K, a 6-K or a Form 4 is about
}

// Document is a file of a submission. Its text is made when it is asked for.
type Document struct {
	Name, Type, Description string
	View                    string // the folder of the rendered view of XML, "" for the others
}

// Primary is the document that the submission is called for.
func (f *Filing) Primary() Document { return f.Documents[0] }

// Inline tells whether the primary document is inline XBRL.
func (f *Filing) Inline() bool {
	return f.Filed.Year > 2000 && !slices.Contains([]string{"4", "10-K/A", "6-K"}, f.Form)
}

// quarter is the index of the quarter that a report with statements ends with.
func (f *Filing) quarter() int {
	if f.FiscalPeriod == "FY" {
		return books.At(f.FiscalYear, 4)
	}
	return books.At(f.FiscalYear, int(f.FiscalPeriod[1]-'0'))
}

// schedule makes all filings, without their texts.
func (c *Company) schedule() {
	if c.Role == books.PlainOnce {
		c.add(Filing{Form: "10-Q", Filed: calendar.Day{Year: 1996, Month: time.August, Day: 12}, Period: calendar.Day{Year: 1996, Month: time.June, Day: 28}, FiscalYear: 1996, FiscalPeriod: "Q3"}, 0)
	}
	for i := 4; i < len(c.Periods); i++ {
		fy, n := books.YearOf(i)
		c.results(i, fy, n)
		switch {
		case n == 4:
			c.annual(fy)
		case !c.Foreign():
			filed := books.NextSession(books.ResultsDay(c.Periods[i].End).AddDays(2))
			c.add(Filing{Form: "10-Q", Filed: filed, Period: c.Periods[i].End, FiscalYear: fy, FiscalPeriod: "Q" + strconv.Itoa(n)}, 5)
		}
		c.between8Ks(i, fy, n)
	}
	oldestFirst(c.Filings)
}

// results adds the 8-K, or the 6-K, with the press release of a quarter.
func (c *Company) results(i, fy, n int) {
	filed := calendar.DayOf(c.Periods[i].Released)
	f := Filing{Form: "8-K", Items: []string{"2.02", "9.01"}, Filed: filed, Period: filed, FiscalYear: fy, subject: "results"}
	f.FiscalPeriod = "Q" + strconv.Itoa(n)
	if n == 4 {
		f.FiscalPeriod = "FY"
	}
	if c.Foreign() {
		f.Form, f.Items, f.Period = "6-K", nil, c.Periods[i].End
	}
	c.add(f, 1)
}

func (c *Company) annual(fy int) {
	f := Filing{Form: "10-K", Filed: c.ReportDay(fy), Period: c.QuarterEnd(fy, 4), FiscalYear: fy, FiscalPeriod: "FY"}
	if c.Foreign() {
		f.Form = "20-F"
	}
	c.add(f, 3)
	if c.Role == books.Amended {
		f.Form, f.Filed = "10-K/A", books.NextSession(f.Filed.AddDays(82))
		c.add(f, 3)
	}
}

// between8Ks adds what is told between reports: changes of officers in spring, votes in summer, other news, insiders' trades.
func (c *Company) between8Ks(i, fy, n int) {
	middle := books.NextSession(c.Periods[i].End.AddDays(45 + int(c.Between(0, 20, "middle", strconv.Itoa(i)))))
	if c.Foreign() {
		return
	}
	news := map[int][]string{1: {"5.02", "9.01"}, 2: {"5.07"}, 3: {"8.01", "9.01"}, 4: {"1.01", "9.01"}}[n]
	subject := map[int]string{1: "officer", 2: "vote", 3: "other", 4: "agreement"}[n]
	if c.Between(0, 3, "news", strconv.Itoa(i)) > 0 {
		c.add(Filing{Form: "8-K", Items: news, Filed: middle, Period: middle.AddDays(-2), FiscalYear: fy, subject: subject}, 35)
	}
	c.add(Filing{Form: "4", Filed: middle.AddDays(1), Period: middle.AddDays(-1), FiscalYear: fy, subject: strconv.Itoa(i)}, 60)
}

// add numbers the filing and its documents. It is accepted some minutes after four o'clock.
func (c *Company) add(f Filing, minutes int) {
	f.CIK, f.Filed = c.CIK, books.NextSession(f.Filed)
	f.Accepted = f.Filed.At(16, 30+minutes%30).Add(time.Duration(books.Roll(c.Seed, "second", f.Form, f.Filed.String())%59) * time.Second)
	if f.subject == "results" {
		f.Accepted = f.Filed.At(16, 30)
	}
	number := 1
	for _, other := range c.Filings {
		if other.Filed.Year == f.Filed.Year {
			number++
		}
	}
	f.Accession = fmt.Sprintf("%010d-%02d-%06d", c.CIK, f.Filed.Year%100, number)
	if f.Form != "4" {
		f.FilmNumber = fmt.Sprintf("%d%06d", f.Filed.Year%100, books.Roll(c.Seed, "film", f.Accession)%1_000_000)
	}
	f.Documents = c.documents(&f)
	c.Filings = append(c.Filings, &f)
}

// documents names the files of a filing, as filers do.
func (c *Company) documents(f *Filing) []Document {
	ticker := "cik" + strconv.Itoa(c.CIK)
	if len(c.Tickers) > 0 {
		ticker = strings.ToLower(strings.ReplaceAll(c.Tickers[0], "-", ""))
	}
	date := strings.ReplaceAll(f.Period.String(), "-", "")
	main := Document{Name: ticker + "-" + date + ".htm", Type: f.Form, Description: f.Form}
	press := Document{Name: fmt.Sprintf("%s-%sxex991.htm", ticker, date), Type: "EX-99.1", Description: "EX-99.1"}
	switch {
	case f.Filed.Year < 2001:
		return []Document{{Name: f.Accession + ".txt", Type: f.Form, Description: f.Form}}
	case f.Form == "4":
		name := fmt.Sprintf("wk-form4_%d.xml", f.Accepted.Unix())
		return []Document{{Name: name, Type: "4", Description: "FORM 4", View: "xslF345X05"}}
	case f.Form == "10-K/A":
		main.Name = ticker + "-" + date + "xa1.htm"
		return []Document{main}
	case f.Form == "6-K":
		main.Name = ticker + "-" + date + "x6k.htm"
		return []Document{main, press}
	case f.subject == "results" || f.subject == "agreement":
		return []Document{main, press}
	case f.Form == "10-K":
		list := []Document{main}
		if c.Role == books.ByExhibit {
			list = append(list, Document{Name: ticker + "-" + date + "xex13.htm", Type: "EX-13", Description: "EX-13 ANNUAL REPORT TO SHAREHOLDERS"})
		}
		return append(list, Document{Name: ticker + "-" + date + "xex231.htm", Type: "EX-23.1", Description: "EX-23.1"})
	}
	return []Document{main}
}
