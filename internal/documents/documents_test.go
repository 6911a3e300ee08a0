package documents_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is the service on a database, beside a simulated EDGAR.
type site struct {
	*documents.Service
	t       *testing.T
	sim     *sim.Sim
	db      *db.DB
	clock   *sim.Clock
	filings *filings.Service
}

func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	eachWith(t, func(*upstream.Config) {}, test)
}

func eachWith(t *testing.T, change func(*upstream.Config), test func(t *testing.T, s *site)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newSite(t, d, change)) })
}

func newSite(t *testing.T, d *db.DB, change func(*upstream.Config)) *site {
	t.Helper()
	s := &site{t: t, db: d, clock: sim.NewClock(func() time.Time { return time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC) })}
	s.sim = sim.NewSim(sim.New(7, s.clock.Now))
	s.sim.EDGAR.Limit = -1
	server := httptest.NewServer(s.sim.Handler())
	t.Cleanup(server.Close)
	cfg := upstream.Config{
		Provider: "the SEC", Origins: []string{server.URL}, AllowPrivate: true, Retries: -1, SharedLimit: true, MaxBody: edgar.MaxBody,
		UserAgent: "Jaspers tests tests@jaspers.example", Now: s.clock.Now,
	}
	change(&cfg)
	client, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	base := server.URL + "/edgar"
	s.start(edgar.New(edgar.Config{ArchiveURL: base + "/www", DataURL: base + "/data", SearchURL: base + "/efts"}, client))
	return s
}

// start makes the services anew, as another process would.
func (s *site) start(source filings.Source) {
	s.t.Helper()
	var err error
	s.filings, err = filings.New(s.t.Context(), filings.Config{DB: s.db, Source: source, Now: s.clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.Service = documents.New(s.t.Context(), documents.Config{DB: s.db, Filings: s.filings, Now: s.clock.Now})
}

// newest is the number of a company's newest filing on a form.
func (s *site) newest(company, form string) string {
	s.t.Helper()
	list, _, _, err := s.filings.List(s.t.Context(), filings.Filter{Company: company, Forms: []string{form}, Limit: 1})
	if err != nil || len(list) != 1 {
		s.t.Fatalf("got %d filings, %v", len(list), err)
	}
	return list[0].Accession
}

func (s *site) read(ask documents.Ask) (documents.Filing, string) {
	s.t.Helper()
	if ask.Limit == 0 {
		ask.Limit = 200_000
	}
	f, next, warnings, err := s.Read(s.t.Context(), ask)
	if err != nil || len(warnings) > 0 {
		s.t.Fatalf("%+v: got %v, %v", ask, warnings, err)
	}
	return f, next
}

func (s *site) fails(ask documents.Ask, kind fault.Kind, words string) {
	s.t.Helper()
	ask.Limit = 1000
	if _, _, _, err := s.Read(s.t.Context(), ask); !fault.Is(err, kind) || !strings.Contains(err.Error(), words) {
		s.t.Errorf("%+v: got %v, want %s with %q", ask, err, kind, words)
	}
}

// asked is how often EDGAR was asked.
func (s *site) asked() int {
	n := 0
	for _, r := range s.sim.Requests() {
		n += r.Count
	}
	return n
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func keys(f documents.Filing) []string {
	var all []string
	for _, one := range f.Sections {
		all = append(all, one.Key)
	}
	return all
}

func TestASectionIsAPlaceInTheTextOfItsDocument(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("AAPL", "10-K")
		f, _ := s.read(documents.Ask{Accession: number})
		want := []string{"1", "1A", "1B", "1C", "2", "3", "4", "5", "6", "7", "7A", "8", "9", "9A", "9B", "9C", "10", "11", "12", "13", "14", "15", "16"}
		if diff := cmp.Diff(want, keys(f)); diff != "" || f.Passage != nil || f.Form != "10-K" || f.Company != "Apple Inc." || f.CIK != "0000320193" {
			t.Errorf("got %s of %s (%s), sections (-want +got):\n%s", f.Form, f.Company, f.CIK, diff)
		}
		whole, _ := s.read(documents.Ask{Accession: number, Document: f.Document})
		text := []rune(whole.Passage.Text)
		if whole.Passage.Start != 0 || whole.Passage.End != len(text) || whole.Passage.Until != len(text) || whole.Passage.Section != "" {
			t.Errorf("got the document from %d to %d of %d, want all %d", whole.Passage.Start, whole.Passage.End, whole.Passage.Until, len(text))
		}
		statuses := map[string]int{}
		for _, one := range f.Sections {
			got, _ := s.read(documents.Ask{Accession: strings.ReplaceAll(number, "-", ""), Section: one.Key})
			p := got.Passage
			if p.Start != *one.Start || p.End != *one.End || p.Document != f.Document || p.Section != one.Key {
				t.Errorf("%s: got %s of %s from %d to %d, want it from %d to %d", one.Key, p.Section, p.Document, p.Start, p.End, *one.Start, *one.End)
			}
			if p.Text != string(text[p.Start:p.End]) || p.SHA256 != hash(p.Text) {
				t.Errorf("%s: got another text than stands at its place", one.Key)
			}
			if !strings.HasPrefix(p.URL, s.filings.Source.DocumentURL(320193, filings.Accession(number), f.Document)) {
				t.Errorf("%s: got the address %s", one.Key, p.URL)
			}
			statuses[one.Status]++
		}
		if statuses["present"] < 8 || statuses["nothing"] < 2 || statuses["incorporated"] < 4 {
			t.Errorf("got the statuses %v", statuses)
		}
	})
}

func TestALongTextComesInPiecesThatAddUpToIt(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("AAPL", "10-K")
		whole, _ := s.read(documents.Ask{Accession: number, Section: "1A"})
		text, cursor, pieces := "", "", 0
		for {
			f, next := s.read(documents.Ask{Accession: number, Section: "1A", Limit: 500, Cursor: cursor})
			p := f.Passage
			if utf8.RuneCountInString(p.Text) > 500 || p.End-p.Start != utf8.RuneCountInString(p.Text) || p.Until != whole.Passage.Until || p.SHA256 != hash(p.Text) {
				t.Errorf("got %d characters from %d to %d of %d", utf8.RuneCountInString(p.Text), p.Start, p.End, p.Until)
			}
			text += p.Text
			if pieces++; next == "" {
				break
			}
			if next != strconv.Itoa(p.End) {
				t.Fatalf("got the cursor %s behind %d", next, p.End)
			}
			cursor = next
		}
		if text != whole.Passage.Text || pieces < 3 {
			t.Errorf("%d pieces are %d bytes, want the %d of the section", pieces, len(text), len(whole.Passage.Text))
		}
		for _, bad := range []string{"0", "-1", "x", "1e3", "00500", "99999999", "9223372036854775808"} {
			s.fails(documents.Ask{Accession: number, Section: "1A", Cursor: bad}, fault.Invalid, "query.cursor")
		}
		s.fails(documents.Ask{Accession: number, Cursor: cursor}, fault.Invalid, "query.cursor")
	})
}

func TestWhatWasReadOnceNeedsNoSEC(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("AAPL", "10-K")
		first, _ := s.read(documents.Ask{Accession: number, Section: "7"})
		asked := s.asked()
		s.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError})
		s.start(s.filings.Source) // nothing is in memory
		for range 2 {
			again, _ := s.read(documents.Ask{Accession: number, Section: "7"})
			if diff := cmp.Diff(first, again); diff != "" {
				t.Errorf("it reads otherwise (-first +again):\n%s", diff)
			}
		}
		if s.asked() != asked {
			t.Errorf("EDGAR was asked %d times more", s.asked()-asked)
		}
		s.fails(documents.Ask{Accession: "0000320193-20-000001"}, fault.UpstreamDown, "the SEC")
	})
}

func TestWhatAReplicaDoesNotHaveYetIsNotFetchedAgain(t *testing.T) {
	pair := dbtest.NewPair(t)
	s := newSite(t, pair.Open(t), func(*upstream.Config) {})
	for _, form := range []string{"10-K", "10-Q", "8-K"} { // the first for which the replica stays young enough to be asked
		ask := documents.Ask{Accession: s.newest("AAPL", form)}
		pair.Standby.Pause()
		first, _ := s.read(ask)
		asked := s.asked()
		s.start(s.filings.Source) // nothing is in memory
		again, _ := s.read(ask)
		state, _ := s.db.Replica()
		pair.Standby.Resume()
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("it reads otherwise (-first +again):\n%s", diff)
		}
		if s.asked() != asked {
			t.Errorf("EDGAR was asked %d times more for what the primary has", s.asked()-asked)
		}
		if state.Current() {
			return
		}
	}
	t.Error("the replica was too old to be asked each time")
}

func TestASectionIsFoundAsPeopleNameIt(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("AAPL", "10-Q")
		for asked, want := range map[string]string{
			"II.1A": "II.1A", "1A": "II.1A", "item 1a.": "II.1A", "Part II, Item 1A": "II.1A", "I.2": "I.2", "ii.6": "II.6", "6": "II.6", "part i item 4": "I.4",
		} {
			if f, _ := s.read(documents.Ask{Accession: number, Section: asked}); f.Passage.Section != want {
				t.Errorf("%s: got %s, want %s", asked, f.Passage.Section, want)
			}
		}
		s.fails(documents.Ask{Accession: number, Section: "2"}, fault.Invalid, "I.2, II.2")
		s.fails(documents.Ask{Accession: number, Section: "7"}, fault.NotFound, "there are I.1, I.2")
		s.fails(documents.Ask{Accession: number, Section: "<script>"}, fault.NotFound, "there are I.1")
		s.fails(documents.Ask{Accession: number, Section: "2", Document: "x.htm"}, fault.Invalid, "query.section")
		s.fails(documents.Ask{Accession: number, Document: "nosuch.htm"}, fault.NotFound, "document")
		s.fails(documents.Ask{Accession: "1234"}, fault.Invalid, "path.accession")
	})
}

func TestAnItemThatRefersToAnExhibitIsFollowedThere(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("JPM", "10-K")
		f, _ := s.read(documents.Ask{Accession: number})
		i := slices.IndexFunc(f.Documents, func(d documents.Part) bool { return d.Type == "EX-13" })
		if i < 0 {
			t.Fatalf("got the documents %+v, want an EX-13", f.Documents)
		}
		exhibit := f.Documents[i]
		whole, _ := s.read(documents.Ask{Accession: number, Document: exhibit.Name})
		lengths := 0
		for key, words := range map[string]string{"7": "discussion", "8": "consolidated"} {
			got, _ := s.read(documents.Ask{Accession: number, Section: key})
			p := got.Passage
			if p.Document != exhibit.Name || p.Section != key || p.Referring == "" || !strings.HasPrefix(p.URL, exhibit.URL) {
				t.Errorf("%s: got %s of %s at %s, referring %q, want it followed to %s", key, p.Section, p.Document, p.URL, p.Referring, exhibit.Name)
			}
			if text := []rune(whole.Passage.Text); string(text[p.Start:p.End]) != p.Text || !strings.Contains(strings.ToLower(p.Text[:100]), words) {
				t.Errorf("%s: got %.100q from %d to %d, want its heading at its place in the exhibit", key, p.Text, p.Start, p.End)
			}
			lengths += len(p.Text)
		}
		if lengths > len(whole.Passage.Text) {
			t.Errorf("the items have %d bytes, the exhibit %d", lengths, len(whole.Passage.Text))
		}
		got, _ := s.read(documents.Ask{Accession: number, Section: "10"}) // which refers to a proxy statement
		if got.Passage.Document != f.Document || got.Passage.Referring != "" {
			t.Errorf("got %+v, want the item's own words", got.Passage)
		}
	})
}

func TestItemsOfA8KThatTheFilerNamesAreListed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("AAPL", "8-K")
		f, _ := s.read(documents.Ask{Accession: number})
		listed, _, _, err := s.filings.List(t.Context(), filings.Filter{Company: "AAPL", Forms: []string{"8-K"}, Limit: 1})
		if err != nil || !slices.Equal(keys(f), listed[0].Items) {
			t.Errorf("got the sections %v, %v, want %v", keys(f), err, listed[0].Items)
		}
	})
}

func TestAFilingOfBeforeFilesHadNamesIsRead(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		list, _, _, err := s.filings.List(t.Context(), filings.Filter{Company: "AAPL", Limit: 10, To: "2000-12-31"})
		if err != nil || len(list) == 0 || list[0].Document != "" {
			t.Fatalf("got %+v, %v, want an old filing", list, err)
		}
		f, _ := s.read(documents.Ask{Accession: list[0].Accession})
		if len(f.Sections) < 3 || f.Document != list[0].Accession+".1.txt" || !strings.HasSuffix(f.Documents[0].URL, list[0].Accession+".txt") {
			t.Errorf("got %s with the sections %v, at %s", f.Document, keys(f), f.Documents[0].URL)
		}
	})
}

func TestWhoseFilingItIsIsFoundFromItsNumber(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		var own, agent string
		for _, f := range s.sim.World.Filings().Companies() {
			for _, one := range f.Until(s.clock.Now()) {
				sender, _ := strconv.Atoi(one.Accession[:10])
				if sender == f.CIK && own == "" {
					own = one.Accession
				}
				if sender != f.CIK && agent == "" {
					agent = one.Accession
				}
			}
		}
		f, _ := s.read(documents.Ask{Accession: own}) // by who sent it
		if f.Accession != own {
			t.Errorf("got %s, want %s", f.Accession, own)
		}
		s.fails(documents.Ask{Accession: "0000000000-24-000001"}, fault.NotFound, "company=")
		s.fails(documents.Ask{Accession: "9999999999-24-000001", Company: "AAPL"}, fault.NotFound, "company=")
		s.fails(documents.Ask{Accession: "9999999999-24-000001", Company: "a b"}, fault.Invalid, "query.company")
		if agent == "" {
			return // every make-believe company files for itself
		}
		s.fails(documents.Ask{Accession: agent}, fault.NotFound, "company=")
		truth, _ := s.sim.World.Filings().Filing(agent, s.clock.Now())
		s.read(documents.Ask{Accession: agent, Company: strconv.Itoa(truth.CIK)})
		s.read(documents.Ask{Accession: agent}) // by what is known now
	})
}

func TestAListSaysWhoseAnAgentsFilingIs(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("AAPL", "10-K")
		ciks, err := filings.FilersOf(t.Context(), s.db.Read(), filings.Accession(number))
		if err != nil || !slices.Equal(ciks, []filings.CIK{320193}) {
			t.Errorf("got %v, %v, want Apple", ciks, err)
		}
	})
}

func TestWhatIsTooLargeIsReadInPart(t *testing.T) {
	eachWith(t, func(cfg *upstream.Config) { cfg.MaxBody = 30_000 }, func(t *testing.T, s *site) {
		number := ""
		apple, _ := s.sim.World.Filings().Company(320193)
		for _, f := range apple.Until(s.clock.Now()) {
			if f.Form == "10-K" && number == "" {
				number = f.Accession
			}
		}
		for range 2 {
			f, _, warnings, err := s.Read(t.Context(), documents.Ask{Accession: number, Limit: 1000, Company: "320193"})
			if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "larger") || len(f.Sections) == 0 {
				t.Errorf("got %v, %v, %v, want the sections that were read, and a warning", keys(f), warnings, err)
			}
		}
	})
}

func TestAnotherReaderReadsTheKeptDocumentAnew(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("AAPL", "10-K")
		first, _ := s.read(documents.Ask{Accession: number, Section: "1"})
		s.write("update edgar_filing_cache set reader = 0, text = null, sections = '' where name <> ''")
		s.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError})
		again, _ := s.read(documents.Ask{Accession: number, Section: "1"})
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("it reads otherwise (-first +again):\n%s", diff)
		}
		s.write("update edgar_filing_cache set reader = 0, sha256 = 'other' where name <> ''")
		s.fails(documents.Ask{Accession: number, Section: "1"}, fault.Internal, "not what was stored")
	})
}

func (s *site) write(query string) {
	s.t.Helper()
	if err := s.db.Tx(s.t.Context(), func(tx *sql.Tx) error { _, err := tx.ExecContext(s.t.Context(), query); return err }); err != nil {
		s.t.Fatal(err)
	}
}

func TestWhatIsKeptIsTheDocumentAsItWasFiled(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("AAPL", "10-K")
		f, _ := s.read(documents.Ask{Accession: number})
		want, err := s.filings.Source.Document(t.Context(), 320193, filings.Accession(number), f.Document)
		if err != nil {
			t.Fatal(err)
		}
		var sum string
		var size, packed int
		if err := s.db.Read().QueryRowContext(t.Context(), "select sha256, size, length(content) from edgar_filing_cache where accession = $1 and name = $2",
			number, f.Document).Scan(&sum, &size, &packed); err != nil {
			t.Fatal(err)
		}
		whole := sha256.Sum256(want)
		if sum != hex.EncodeToString(whole[:]) || size != len(want) || packed >= size {
			t.Errorf("got %d bytes packed to %d with %s, want %d and less", size, packed, sum, len(want))
		}
	})
}

func TestManyWhoWantTheSameHaveItFetchedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		number := s.newest("MSFT", "10-K")
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, _, _, err := s.Read(t.Context(), documents.Ask{Accession: number, Section: "1A", Limit: 100}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, r := range s.sim.Requests() {
			if strings.Contains(r.Path, "/Archives/") && r.Count != 1 {
				t.Errorf("%s: got %d requests, want one", r.Path, r.Count)
			}
		}
	})
}

func TestWithoutASourceItSaysWhatToSet(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.start(nil)
		s.fails(documents.Ask{Accession: "0000320193-24-000123"}, fault.FilingsNotConfigured, "JASPERS_EDGAR_USER_AGENT")
	})
}
