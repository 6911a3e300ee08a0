package reported_test

import (
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/facts"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/reported"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is the service on a database, beside a simulated EDGAR.
type site struct {
	*reported.Service
	t      *testing.T
	db     *db.DB
	sim    *sim.Sim
	clock  *sim.Clock
	source filings.Source
	store  *cache.Store
}

func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &site{t: t, db: d, clock: sim.NewClock(func() time.Time { return time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC) })}
		s.sim = sim.NewSim(sim.New(7, s.clock.Now))
		s.sim.EDGAR.Limit = -1
		server := httptest.NewServer(s.sim.Handler())
		t.Cleanup(server.Close)
		client, err := upstream.New(upstream.Config{
			Provider: "the SEC", Origins: []string{server.URL}, AllowPrivate: true, Retries: -1, MaxBody: edgar.MaxBody,
			UserAgent: "Jaspers tests tests@jaspers.example", Now: s.clock.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.HTTP().CloseIdleConnections)
		base := server.URL + "/edgar"
		s.source = edgar.New(edgar.Config{ArchiveURL: base + "/www", DataURL: base + "/data", SearchURL: base + "/efts"}, client)
		s.start(s.source)
		test(t, s)
	})
}

// start makes the services anew, as another process would.
func (s *site) start(source filings.Source) {
	s.t.Helper()
	log := slog.New(slog.DiscardHandler)
	list, err := filings.New(s.t.Context(), filings.Config{DB: s.db, Source: source, Now: s.clock.Now, Log: log})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.store != nil {
		s.store.Close() // what was fetched last is written before another process looks
	}
	s.store = &cache.Store{DB: s.db, Log: log}
	s.t.Cleanup(s.store.Close)
	s.Service, err = reported.New(s.t.Context(), reported.Config{Filings: list, Store: s.store, Now: s.clock.Now, Log: log})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(ask reported.Ask) reported.Figures {
	s.t.Helper()
	if ask.Limit == 0 {
		ask.Limit = 1000
	}
	all, _, warnings, err := s.Read(s.t.Context(), ask)
	if err != nil || len(warnings) > 0 {
		s.t.Fatalf("%+v: got %v, %v", ask, warnings, err)
	}
	return all
}

// asked is how often EDGAR was asked for figures.
func (s *site) asked() int {
	n := 0
	for _, r := range s.sim.Requests() {
		if strings.Contains(r.Path, "companyfacts") {
			n += r.Count
		}
	}
	return n
}

// TestFiguresAreWhatTheCompanyEarned holds quarters against the books of the simulated company, which never saw a filing.
func TestFiguresAreWhatTheCompanyEarned(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, company := range s.sim.World.Filings().Companies() {
			if company.Symbol == "" || company.Symbol == "SAP.DE" {
				continue // files no figures, or none of quarters
			}
			quarters := company.Quarters(s.clock.Now())
			got := map[string]string{}
			for _, v := range s.read(reported.Ask{Company: company.Symbol, Concepts: []string{facts.NetIncome}, Period: "quarterly"}).Values {
				got[v.End.String()] = v.Value.Value.String()
			}
			checked := 0
			for _, q := range quarters {
				value, told := got[q.End.String()]
				if !told {
					continue // the report follows the release by some days
				}
				checked++
				if value != q.NetIncome.String() {
					t.Errorf("%s until %s: got a net income of %s, want %s", company.Symbol, q.End, value, q.NetIncome)
				}
			}
			if checked < 8 {
				t.Errorf("%s: got %d quarters of %d", company.Symbol, checked, len(quarters))
			}
		}
	})
}

func TestWithoutAConceptTheUsualFiguresAndAllTagsAreTold(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		all := s.read(reported.Ask{Company: "AAPL"})
		if all.CIK != "0000320193" || len(all.Values) < 12 || len(all.Tags) < 12 || all.Source != "edgar" || all.Stale {
			t.Errorf("got %d values and %d tags of %s from %s", len(all.Values), len(all.Tags), all.CIK, all.Source)
		}
		var names []string
		for _, v := range all.Values {
			names = append(names, v.Name)
			if v.Filing == "" || v.Unit == "" || v.Concept == "" {
				t.Errorf("%s: got %+v, want its filing, unit and tag", v.Name, v)
			}
		}
		if !slices.Contains(names, facts.Revenue) || !slices.Contains(names, facts.Assets) {
			t.Errorf("got %v", names)
		}
		if year := s.read(reported.Ask{Company: "AAPL", Period: "FY2025", Concepts: []string{"revenue", "netIncome"}}); len(year.Values) != 2 || len(year.Tags) != 0 {
			t.Errorf("got %d values and %d tags, want a year's two figures alone", len(year.Values), len(year.Tags))
		}
	})
}

func TestPagesOfFiguresAddUpToAll(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		whole := s.read(reported.Ask{Company: "MSFT", Concepts: []string{"revenue"}}).Values
		var parts []reported.Figure
		cursor := ""
		for {
			page, next, _, err := s.Read(t.Context(), reported.Ask{Company: "MSFT", Concepts: []string{"revenue"}, Limit: 5, Cursor: cursor})
			if err != nil || len(page.Values) > 5 {
				t.Fatalf("got %d values, %v", len(page.Values), err)
			}
			parts = append(parts, page.Values...)
			if cursor = next; cursor == "" {
				break
			}
		}
		if len(parts) != len(whole) || len(whole) < 10 {
			t.Errorf("got %d values in pages, want %d", len(parts), len(whole))
		}
	})
}

func TestFiguresOutliveTheSECAndTheProcess(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		before := s.read(reported.Ask{Company: "AAPL"})
		s.start(s.source)
		if after := s.read(reported.Ask{Company: "AAPL"}); len(after.Values) != len(before.Values) || s.asked() != 1 {
			t.Errorf("got %d values and %d questions to the SEC, want %d and 1", len(after.Values), s.asked(), len(before.Values))
		}
		s.clock.Advance(48 * time.Hour)
		s.sim.Faults.Set("edgar", sim.Fault{Kind: sim.FaultServerError, Status: 503})
		s.start(s.source)
		after, _, warnings, err := s.Read(t.Context(), reported.Ask{Company: "AAPL", Limit: 1000})
		if err != nil || !after.Stale || len(warnings) == 0 || len(after.Values) != len(before.Values) {
			t.Errorf("got %d values, stale %v, %v, %v, want what was known, with its age", len(after.Values), after.Stale, warnings, err)
		}
		if _, _, _, err := s.Read(t.Context(), reported.Ask{Company: "MSFT", Limit: 1}); !fault.Is(err, fault.UpstreamDown) {
			t.Errorf("of a company nobody asked for: got %v, want %s", err, fault.UpstreamDown)
		}
	})
}

func TestWhatIsNotThereIsSaidByItsKind(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, test := range []struct {
			ask  reported.Ask
			want fault.Kind
		}{
			{reported.Ask{Company: "NOSUCH"}, fault.UnknownSymbol},
			{reported.Ask{Company: "a b"}, fault.Invalid},
			{reported.Ask{Company: "350001"}, fault.NotFound}, // files, and tagged nothing
			{reported.Ask{Company: "AAPL", Concepts: []string{"us-gaap:NoSuchTag"}}, fault.NotFound},
			{reported.Ask{Company: "AAPL", Concepts: []string{"revenue"}, Period: "soon"}, fault.Invalid},
			{reported.Ask{Company: "AAPL", Period: "soon"}, fault.Invalid},
			{reported.Ask{Company: "AAPL", Cursor: "-1"}, fault.Invalid},
		} {
			test.ask.Limit = 10
			if _, _, _, err := s.Read(t.Context(), test.ask); !fault.Is(err, test.want) {
				t.Errorf("%+v: got %v, want %s", test.ask, err, test.want)
			}
		}
		s.start(nil)
		if _, _, _, err := s.Read(t.Context(), reported.Ask{Company: "AAPL"}); !fault.Is(err, fault.FilingsNotConfigured) {
			t.Errorf("without the SEC: got %v, want %s", err, fault.FilingsNotConfigured)
		}
	})
}

func TestMetricsOfFilingsAreMetrics(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, company := range s.sim.World.Filings().Companies() {
			if company.Symbol == "" || company.Symbol == "SAP.DE" {
				continue // nobody trades it, or under another symbol in New York
			}
			all, err := s.Metrics(t.Context(), company.Symbol)
			if err != nil || len(all) < 10 {
				t.Fatalf("%s: got %d metrics, %v", company.Symbol, len(all), err)
			}
			for _, m := range all {
				if err := market.CheckMetric(m); err != nil || m.Filing == "" {
					t.Errorf("%s: %+v: %v", company.Symbol, m, err)
				}
			}
		}
		for _, symbol := range []string{"^GSPC", "EURUSD=X", "BTC-USD", "VOO"} {
			if _, err := s.Metrics(t.Context(), symbol); !fault.Is(err, fault.UnknownSymbol) {
				t.Errorf("%s: got %v, want %s", symbol, err, fault.UnknownSymbol)
			}
		}
	})
}
