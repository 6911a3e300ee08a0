package researchtools

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/library"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/reported"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) {
	decimal.MarshalJSONWithoutQuotes = true // as the server prints them
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// desk has every tool, beside a simulated Yahoo and a simulated EDGAR.
type desk struct {
	Services
	t     *testing.T
	sim   *sim.Sim
	clock *sim.Clock
	tools []tool.Tool
}

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, database *db.DB) {
		d := &desk{t: t, clock: sim.NewClock(func() time.Time { return time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC) })}
		d.sim = sim.NewSim(sim.New(7, d.clock.Now))
		d.sim.EDGAR.Limit = -1
		server := httptest.NewServer(d.sim.Handler())
		t.Cleanup(server.Close)
		client := func(provider, agent string) *upstream.Client {
			c, err := upstream.New(upstream.Config{
				Provider: provider, Origins: []string{server.URL}, AllowPrivate: true, Retries: -1, SharedLimit: true, MaxBody: edgar.MaxBody,
				UserAgent: agent, Now: d.clock.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.HTTP().CloseIdleConnections)
			return c
		}
		base := server.URL + "/edgar"
		d.build(database,
			edgar.New(edgar.Config{ArchiveURL: base + "/www", DataURL: base + "/data", SearchURL: base + "/efts"}, client("the SEC", "Jaspers tests tests@jaspers.example")),
			yahoo.New(yahoo.HostsAt(server.URL+"/yahoo"), client("Yahoo", yahoo.UserAgent), d.clock.Now))
		test(t, d)
	})
}

func (d *desk) build(database *db.DB, sec filings.Source, prices market.Source) {
	ctx, now, log := d.t.Context(), d.clock.Now, slog.New(slog.DiscardHandler)
	must := func(err error) {
		if err != nil {
			d.t.Fatal(err)
		}
	}
	sources := []market.Source{prices}
	jobs := job.New(job.Config{DB: database, Now: now, Log: log})
	var err error
	d.Market, err = market.New(ctx, market.Config{Sources: sources, Now: now, Log: log})
	must(err)
	d.Past, err = pastprices.New(ctx, pastprices.Config{DB: database, Sources: sources, Now: now, Log: log})
	must(err)
	d.Filings, err = filings.New(ctx, filings.Config{DB: database, Source: sec, Jobs: jobs, Now: now, Log: log})
	must(err)
	d.Reported, err = reported.New(ctx, reported.Config{Filings: d.Filings, Now: now, Log: log})
	must(err)
	d.Research, err = research.New(ctx, research.Config{Sources: sources, Now: now, Log: log, Filed: d.Reported.Metrics})
	must(err)
	d.Passages = &passages.Service{DB: database, Now: now}
	d.Library = &library.Service{DB: database, Filings: d.Filings, Passages: d.Passages, Jobs: jobs, Now: now}
	d.Documents = documents.New(ctx, documents.Config{DB: database, Filings: d.Filings, Now: now, OnKept: d.Library.Kept})
	d.Library.Documents = d.Documents
	d.tools = All(d.Services)
}

// use runs a tool as an answer does, and reads what it finds.
func use[T any](d *desk, name, input string) (data T, call tool.Call) {
	d.t.Helper()
	result, err := tool.Run(d.t.Context(), d.tools, tool.Asker{}, name, json.RawMessage(input))
	if err != nil {
		d.t.Fatalf("%s %s: %v", name, input, err)
	}
	if call, err = tool.Read("", "t1", name, result); err != nil {
		d.t.Fatal(err)
	}
	if _, err := tool.Print("t1", name, result); err != nil {
		d.t.Errorf("%s %s: cannot be printed: %v", name, input, err)
	}
	if result.Source.Name == "" || result.Source.Title == "" {
		d.t.Errorf("%s %s: got the source %+v, want it named", name, input, result.Source)
	}
	data, ok := result.Data.(T)
	if !ok {
		d.t.Fatalf("%s: got %T", name, result.Data)
	}
	return data, call
}

// refused is why a tool finds nothing.
func (d *desk) refused(name, input string) *fault.Error {
	d.t.Helper()
	_, err := tool.Run(d.t.Context(), d.tools, tool.Asker{}, name, json.RawMessage(input))
	if err == nil {
		d.t.Fatalf("%s %s: got a result, want it refused", name, input)
	}
	return fault.From(err)
}

// figure is one of a call, as a reference finds it.
func figure(t *testing.T, c tool.Call, path string) (amount, unit, subject, period string) {
	t.Helper()
	f, err := c.Figures.Find(path)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return f.Amount.String(), string(f.Unit), f.Subject, f.Period
}

func hasWarning(c tool.Call, words string) bool {
	return slices.ContainsFunc(c.Result.Warnings, func(w string) bool { return strings.Contains(w, words) })
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func day(text string) calendar.Day {
	d, err := calendar.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// stands checks that what is cited stands in its document at its place.
func (d *desk) stands(p tool.Place) {
	d.t.Helper()
	if p.Passage == nil {
		d.t.Fatalf("%s is no passage", p.Path)
	}
	whole, err := d.Documents.Whole(d.t.Context(), filings.Accession(p.Passage.Accession), p.Passage.Document)
	if err != nil {
		d.t.Fatal(err)
	}
	if text := []rune(whole.Text); p.Text == "" || string(text[p.Passage.Start:p.Passage.End]) != p.Text || hashOf(p.Text) != p.Passage.SHA256 {
		d.t.Errorf("%s: another text stands from %d to %d than %.80q", p.Path, p.Passage.Start, p.Passage.End, p.Text)
	}
	if !strings.HasPrefix(p.Source.URL, whole.Address) || p.Source.Name != SEC {
		d.t.Errorf("%s: got the source %+v, want it to lead to %s", p.Path, p.Source, whole.Address)
	}
}

func TestEverySymbolMayBeWhatTheMarketTakes(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, in := range []reflect.Type{
		reflect.TypeFor[quotesInput](), reflect.TypeFor[historyInput](), reflect.TypeFor[symbolInput](), reflect.TypeFor[metricsInput](), reflect.TypeFor[newsInput](),
		reflect.TypeFor[listInput](), reflect.TypeFor[searchInput](), reflect.TypeFor[sectionInput](), reflect.TypeFor[passagesInput](), reflect.TypeFor[factsInput](),
	} {
		for _, name := range []string{"Symbol", "Symbols"} {
			if field, ok := in.FieldByName(name); ok {
				checked++
				if got := field.Tag.Get("pattern"); got != market.SymbolPattern {
					t.Errorf("%s: got the pattern %s, want the market's %s", in, got, market.SymbolPattern)
				}
			}
		}
	}
	if checked != 10 {
		t.Errorf("checked %d inputs, want 10", checked)
	}
}
