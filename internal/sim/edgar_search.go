package sim

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

const (
	searchPage = 100
	searchCap  = 10_000
	// searchSince is the first year whose filings can be searched.
	searchSince = 2001
)

// edgarHit is a document that a search found. There is one for every document, not for every filing.
type edgarHit struct {
	c        *paper.Company
	f        *paper.Filing
	document int
	score    float64
}

// edgarSearch is the back end of EDGAR's full-text search.
func (s *Sim) edgarSearch(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	from, err := strconv.Atoi(cmp.Or(query.Get("from"), "0"))
	if err != nil || from < 0 || from+searchPage > searchCap {
		writeJSON(w, http.StatusBadRequest, "application/json", map[string]any{"errorType": "Error", "errorMessage": "from is out of range"})
		return
	}
	hits := s.searched(query)
	total, relation := len(hits), "eq"
	if total > searchCap {
		total, relation = searchCap, "gte"
	}
	page := hits[min(from, len(hits)):min(from+searchPage, len(hits))]
	rows := make([]map[string]any, 0, len(page))
	var best any
	for i, h := range page {
		if i == 0 {
			best = h.score
		}
		rows = append(rows, h.row())
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{
		"took": 5 + len(hits)%60, "timed_out": false, "_shards": map[string]int{"total": 50, "successful": 50, "skipped": 0, "failed": 0},
		"hits":         map[string]any{"total": map[string]any{"value": total, "relation": relation}, "max_score": best, "hits": rows},
		"aggregations": aggregated(hits), "query": searchEcho(query, from),
	})
}

// searched are the documents that a query finds: the best first, or the newest where no words are asked for.
func (s *Sim) searched(query url.Values) []edgarHit {
	wanted := parseSearch(query.Get("q"))
	archive, hits := s.World.Filings(), []edgarHit{}
	for _, c := range archive.Companies() {
		if ciks := query.Get("ciks"); ciks != "" && !slices.Contains(strings.Split(ciks, ","), fmt.Sprintf("%010d", c.CIK)) {
			continue
		}
		for _, f := range c.Until(s.World.Now()) {
			if f.Filed.Year < searchSince || !ofForms(f.Form, query.Get("forms")) || !inRange(f.Filed, query) {
				continue
			}
			for i := range f.Documents {
				if score, ok := wanted.in(archive.Words(f, i)); ok {
					hits = append(hits, edgarHit{c, f, i, score})
				}
			}
		}
	}
	slices.SortStableFunc(hits, func(x, y edgarHit) int {
		if len(wanted) == 0 {
			return y.f.Accepted.Compare(x.f.Accepted)
		}
		return cmp.Or(cmp.Compare(y.score, x.score), y.f.Accepted.Compare(x.f.Accepted))
	})
	return hits
}

// rootForm is the form that an amendment amends.
func rootForm(form string) string { return strings.TrimSuffix(form, "/A") }

// ofForms tells whether a form is asked for: "10-K,10-Q" names those wanted, "-3,-4" those not.
func ofForms(form, asked string) bool {
	if asked == "" {
		return true
	}
	named, negative := false, true
	for one := range strings.SplitSeq(asked, ",") {
		if without, ok := strings.CutPrefix(one, "-"); ok {
			if without == rootForm(form) {
				return false
			}
			continue
		}
		negative = false
		named = named || one == rootForm(form) || one == form
	}
	return named || negative
}

// inRange tells whether a day is in the range asked for, which counts only when it is called custom.
func inRange(day calendar.Day, query url.Values) bool {
	if query.Get("dateRange") != "custom" {
		return true
	}
	text := day.String()
	return text >= query.Get("startdt") && (query.Get("enddt") == "" || text <= query.Get("enddt"))
}

// searchClause is what a document must have, or, when not is set, must not have: one of the terms.
type searchClause struct {
	terms []string // of words between spaces; one without the last space is the beginning of a word
	not   bool
}

// search is a query: all of its clauses have to hold.
type search []searchClause

// parseSearch reads words, "phrases", OR, -word, NOT word and beginnings with a star.
func parseSearch(q string) search {
	var clauses search
	or, not := false, false
	for _, token := range searchTokens(q) {
		switch token {
		case "OR":
			or = len(clauses) > 0
			continue
		case "AND":
			continue
		case "NOT":
			not = true
			continue
		}
		bare, negative := strings.CutPrefix(token, "-")
		term := " " + strings.Join(strings.FieldsFunc(strings.ToLower(paper.Bare(bare)), notOfWord), " ") + " "
		if strings.TrimSpace(term) == "" {
			continue
		}
		if strings.HasSuffix(bare, "*") {
			term = strings.TrimSuffix(term, " ")
		}
		if last := len(clauses) - 1; or {
			clauses[last].terms = append(clauses[last].terms, term)
		} else {
			clauses = append(clauses, searchClause{[]string{term}, not || negative})
		}
		or, not = false, false
	}
	return clauses
}

func notOfWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// searchTokens cuts a query at spaces outside of quotes.
func searchTokens(q string) []string {
	quoted := false
	return strings.FieldsFunc(q, func(r rune) bool {
		if r == '"' || r == '“' || r == '”' {
			quoted = !quoted
		}
		return unicode.IsSpace(r) && !quoted
	})
}

// in tells whether a document has what is asked for, and how often in a thousand letters: the short ones score best.
func (s search) in(words string) (score float64, ok bool) {
	count := 0
	for _, clause := range s {
		found := 0
		for _, term := range clause.terms {
			found += strings.Count(words, term)
		}
		if (found > 0) == clause.not {
			return 0, false
		}
		count += found
	}
	return 1 + 1000*float64(count)/float64(len(words)+1), true
}

// row is a hit as EDGAR has it.
func (h edgarHit) row() map[string]any {
	d := h.f.Documents[h.document]
	var view, description, period any
	if d.View != "" {
		view = d.View
	}
	if h.document > 0 {
		description = d.Description
	}
	if h.f.Period.Year != 0 {
		period = h.f.Period.String()
	}
	var sequence any = h.document + 1
	if h.c.CIK%2 == 1 { // once a number, once a text
		sequence = strconv.Itoa(h.document + 1)
	}
	items := h.f.Items
	if items == nil {
		items = []string{}
	}
	source := map[string]any{
		"ciks": []string{fmt.Sprintf("%010d", h.c.CIK)}, "display_names": []string{displayName(h.c)}, "adsh": h.f.Accession, "file_date": h.f.Filed.String(),
		"period_ending": period, "form": h.f.Form, "root_forms": []string{rootForm(h.f.Form)}, "file_type": d.Type, "file_description": description,
		"file_num": []string{h.c.FileNumber}, "film_num": []string{h.f.FilmNumber}, "items": items, "sics": []string{h.c.SIC},
		"biz_locations": []string{titled(h.c.City) + ", " + h.c.State}, "biz_states": []string{h.c.State}, "inc_states": []string{h.c.Incorporated},
		"sequence": sequence, "xsl": view,
	}
	if d.View != "" {
		source["schema_version"] = "X0508"
	}
	return map[string]any{"_index": "edgar_file", "_id": h.f.Accession + ":" + d.Name, "_score": h.score, "_source": source}
}

// displayName has two spaces before each parenthesis.
func displayName(c *paper.Company) string {
	if len(c.Tickers) == 0 {
		return fmt.Sprintf("%s  (CIK %010d)", c.Name, c.CIK)
	}
	return fmt.Sprintf("%s  (%s)  (CIK %010d)", c.Name, strings.Join(c.Tickers, ", "), c.CIK)
}

// titled is a name in capitals with only the first letters of its words left large.
func titled(name string) string {
	words := strings.Fields(strings.ToLower(name))
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}

// aggregated counts the hits by what the search page offers to narrow them by.
func aggregated(hits []edgarHit) map[string]any {
	count := func(key func(edgarHit) string) map[string]any {
		counts := map[string]int{}
		for _, h := range hits {
			counts[key(h)]++
		}
		type bucket struct {
			Key   string `json:"key"`
			Count int    `json:"doc_count"`
		}
		buckets := []bucket{}
		for name, n := range counts {
			buckets = append(buckets, bucket{name, n})
		}
		slices.SortFunc(buckets, func(x, y bucket) int { return cmp.Or(y.Count-x.Count, strings.Compare(x.Key, y.Key)) })
		rest := 0
		for _, b := range buckets[min(30, len(buckets)):] {
			rest += b.Count
		}
		return map[string]any{"doc_count_error_upper_bound": 0, "sum_other_doc_count": rest, "buckets": buckets[:min(30, len(buckets))]}
	}
	return map[string]any{
		"entity_filter":     count(func(h edgarHit) string { return displayName(h.c) }),
		"sic_filter":        count(func(h edgarHit) string { return h.c.SIC }),
		"biz_states_filter": count(func(h edgarHit) string { return h.c.State }),
		"form_filter":       count(func(h edgarHit) string { return rootForm(h.f.Form) }),
	}
}

// searchEcho is the query as EDGAR's engine was asked, which it tells along.
func searchEcho(query url.Values, from int) map[string]any {
	must, filter := []any{}, []any{}
	if q := query.Get("q"); q != "" {
		must = append(must, map[string]any{"match_phrase": map[string]string{"doc_text": q}})
	}
	if ciks := query.Get("ciks"); ciks != "" {
		filter = append(filter, map[string]any{"terms": map[string]any{"ciks": strings.Split(ciks, ",")}})
	}
	if forms := query.Get("forms"); forms != "" {
		filter = append(filter, map[string]any{"terms": map[string]any{"root_forms": strings.Split(forms, ",")}})
	}
	if query.Get("dateRange") == "custom" {
		filter = append(filter, map[string]any{"range": map[string]any{"file_date": map[string]string{"gte": query.Get("startdt"), "lte": query.Get("enddt")}}})
	}
	terms := func(field string) map[string]any {
		return map[string]any{"terms": map[string]any{"field": field, "size": 30}}
	}
	return map[string]any{
		"_source": map[string]any{"exclude": []string{"doc_text"}},
		"query":   map[string]any{"bool": map[string]any{"must": must, "must_not": []any{}, "filter": filter}},
		"from":    from, "size": searchPage,
		"aggregations": map[string]any{"form_filter": terms("root_forms"), "entity_filter": terms("display_names.raw"), "sic_filter": terms("sics"), "biz_states_filter": terms("biz_states")},
	}
}
