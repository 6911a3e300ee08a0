package library_test

import (
	"context"
	"database/sql"
	"log/slog"
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
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/library"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// house is the service on a database, beside a simulated EDGAR.
type house struct {
	*library.Service
	t     *testing.T
	sim   *sim.Sim
	clock *sim.Clock
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := &house{t: t, clock: sim.NewClock(func() time.Time { return time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC) })}
		h.sim = sim.NewSim(sim.New(7, h.clock.Now))
		h.sim.EDGAR.Limit = -1
		server := httptest.NewServer(h.sim.Handler())
		t.Cleanup(server.Close)
		client, err := upstream.New(upstream.Config{
			Provider: "the SEC", Origins: []string{server.URL}, AllowPrivate: true, Retries: -1, SharedLimit: true, MaxBody: edgar.MaxBody,
			UserAgent: "Jaspers tests tests@jaspers.example", Now: h.clock.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.HTTP().CloseIdleConnections)
		base := server.URL + "/edgar"
		h.build(d, edgar.New(edgar.Config{ArchiveURL: base + "/www", DataURL: base + "/data", SearchURL: base + "/efts"}, client))
		test(t, h)
	})
}

// build makes the services anew, as another process would.
func (h *house) build(d *db.DB, source filings.Source) {
	h.t.Helper()
	log := slog.New(slog.DiscardHandler)
	jobs := job.New(job.Config{
		DB: d, Now: h.clock.Now, Log: log, Poll: 5 * time.Millisecond, Lanes: map[string]int{library.Lane: 1, library.AheadLane: 1},
	})
	known, err := filings.New(h.t.Context(), filings.Config{DB: d, Source: source, Jobs: jobs, Now: h.clock.Now, Log: log})
	if err != nil {
		h.t.Fatal(err)
	}
	s := &library.Service{DB: d, Filings: known, Passages: &passages.Service{DB: d, Now: h.clock.Now}, Jobs: jobs, Now: h.clock.Now, PerDay: 100}
	s.Documents = documents.New(h.t.Context(), documents.Config{DB: d, Filings: known, Now: h.clock.Now, OnKept: s.Kept})
	s.Register()
	h.Service = s
}

// work has all jobs done that wait.
func (h *house) work() {
	h.t.Helper()
	ctx, stop := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.Jobs.Run(ctx) })
	defer running.Wait()
	defer stop()
	for range 12_000 {
		if h.count("select count(*) from jobs where state in ('queued', 'running')") == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Fatal("jobs stay open")
}

func (h *house) count(query string, args ...any) (n int) {
	h.t.Helper()
	if err := h.DB.Read().QueryRowContext(h.t.Context(), query, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) tx(do func(ctx context.Context, tx *sql.Tx) error) {
	h.t.Helper()
	if err := h.DB.Tx(h.t.Context(), func(tx *sql.Tx) error { return do(h.t.Context(), tx) }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) exec(query string, args ...any) {
	h.t.Helper()
	h.tx(func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

// newest is the number of a company's newest filing on a form.
func (h *house) newest(company, form string) string {
	h.t.Helper()
	list, _, _, err := h.Filings.List(h.t.Context(), filings.Filter{Company: company, Forms: []string{form}, Limit: 1})
	if err != nil || len(list) != 1 {
		h.t.Fatalf("got %d filings, %v", len(list), err)
	}
	return list[0].Accession
}

func (h *house) read(ask documents.Ask) documents.Filing {
	h.t.Helper()
	ask.Limit = 1_000_000
	f, _, _, err := h.Documents.Read(h.t.Context(), ask)
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

func (h *house) search(q passages.Query) []passages.Hit {
	h.t.Helper()
	q.Limit = 50
	hits, err := h.Passages.Search(h.t.Context(), q)
	if err != nil {
		h.t.Fatal(err)
	}
	return hits
}

// asked is how often EDGAR was asked.
func (h *house) asked() int { return h.sim.Traffic(sim.ProviderEDGAR).Requests }

func TestWhatWasReadIsFoundByItsWordsAtItsPlace(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		number := h.newest("AAPL", "10-K")
		risks := h.read(documents.Ask{Accession: number, Section: "1A"}).Passage
		if hits := h.search(passages.Query{Text: risks.Text[:400]}); len(hits) != 0 {
			t.Errorf("got %d passages before the job, want the reader not to have waited for it", len(hits))
		}
		h.work()
		whole := h.read(documents.Ask{Accession: number, Document: risks.Document}).Passage
		text := []rune(whole.Text)
		hits := h.search(passages.Query{Text: risks.Text[:400]})
		if len(hits) == 0 || hits[0].Section != "1A" {
			t.Fatalf("got %d passages, want the risk factors first", len(hits))
		}
		in := h.search(passages.Query{Text: risks.Text, Sections: []string{"1A"}, CIKs: []int64{320193}, Forms: []string{"10-K"}})
		if len(in) < 2 {
			t.Errorf("got %d passages of the risk factors", len(in))
		}
		for _, hit := range slices.Concat(hits, in) {
			if hit.Text != whole.Text[hit.Start:hit.End] || hit.Text != string(text[hit.StartChar:hit.EndChar]) || hit.SHA256 != hash(hit.Text) {
				t.Errorf("got another text than the document has from %d to %d: %.100q", hit.Start, hit.End, hit.Text)
			}
			if hit.Accession != number || hit.Document != whole.Document {
				t.Errorf("got a passage of %s in %s", hit.Document, hit.Accession)
			}
			if inside := hit.StartChar >= risks.Start && hit.EndChar <= risks.Until; inside != (hit.Section == "1A") {
				t.Errorf("got section %q from %d to %d, where 1A is from %d to %d", hit.Section, hit.StartChar, hit.EndChar, risks.Start, risks.Until)
			}
		}
	})
}

func TestAnAnnualReportToShareholdersHasTheItemsThatReferToIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		number := h.newest("JPM", "10-K")
		review := h.read(documents.Ask{Accession: number, Section: "7"}).Passage
		h.work()
		hits := h.search(passages.Query{Text: review.Text, Accession: number, Document: review.Document, Sections: []string{"7"}})
		if len(hits) == 0 {
			t.Fatalf("got nothing of item 7 in %s", review.Document)
		}
		for _, hit := range hits {
			if hit.StartChar < review.Start || hit.EndChar > review.Until {
				t.Errorf("got a passage from %d to %d, want it from %d to %d", hit.StartChar, hit.EndChar, review.Start, review.Until)
			}
		}
	})
}

func TestADocumentIsDividedOnceHoweverOftenItIsRead(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		number := h.newest("MSFT", "10-K")
		for range 3 {
			h.read(documents.Ask{Accession: number, Section: "1A"})
			h.work()
		}
		if n := h.count("select count(*) from jobs where kind = 'divide_filing'"); n != 1 {
			t.Errorf("got %d jobs, want one", n)
		}
		document := h.read(documents.Ask{Accession: number}).Document
		all, at := h.count("select count(*) from passages"), h.indexedAt()
		h.clock.Advance(time.Hour)
		if err := h.Divide(t.Context(), library.Divide{Accession: number, Document: document}); err != nil {
			t.Fatal(err)
		}
		h.tx(func(ctx context.Context, tx *sql.Tx) error { return h.CatchUp(ctx, tx, h.clock.Now()) })
		h.work()
		if got := h.count("select count(*) from passages"); got != all || h.indexedAt() != at {
			t.Errorf("got %d passages, want the %d from before untouched", got, all)
		}
	})
}

func (h *house) indexedAt() string {
	h.t.Helper()
	var at time.Time
	if err := h.DB.Read().QueryRowContext(h.t.Context(), "select indexed_at from passage_documents").Scan(&at); err != nil {
		h.t.Fatal(err)
	}
	return at.String()
}

func TestWhatAnEarlierReaderMadeIsDividedAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		number := h.newest("AAPL", "10-K")
		risks := h.read(documents.Ask{Accession: number, Section: "1A"}).Passage
		h.work()
		in := passages.Query{Text: risks.Text, Accession: number, Sections: []string{"1A"}}
		want := h.search(in)
		// As an earlier reader would have left it, which found no item.
		h.exec("update edgar_filing_cache set reader = 0, sections = '[]' where name <> ''")
		h.exec("update passage_documents set splitter = $1", passages.Rules(documents.Reader-1))
		h.exec("update passages set section = ''")
		h.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError})
		h.tx(func(ctx context.Context, tx *sql.Tx) error { return h.CatchUp(ctx, tx, h.clock.Now()) })
		h.work()
		if diff := cmp.Diff(want, h.search(in)); diff != "" || len(want) == 0 {
			t.Errorf("got %d passages before; it is found otherwise (-before +again):\n%s", len(want), diff)
		}
		if n := h.count("select count(*) from passages where section = '7'"); n == 0 {
			t.Error("got no passage of item 7, want all of it divided again")
		}
	})
}

func TestWhatIsKeptAndWasNeverDividedIs(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		number := h.newest("AAPL", "10-Q")
		risks := h.read(documents.Ask{Accession: number, Section: "II.1A"}).Passage
		h.exec("delete from jobs")
		h.tx(func(ctx context.Context, tx *sql.Tx) error { return h.CatchUp(ctx, tx, h.clock.Now()) })
		h.work()
		if hits := h.search(passages.Query{Text: risks.Text, Sections: []string{"II.1A"}}); len(hits) == 0 {
			t.Error("got no passage of the risk factors")
		}
	})
}

func TestADocumentThatCannotBeDividedIsGivenUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		number := h.newest("AAPL", "8-K")
		h.read(documents.Ask{Accession: number})
		h.exec("delete from jobs")
		h.tx(func(ctx context.Context, tx *sql.Tx) error {
			return h.Kept(ctx, tx, filings.Accession(number), "nosuch.htm")
		})
		h.work()
		if n := h.count("select count(*) from jobs where state = 'dead' and attempt = 1"); n != 1 {
			t.Errorf("got %d dead jobs after one try, want one", n)
		}
		if strings.Contains(h.Filings.Source.DocumentURL(320193, filings.Accession(number), ""), "sec.gov") {
			t.Error("the SEC itself was asked")
		}
	})
}
