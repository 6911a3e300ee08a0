package edgar

import (
	"context"
	"regexp"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

// columns are filings as submissions have them: a list for each property, all in the same order. Beside those here there
// is acceptanceDateTime, whose hour is at times New York's and at times UTC, so that it says nothing.
type columns struct {
	Accession   []string `json:"accessionNumber"`
	Filed       []string `json:"filingDate"`
	Period      []string `json:"reportDate"`
	Form        []string `json:"form"`
	Items       []string `json:"items"`
	Size        []int64  `json:"size"`
	XBRL        []int    `json:"isXBRL"`
	Primary     []string `json:"primaryDocument"`
	Description []string `json:"primaryDocDescription"`
}

// page is one of the files with older filings.
type page struct {
	Name  string `json:"name"`
	Count int    `json:"filingCount"`
	First string `json:"filingFrom"`
	Last  string `json:"filingTo"`
}

// pageName is what a file with older filings is called. What has another name is not asked for.
var pageName = regexp.MustCompile(`^CIK\d{10}-submissions-\d{3,}\.json$`)

// Filer reads submissions.
func (s *Source) Filer(ctx context.Context, cik filings.CIK) (filings.Filer, error) {
	answer, err := s.get(ctx, s.cfg.DataURL+"/submissions/CIK"+cik.String()+".json", "GET submissions", "filer")
	if err != nil {
		return filings.Filer{}, err
	}
	var body struct {
		CIK     string   `json:"cik"`
		Name    string   `json:"name"`
		Tickers []string `json:"tickers"`
		Filings *struct {
			Recent columns `json:"recent"`
			Files  []page  `json:"files"`
		} `json:"filings"`
	}
	if err := answer.JSON(&body); err != nil {
		return filings.Filer{}, err
	}
	if number, err := filings.ParseCIK(body.CIK); err != nil || number != cik || body.Filings == nil {
		return filings.Filer{}, answer.Useless(unreadable("filer"))
	}
	recent, err := body.Filings.Recent.filings(cik)
	if err != nil {
		return filings.Filer{}, err
	}
	f := filings.Filer{CIK: cik, Name: body.Name, Recent: recent}
	for _, ticker := range body.Tickers {
		if ticker != "" {
			f.Tickers = append(f.Tickers, strings.ToUpper(ticker))
		}
	}
	for _, p := range body.Filings.Files {
		first, err1 := calendar.ParseDay(p.First)
		last, err2 := calendar.ParseDay(p.Last)
		if err1 == nil && err2 == nil && pageName.MatchString(p.Name) {
			f.Older = append(f.Older, filings.Page{Name: p.Name, Count: p.Count, First: first, Last: last})
		}
	}
	return f, nil
}

// Older reads one of the files with older filings, which are columns without anything around them.
func (s *Source) Older(ctx context.Context, cik filings.CIK, name string) ([]filings.Filing, error) {
	if !pageName.MatchString(name) {
		return nil, fault.New(fault.NotFound, "the SEC has no such page of filings")
	}
	answer, err := s.get(ctx, s.cfg.DataURL+"/submissions/"+name, "GET older submissions", "page of filings")
	if err != nil {
		return nil, err
	}
	var body columns
	if err := answer.JSON(&body); err != nil {
		return nil, err
	}
	if body.Accession == nil {
		return nil, unreadable("filings")
	}
	return body.filings(cik)
}

// filings are the rows. Without a number, a form and a day a row is none, and is left out; that columns have not the same
// length is an error, since then nothing says what belongs together.
func (c columns) filings(cik filings.CIK) ([]filings.Filing, error) {
	n := len(c.Accession)
	for _, length := range []int{
		len(c.Filed), len(c.Period), len(c.Form), len(c.Items), len(c.Size), len(c.XBRL), len(c.Primary), len(c.Description),
	} {
		if length != n {
			return nil, unreadable("filings")
		}
	}
	all := make([]filings.Filing, 0, n)
	for i := range n {
		number, err1 := filings.ParseAccession(c.Accession[i])
		filed, err2 := calendar.ParseDay(c.Filed[i])
		if err1 != nil || err2 != nil || c.Form[i] == "" {
			continue
		}
		all = append(all, filings.Filing{
			Accession: number, CIK: cik, Form: c.Form[i], Filed: filed, Period: dayOrNil(c.Period[i]), Items: itemsOf(c.Items[i]),
			Size: c.Size[i], XBRL: c.XBRL[i] != 0, Primary: withoutView(c.Primary[i]), Description: c.Description[i],
		})
	}
	if len(all) == 0 && n > 0 {
		return nil, unreadable("filings")
	}
	return all, nil
}

// itemsOf reads "5.07,9.01"; there may be nothing between the commas.
func itemsOf(text string) []string {
	var all []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// withoutView takes away the folder that stands for EDGAR's rendering of a form that was filed as XML, and leaves the XML.
func withoutView(name string) string {
	if folder, file, ok := strings.Cut(name, "/"); ok && strings.HasPrefix(folder, "xsl") {
		name = file
	}
	if !fileName.MatchString(name) {
		return ""
	}
	return name
}

func dayOrNil(text string) *calendar.Day {
	day, err := calendar.ParseDay(text)
	if err != nil {
		return nil
	}
	return &day
}
