package filings

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Listed is a filing in a list.
type Listed struct {
	Accession   string        `json:"accession" example:"0000320193-24-000123"`
	CIK         string        `json:"cik" example:"0000320193"`
	Company     string        `json:"company"`
	Form        string        `json:"form" example:"10-K"`
	Filed       calendar.Day  `json:"filed"`
	Period      *calendar.Day `json:"period" doc:"The last day it reports on; null where it reports on none."`
	Items       []string      `json:"items" doc:"Of an 8-K, such as 2.02."`
	Document    string        `json:"document" doc:"The main document's name; empty for filings of before 2001."`
	Description string        `json:"description"`
	Size        *int64        `json:"size" doc:"Bytes, with all documents; null when the source does not say."`
	XBRL        bool          `json:"xbrl" doc:"Whether its figures are tagged, so that programs can read them."`
	URL         string        `json:"url" doc:"Of the filing's page at the SEC."`
	Source      string        `json:"source"`
	FetchedAt   time.Time     `json:"fetchedAt" doc:"When the source gave the list it stands in."`
	Stale       bool          `json:"stale" doc:"The source could not be asked again in time: newer filings may be missing."`
}

// Filter says which filings of a company a list has. Every field but Company may be empty.
type Filter struct {
	Company    string   // a symbol or a CIK
	Forms      []string // forms, or families of them
	Amendments bool     // of these forms, too
	From, To   string   // days
	Limit      int
	Cursor     string
}

// maxPages bounds how many pages of older filings one request has fetched.
const maxPages = 4

// List gives a company's filings, the newest first, and the cursor of the next page. An UnknownSymbol or a NotFound says
// that the SEC does not know the company; what is malformed is an Invalid. A source that cannot be asked is an error only
// when nothing is known of the company.
func (s *Service) List(ctx context.Context, f Filter) (list []Listed, next string, warnings []string, err error) {
	if err := s.Configured(); err != nil {
		return nil, "", nil, err
	}
	span, err := f.span()
	if err != nil {
		return nil, "", nil, err
	}
	company, err := s.Company(ctx, f.Company, "path.symbol")
	if err != nil {
		return nil, "", nil, err
	}
	known, stale, err := s.filer(ctx, company.CIK)
	if err != nil {
		return nil, "", nil, err
	}
	rows, next, gap, err := s.page(ctx, company.CIK, span)
	if err != nil {
		return nil, "", nil, err
	}
	if stale {
		age := s.Now().Sub(known.fetchedAt).Round(time.Minute)
		warnings = append(warnings, "The list of filings is "+age.String()+" old: the SEC could not be asked again in time.")
	}
	if gap != nil {
		warnings = append(warnings, "Older filings cannot be had right now, so the list may lack some.")
	}
	list = make([]Listed, len(rows))
	for i, row := range rows {
		list[i] = s.listed(row, known.name, known.fetchedAt, stale || gap != nil)
	}
	return list, next, warnings, nil
}

func (s *Service) listed(f Filing, name string, at time.Time, stale bool) Listed {
	one := Listed{
		Accession: string(f.Accession), CIK: f.CIK.String(), Company: name, Form: f.Form, Filed: f.Filed, Period: f.Period,
		Items: append([]string{}, f.Items...), Document: f.Primary, Description: f.Description, XBRL: f.XBRL,
		URL: s.Source.DocumentURL(f.CIK, f.Accession, ""), Source: Name, FetchedAt: at, Stale: stale,
	}
	if f.Size > 0 {
		one.Size = &f.Size
	}
	return one
}

// span is a filter as the database is asked: days as text, from the place of the cursor on.
type span struct {
	forms       []string
	first, last string
	limit       int
	before      place
}

// place is where a page begins: after this filing, in the order of lists.
type place struct{ filed, accession string }

// end comes before all filings.
var end = place{"9999-12-31", "9"}

// span reads the filter, or says what is wrong with it.
func (f Filter) span() (span, error) {
	sp := span{limit: f.Limit, before: end, first: "0000-00-00", last: end.filed}
	forms, err := expandForms(f.Forms, f.Amendments)
	if err != nil {
		return sp, err
	}
	sp.forms = forms
	first, last, err := days(f.From, f.To)
	if err != nil {
		return sp, err
	}
	if first != nil {
		sp.first = first.String()
	}
	if last != nil {
		sp.last = last.String()
	}
	if f.Cursor != "" {
		filed, accession, _ := strings.Cut(f.Cursor, ".")
		_, err1 := calendar.ParseDay(filed)
		if _, err2 := ParseAccession(accession); err1 != nil || err2 != nil {
			return sp, fault.InvalidField("query.cursor", "is not a cursor of this list; begin again without one")
		}
		sp.before = place{filed, accession}
	}
	return sp, nil
}

// days reads a first and a last day, each of which may be missing; what is wrong is named at once.
func days(from, to string) (first, last *calendar.Day, err error) {
	invalid := fault.New(fault.Invalid, "the request has wrong fields")
	read := func(name, text string) *calendar.Day {
		if text == "" {
			return nil
		}
		day, err := calendar.ParseDay(text)
		if err != nil {
			invalid.Fields = append(invalid.Fields, fault.Field{Path: "query." + name, Message: "must be a day such as 2026-11-20"})
		}
		return &day
	}
	first, last = read("from", from), read("to", to)
	if len(invalid.Fields) == 0 && first != nil && last != nil && last.Before(*first) {
		invalid.Fields = []fault.Field{{Path: "query.to", Message: "must not be before the first day"}}
	}
	if len(invalid.Fields) > 0 {
		return nil, nil, invalid
	}
	return first, last, nil
}

// page reads one page of a filer's filings, and has pages of older ones fetched where it reaches them. gap says why they
// could not be had. Where many are needed the list goes on behind the cursor, even if this part of it has little.
func (s *Service) page(ctx context.Context, cik CIK, sp span) (rows []Filing, next string, gap, err error) {
	for fetched := 0; ; fetched++ {
		if rows, err = selectFilings(ctx, s.DB.Read(), cik, sp); err != nil {
			return nil, "", nil, err
		}
		full := len(rows) > sp.limit
		if full {
			rows = rows[:sp.limit]
			next = rows[len(rows)-1].cursor()
		}
		missing, found, err := missingPage(ctx, s.DB.Read(), cik, sp)
		if err != nil || !found || full && rows[len(rows)-1].Filed.String() > missing.Last.String() {
			return rows, next, nil, err
		}
		if fetched == maxPages {
			return upTo(missing.Last, rows)
		}
		if gap := s.once(ctx, "page "+cik.String()+missing.Name, func(ctx context.Context) error {
			return s.fetchPage(ctx, cik, missing)
		}); gap != nil {
			return rows, next, gap, ctx.Err()
		}
	}
}

// upTo leaves out what is not surely complete, and goes on from there.
func upTo(day calendar.Day, rows []Filing) ([]Filing, string, error, error) {
	for i, row := range rows {
		if !day.Before(row.Filed) {
			rows = rows[:i]
			break
		}
	}
	return rows, day.String() + "." + "9999999999-99-999999", nil, nil
}

func (f Filing) cursor() string { return f.Filed.String() + "." + string(f.Accession) }

func (s *Service) fetchPage(ctx context.Context, cik CIK, p Page) error {
	older, err := s.Source.Older(ctx, cik, p.Name)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := storeFilings(ctx, tx, older, true); err != nil {
			return err
		}
		return markLoaded(ctx, tx, cik, p)
	})
}

// knownFiler is what is kept of a filer beside its filings.
type knownFiler struct {
	name      string
	fetchedAt time.Time
}

// filer makes sure that a filer's newest filings are stored. stale says that they were fetched longer ago than they should
// have been. NotFound is a filer the SEC does not know.
func (s *Service) filer(ctx context.Context, cik CIK) (known knownFiler, stale bool, err error) {
	known, found, err := findFiler(ctx, s.DB.Read(), cik)
	if err != nil || found && stands(known.fetchedAt, freshFor, s.Now()) {
		return known, false, err
	}
	waiting, leave := ctx, context.CancelFunc(func() {})
	if found {
		waiting, leave = context.WithTimeout(ctx, patience)
	}
	defer leave()
	failed := s.once(waiting, "filer "+cik.String(), func(ctx context.Context) error { return s.fetchFiler(ctx, cik) })
	switch {
	case ctx.Err() != nil:
		return known, false, ctx.Err()
	case failed != nil && !found:
		return known, false, failed
	case failed != nil:
		s.Log.WarnContext(ctx, "a filer's list cannot be fetched", "cik", cik.String(), "error", failed)
		return known, true, nil
	}
	known, _, err = findFiler(ctx, s.DB.Read(), cik)
	return known, false, err
}

// fetchFiler asks for a filer's newest filings, unless somebody has just done that.
func (s *Service) fetchFiler(ctx context.Context, cik CIK) error {
	if known, found, err := findFiler(ctx, s.DB.Read(), cik); err != nil || found && stands(known.fetchedAt, freshFor, s.Now()) {
		return err
	}
	f, err := s.Source.Filer(ctx, cik)
	if err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := storeFilings(ctx, tx, f.Recent, true); err != nil {
			return err
		}
		return storeFiler(ctx, tx, f, now)
	})
}
