package filings_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestAListThatAWrongClockFetchedIsFetchedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		right := s.clock.Now()
		s.clock.Set(right.AddDate(0, 0, 2))
		s.list(filings.Filter{Company: "AAPL"})
		s.clock.Set(right)
		list, _ := s.list(filings.Filter{Company: "AAPL"})
		if n := s.asked("/data/submissions/CIK0000320193.json"); n != 2 || !list[0].FetchedAt.Equal(right) {
			t.Errorf("asked %d times, and the list is of %s, want it of %s", n, list[0].FetchedAt, right)
		}
		s.list(filings.Filter{Company: "AAPL"})
		if n := s.asked("/data/submissions/CIK0000320193.json"); n != 2 {
			t.Errorf("asked %d times, want the list to stand now", n)
		}
	})
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const apple = 320193

// site is the service on a database, beside a simulated EDGAR.
type site struct {
	*filings.Service
	t     *testing.T
	sim   *sim.Sim
	db    *db.DB
	jobs  *job.Queue
	clock *sim.Clock
	at    string // where EDGAR is
}

func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &site{t: t, db: d, clock: sim.NewClock(func() time.Time { return time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC) })}
		s.sim = sim.NewSim(sim.New(7, s.clock.Now))
		s.sim.EDGAR.Limit = -1
		s.jobs = job.New(job.Config{DB: d, Now: s.clock.Now, Log: slog.New(slog.DiscardHandler), Poll: 5 * time.Millisecond})
		server := httptest.NewServer(s.sim.Handler())
		t.Cleanup(server.Close)
		s.start(server.URL + "/edgar")
		test(t, s)
	})
}

// start makes the service anew, as another process would, with an EDGAR at an address.
func (s *site) start(at string) {
	s.t.Helper()
	s.at = at
	client, err := upstream.New(upstream.Config{
		Provider: "the SEC", Origins: []string{at[:strings.LastIndex(at, "/")]}, AllowPrivate: true, Retries: -1, SharedLimit: true,
		UserAgent: "Jaspers tests tests@jaspers.example", Now: s.clock.Now,
		Timeout: time.Minute, // the first search of the simulated archive reads all of it
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(client.HTTP().CloseIdleConnections)
	s.serve(edgar.New(edgar.Config{ArchiveURL: at + "/www", DataURL: at + "/data", SearchURL: at + "/efts"}, client))
}

func (s *site) serve(source filings.Source) {
	s.t.Helper()
	var err error
	if s.Service, err = filings.New(s.t.Context(), filings.Config{
		DB: s.db, Source: source, Jobs: s.jobs, Now: s.clock.Now, Log: slog.New(slog.DiscardHandler),
	}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) list(f filings.Filter) ([]filings.Listed, string) {
	s.t.Helper()
	if f.Limit == 0 {
		f.Limit = 200
	}
	list, next, warnings, err := s.List(s.t.Context(), f)
	if err != nil || len(warnings) > 0 {
		s.t.Fatalf("%+v: got %v, %v", f, warnings, err)
	}
	return list, next
}

// all are the filings of every page of a list.
func (s *site) all(f filings.Filter) []filings.Listed {
	s.t.Helper()
	var all []filings.Listed
	for {
		list, next := s.list(f)
		if all = append(all, list...); next == "" {
			return all
		}
		f.Cursor = next
	}
}

// asked is how often EDGAR was asked for what begins so.
func (s *site) asked(path string) int {
	n := 0
	for _, r := range s.sim.Requests() {
		if strings.HasPrefix(r.Path, path) {
			n += r.Count
		}
	}
	return n
}

// truth are the numbers of what a company filed by now, newest first, that a condition lets through.
func (s *site) truth(cik int, is func(form, filed string) bool) []string {
	c, _ := s.sim.World.Filings().Company(cik)
	all := []string{}
	for _, f := range c.Until(s.clock.Now()) {
		if is(f.Form, f.Filed.String()) {
			all = append(all, f.Accession)
		}
	}
	return all
}

func numbers(list []filings.Listed) []string {
	all := []string{}
	for _, f := range list {
		all = append(all, f.Accession)
	}
	return all
}

func TestAListIsAllThatWasEverFiledOnceInItsOrder(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		want := s.truth(apple, func(string, string) bool { return true })
		for _, limit := range []int{200, 7} {
			got := s.all(filings.Filter{Company: "AAPL", Limit: limit})
			if !slices.IsSortedFunc(got, func(a, b filings.Listed) int { return b.Filed.Compare(a.Filed) }) {
				t.Error("newer filings stand behind older ones")
			}
			have := numbers(got)
			slices.Sort(have)
			sorted := slices.Sorted(slices.Values(want))
			if diff := cmp.Diff(sorted, have); diff != "" {
				t.Errorf("with pages of %d (-want +got):\n%s", limit, diff)
			}
		}
		one, _ := s.list(filings.Filter{Company: "AAPL", Forms: []string{"10-K"}, Limit: 1})
		f := one[0]
		if f.CIK != "0000320193" || f.Company != "Apple Inc." || f.Source != "edgar" || f.Stale || !f.FetchedAt.Equal(s.clock.Now()) || f.Document == "" || f.Size == nil ||
			!strings.HasSuffix(f.URL, "/320193/"+strings.ReplaceAll(f.Accession, "-", "")+"/"+f.Accession+"-index.html") {
			t.Errorf("got %+v", f)
		}
		if n := s.asked("/data/submissions/"); n != 2 {
			t.Errorf("EDGAR was asked %d times, want once for the new and once for the old", n)
		}
	})
}

func TestFormsAreExactAndFamiliesAreLists(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for name, tc := range map[string]struct {
			filter filings.Filter
			is     func(form, filed string) bool
		}{
			"a form":             {filings.Filter{Forms: []string{"10-K"}}, func(form, _ string) bool { return form == "10-K" }},
			"small letters":      {filings.Filter{Forms: []string{" 10-q "}}, func(form, _ string) bool { return form == "10-Q" }},
			"several":            {filings.Filter{Forms: []string{"8-K", "4"}}, func(form, _ string) bool { return form == "8-K" || form == "4" }},
			"a family":           {filings.Filter{Forms: []string{"quarterly"}}, func(form, _ string) bool { return form == "10-Q" }},
			"with amendments":    {filings.Filter{Forms: []string{"10-K"}, Amendments: true}, func(form, _ string) bool { return form == "10-K" || form == "10-K/A" }},
			"an amendment alone": {filings.Filter{Forms: []string{"10-K/A"}}, func(form, _ string) bool { return form == "10-K/A" }},
			"nobody's form":      {filings.Filter{Forms: []string{"10-KT405"}}, func(string, string) bool { return false }},
			"days":               {filings.Filter{From: "2026-01-01", To: "2026-06-30"}, func(_, filed string) bool { return filed >= "2026-01-01" && filed <= "2026-06-30" }},
			"old days":           {filings.Filter{To: "2000-12-31"}, func(_, filed string) bool { return filed <= "2000-12-31" }},
		} {
			for _, cik := range []int{apple, 1067983, 59478} {
				tc.filter.Company = fmt.Sprint(cik)
				got := numbers(s.all(tc.filter))
				want := s.truth(cik, tc.is)
				slices.Sort(got)
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s of %d (-want +got):\n%s", name, cik, diff)
				}
			}
		}
		for field, f := range map[string]filings.Filter{
			"query.form": {Company: "AAPL", Forms: []string{"10-K;"}}, "query.from": {Company: "AAPL", From: "yesterday"}, "query.to": {Company: "AAPL", From: "2026-02-01", To: "2026-01-01"},
			"query.cursor": {Company: "AAPL", Cursor: "2026-01-01"}, "path.symbol": {Company: "no symbol!"},
		} {
			if _, _, _, err := s.List(t.Context(), f); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), field) {
				t.Errorf("%+v: got %v, want it to name %s", f, err, field)
			}
		}
	})
}

func TestACompanyIsFoundByEverySpelling(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for spelled, want := range map[string]filings.CIK{
			"BRK.B": 1067983, "BRK-B": 1067983, "brk/b": 1067983, "$BRK.B": 1067983, " aapl ": apple, "320193": apple, "0000320193": apple, "CIK0000320193": apple, "cik320193": apple,
		} {
			if c, err := s.Company(t.Context(), spelled, "path.symbol"); err != nil || c.CIK != want {
				t.Errorf("%s: got %s, %v, want %s", spelled, c.CIK, err, want)
			}
		}
		for spelled, kind := range map[string]fault.Kind{"NOSUCH": fault.UnknownSymbol, "VOD.L": fault.UnknownSymbol, "0": fault.Invalid, "12345678901": fault.Invalid, "": fault.Invalid, "A B": fault.Invalid, "../x": fault.Invalid} {
			if _, err := s.Company(t.Context(), spelled, "path.symbol"); !fault.Is(err, kind) {
				t.Errorf("%q: got %v, want %s", spelled, err, kind)
			}
		}
		if n := s.asked("/www/files/"); n != 1 {
			t.Errorf("the list was fetched %d times, want once: nothing new can be in it so soon", n)
		}
		if _, _, _, err := s.List(t.Context(), filings.Filter{Company: "9999999998", Limit: 1}); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want that nobody files under this number", err)
		}
		s.clock.Advance(11 * time.Minute)
		for range 3 {
			_, _ = s.Company(t.Context(), "NOSUCH", "")
		}
		if n := s.asked("/www/files/"); n != 2 {
			t.Errorf("the list was fetched %d times, want once more for what it lacks", n)
		}
	})
}

func TestAListStandsForMinutesAndIsServedStaleWhenTheSECIsDown(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		first, _ := s.list(filings.Filter{Company: "AAPL", Limit: 5})
		s.clock.Advance(4 * time.Minute)
		s.list(filings.Filter{Company: "AAPL", Limit: 5})
		if n := s.asked("/data/"); n != 1 {
			t.Errorf("EDGAR was asked %d times, want once in five minutes", n)
		}
		s.clock.Advance(2 * time.Hour)
		s.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError})
		s.start(s.at) // nothing is in memory
		list, _, warnings, err := s.List(t.Context(), filings.Filter{Company: "AAPL", Limit: 5})
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "2h4m") || !slices.Equal(numbers(list), numbers(first)) || !list[0].Stale || !list[0].FetchedAt.Equal(first[0].FetchedAt) {
			t.Errorf("got %d, %v, %v, want the same as before, stale", len(list), warnings, err)
		}
		_, _, warnings, err = s.List(t.Context(), filings.Filter{Company: "AAPL", Limit: 50, To: "2000-12-31"})
		if err != nil || len(warnings) != 2 {
			t.Errorf("got %v, %v, want to hear that older ones may be missing", warnings, err)
		}
		if _, _, _, err := s.List(t.Context(), filings.Filter{Company: "MSFT", Limit: 5}); !fault.Is(err, fault.UpstreamDown) {
			t.Errorf("of whom nothing is known: got %v, want %s", err, fault.UpstreamDown)
		}
		s.sim.Faults.Clear(sim.ProviderEDGAR)
		s.clock.Advance(time.Minute)
		s.start(s.at)
		if again, _ := s.list(filings.Filter{Company: "AAPL", Limit: 5}); again[0].Stale || !again[0].FetchedAt.Equal(s.clock.Now()) {
			t.Errorf("when it is well again: got %+v", again[0])
		}
	})
}

func TestTheListOfCompaniesIsFetchedOnceADay(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Register()
		due := func() {
			t.Helper()
			if err := s.db.Tx(t.Context(), func(tx *sql.Tx) error { return s.Due(t.Context(), tx, s.clock.Now()) }); err != nil {
				t.Fatal(err)
			}
		}
		jobs := func() (n int) {
			t.Helper()
			if err := s.db.Read().QueryRowContext(t.Context(), "select count(*) from jobs where kind = 'refresh_companies'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		due()
		due()
		if jobs() != 1 {
			t.Errorf("got %d jobs, want one while it waits", jobs())
		}
		if _, err := s.Company(t.Context(), "AAPL", ""); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(23 * time.Hour)
		if due(); jobs() != 1 {
			t.Errorf("got %d jobs, want none for a list of today", jobs())
		}
		s.serve(nil)
		s.clock.Advance(23 * time.Hour)
		if due(); jobs() != 1 {
			t.Errorf("got %d jobs, want none without a source", jobs())
		}
	})
}

func TestNobodyWaitsLongForANewerListWhereThereIsOne(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		first, _ := s.list(filings.Filter{Company: "AAPL", Limit: 5})
		s.clock.Advance(time.Hour)
		s.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultLatency, Delay: time.Hour})
		list, _, warnings, err := s.List(t.Context(), filings.Filter{Company: "AAPL", Limit: 5})
		if err != nil || len(warnings) != 1 || !slices.Equal(numbers(list), numbers(first)) || !list[0].Stale {
			t.Errorf("got %d, %v, %v, want the list of before, stale", len(list), warnings, err)
		}
		s.sim.Faults.Clear(sim.ProviderEDGAR) // and what was asked meanwhile comes
		for range 500 {
			list, _, _, err := s.List(t.Context(), filings.Filter{Company: "AAPL", Limit: 5})
			if err != nil {
				t.Fatal(err)
			}
			if !list[0].Stale {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Error("the newer list never came")
	})
}

// pages is an EDGAR of a test's own making.
type pages struct {
	mu     sync.Mutex
	byPath map[string]string
}

func (p *pages) set(path, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byPath[path] = text
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	text, ok := p.byPath[strings.TrimPrefix(r.URL.Path, "/edgar")]
	p.mu.Unlock()
	if !ok {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write([]byte(text))
}

func (s *site) ownEDGAR() *pages {
	p := &pages{byPath: map[string]string{}}
	server := httptest.NewServer(p)
	s.t.Cleanup(server.Close)
	s.start(server.URL + "/edgar")
	return p
}

func TestAListThatLostMostOfItsCompaniesIsNotBelieved(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		p := s.ownEDGAR()
		const list = "/www/files/company_tickers.json"
		p.set(list, `{"0":{"cik_str":1,"ticker":"AA","title":"A"},"1":{"cik_str":2,"ticker":"BB","title":"B"},"2":{"cik_str":3,"ticker":"CC","title":"C"}}`)
		knows := func(ticker string, want filings.CIK) {
			t.Helper()
			c, err := s.Company(t.Context(), ticker, "")
			if want == 0 && !fault.Is(err, fault.UnknownSymbol) || want != 0 && (err != nil || c.CIK != want) {
				t.Errorf("%s: got %s, %v, want %d", ticker, c.CIK, err, want)
			}
		}
		again := func() { // somebody asks for what is not there
			s.clock.Advance(time.Hour)
			knows("ZZ", 0)
		}
		knows("CC", 3)
		p.set(list, `{"0":{"cik_str":1,"ticker":"AA","title":"A"}}`)
		again()
		knows("CC", 3)
		p.set(list, `{"0":{"cik_str":9,"ticker":"AA","title":"A new one"},"1":{"cik_str":2,"ticker":"BB","title":"B"}}`)
		again()
		knows("CC", 0)
		knows("AA", 9)
	})
}

// submissions is a filer with older pages, each with one filing of a year, the oldest on a form of its own.
func (p *pages) submissions(years int) {
	var older []string
	for i := range years {
		year, form := 2020-i, "10-Q"
		if i == years-1 {
			form = "10-KT"
		}
		name := fmt.Sprintf("CIK0000000042-submissions-%03d.json", i+1)
		p.set("/data/submissions/"+name, row(fmt.Sprintf("0000000042-%02d-000001", year%100), fmt.Sprintf("%d-05-01", year), form))
		older = append(older, fmt.Sprintf(`{"name":%q,"filingCount":1,"filingFrom":"%d-01-01","filingTo":"%d-12-31"}`, name, year, year))
	}
	p.set("/data/submissions/CIK0000000042.json", `{"cik":"0000000042","name":"X","tickers":[],"filings":{"recent":`+
		row("0000000042-21-000001", "2021-05-01", "8-K")+`,"files":[`+strings.Join(older, ",")+`]}}`)
}

func row(number, filed, form string) string {
	return fmt.Sprintf(`{"accessionNumber":[%q],"filingDate":[%q],"reportDate":[""],"form":[%q],"items":[""],"size":[1],"isXBRL":[0],"primaryDocument":["a.htm"],"primaryDocDescription":[""]}`,
		number, filed, form)
}

func TestAListThatReachesFarBackIsReadInSteps(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.ownEDGAR().submissions(20)
		f, steps := filings.Filter{Company: "42", Forms: []string{"10-KT"}, Limit: 10}, 0
		for {
			list, next := s.list(f)
			if steps++; len(list) > 0 {
				if list[0].Accession != "0000000042-01-000001" || next != "" {
					t.Errorf("got %s and the cursor %q, want the oldest filing at the end", list[0].Accession, next)
				}
				break
			}
			if f.Cursor = next; next == "" || steps > 20 {
				t.Fatalf("got nothing after %d steps", steps)
			}
		}
		if steps < 4 {
			t.Errorf("got it in %d steps, want no request to fetch more than a few pages", steps)
		}
		if got := s.all(filings.Filter{Company: "42", Limit: 3}); len(got) != 21 {
			t.Errorf("got %d filings, want 21", len(got))
		}
	})
}

func TestWithoutASourceEveryQuestionSaysWhatToSet(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.serve(nil)
		_, _, _, err1 := s.List(t.Context(), filings.Filter{Company: "AAPL", Limit: 1})
		_, _, _, err2 := s.Find(t.Context(), filings.Search{Text: "x", Limit: 1})
		for _, err := range []error{err1, err2} {
			if !fault.Is(err, fault.FilingsNotConfigured) || !strings.Contains(err.Error(), "JASPERS_EDGAR_USER_AGENT") {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestNumbersAreReadInEitherSpelling(t *testing.T) {
	for text, want := range map[string]filings.Accession{
		"0000320193-24-000123": "0000320193-24-000123", "000032019324000123": "0000320193-24-000123",
		"0000320193-24000123": "", "000032019324-000123": "", "320193-24-000123": "", "": "", "0000320193-24-00012x": "", "0000320193-24-0001234": "", "00003201932400012": "",
	} {
		if got, err := filings.ParseAccession(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]filings.CIK{"320193": 320193, "0000320193": 320193, "9999999999": 9999999999, "0": 0, "": 0, "-1": 0, "+1": 0, "1e3": 0, "00000320193": 0, "١": 0} {
		if got, err := filings.ParseCIK(text); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	if got := filings.CIK(320193).String(); got != "0000320193" {
		t.Errorf("got %s", got)
	}
}
