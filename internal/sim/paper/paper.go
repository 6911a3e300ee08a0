// Package paper writes the make-believe companies' filings from their make-believe figures.
package paper

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sim/books"
)

// Archive is all that the companies ever filed and will. It follows from the seed and the issuers alone, and is safe for
// concurrent use. What there is at a moment, the callers ask for by it.
type Archive struct {
	companies []*Company
	filings   map[string]*Filing // by accession number

	mu     sync.Mutex
	bodies map[string][]byte // of the documents asked for last, by accession number and name
	order  []string          // of the bodies, oldest first
	words  map[string]string // of documents, likewise
}

// Company is one that files: who it is, and its filings, oldest first.
type Company struct {
	*books.Company
	Filings []*Filing

	words words
}

// New writes the archive of the companies whose books are opened.
func New(companies []*books.Company) *Archive {
	a := &Archive{filings: map[string]*Filing{}, bodies: map[string][]byte{}, words: map[string]string{}}
	for _, book := range companies {
		c := &Company{Company: book}
		if len(c.Periods) > 0 {
			c.words = wordsOf(c.Registrant)
			c.schedule()
		}
		for _, f := range c.Filings {
			a.filings[f.Accession] = f
		}
		a.companies = append(a.companies, c)
	}
	return a
}

// Companies are all that are registered, the largest first.
func (a *Archive) Companies() []*Company { return a.companies }

// Company is the one with the number.
func (a *Archive) Company(cik int) (*Company, bool) {
	for _, c := range a.companies {
		if c.CIK == cik {
			return c, true
		}
	}
	return nil, false
}

// Of is the company whose shares the world trades under the symbol.
func (a *Archive) Of(symbol string) (*Company, bool) {
	for _, c := range a.companies {
		if c.Symbol != "" && c.Symbol == symbol {
			return c, true
		}
	}
	return nil, false
}

// Filing is the one with the accession number, if it was accepted by the moment.
func (a *Archive) Filing(accession string, now time.Time) (*Filing, bool) {
	f, ok := a.filings[accession]
	return f, ok && !f.Accepted.After(now)
}

// Until are the company's filings accepted by the moment, newest first.
func (c *Company) Until(now time.Time) []*Filing {
	var list []*Filing
	for _, f := range c.Filings {
		if !f.Accepted.After(now) {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(x, y *Filing) int { return y.Accepted.Compare(x.Accepted) })
	return list
}

// oldestFirst puts filings in the order in which they were accepted.
func oldestFirst(filings []*Filing) {
	slices.SortStableFunc(filings, func(x, y *Filing) int {
		return cmp.Or(x.Accepted.Compare(y.Accepted), cmp.Compare(x.Form, y.Form))
	})
}

// Reported is a quarter as a company told of it.
type Reported = books.Reported
