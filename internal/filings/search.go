package filings

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Search says what to look for. Every field but Limit may be empty: without any it finds the newest of all.
type Search struct {
	Text       string
	Forms      []string
	Amendments bool
	Company    string // a symbol or a CIK
	From, To   string
	Limit      int
	Cursor     string
}

// Found is a filing that a search found, with those of its documents that did it.
type Found struct {
	Accession string          `json:"accession" example:"0000320193-24-000123"`
	CIK       string          `json:"cik"`
	Company   string          `json:"company"`
	Filers    []Party         `json:"filers" doc:"All of those it is of; the first is company."`
	Form      string          `json:"form"`
	Filed     calendar.Day    `json:"filed"`
	Period    *calendar.Day   `json:"period"`
	Items     []string        `json:"items"`
	URL       string          `json:"url"`
	Documents []FoundDocument `json:"documents" doc:"Those in which it was found, the best first."`
	Source    string          `json:"source"`
	FetchedAt time.Time       `json:"fetchedAt"`
	Stale     bool            `json:"stale"`
}

// Party is one of those whose filing it is.
type Party struct {
	CIK  string `json:"cik"`
	Name string `json:"name"`
}

// FoundDocument is a document with the words. The main one has the form as its type.
type FoundDocument struct {
	Name        string `json:"name"`
	Type        string `json:"type" example:"EX-99.1"`
	Description string `json:"description"`
	Main        bool   `json:"main"`
	URL         string `json:"url"`
}

// maxText bounds the words of a search.
const maxText = 400

// Find searches the full text of what was filed since 2001, grouped by filing. What is malformed is an Invalid.
func (s *Service) Find(ctx context.Context, search Search) (found []Found, next string, warnings []string, err error) {
	if err := s.Configured(); err != nil {
		return nil, "", nil, err
	}
	query, offset, err := s.query(ctx, search)
	if err != nil {
		return nil, "", nil, err
	}
	groups := group{s: s, found: []Found{}, places: map[Accession]int{}, limit: search.Limit}
	for {
		query.Offset = offset / PageSize * PageSize
		hits, at, stale, err := s.hits(ctx, query)
		if err != nil {
			return nil, "", nil, err
		}
		groups.at, groups.stale = at, stale
		for i, hit := range hits.Hits[min(offset-query.Offset, len(hits.Hits)):] {
			if !groups.add(hit) {
				return groups.found, strconv.Itoa(offset + i), groups.warnings(hits), nil
			}
		}
		last := query.Offset + PageSize
		if len(hits.Hits) < PageSize || last >= min(hits.Total, MaxHits) {
			return groups.found, "", groups.warnings(hits), nil
		}
		offset = last
	}
}

// query is the search in the source's terms, with the place to go on from.
func (s *Service) query(ctx context.Context, search Search) (q Query, offset int, err error) {
	q.Text = strings.Join(strings.Fields(search.Text), " ")
	if len(q.Text) > maxText || !utf8.ValidString(q.Text) || strings.ContainsFunc(q.Text, isControl) {
		return q, 0, fault.InvalidField("query.q", fmt.Sprintf("must be at most %d bytes of text", maxText))
	}
	if q.Forms, err = expandForms(search.Forms, search.Amendments); err != nil {
		return q, 0, err
	}
	if q.First, q.Last, err = days(search.From, search.To); err != nil {
		return q, 0, err
	}
	if search.Cursor != "" {
		if offset, err = strconv.Atoi(search.Cursor); err != nil || offset < 1 || offset >= MaxHits || strconv.Itoa(offset) != search.Cursor {
			return q, 0, fault.InvalidField("query.cursor", "is not a cursor of this search; begin again without one")
		}
	}
	if search.Company != "" {
		company, err := s.Company(ctx, search.Company, "query.symbol")
		if err != nil {
			return q, 0, err
		}
		q.CIK = company.CIK
	}
	return q, offset, nil
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// group collects hits by filing.
type group struct {
	s      *Service
	found  []Found
	places map[Accession]int
	limit  int
	at     time.Time
	stale  bool
}

// add takes a hit; false when it begins a filing more than the limit.
func (g *group) add(h Hit) bool {
	cik := h.Filers[0].CIK
	i, known := g.places[h.Accession]
	if !known {
		if len(g.found) == g.limit {
			return false
		}
		i = len(g.found)
		g.places[h.Accession] = i
		g.found = append(g.found, Found{
			Accession: string(h.Accession), CIK: cik.String(), Company: h.Filers[0].Name, Filers: Parties(h.Filers), Form: h.Form, Filed: h.Filed,
			Period: h.Period, Items: append([]string{}, h.Items...), URL: g.s.Source.DocumentURL(cik, h.Accession, ""),
			Documents: []FoundDocument{}, Source: Name, FetchedAt: g.at, Stale: g.stale,
		})
	}
	if h.Document != "" {
		g.found[i].Documents = append(g.found[i].Documents, FoundDocument{
			Name: h.Document, Type: h.Type, Description: h.Description, Main: h.Type == h.Form, URL: g.s.Source.DocumentURL(cik, h.Accession, h.Document),
		})
	}
	return true
}

// Parties are filers as users see them.
func Parties(filers []FilerName) []Party {
	all := make([]Party, len(filers))
	for i, f := range filers {
		all[i] = Party{CIK: f.CIK.String(), Name: f.Name}
	}
	return all
}

func (g *group) warnings(h Hits) []string {
	var all []string
	if h.More || h.Total >= MaxHits {
		all = append(all, fmt.Sprintf("More than %d documents have it, and no search goes beyond so many: narrow it by form, company or days.", MaxHits))
	}
	if g.stale {
		all = append(all, "What was found is from "+g.at.UTC().Format(time.RFC3339)+": the SEC could not be asked again in time.")
	}
	return all
}

// hits asks for a page of a search, unless that was done lately.
func (s *Service) hits(ctx context.Context, q Query) (Hits, time.Time, bool, error) {
	key, err := json.Marshal(q)
	if err != nil {
		return Hits{}, time.Time{}, false, err
	}
	entry, err := s.searches.One(ctx, string(key))
	return entry.Value, entry.FetchedAt, entry.Stale, err
}

// fetchSearches asks the source for pages of searches. Whose filings they found is remembered: a filing's number alone
// does not say.
func (s *Service) fetchSearches(ctx context.Context, keys []string) (found map[string]Hits, failed map[string]error) {
	found, failed = map[string]Hits{}, map[string]error{}
	for _, key := range keys {
		var q Query
		err := json.Unmarshal([]byte(key), &q)
		if err == nil {
			found[key], err = s.search(ctx, q)
		}
		if err != nil {
			delete(found, key)
			failed[key] = err
		}
	}
	return found, failed
}

func (s *Service) search(ctx context.Context, q Query) (Hits, error) {
	hits, err := s.Source.Search(ctx, q)
	if err != nil {
		return hits, err
	}
	var filings []Filing
	for _, h := range hits.Hits {
		for _, f := range h.Filers {
			filings = append(filings, Filing{Accession: h.Accession, CIK: f.CIK, Form: h.Form, Filed: h.Filed, Period: h.Period, Items: h.Items})
		}
	}
	return hits, s.DB.Tx(ctx, func(tx *sql.Tx) error { return storeFilings(ctx, tx, filings, false) })
}
