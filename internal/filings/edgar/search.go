package edgar

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

// Search asks the back end of the SEC's search page.
func (s *Source) Search(ctx context.Context, q filings.Query) (filings.Hits, error) {
	const path = "/LATEST/search-index"
	answer, err := s.get(ctx, s.cfg.SearchURL+path+"?"+searchQuery(q).Encode(), "GET "+path, "search")
	if err != nil {
		return filings.Hits{}, err
	}
	var body struct {
		TimedOut bool `json:"timed_out"`
		Hits     *struct {
			Total struct {
				Value    int    `json:"value"`
				Relation string `json:"relation"`
			} `json:"total"`
			Hits []json.RawMessage `json:"hits"`
		} `json:"hits"`
	}
	if err := answer.JSON(&body); err != nil {
		return filings.Hits{}, err
	}
	if body.Hits == nil || body.TimedOut {
		return filings.Hits{}, answer.Useless(unreadable("search results"))
	}
	found := filings.Hits{Total: body.Hits.Total.Value, More: body.Hits.Total.Relation == "gte"}
	for _, raw := range body.Hits.Hits {
		if hit, ok := readHit(raw); ok {
			found.Hits = append(found.Hits, hit)
		}
	}
	if len(found.Hits) == 0 && len(body.Hits.Hits) > 0 {
		return filings.Hits{}, answer.Useless(unreadable("search results"))
	}
	return found, nil
}

// searchQuery says it in EDGAR's words: dates count only beside dateRange=custom.
func searchQuery(q filings.Query) url.Values {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set("q", q.Text)
	set("forms", strings.Join(q.Forms, ","))
	if q.CIK != 0 {
		set("ciks", q.CIK.String())
	}
	for name, day := range map[string]*calendar.Day{"startdt": q.First, "enddt": q.Last} {
		if day != nil {
			set("dateRange", "custom")
			set(name, day.String())
		}
	}
	if q.Offset > 0 {
		set("from", strconv.Itoa(q.Offset))
	}
	return values
}

// readHit reads a document that was found; false for one that names no filing.
func readHit(raw json.RawMessage) (filings.Hit, bool) {
	var one struct {
		ID     string `json:"_id"`
		Source struct {
			CIKs        []string `json:"ciks"`
			Names       []string `json:"display_names"`
			Form        string   `json:"form"`
			Filed       string   `json:"file_date"`
			Period      string   `json:"period_ending"`
			Adsh        string   `json:"adsh"`
			Type        string   `json:"file_type"`
			Description string   `json:"file_description"`
			Items       []string `json:"items"`
			Sequence    any      `json:"sequence"` // a number, or text
		} `json:"_source"`
	}
	if json.Unmarshal(raw, &one) != nil {
		return filings.Hit{}, false
	}
	accession, err1 := filings.ParseAccession(one.Source.Adsh)
	filed, err2 := calendar.ParseDay(one.Source.Filed)
	_, name, _ := strings.Cut(one.ID, ":")
	hit := filings.Hit{
		Accession: accession, Filers: filersOf(one.Source.CIKs, one.Source.Names), Form: one.Source.Form, Filed: filed,
		Period: dayOrNil(one.Source.Period), Items: one.Source.Items, Document: withoutView(name), Type: one.Source.Type,
		Description: one.Source.Description, Sequence: sequenceOf(one.Source.Sequence),
	}
	return hit, err1 == nil && err2 == nil && hit.Form != "" && len(hit.Filers) > 0
}

func sequenceOf(value any) int {
	switch v := value.(type) {
	case float64:
		if v >= 0 && v < 1e6 {
			return int(v)
		}
	case string:
		if n, err := strconv.Atoi(v); err == nil && n >= 0 {
			return n
		}
	}
	return 0
}

// displayed matches "Apple Inc.  (AAPL)  (CIK 0000320193)": what stands in brackets behind a name, with two blanks before.
var displayed = regexp.MustCompile(`\s\s\([^()]*\)`)

func filersOf(ciks, names []string) []filings.FilerName {
	var all []filings.FilerName
	for i, text := range ciks {
		cik, err := filings.ParseCIK(text)
		if err != nil {
			continue
		}
		one := filings.FilerName{CIK: cik}
		if len(names) == len(ciks) {
			one.Name = strings.TrimSpace(displayed.ReplaceAllString(names[i], ""))
		}
		all = append(all, one)
	}
	return all
}
