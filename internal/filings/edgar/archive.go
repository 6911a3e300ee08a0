package edgar

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

// fileName is what EDGAR lets files be called. What stands in its pages and does not look so is no file of a filing.
var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._\-]{0,127}$`)

// folder is where a filing lies.
func (s *Source) folder(cik filings.CIK, accession filings.Accession) string {
	return fmt.Sprintf("%s/Archives/edgar/data/%d/%s/", s.cfg.ArchiveURL, int64(cik), accession.Plain())
}

// DocumentURL is the document's own address; of one that has no file, the whole submission's.
func (s *Source) DocumentURL(cik filings.CIK, accession filings.Accession, name string) string {
	if name == "" {
		name = string(accession) + "-index.html"
	}
	if _, ok := sequenceIn(accession, name); ok {
		name = string(accession) + ".txt"
	}
	return s.folder(cik, accession) + name
}

// what a filing is called in errors.
const aFiling = "filing of this number and filer"

// Contents reads the filing's page, which has the true types of documents. Where that page cannot be read the page with the
// headers has the types, too, and the folder's list the sizes.
func (s *Source) Contents(ctx context.Context, cik filings.CIK, accession filings.Accession) (filings.Contents, error) {
	var first error
	for _, page := range []struct {
		name string
		read func([]byte, filings.Accession) (filings.Contents, error)
	}{
		{string(accession) + "-index.html", readIndex},
		{string(accession) + "-index-headers.html", readHeaders},
	} {
		answer, err := s.get(ctx, s.folder(cik, accession)+page.name, "GET filing index", aFiling)
		if err == nil {
			var c filings.Contents
			if c, err = page.read(answer.Body, accession); err == nil {
				return s.completed(ctx, cik, c)
			}
		}
		if first == nil {
			first = err
		}
		if !fault.Is(err, fault.UpstreamFailed) {
			break
		}
	}
	return filings.Contents{}, first
}

// completed adds what the folder knows and the page did not say: sizes.
func (s *Source) completed(ctx context.Context, cik filings.CIK, c filings.Contents) (filings.Contents, error) {
	known := false
	for _, d := range c.Documents {
		known = known || d.Size > 0
	}
	if known {
		return c, nil
	}
	answer, err := s.get(ctx, s.folder(cik, c.Accession)+"index.json", "GET filing folder", aFiling)
	if err != nil {
		return c, ctx.Err() // sizes are no reason to know nothing
	}
	sizes, err := readFolder(answer)
	if err != nil {
		return c, nil
	}
	for i := range c.Documents {
		c.Documents[i].Size = sizes[c.Documents[i].Name]
	}
	return c, nil
}

// Document reads a file of the filing, or cuts what has no file out of the whole submission.
func (s *Source) Document(ctx context.Context, cik filings.CIK, accession filings.Accession, name string) ([]byte, error) {
	if !fileName.MatchString(name) {
		return nil, fault.New(fault.NotFound, "the SEC has no such document")
	}
	sequence, inside := sequenceIn(accession, name)
	address := s.folder(cik, accession) + name
	if inside {
		address = s.folder(cik, accession) + string(accession) + ".txt"
	}
	answer, err := s.get(ctx, address, "GET document", "document")
	if answer == nil {
		return nil, err
	}
	if !inside {
		return answer.Body, err
	}
	submission, wrong := readSubmission(answer.Body)
	if wrong != nil {
		return nil, wrong
	}
	for _, part := range submission.parts {
		if part.Sequence == sequence {
			return part.text, cutOff(err, part)
		}
	}
	return nil, fault.New(fault.NotFound, "the SEC has no such document")
}

// cutOff is the error of a submission that was too large, for those of its documents that it cut.
func cutOff(err error, p part) error {
	if p.ended {
		return nil
	}
	return err
}

// nameFor makes a name for a document that has no file: those of before 2001 stand in the whole submission alone.
func nameFor(accession filings.Accession, sequence int) string {
	return string(accession) + "." + strconv.Itoa(sequence) + ".txt"
}

// sequenceIn reads what nameFor wrote.
func sequenceIn(accession filings.Accession, name string) (int, bool) {
	text, ok := strings.CutPrefix(name, string(accession)+".")
	text, txt := strings.CutSuffix(text, ".txt")
	n, err := strconv.Atoi(text)
	return n, ok && txt && err == nil && n > 0 && strconv.Itoa(n) == text
}
