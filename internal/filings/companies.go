package filings

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
)

const (
	// companiesFresh is how long the list of companies stands, which the SEC makes once a day.
	companiesFresh = 24 * time.Hour
	// againFor is how long nobody has the list fetched again for a symbol that is not in it.
	againFor = 10 * time.Minute
	// companies names the list among what was fetched.
	companies = "companies"
)

// Refresh is the job of fetching the list of companies.
type Refresh struct{}

// Kind names the job.
func (Refresh) Kind() string { return "refresh_companies" }

// Register has the queue do the service's jobs.
func (s *Service) Register() {
	job.Handle(s.Jobs, func(ctx context.Context, _ Refresh) error { return s.refreshCompanies(ctx) })
}

// Due is a period's work, to be called every hour: a job when the list of companies is a day old or not there.
func (s *Service) Due(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	if s.Source == nil {
		return nil
	}
	at, err := fetchedAt(ctx, tx, companies)
	if err != nil || stands(at, companiesFresh, slot) {
		return err
	}
	_, err = s.Jobs.Add(ctx, tx, Refresh{}, job.Unique("all"), job.Attempts(3))
	return err
}

// shrunk is how much of the list may be gone at once before it is not believed.
const shrunk = 2

// refreshCompanies fetches the list of companies and puts it in the place of the old one.
func (s *Service) refreshCompanies(ctx context.Context) error {
	list, err := s.Source.Companies(ctx)
	if err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		known, err := loadTickers(ctx, tx)
		if err != nil {
			return err
		}
		if len(list)*shrunk < len(known) {
			return fault.New(fault.UpstreamFailed, "the SEC's list of companies has lost most of them; the old one stays")
		}
		return storeTickers(ctx, tx, known, list, now)
	})
}

// CompanyRule says how to name a company to somebody who did not.
const CompanyRule = "must be a symbol such as AAPL or BRK.B, or a CIK such as 0000320193"

var (
	cikForm    = regexp.MustCompile(`^(?i:CIK)?(\d{1,10})$`)
	tickerForm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{0,14}$`)
)

// Company finds who is meant by a symbol or a CIK. What can be neither is an Invalid of the path; an UnknownSymbol says that the SEC knows no such symbol; whether it
// knows a CIK nobody has asked.
func (s *Service) Company(ctx context.Context, text, path string) (Company, error) {
	text = strings.TrimSpace(text)
	if m := cikForm.FindStringSubmatch(text); m != nil {
		cik, err := ParseCIK(m[1])
		if err != nil {
			return Company{}, fault.InvalidField(path, CompanyRule)
		}
		return Company{CIK: cik}, nil
	}
	ticker := strings.NewReplacer(".", "-", "/", "-").Replace(strings.ToUpper(strings.TrimPrefix(text, "$")))
	if !tickerForm.MatchString(ticker) || isDigits(ticker) {
		return Company{}, fault.InvalidField(path, CompanyRule)
	}
	found, ok, err := findTicker(ctx, s.DB.Read(), ticker)
	if err != nil || ok {
		return found, err
	}
	if err := s.lookAgain(ctx); err != nil {
		return Company{}, err
	}
	found, ok, err = findTicker(ctx, s.DB.Read(), ticker)
	if err == nil && !ok {
		err = fault.New(fault.UnknownSymbol, "the SEC knows no company of this symbol; its CIK finds one without a symbol, too")
	}
	return found, err
}

// IsCIK tells whether Company takes a text for the number of a filer, which is no symbol of anything that is traded.
func IsCIK(text string) bool { return cikForm.MatchString(strings.TrimSpace(text)) }

var (
	// beside matches what is traded beside a company's stock: preferred stock, warrants, rights and units.
	beside = regexp.MustCompile(`-[PWRU][A-Z]*$`)
	// class matches the letter of a class of stock, as in BRK-A and HEI-A.
	class = regexp.MustCompile(`-[A-Z]$`)
)

// IsCommon tells whether what a company files per share is per share of what its symbol stands for. The SEC's list has
// everything of a filer that is traded, preferred stock and notes among it, and does not say which is what; but the stock
// comes first. Where there are several classes by their letters, as of Berkshire, what is filed may be of either.
func (s *Service) IsCommon(ctx context.Context, c Company) (bool, error) {
	all, err := tickersOf(ctx, s.DB.Read(), c.CIK)
	if err != nil {
		return false, err
	}
	all = slices.DeleteFunc(all, beside.MatchString)
	if len(all) == 0 || all[0] != c.Ticker {
		return false, nil
	}
	return !slices.ContainsFunc(all[1:], func(other string) bool {
		return class.ReplaceAllString(other, "") == class.ReplaceAllString(c.Ticker, "")
	}), nil
}

// lookAgain fetches the list of companies for a symbol that is not in it, unless that was done lately. That it cannot be
// had is an error only when there is none.
func (s *Service) lookAgain(ctx context.Context) error {
	at, err := fetchedAt(ctx, s.DB.Read(), companies)
	if err != nil {
		return err
	}
	now := s.Now()
	s.mu.Lock()
	lately := now.Before(s.askedAgain.Add(againFor)) || stands(at, againFor, now)
	if !at.IsZero() && !lately {
		s.askedAgain = now
	}
	s.mu.Unlock()
	if !at.IsZero() && lately {
		return nil
	}
	err = s.once(ctx, companies, s.refreshCompanies)
	if err != nil && !at.IsZero() && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "the list of companies cannot be fetched", "error", err)
		return nil
	}
	return err
}

// Companies is the SEC's list, the largest company first, and when it was fetched; zero where it never was. Who knows the
// list that was fetched then gets none.
func (s *Service) Companies(ctx context.Context, known time.Time) (list []Company, fetched time.Time, err error) {
	fetched, err = fetchedAt(ctx, s.DB.Read(), companies)
	if err != nil || fetched.Equal(known) {
		return nil, fetched, err
	}
	list, err = listTickers(ctx, s.DB.Read())
	return list, fetched, err
}
