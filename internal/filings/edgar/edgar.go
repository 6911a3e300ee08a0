// Package edgar reads what was filed with the SEC from EDGAR, its public archive, which wants to know who asks.
package edgar

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// Where EDGAR lives.
const (
	DefaultArchiveURL = "https://www.sec.gov"
	DefaultDataURL    = "https://data.sec.gov"
	DefaultSearchURL  = "https://efts.sec.gov"
	// Rate is how much of the SEC's ten requests a second, counted over all hosts and processes together, is used.
	Rate = 8
	// Retries is how often a request that failed is sent again.
	Retries = 1
	// Timeout is how long EDGAR may take: it is slow at times, and its documents are large.
	Timeout = 30 * time.Second
	// MaxBody is how much of a document is read: the largest annual reports have some megabytes.
	MaxBody = 20 << 20
	// ban is how long the SEC keeps out whom it found to ask too much; asking goes on the ban.
	ban = 10 * time.Minute
)

// Config says where EDGAR is: the default addresses, or a simulator's.
type Config struct{ ArchiveURL, DataURL, SearchURL string }

// Source answers from EDGAR. It is safe for concurrent use.
type Source struct {
	cfg    Config
	client *upstream.Client
}

// New makes a source that calls the configured addresses through client, which must allow their hosts, declare who asks in
// its User-Agent, and have a Pace of Rate, Retries, Timeout, MaxBody and SharedLimit set. All hosts count requests together,
// so it has to be one client.
func New(cfg Config, client *upstream.Client) *Source { return &Source{cfg, client} }

// missing is what the SEC's store answers for what it has not: 404 at one host, 403 at the other.
var missing = [][]byte{[]byte("<Code>NoSuchKey</Code>"), []byte("<Code>AccessDenied</Code>")}

// get asks for what can be there or not. NotFound says that it is not, in the words of what it is ("filing of this
// number"). An answer that is too large comes with its error, as from upstream.
func (s *Source) get(ctx context.Context, url, endpoint, what string) (*upstream.Answer, error) {
	answer, err := s.client.Do(ctx, upstream.Request{Method: http.MethodGet, URL: url, Endpoint: endpoint})
	if answer == nil {
		return nil, err
	}
	if refused := s.refusal(ctx, answer, what); refused != nil {
		return nil, refused
	}
	if errors.Is(err, upstream.ErrTooLarge) {
		return answer, fault.Wrap(fault.FilingTooLarge, err, "this %s is larger than is read of one", what)
	}
	return answer, err
}

// refusal is the error of an answer that is not what was asked for. EDGAR says most things with 403: they are told apart
// by what stands in the page.
func (s *Source) refusal(ctx context.Context, a *upstream.Answer, what string) error {
	if a.OK() {
		return nil
	}
	switch {
	case a.Status == http.StatusForbidden && isXML(a), a.Status == http.StatusNotFound:
		return fault.New(fault.NotFound, "the SEC has no such %s", what)
	case a.Status == http.StatusTooManyRequests, // in the place of the page, at times
		a.Status == http.StatusForbidden && bytes.Contains(a.Body, []byte("Request Rate Threshold Exceeded")):
		s.client.LeaveAlone(ctx, ban)
		return a.Useless(fault.New(fault.UpstreamDown, "the SEC takes no more requests from here for ten minutes; try again then").WithRetryAfter(ban))
	case a.Status != http.StatusForbidden:
		return a.Fault("the " + what)
	case bytes.Contains(a.Body, []byte("Undeclared Automated Tool")):
		return a.Useless(fault.New(fault.FilingsNotConfigured,
			`the SEC does not accept how this server introduces itself: set JASPERS_EDGAR_USER_AGENT to a name and an address such as "Name contact@example.com"`))
	}
	return a.Useless(fault.New(fault.UpstreamDown, "the SEC lets nobody in from this server's address; try again later"))
}

func isXML(a *upstream.Answer) bool {
	for _, code := range missing {
		if bytes.Contains(a.Body, code) {
			return true
		}
	}
	return strings.Contains(a.Header.Get("Content-Type"), "xml")
}

// unreadable is the error of an answer that is there and says nothing.
func unreadable(what string) error {
	return fault.New(fault.UpstreamFailed, "the SEC's answer holds no %s; try again later", what)
}

// probed is the company whose list of filings is asked for to see how EDGAR is.
const probed filings.CIK = 320193

// Probe asks whether EDGAR answers: for the latest filings of one company, the smallest thing that has a form to be held to.
func (s *Source) Probe(ctx context.Context) error {
	_, err := s.Filer(ctx, probed)
	return err
}

// Facts gives companyfacts as EDGAR has it. Its 404 says the same of a company without figures and of none at all, so the
// filer is asked for, too.
func (s *Source) Facts(ctx context.Context, cik filings.CIK) ([]byte, error) {
	answer, err := s.get(ctx, s.cfg.DataURL+"/api/xbrl/companyfacts/CIK"+cik.String()+".json", "GET companyfacts", "figures of a company")
	if fault.Is(err, fault.NotFound) {
		if _, err := s.Filer(ctx, cik); err != nil {
			return nil, err
		}
		return nil, filings.ErrNoFacts
	}
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}
