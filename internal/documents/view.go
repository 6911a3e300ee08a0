package documents

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// Filing is a filing as users see it. Places are characters of a document's flat text, which stays as it is.
type Filing struct {
	Accession  string          `json:"accession" example:"0000320193-24-000123"`
	Form       string          `json:"form"`
	Company    string          `json:"company"`
	CIK        string          `json:"cik"`
	Filers     []filings.Party `json:"filers" doc:"All of those it is of; the first is company."`
	Filed      calendar.Day    `json:"filed"`
	Period     *calendar.Day   `json:"period"`
	AcceptedAt *time.Time      `json:"acceptedAt" doc:"When the SEC took it in; null where only the day is known."`
	URL        string          `json:"url" doc:"Of its page at the SEC."`
	Document   string          `json:"document" doc:"The main document's name."`
	Documents  []Part          `json:"documents"`
	Sections   []Section       `json:"sections" doc:"The items of the main document, in its order; empty for forms that have none, and where another document is asked for."`
	Passage    *Passage        `json:"passage" doc:"What section or document asks for; null without either."`
	Source     string          `json:"source"`
	FetchedAt  time.Time       `json:"fetchedAt"`
}

// Part is a document of a filing.
type Part struct {
	Sequence    int    `json:"sequence"`
	Name        string `json:"name"`
	Type        string `json:"type" example:"EX-99.1"`
	Description string `json:"description"`
	Size        *int64 `json:"size" doc:"Bytes; null when the source does not say."`
	Text        bool   `json:"text" doc:"Whether it can be read as text."`
	URL         string `json:"url"`
}

// Section is an item of a filing.
type Section struct {
	Key    string   `json:"key" example:"1A" doc:"1A of a 10-K, I.2 and II.1A of a 10-Q, 2.02 of an 8-K."`
	Also   []string `json:"also" doc:"Other items under the same heading."`
	Title  string   `json:"title"`
	Status string   `json:"status" enum:"present,incorporated,reserved,nothing,listed" doc:"incorporated: its text stands in another document. nothing: none, or not applicable. listed: the filer names it, and the text does not show it."`
	// Reference is a type of exhibit, or a form.
	Reference string `json:"reference" example:"EX-13" doc:"Of one that is incorporated: the exhibit, or the form of the filing that has its text; empty when it does not say."`
	Start     *int   `json:"start" doc:"Null where the text does not show it."`
	End       *int   `json:"end"`
}

// Passage is a piece of a document's text.
type Passage struct {
	Document  string `json:"document" doc:"The document it stands in."`
	Section   string `json:"section" doc:"The item's key; empty when a document was asked for."`
	Referring string `json:"referring" doc:"What the item says in its own place where it was followed to another document; else empty."`
	Start     int    `json:"start"`
	End       int    `json:"end"`
	Until     int    `json:"until" doc:"Where the section or document ends: beyond end where the text goes on behind meta.nextCursor."`
	Text      string `json:"text"`
	SHA256    string `json:"sha256" doc:"Of text, in UTF-8."`
	URL       string `json:"url" doc:"Leads to the passage in the document at the SEC."`
}

// Ask says what of a filing is wanted.
type Ask struct {
	Accession string
	Company   string // whose it is: a symbol or a CIK, where its number does not lead there; or empty
	Section   string
	Document  string
	Limit     int // of characters
	Cursor    string
}

// Read gives a filing and, when it is asked for, a section of its main document or the text of any of its documents. A NotFound
// names the sections there are.
func (s *Service) Read(ctx context.Context, ask Ask) (v Filing, next string, warnings []string, err error) {
	if err := s.Filings.Configured(); err != nil {
		return v, "", nil, err
	}
	number, err := filings.ParseAccession(ask.Accession)
	if err != nil {
		return v, "", nil, fault.InvalidField("path.accession", filings.AccessionRule)
	}
	from, err := ask.check()
	if err != nil {
		return v, "", nil, err
	}
	c, at, err := s.contents(ctx, number, ask.Company)
	if err != nil {
		return v, "", nil, err
	}
	v = s.view(c, at)
	var sections []section
	if v.Document != "" && hasItems(c.Form) && (ask.Document == "" || ask.Document == v.Document) {
		d, err := s.read(ctx, c, v.Document)
		switch {
		case err != nil && (ask.Section != "" || ctx.Err() != nil):
			return v, "", nil, err
		case err != nil:
			warnings = append(warnings, "The main document cannot be had right now, so no sections are shown.")
		default:
			sections = withListed(d.sections, c.Items)
			warnings = append(warnings, d.warnings()...)
		}
	}
	v.Sections = viewSections(sections)
	switch {
	case ask.Section != "":
		v.Passage, next, err = s.section(ctx, c, v.Document, sections, ask, from)
	case ask.Document != "":
		v.Passage, next, err = s.text(ctx, c, ask, from)
	}
	return v, next, warnings, err
}

// check reads the cursor, which is a place in the text, and refuses what does not go together.
func (a Ask) check() (from int, err error) {
	if a.Section != "" && a.Document != "" {
		return 0, fault.InvalidField("query.section", "is of the main document; leave document out")
	}
	if a.Cursor == "" {
		return 0, nil
	}
	from, err = strconv.Atoi(a.Cursor)
	if err != nil || from < 1 || strconv.Itoa(from) != a.Cursor || a.Section+a.Document == "" {
		return 0, fault.InvalidField("query.cursor", "is not a cursor of this text; begin again without one")
	}
	return from, nil
}

func (s *Service) view(c filings.Contents, at time.Time) Filing {
	cik := c.Filers[0].CIK
	v := Filing{
		Accession: string(c.Accession), Form: c.Form, Company: c.Filers[0].Name, CIK: cik.String(), Filers: filings.Parties(c.Filers), Filed: c.Filed,
		Period: c.Period, AcceptedAt: c.Accepted, URL: s.Filings.Source.DocumentURL(cik, c.Accession, ""), Documents: []Part{}, Source: filings.Name, FetchedAt: at,
	}
	if main, ok := c.Main(); ok && isText(main.Name) {
		v.Document = main.Name
	}
	for _, d := range c.Documents {
		part := Part{
			Sequence: d.Sequence, Name: d.Name, Type: d.Type, Description: d.Description, Text: isText(d.Name),
			URL: s.Filings.Source.DocumentURL(cik, c.Accession, d.Name),
		}
		if d.Size > 0 {
			part.Size = &d.Size
		}
		v.Documents = append(v.Documents, part)
	}
	return v
}

// isText tells by its name whether a document is one that can be read.
func isText(name string) bool {
	return slices.Contains([]string{".htm", ".html", ".txt", ".xml"}, strings.ToLower(path.Ext(name)))
}

// hasItems tells whether a form is divided into items.
func hasItems(form string) bool {
	return slices.ContainsFunc([]string{"10-K", "10-Q", "8-K", "20-F", "10K", "10Q"}, func(begin string) bool { return strings.HasPrefix(form, begin) })
}

func viewSections(all []section) []Section {
	list := make([]Section, len(all))
	for i, one := range all {
		list[i] = Section{Key: one.Key, Also: append([]string{}, one.Also...), Title: one.Title, Status: one.Status, Reference: one.Reference}
		if one.Status != listedOnly {
			list[i].Start, list[i].End = &one.Start, &one.End
		}
	}
	return list
}

func (d held) warnings() []string {
	if d.whole {
		return nil
	}
	return []string{"The document is larger than is read of one: what stands behind the part that was read is missing."}
}

// section is the passage of an item, or of what it refers to in another document of the filing.
func (s *Service) section(ctx context.Context, c filings.Contents, name string, all []section, ask Ask, from int) (*Passage, string, error) {
	one, err := named(all, ask.Section)
	if err != nil {
		return nil, "", err
	}
	if one.Status == listedOnly {
		return nil, "", fault.New(fault.NotFound, "the filing has item %s, but not in words that could be found; read its main document instead", one.Key)
	}
	d, err := s.read(ctx, c, name)
	if err != nil {
		return nil, "", err
	}
	words := d.text[one.At:one.To]
	if one.Status == string(items.Incorporated) {
		if exhibit, ok := exhibitFor(c, one.Reference); ok {
			other, err := s.read(ctx, c, exhibit.Name)
			if err != nil {
				return nil, "", err
			}
			start, end := within(other.text, one.Key)
			p, next, err := s.cut(c, exhibit.Name, other.text, start, end, ask.Limit, from)
			if err == nil {
				p.Section, p.Referring = one.Key, words
			}
			return p, next, err
		}
	}
	p, next, err := s.cut(c, name, d.text, one.At, one.To, ask.Limit, from)
	if err == nil {
		p.Section = one.Key
	}
	return p, next, err
}

// text is the passage of a document.
func (s *Service) text(ctx context.Context, c filings.Contents, ask Ask, from int) (*Passage, string, error) {
	d, ok := c.Document(ask.Document)
	if !ok {
		return nil, "", fault.New(fault.NotFound, "the filing has no document of this name; they are listed with the filing")
	}
	if !isText(d.Name) {
		return nil, "", fault.InvalidField("query.document", "is no text; its url leads to it")
	}
	read, err := s.read(ctx, c, d.Name)
	if err != nil {
		return nil, "", err
	}
	return s.cut(c, d.Name, read.text, 0, len(read.text), ask.Limit, from)
}

// cut takes at most limit characters out of the bytes from start to end of a text, beginning at the character from where
// that is within.
func (s *Service) cut(c filings.Contents, name, text string, start, end, limit, from int) (*Passage, string, error) {
	p := &Passage{Document: name, Start: utf8.RuneCountInString(text[:start])}
	p.Until = p.Start + utf8.RuneCountInString(text[start:end])
	if from > 0 {
		if from < p.Start || from >= p.Until {
			return nil, "", fault.InvalidField("query.cursor", "is not a cursor of this text; begin again without one")
		}
		start += bytesOf(text[start:end], from-p.Start)
		p.Start = from
	}
	p.Text = text[start : start+bytesOf(text[start:end], limit)]
	p.End = p.Start + utf8.RuneCountInString(p.Text)
	p.SHA256 = hashOf([]byte(p.Text))
	p.URL = s.Filings.Source.DocumentURL(c.Filers[0].CIK, c.Accession, name) + flat.Document{Text: text}.Fragment(start, start+len(p.Text))
	if p.End < p.Until {
		return p, strconv.Itoa(p.End), nil
	}
	return p, "", nil
}

// bytesOf is how many bytes the first characters of a text have, or all of it.
func bytesOf(text string, chars int) int {
	for i := range text {
		if chars == 0 {
			return i
		}
		chars--
	}
	return len(text)
}
