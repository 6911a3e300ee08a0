package documents

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// Whole is a document with all of its text, and where items lie in it: of an exhibit those that the main document
// leaves to it. Items are bytes of the text, in its order and apart.
type Whole struct {
	CIK     filings.CIK
	Company string
	Form    string
	Filed   calendar.Day
	Period  *calendar.Day
	Text    string
	Items   []items.Item
	Address string // where people read it
}

// Link leads to a part of the document, from a byte of its text to another.
func (w Whole) Link(start, end int) string {
	return w.Address + flat.Document{Text: w.Text}.Fragment(start, end)
}

// Whole gives a document of a filing, which is fetched where that was never done.
func (s *Service) Whole(ctx context.Context, number filings.Accession, name string) (w Whole, err error) {
	if err := s.Filings.Configured(); err != nil {
		return w, err
	}
	c, _, err := s.contents(ctx, number, "")
	if err != nil {
		return w, err
	}
	d, err := s.read(ctx, c, name)
	if err != nil {
		return w, err
	}
	w = Whole{
		CIK: c.Filers[0].CIK, Company: c.Filers[0].Name, Form: c.Form, Filed: c.Filed, Period: c.Period, Text: d.text, Items: itemsOf(d.sections),
		Address: s.Filings.Source.DocumentURL(c.Filers[0].CIK, c.Accession, name),
	}
	if main, ok := c.Main(); ok && main.Name != name && slices.Contains(exhibits(c), name) {
		referring, err := s.read(ctx, c, main.Name)
		if err != nil {
			return w, err
		}
		w.Items = leftTo(c, name, d.text, referring.sections)
	}
	return w, nil
}

func itemsOf(all []section) []items.Item {
	found := make([]items.Item, len(all))
	for i, one := range all {
		found[i] = items.Item{Key: one.Key, Also: one.Also, Title: one.Title, Start: one.At, End: one.To}
	}
	return found
}

// leftTo are the items of a main document that stand in an exhibit, as far as that has headings for them.
func leftTo(c filings.Contents, name, text string, all []section) []items.Item {
	var found []items.Item
	for _, one := range all {
		exhibit, ok := exhibitFor(c, one.Reference)
		if !ok || exhibit.Name != name || one.Status != string(items.Incorporated) {
			continue
		}
		if start, end := within(text, one.Key); end-start < len(text) {
			found = append(found, items.Item{Key: one.Key, Also: one.Also, Title: one.Title, Start: start, End: end})
		}
	}
	slices.SortFunc(found, func(a, b items.Item) int { return cmp.Compare(a.Start, b.Start) })
	return found
}

// maxExhibits of a filing are read ahead.
const maxExhibits = 3

// exhibits are the documents to which a form leaves what it is about: an annual report's to shareholders, and the
// announcements of an 8-K.
func exhibits(c filings.Contents) []string {
	var names []string
	for _, d := range c.Documents {
		substance := strings.HasPrefix(c.Form, "10-K") && isType(d.Type, "EX-13") || strings.HasPrefix(c.Form, "8-K") && isType(d.Type, "EX-99")
		if substance && isText(d.Name) && len(names) < maxExhibits {
			names = append(names, d.Name)
		}
	}
	return names
}

// isType tells whether a document is of a type, or of a part of one: EX-99.1 is an EX-99.
func isType(of, kind string) bool {
	rest, ok := strings.CutPrefix(of, kind)
	return ok && (rest == "" || rest[0] == '.')
}

// Ahead has a filing's main document and its exhibits of substance fetched and read before somebody asks for them, one
// after another. What is kept costs no question.
func (s *Service) Ahead(ctx context.Context, number filings.Accession) error {
	if err := s.Filings.Configured(); err != nil {
		return err
	}
	c, _, err := s.contents(ctx, number, "")
	if err != nil {
		return err
	}
	names := exhibits(c)
	if main, ok := c.Main(); ok && isText(main.Name) {
		names = slices.Insert(names, 0, main.Name)
	}
	for _, name := range names {
		if _, err := s.read(ctx, c, name); err != nil {
			return err
		}
	}
	return nil
}

// Kept tells whether a document is.
func Kept(ctx context.Context, q db.Querier, number filings.Accession, name string) (kept bool, err error) {
	err = q.QueryRowContext(ctx, "select exists (select 1 from edgar_filing_cache where accession = $1 and name = $2)", string(number), name).Scan(&kept)
	if err != nil {
		return false, fmt.Errorf("look for a document: %w", err)
	}
	return kept, nil
}
