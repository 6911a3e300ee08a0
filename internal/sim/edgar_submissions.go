package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

// recentYears is how far back a company's first list goes when its older filings are in a shard.
const recentYears = 2

// columns are filings as EDGAR lists them: an array for each thing there is to say.
type columns struct {
	Accession   []string `json:"accessionNumber"`
	FilingDate  []string `json:"filingDate"`
	ReportDate  []string `json:"reportDate"`
	Acceptance  []string `json:"acceptanceDateTime"`
	Act         []string `json:"act"`
	Form        []string `json:"form"`
	FileNumber  []string `json:"fileNumber"`
	FilmNumber  []string `json:"filmNumber"`
	Items       []string `json:"items"`
	CoreType    []string `json:"core_type"`
	Size        []int    `json:"size"`
	XBRL        []int    `json:"isXBRL"`
	Inline      []int    `json:"isInlineXBRL"`
	Primary     []string `json:"primaryDocument"`
	Description []string `json:"primaryDocDescription"`
}

// shard is an older list.
type shard struct {
	Name  string `json:"name"`
	Count int    `json:"filingCount"`
	From  string `json:"filingFrom"`
	To    string `json:"filingTo"`
}

func (s *Sim) edgarSubmissions(w http.ResponseWriter, r *http.Request) {
	name, isJSON := strings.CutSuffix(r.PathValue("file"), ".json")
	name, older := strings.CutSuffix(name, "-submissions-001")
	cik, ok := cikIn(name)
	c, known := s.World.Filings().Company(cik)
	if !isJSON || !ok || !known || older && !c.Sharded() {
		s.noSuchKey(w, r)
		return
	}
	recent, old := s.divided(c)
	if older {
		writeJSON(w, http.StatusOK, "application/json", columnsOf(c, old))
		return
	}
	shards := []shard{}
	if len(old) > 0 {
		shards = append(shards, shard{name + "-submissions-001.json", len(old), old[len(old)-1].Filed.String(), old[0].Filed.String()})
	}
	writeJSON(w, http.StatusOK, "application/json", s.submissions(c, recent, shards))
}

// divided are the filings there are, newest first: those of the first list, and those of the shard.
func (s *Sim) divided(c *paper.Company) (recent, old []*paper.Filing) {
	all := c.Until(s.World.Now())
	if !c.Sharded() {
		return all, nil
	}
	since := calendar.DayOf(s.World.Now().AddDate(-recentYears, 0, 0))
	i := slices.IndexFunc(all, func(f *paper.Filing) bool { return f.Filed.Before(since) })
	if i < 0 {
		return all, nil
	}
	return all[:i], all[i:]
}

// submissions is what EDGAR has of a company.
func (s *Sim) submissions(c *paper.Company, recent []*paper.Filing, shards []shard) map[string]any {
	kind, category, insiders := "operating", "Large accelerated filer", 1
	if c.Symbol == "" {
		kind, category, insiders = "other", "", 0
	}
	former := []map[string]string{}
	if c.Former != "" {
		former = append(former, map[string]string{"name": c.Former, "from": "1994-01-26T00:00:00.000Z", "to": "2007-01-04T00:00:00.000Z"})
	}
	exchanges := make([]any, len(c.Exchanges))
	for i, name := range c.Exchanges {
		exchanges[i] = name
	}
	return map[string]any{
		"cik": fmt.Sprintf("%010d", c.CIK), "entityType": kind, "sic": c.SIC, "sicDescription": c.Trade, "ownerOrg": c.Office,
		"insiderTransactionForOwnerExists": 0, "insiderTransactionForIssuerExists": insiders, "name": c.Name,
		"tickers": c.Tickers, "exchanges": exchanges, "ein": fmt.Sprintf("%09d", c.CIK*7%1_000_000_000), "lei": nil,
		"description": "", "website": "", "investorWebsite": "", "category": category, "fiscalYearEnd": c.FiscalYearEnd,
		"stateOfIncorporation": c.Incorporated, "stateOfIncorporationDescription": stateName(c.Incorporated),
		"addresses": map[string]any{"mailing": addressOf(c, 0), "business": addressOf(c, nil)},
		"phone":     fmt.Sprintf("(555) 555-%04d", c.CIK%10_000), "flags": "", "formerNames": former,
		"filings": map[string]any{"recent": columnsOf(c, recent), "files": shards},
	}
}

// stateName is what EDGAR says a code means: for the states of America, the code again.
func stateName(code string) string {
	if code == "2M" {
		return "Germany"
	}
	return code
}

func addressOf(c *paper.Company, foreign any) map[string]any {
	return map[string]any{
		"street1": c.Street, "street2": nil, "city": c.City, "stateOrCountry": c.State, "zipCode": c.Zip, "stateOrCountryDescription": stateName(c.State),
		"isForeignLocation": foreign, "foreignStateTerritory": nil, "country": nil, "countryCode": nil,
	}
}

func columnsOf(c *paper.Company, filings []*paper.Filing) columns {
	col := columns{
		[]string{}, []string{}, []string{}, []string{}, []string{}, []string{}, []string{}, []string{}, []string{}, []string{},
		[]int{}, []int{}, []int{}, []string{}, []string{},
	}
	for _, f := range filings {
		main := f.Primary()
		act, number, core, inline, name := "34", c.FileNumber, f.Form, 0, main.Name
		if f.Form == "4" {
			act, number, name = "", "", main.View+"/"+main.Name
		}
		if f.Inline() {
			core, inline = "XBRL", 1
		}
		if f.Filed.Year < 2001 {
			name = "" // EDGAR knows no name for what stands in the submission's text
		}
		reported := ""
		if f.Period.Year != 0 {
			reported = f.Period.String()
		}
		col.Accession, col.FilingDate, col.ReportDate = append(col.Accession, f.Accession), append(col.FilingDate, f.Filed.String()), append(col.ReportDate, reported)
		col.Acceptance = append(col.Acceptance, acceptance(f))
		col.Act, col.Form, col.FileNumber, col.FilmNumber = append(col.Act, act), append(col.Form, f.Form), append(col.FileNumber, number), append(col.FilmNumber, f.FilmNumber)
		col.Items, col.CoreType = append(col.Items, strings.Join(f.Items, ",")), append(col.CoreType, core)
		col.Size = append(col.Size, len(f.Documents)*40_000+int(f.Accepted.Unix()%30_000))
		col.XBRL, col.Inline = append(col.XBRL, inline), append(col.Inline, inline)
		col.Primary, col.Description = append(col.Primary, name), append(col.Description, main.Description)
	}
	return col
}

// acceptance is when a filing was accepted, as EDGAR has it: for some companies true UTC, for others New York's time that
// is called UTC. Nobody can tell from it which it is.
func acceptance(f *paper.Filing) string {
	at := f.Accepted.UTC()
	if f.CIK%2 == 1 {
		at = f.Accepted.In(calendar.NewYork())
	}
	return at.Format("2006-01-02T15:04:05") + ".000Z"
}

// easternStamp is the moment in the header of a submission, which is New York's.
func easternStamp(f *paper.Filing, layout string) string {
	return f.Accepted.In(calendar.NewYork()).Format(layout)
}

// lastModified is when a file of the archive was written.
func lastModified(f *paper.Filing) string { return easternStamp(f, time.DateTime) }
