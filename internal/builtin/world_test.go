package builtin_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/breakdown"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/builtin"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/library"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/plan"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/portfoliotools"
	"github.com/jaspers-ai/jaspers/internal/reconciliation"
	"github.com/jaspers-ai/jaspers/internal/recording/recordingtest"
	"github.com/jaspers-ai/jaspers/internal/reported"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/researchtools"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/tool"
	"github.com/jaspers-ai/jaspers/internal/understanding"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) {
	decimal.MarshalJSONWithoutQuotes = true // as the server prints them
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// now is 11:00 in New York, on a Wednesday.
var now = time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// world has every tool, beside a simulated Yahoo and a simulated EDGAR, and a person who owns something.
type world struct {
	t       *testing.T
	tools   []tool.Tool
	d       *db.DB
	person  string
	subject map[string][]string
	reads   *understanding.Service
	local   bool                                  // whether what is read first may be read in full
	spoil   func(json.RawMessage) json.RawMessage // what becomes of results on the way
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := sim.NewSim(sim.New(7, clock))
		s.EDGAR.Limit = -1
		server := httptest.NewServer(s.Handler())
		t.Cleanup(server.Close)
		w := &world{t: t, d: d, local: true}
		w.build(d, server.URL)
		w.invest(d)
		test(t, w)
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) client(url, agent string) *upstream.Client {
	c, err := upstream.New(upstream.Config{
		Provider: "sim", Origins: []string{url}, AllowPrivate: true, Retries: -1, SharedLimit: true, MaxBody: edgar.MaxBody, UserAgent: agent, Now: clock,
	})
	w.must(err)
	w.t.Cleanup(c.HTTP().CloseIdleConnections)
	return c
}

func (w *world) build(d *db.DB, url string) {
	ctx, log := w.t.Context(), slog.New(slog.DiscardHandler)
	sources := []market.Source{yahoo.New(yahoo.HostsAt(url+"/yahoo"), w.client(url, yahoo.UserAgent), clock)}
	sec := edgar.New(edgar.Config{ArchiveURL: url + "/edgar/www", DataURL: url + "/edgar/data", SearchURL: url + "/edgar/efts"}, w.client(url, "Jaspers tests tests@jaspers.example"))
	jobs := job.New(job.Config{DB: d, Now: clock, Log: log})
	quotes, err := market.New(ctx, market.Config{Sources: sources, Now: clock, Log: log})
	w.must(err)
	past, err := pastprices.New(ctx, pastprices.Config{DB: d, Sources: sources, Now: clock, Log: log})
	w.must(err)
	filed, err := filings.New(ctx, filings.Config{DB: d, Source: sec, Jobs: jobs, Now: clock, Log: log})
	w.must(err)
	figures, err := reported.New(ctx, reported.Config{Filings: filed, Now: clock, Log: log})
	w.must(err)
	companies, err := research.New(ctx, research.Config{Sources: sources, Now: clock, Log: log, Filed: figures.Metrics})
	w.must(err)
	texts := &passages.Service{DB: d, Now: clock}
	books := &library.Service{DB: d, Filings: filed, Passages: texts, Jobs: jobs, Now: clock}
	read := documents.New(ctx, documents.Config{DB: d, Filings: filed, Now: clock, OnKept: books.Kept})
	books.Documents = read
	p := &portfolio.Service{DB: d, Connections: &connection.Service{DB: d, Now: clock}, Now: clock, Rate: quotes.Rate, Gains: &gains.Service{DB: d, Rates: noRates, Now: clock}}
	w.tools = slices.Concat([]tool.Tool{tool.Calculate()}, portfoliotools.All(portfoliotools.Services{
		Portfolio: p, Breakdown: &breakdown.Service{Portfolio: p}, Reconciliation: &reconciliation.Service{Portfolio: p}, Ledger: &ledger.Service{DB: d},
		Performance: performance.New(ctx, performance.Config{DB: d, Market: quotes, Past: past, Portfolio: p.Whole, GainsUntil: p.Gains.Until, Now: clock, Log: log}),
	}), researchtools.All(researchtools.Services{
		Market: quotes, Past: past, Research: companies, Filings: filed, Documents: read, Library: books, Passages: texts, Reported: figures,
	}))
	w.reads = &understanding.Service{Companies: filed.Companies, Holdings: p.Holdings, Now: clock}
	_, err = filed.Company(ctx, "AAPL", "symbol") // has the list fetched
	w.must(err)
	list, _, err := filed.Companies(ctx, time.Time{})
	w.must(err)
	w.subject = map[string][]string{}
	for _, c := range list {
		w.subject[c.Ticker] = []string{c.Name}
	}
}

func noRates(context.Context, string, []string, calendar.Day) (map[string]market.Rates, []string, error) {
	return nil, nil, nil
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func on(year int, month time.Month, day int) time.Time {
	return calendar.Day{Year: year, Month: month, Day: day}.At(12, 0).UTC()
}

// invest has the person own AAPL in two lots, MSFT, KO and XOM, having sold NVDA.
func (w *world) invest(d *db.DB) {
	t := w.t
	p := recordingtest.NewPerson(t, d)
	account := p.Account(t, d)
	paid := func(id string, at time.Time, symbol, amount, tax string) broker.Activity {
		return broker.Activity{ID: id, Kind: broker.Dividend, At: at, Instrument: recordingtest.Share(symbol), Currency: "USD", Amount: dec(amount), Tax: dec(tax)}
	}
	told := []broker.Activity{
		{ID: "in", Kind: broker.Deposit, At: on(2024, 3, 1), Currency: "USD", Amount: dec("41234.56")},
		{ID: "out", Kind: broker.Withdrawal, At: on(2026, 5, 5), Currency: "USD", Amount: dec("-777.77")},
		recordingtest.Bought("1", on(2024, 3, 4), "AAPL", "23", "181.17"), recordingtest.Bought("2", on(2026, 2, 2), "AAPL", "11", "219.31"),
		recordingtest.Bought("3", on(2025, 1, 15), "MSFT", "17", "401.13"), recordingtest.Bought("4", on(2025, 6, 2), "KO", "57", "61.19"),
		recordingtest.Bought("5", on(2026, 3, 3), "XOM", "29", "109.41"), recordingtest.Bought("6", on(2025, 2, 3), "NVDA", "37", "117.23"),
		recordingtest.Bought("7", on(2026, 4, 6), "NVDA", "-37", "131.71"),
		paid("d1", on(2026, 2, 12), "AAPL", "5.98", "0.89"), paid("d2", on(2026, 6, 12), "KO", "29.07", "0"), paid("d3", on(2026, 9, 10), "MSFT", "15.47", "2.31"),
		{ID: "i", Kind: broker.Interest, At: on(2026, 7, 1), Currency: "USD", Amount: dec("13.37")},
		{ID: "fee", Kind: broker.Fee, At: on(2026, 7, 2), Currency: "USD", Amount: dec("-23.57")},
	}
	cash := decimal.Zero
	for _, a := range told {
		cash = cash.Add(a.Amount)
	}
	positions := []broker.Position{recordingtest.Holds("AAPL", "34", ""), recordingtest.Holds("MSFT", "17", ""), recordingtest.Holds("KO", "57", ""), recordingtest.Holds("XOM", "29", "")}
	reading := p.Reading(account, now.Add(-time.Minute), time.Time{}, positions, told...)
	reading.History.CashComplete = true
	recordingtest.Record(t, d, reading)
	at := db.Time(now.Add(-time.Minute))
	recordingtest.Exec(t, d, "update brokerage_connections set last_sync_at = $1 where id = $2", at, p.Connection)
	recordingtest.Exec(t, d, "update brokerage_accounts set cash = $1, as_of = $2 where id = $3", cash, at, account)
	for _, h := range []struct{ symbol, name, quantity, cost, price, before string }{
		{"AAPL", "Apple Inc.", "34", "6579.32", "251.13", "247.91"}, {"MSFT", "Microsoft Corp.", "17", "6819.21", "431.57", "437.21"},
		{"KO", "Coca-Cola Co.", "57", "3487.83", "59.83", "60.49"}, {"XOM", "Exxon Mobil Corp.", "29", "3172.89", "117.31", "116.07"},
	} {
		value := dec(h.price).Mul(dec(h.quantity))
		recordingtest.Exec(t, d, `insert into portfolio_holdings (id, user_id, connection_id, account_id, instrument_id, instrument, symbol, name, asset_class, exchange,
			currency, quantity, multiplier, cost_basis, price, market_value, previous_close, as_of) values ($1, $2, $3, $4, $5, (select distinct instrument from transactions where symbol = $5 and user_id = $2),
			$5, $6, 'equity', 'NYSE', 'USD', $7, 1, $8, $9, $10, $11, $12)`,
			db.NewID(), p.ID, p.Connection, account, h.symbol, h.name, dec(h.quantity), dec(h.cost), dec(h.price), value, dec(h.before), at)
	}
	w.person = p.ID
}

// answered is an answer with what it was written from.
type answered struct {
	about   intent.Brief
	text    string
	calls   []plan.Call
	results *tool.Results
	told    map[string]json.RawMessage // what was said of each result, by handle
}

// ask answers a question as the analyst does: what the plan says is read first, and what is asked for after it.
func (w *world) ask(question string) answered {
	w.t.Helper()
	in, _, err := w.reads.Read(w.t.Context(), w.person, question, nil)
	w.must(err)
	return w.askOf(in.Brief(today), question)
}

var today = calendar.DayOf(now)

// askOf asks a question of which that was understood.
func (w *world) askOf(about intent.Brief, question string) answered {
	w.t.Helper()
	a := answered{about: about, results: &tool.Results{}, told: map[string]json.RawMessage{}}
	understood, err := json.Marshal(map[string]any{"understood": a.about})
	w.must(err)
	blocks := []llm.Block{{Data: understood}}
	for _, c := range plan.For(a.about, question, today) {
		output := w.run(&a, c, w.local)
		blocks = append(blocks, llm.Block{Data: output})
	}
	request := llm.Request{Messages: []llm.Message{{Role: llm.User, Blocks: append(blocks, llm.Block{Text: question})}}}
	for range 5 {
		said, err := builtin.New(clock).Generate(w.t.Context(), request, nil)
		w.must(err)
		calls := said.Calls()
		if len(calls) == 0 {
			a.text = said.Text()
			return a
		}
		var told []llm.Block
		for _, c := range calls {
			told = append(told, llm.Block{Result: &llm.ToolResult{CallID: c.ID, Content: string(w.run(&a, plan.Call{Tool: c.Name, Input: c.Input}, true))}})
		}
		request.Messages = append(request.Messages, llm.Message{Role: llm.Assistant, Blocks: said.Blocks}, llm.Message{Role: llm.User, Blocks: told})
	}
	w.t.Fatalf("%s: there is no end of what it asks for: %s", question, a.calls)
	return a
}

func (w *world) run(a *answered, c plan.Call, local bool) json.RawMessage {
	w.t.Helper()
	a.calls = append(a.calls, c)
	handle := tool.HandleOf(len(a.calls))
	result, err := tool.Run(w.t.Context(), w.tools, tool.Asker{UserID: w.person, Local: local, Read: a.results}, c.Tool, c.Input)
	if err != nil {
		return tool.PrintFailure(handle, err)
	}
	call, err := tool.Read(handle, handle, c.Tool, result)
	w.must(err)
	output, err := tool.Print(handle, c.Tool, result)
	w.must(err)
	if w.spoil != nil {
		output = w.spoil(output)
	}
	a.results.Add(call)
	a.told[handle] = output
	return output
}
