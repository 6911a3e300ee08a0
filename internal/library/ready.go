package library

import (
	"context"
	"errors"

	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/passages"
)

// Readiness is what can be searched of a company's newest filings.
type Readiness struct {
	Divided  []filings.Listed
	Missing  []Missing
	Warnings []string // as filings.List has them
}

// Missing is a filing that is not in the index, and why.
type Missing struct {
	filings.Listed
	Why error
}

const (
	// readyListed is how many of the newest filings are looked at.
	readyListed = 60
	// readyCurrent is how many 8-Ks, or other filings of events, are read; of reports it is one of each kind.
	readyCurrent = 3
	// readyAtMost bounds what somebody waits for.
	readyAtMost = 5
)

// Ready has a company's newest filings divided before it returns, for somebody who is about to search them: the newest
// report of each kind that the filter lets through, and some of its newest current ones where it asks for such. Without
// forms that is the annual and the quarterly report. What cannot be had while ctx lasts is Missing; the fetching of it goes
// on. Errors are those of filings.List.
func (s *Service) Ready(ctx context.Context, f filings.Filter) (r Readiness, err error) {
	if len(f.Forms) == 0 {
		f.Forms = []string{"10-K", "20-F", "10-Q"}
	}
	f.Limit = readyListed
	list, _, warnings, err := s.Filings.List(ctx, f)
	if err != nil {
		return r, err
	}
	r.Warnings = warnings
	for _, one := range newestOfEach(list) {
		if err := s.divide(ctx, one.Accession); err != nil {
			r.Missing = append(r.Missing, Missing{one, err})
			continue
		}
		r.Divided = append(r.Divided, one)
	}
	return r, nil
}

// divide has the documents of a filing read and divided.
func (s *Service) divide(ctx context.Context, accession string) error {
	if err := s.Documents.Ahead(ctx, filings.Accession(accession)); err != nil {
		return err
	}
	all, err := undividedOf(ctx, s.DB.Read(), accession, passages.Rules(documents.Reader))
	if err != nil {
		return err
	}
	for _, d := range all {
		err = errors.Join(err, s.Divide(ctx, d))
	}
	return err
}

// newestOfEach are the newest of each form in a list that has the newest first.
func newestOfEach(list []filings.Listed) []filings.Listed {
	reports := map[string]bool{"10-K": true, "20-F": true, "10-Q": true}
	var newest []filings.Listed
	counts := map[string]int{}
	for _, f := range list {
		most := readyCurrent
		if reports[f.Form] {
			most = 1
		}
		if counts[f.Form]++; counts[f.Form] <= most && len(newest) < readyAtMost {
			newest = append(newest, f)
		}
	}
	return newest
}
