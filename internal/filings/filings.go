// Package filings knows who filed what with the SEC: companies by their symbols, lists of filings, and what a search finds.
package filings

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Source is where filings come from. Errors are *fault.Errors: NotFound for what the source says is not there,
// FilingsNotConfigured when it does not accept who we say we are, others when it cannot be asked.
type Source interface {
	// Companies are all that have a symbol, the largest first; one stands there once for each of its symbols.
	Companies(ctx context.Context) ([]Company, error)
	// Filer is a filer with its newest filings.
	Filer(ctx context.Context, cik CIK) (Filer, error)
	// Older are the filings of one of a filer's older pages.
	Older(ctx context.Context, cik CIK, page string) ([]Filing, error)
	// Contents says what a filing holds. Any of its filers' CIKs leads to it.
	Contents(ctx context.Context, cik CIK, accession Accession) (Contents, error)
	// Document is a document as it was filed. Of one that is larger than is read the part that was read comes with a
	// FilingTooLarge.
	Document(ctx context.Context, cik CIK, accession Accession, name string) ([]byte, error)
	// Search finds documents by their words. Since 2001 they can be found.
	Search(ctx context.Context, query Query) (Hits, error)
	// Facts are all figures that a company tagged in its filings, as JSON in the source's form; ErrNoFacts for a filer that
	// tagged none.
	Facts(ctx context.Context, cik CIK) ([]byte, error)
	// DocumentURL is where people read a document; without a name it is the filing's own page.
	DocumentURL(cik CIK, accession Accession, name string) string
}

// ErrNoFacts is what a filer has that is known, and never tagged a figure.
var ErrNoFacts error = fault.New(fault.NotFound, "this company has filed no figures that programs can read")

// Company is one symbol of a company.
type Company struct {
	// Ticker is in EDGAR's spelling, with a dash before a class of shares: BRK-B.
	Ticker   string
	CIK      CIK
	Name     string
	Exchange string // empty when the source does not say
}

// Filer is somebody who files. What the source does not say is empty.
type Filer struct {
	CIK     CIK
	Name    string
	Tickers []string
	// Recent are the newest filings, the newest first; Older are the pages of those before.
	Recent []Filing
	Older  []Page
}

// Page is a page of a filer's older filings.
type Page struct {
	Name        string
	Count       int
	First, Last calendar.Day
}

// Filing is one filing as lists have it.
type Filing struct {
	Accession Accession
	CIK       CIK
	Form      string
	Filed     calendar.Day
	Period    *calendar.Day // what it reports on
	Items     []string      // of an 8-K: 2.02
	Size      int64         // bytes, with everything
	XBRL      bool
	// Primary is the name of the main document; empty where it has none, as before 2001.
	Primary     string
	Description string
}

// Contents is a filing with what it holds.
type Contents struct {
	Accession Accession
	Form      string
	Filed     calendar.Day
	Period    *calendar.Day
	// Accepted is when the SEC took it in; nil where only the day is known.
	Accepted  *time.Time
	Items     []ListedItem
	Filers    []FilerName
	Documents []Document
}

// ListedItem is an item that the filer said the filing has.
type ListedItem struct{ Key, Title string }

// FilerName is one of those a filing is of.
type FilerName struct {
	CIK  CIK
	Name string
}

// Document is one document of a filing.
type Document struct {
	Sequence int
	// Name is the file's; for documents of before 2001, which have none, it is made from the accession number and the
	// sequence.
	Name        string
	Type        string // 10-K, EX-13, GRAPHIC; empty when the source does not say
	Description string
	Size        int64 // bytes; 0 when the source does not say
}

// Main is the document that has the form's name, or else the first; false for a filing without any.
func (c Contents) Main() (Document, bool) {
	for _, d := range c.Documents {
		if d.Type == c.Form {
			return d, true
		}
	}
	if len(c.Documents) == 0 {
		return Document{}, false
	}
	return c.Documents[0], true
}

// Document finds a document by its name.
func (c Contents) Document(name string) (Document, bool) {
	for _, d := range c.Documents {
		if d.Name == name {
			return d, true
		}
	}
	return Document{}, false
}

// Query is what a search asks for. Every field may be zero, but not all at once.
type Query struct {
	// Text has words, which must all be there, "phrases", OR, -words without which, and word* with any end.
	Text        string
	Forms       []string
	CIK         CIK
	First, Last *calendar.Day
	Offset      int // of the first hit, a multiple of PageSize
}

// PageSize is how many hits a source gives at once, and MaxHits how many it can be made to give.
const (
	PageSize = 100
	MaxHits  = 10_000
)

// Hits are documents that a search found, the best first; without words the newest.
type Hits struct {
	Total int
	// More says that there are more than Total.
	More bool
	Hits []Hit
}

// Hit is a document that a search found. Several may be of one filing, exhibits among them.
type Hit struct {
	Accession   Accession
	Filers      []FilerName
	Form        string // of the filing
	Filed       calendar.Day
	Period      *calendar.Day
	Items       []string
	Document    string // its name
	Type        string // of the document
	Description string
	Sequence    int
}
