// Package filingstest is the suite every source of filings must pass.
package filingstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

// Known is what the suite may take for granted of a source.
type Known struct {
	// Ticker is a symbol in EDGAR's spelling, CIK whose it is. It files annual reports on the form Annual, has pages of older
	// filings, and figures.
	Ticker string
	CIK    filings.CIK
	Annual string
	// Silent is a filer without any figures that programs can read.
	Silent filings.CIK
	// Word stands in some document, Never in none.
	Word, Never string
}

// nobody is a number that no filer has.
const nobody filings.CIK = 9_999_999_998

// none is the number of no filing.
const none filings.Accession = "9999999998-24-000001"

type suite struct {
	Known
	open func(t *testing.T) filings.Source
}

// Run runs the suite. open makes a source that has not been asked anything yet.
func Run(t *testing.T, open func(t *testing.T) filings.Source, known Known) {
	s := suite{known, open}
	t.Run("companies have symbols, each once", s.companies)
	t.Run("a filer's filings come newest first", s.filer)
	t.Run("older filings are of the days their page is of", s.older)
	t.Run("a filing says what it holds", s.contents)
	t.Run("a document is what was filed", s.documents)
	t.Run("a search finds documents of filings", s.search)
	t.Run("figures are told from none and from nobody", s.facts)
	t.Run("what is not there is not found, and no address is made of it", s.missing)
	t.Run("a caller who left gets no answer", s.heedsCancel)
	t.Run("many can ask at once", s.isShared)
}

func (s suite) companies(t *testing.T) {
	list, err := s.open(t).Companies(t.Context())
	if err != nil || len(list) == 0 {
		t.Fatalf("got %d companies, %v", len(list), err)
	}
	seen := map[string]filings.CIK{}
	for _, c := range list {
		if _, twice := seen[c.Ticker]; twice || c.CIK <= 0 || c.Name == "" || c.Ticker != strings.ToUpper(c.Ticker) || strings.ContainsAny(c.Ticker, "./ ") {
			t.Errorf("got %+v, want a name, a number and a symbol in EDGAR's spelling, once", c)
		}
		seen[c.Ticker] = c.CIK
	}
	if seen[s.Ticker] != s.CIK {
		t.Errorf("%s: got %s, want %s", s.Ticker, seen[s.Ticker], s.CIK)
	}
}

func (s suite) of(t *testing.T, source filings.Source) filings.Filer {
	t.Helper()
	f, err := source.Filer(t.Context(), s.CIK)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (s suite) filer(t *testing.T) {
	f := s.of(t, s.open(t))
	if f.CIK != s.CIK || f.Name == "" || !slices.Contains(f.Tickers, s.Ticker) || len(f.Older) == 0 {
		t.Errorf("got %s %q with %v and %d older pages, want %s with %s and some", f.CIK, f.Name, f.Tickers, len(f.Older), s.CIK, s.Ticker)
	}
	checkFilings(t, s.CIK, f.Recent)
	for _, p := range f.Older {
		if p.Name == "" || p.Count <= 0 || p.Last.Before(p.First) {
			t.Errorf("got the page %+v, want a name, a number and days", p)
		}
	}
}

func checkFilings(t *testing.T, cik filings.CIK, list []filings.Filing) {
	t.Helper()
	if len(list) == 0 {
		t.Fatal("got no filings")
	}
	seen := map[filings.Accession]bool{}
	for i, f := range list {
		again, err := filings.ParseAccession(string(f.Accession))
		if err != nil || again != f.Accession || seen[f.Accession] {
			t.Errorf("got the number %q, want one with dashes, once: %v", f.Accession, err)
		}
		seen[f.Accession] = true
		if f.CIK != cik || f.Form == "" || f.Filed == (calendar.Day{}) || strings.ContainsAny(f.Primary, "/\\?#") || slices.Contains(f.Items, "") {
			t.Errorf("got %+v, want it to be of %s, with a form, a day, and the name of a file", f, cik)
		}
		if i > 0 && list[i-1].Filed.Before(f.Filed) {
			t.Errorf("%s of %s stands behind one of %s", f.Accession, f.Filed, list[i-1].Filed)
		}
	}
}

func (s suite) older(t *testing.T) {
	source := s.open(t)
	for _, p := range s.of(t, source).Older {
		list, err := source.Older(t.Context(), s.CIK, p.Name)
		if err != nil {
			t.Fatal(err)
		}
		checkFilings(t, s.CIK, list)
		if first, last := list[len(list)-1].Filed, list[0].Filed; len(list) != p.Count || first != p.First || last != p.Last {
			t.Errorf("got %d from %s to %s, want %d from %s to %s", len(list), first, last, p.Count, p.First, p.Last)
		}
	}
}

// annual is a filing of the annual form.
func (s suite) annual(t *testing.T, source filings.Source) filings.Filing {
	t.Helper()
	for _, f := range s.of(t, source).Recent {
		if f.Form == s.Annual {
			return f
		}
	}
	t.Fatalf("there is no %s", s.Annual)
	return filings.Filing{}
}

func (s suite) contents(t *testing.T) {
	source := s.open(t)
	f := s.annual(t, source)
	c, err := source.Contents(t.Context(), s.CIK, f.Accession)
	if err != nil {
		t.Fatal(err)
	}
	if c.Accession != f.Accession || c.Form != f.Form || c.Filed != f.Filed || (c.Period == nil) != (f.Period == nil) || c.Period != nil && *c.Period != *f.Period {
		t.Errorf("got %s %s of %s on %v, want %s %s of %s on %v", c.Form, c.Accession, c.Filed, c.Period, f.Form, f.Accession, f.Filed, f.Period)
	}
	if !slices.ContainsFunc(c.Filers, func(one filings.FilerName) bool { return one.CIK == s.CIK && one.Name != "" }) {
		t.Errorf("got the filers %v, want %s among them", c.Filers, s.CIK)
	}
	if main, ok := c.Main(); !ok || main.Type != f.Form || main.Name != f.Primary {
		t.Errorf("got the main document %+v, want %s", main, f.Primary)
	}
	if c.Accepted == nil || c.Accepted.Location() != time.UTC || calendar.DayOf(*c.Accepted).AddDays(7).Before(c.Filed) {
		t.Errorf("got accepted at %v, want a moment in UTC about %s", c.Accepted, c.Filed)
	}
	for _, d := range c.Documents {
		if d.Name == "" || d.Sequence <= 0 || d.Type == "" || strings.ContainsAny(d.Name, "/\\?#") {
			t.Errorf("got the document %+v, want a name, a place and a type", d)
		}
	}
}

func (s suite) documents(t *testing.T) {
	source := s.open(t)
	f := s.annual(t, source)
	c, err := source.Contents(t.Context(), s.CIK, f.Accession)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range c.Documents {
		content, err := source.Document(t.Context(), s.CIK, f.Accession, d.Name)
		if err != nil || len(content) == 0 || d.Size > 0 && int64(len(content)) != d.Size {
			t.Errorf("%s: got %d bytes, %v, want %d", d.Name, len(content), err, d.Size)
		}
		again, err := source.Document(t.Context(), s.CIK, f.Accession, d.Name)
		if err != nil || !bytes.Equal(content, again) {
			t.Errorf("%s: got other bytes when asked again: %v", d.Name, err)
		}
	}
	if url := source.DocumentURL(s.CIK, f.Accession, f.Primary); !strings.HasSuffix(url, "/"+f.Accession.Plain()+"/"+f.Primary) {
		t.Errorf("got the address %s, want the document's", url)
	}
}

func (s suite) search(t *testing.T) {
	source := s.open(t)
	found, err := source.Search(t.Context(), filings.Query{Text: s.Word, CIK: s.CIK, Forms: []string{s.Annual}})
	if err != nil || len(found.Hits) == 0 || found.Total < len(found.Hits) {
		t.Fatalf("got %d of %d hits, %v", len(found.Hits), found.Total, err)
	}
	for _, h := range found.Hits {
		if h.Form != s.Annual || len(h.Filers) == 0 || h.Filers[0].CIK != s.CIK || strings.Contains(h.Filers[0].Name, "CIK") || h.Document == "" || h.Type == "" {
			t.Errorf("got %+v, want a document of a %s of %s", h, s.Annual, s.CIK)
		}
		if content, err := source.Document(t.Context(), h.Filers[0].CIK, h.Accession, h.Document); err != nil || len(content) == 0 {
			t.Errorf("%s of %s: got %d bytes, %v", h.Document, h.Accession, len(content), err)
		}
	}
	day := found.Hits[0].Filed
	within, err := source.Search(t.Context(), filings.Query{CIK: s.CIK, First: &day, Last: &day})
	if err != nil || len(within.Hits) == 0 || slices.ContainsFunc(within.Hits, func(h filings.Hit) bool { return h.Filed != day }) {
		t.Errorf("on %s: got %+v, %v, want what was filed then", day, within.Hits, err)
	}
	nothing, err := source.Search(t.Context(), filings.Query{Text: s.Never})
	if err != nil || nothing.Total != 0 || len(nothing.Hits) != 0 {
		t.Errorf("got %d of %d hits, %v, want none", len(nothing.Hits), nothing.Total, err)
	}
}

func (s suite) facts(t *testing.T) {
	source := s.open(t)
	if text, err := source.Facts(t.Context(), s.CIK); err != nil || !json.Valid(text) {
		t.Errorf("got %d bytes, %v, want JSON", len(text), err)
	}
	if text, err := source.Facts(t.Context(), s.Silent); !errors.Is(err, filings.ErrNoFacts) || text != nil {
		t.Errorf("of who has none: got %d bytes, %v, want ErrNoFacts", len(text), err)
	}
	if _, err := source.Facts(t.Context(), nobody); !fault.Is(err, fault.NotFound) || errors.Is(err, filings.ErrNoFacts) {
		t.Errorf("of nobody: got %v, want not found", err)
	}
}

func (s suite) missing(t *testing.T) {
	source := s.open(t)
	f := s.annual(t, source)
	asked := map[string]func() error{
		"a filer": func() error { _, err := source.Filer(t.Context(), nobody); return err },
		"a page": func() error {
			_, err := source.Older(t.Context(), s.CIK, "CIK"+s.CIK.String()+"-submissions-999.json")
			return err
		},
		"a page elsewhere":   func() error { _, err := source.Older(t.Context(), s.CIK, "../../etc/passwd"); return err },
		"a filing":           func() error { _, err := source.Contents(t.Context(), s.CIK, none); return err },
		"another's filing":   func() error { _, err := source.Contents(t.Context(), nobody, f.Accession); return err },
		"a document":         func() error { _, err := source.Document(t.Context(), s.CIK, f.Accession, "nosuch.htm"); return err },
		"a document of none": func() error { _, err := source.Document(t.Context(), s.CIK, none, "nosuch.htm"); return err },
	}
	for _, name := range []string{"", "..", "../" + f.Primary, "https://example.com/", f.Primary + "?x", f.Primary + "#x", "a/b.htm", "%2e%2e", "a b.htm"} {
		asked["the document "+name] = func() error { _, err := source.Document(t.Context(), s.CIK, f.Accession, name); return err }
	}
	for what, ask := range asked {
		if err := ask(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: got %v, want %s", what, err, fault.NotFound)
		}
	}
}

func (s suite) heedsCancel(t *testing.T) {
	source := s.open(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if f, err := source.Filer(gone, s.CIK); !fault.Is(err, fault.Canceled) || len(f.Recent) != 0 {
		t.Errorf("got %d filings, %v, want %s", len(f.Recent), err, fault.Canceled)
	}
	if _, err := source.Companies(gone); !fault.Is(err, fault.Canceled) {
		t.Errorf("got %v, want %s", err, fault.Canceled)
	}
	s.of(t, source)
}

func (s suite) isShared(t *testing.T) {
	source := s.open(t)
	f := s.annual(t, source)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if c, err := source.Contents(t.Context(), s.CIK, f.Accession); err != nil || c.Accession != f.Accession {
				t.Errorf("got %s, %v", c.Accession, err)
			}
		})
		wg.Go(func() {
			if got, err := source.Filer(t.Context(), s.CIK); err != nil || got.CIK != s.CIK {
				t.Errorf("got %s, %v", got.CIK, err)
			}
		})
	}
	wg.Wait()
}
