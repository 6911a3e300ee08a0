package sim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

// declared is a user agent that EDGAR lets in.
const declared = "Jaspers tests tests@example.com"

// serveEDGAR is a simulator that counts seconds by a clock of its own, which stands until it is moved.
func serveEDGAR(t *testing.T, limit int) (*Sim, *httptest.Server, *Clock) {
	t.Helper()
	s, server := serve(t)
	pace := NewClock(func() time.Time { return monday })
	s.EDGAR = EDGAROptions{Limit: limit, Clock: pace.Now}
	return s, server, pace
}

func edgarGet(t *testing.T, server *httptest.Server, path string) fetched {
	t.Helper()
	return fetch(t, newRequest(t, http.MethodGet, server.URL+"/edgar"+path, "", "User-Agent", declared))
}

// company is one that files, by its symbol.
func company(t *testing.T, s *Sim, symbol string) *paper.Company {
	t.Helper()
	c, ok := s.World.Filings().Of(symbol)
	if !ok {
		t.Fatalf("%s does not file", symbol)
	}
	return c
}

// newest is a company's newest filing of the form.
func newest(t *testing.T, s *Sim, symbol, form string) *paper.Filing {
	t.Helper()
	for _, f := range company(t, s, symbol).Until(s.World.Now()) {
		if f.Form == form {
			return f
		}
	}
	t.Fatalf("%s filed no %s", symbol, form)
	return nil
}

func TestEDGARTurnsAwayWhoDoesNotSayWhoItIs(t *testing.T) {
	s, server, _ := serveEDGAR(t, 0)
	for _, agent := range []string{"Go-http-client/1.1", "python-requests/2.31", "Mozilla/5.0 (X11)", ""} {
		got := fetch(t, newRequest(t, http.MethodGet, server.URL+"/edgar/www/files/company_tickers.json", "", "User-Agent", agent))
		if got.status != http.StatusForbidden || got.header.Get("Content-Type") != "text/html" || !strings.Contains(got.body, "Undeclared Automated Tool") {
			t.Errorf("%q: got %d %s", agent, got.status, got.body)
		}
	}
	if got := s.EDGARTraffic(); got.Turned != 4 || got.Bans != 0 || got.Peak != 0 {
		t.Errorf("got %+v, want four turned away and nobody banned", got)
	}
}

func TestTheEleventhRequestOfASecondIsOneTooManyForTenMinutes(t *testing.T) {
	s, server, pace := serveEDGAR(t, 0)
	paths := []string{"/www/files/company_tickers.json", "/data/submissions/CIK0000320193.json", "/efts/LATEST/search-index?q=tariffs&ciks=0000320193"}
	for i := range 10 {
		if got := edgarGet(t, server, paths[i%3]); got.status != http.StatusOK {
			t.Fatalf("request %d: got %d", i+1, got.status)
		}
	}
	pace.Advance(999 * time.Millisecond)
	got := edgarGet(t, server, paths[0])
	if got.status != http.StatusForbidden || !strings.Contains(got.body, "Request Rate Threshold Exceeded") || got.header.Get("Retry-After") != "" {
		t.Fatalf("the eleventh: got %d %s", got.status, got.body)
	}
	pace.Advance(time.Hour) // it is the world's clock that counts for the ban
	s.Clock.Advance(edgarBan - time.Second)
	if got := edgarGet(t, server, paths[1]); got.status != http.StatusForbidden {
		t.Errorf("after nearly ten minutes: got %d", got.status)
	}
	if got := s.EDGARTraffic(); !got.Banned || got.Bans != 1 || got.Peak != 11 || got.Turned != 2 {
		t.Errorf("got %+v", got)
	}
	s.Clock.Advance(time.Second)
	if got := edgarGet(t, server, paths[1]); got.status != http.StatusOK {
		t.Errorf("after ten minutes: got %d", got.status)
	}
	if state := fetch(t, newRequest(t, http.MethodGet, server.URL+"/control", "")); !strings.Contains(state.body, `"edgar":{"peak":11,"bans":1,"banned":false,"turned":2}`) {
		t.Errorf("control tells %s", state.body)
	}
}

func TestTenRequestsASecondAreFine(t *testing.T) {
	s, server, pace := serveEDGAR(t, 0)
	for i := range 30 {
		if got := edgarGet(t, server, "/www/files/company_tickers_exchange.json"); got.status != http.StatusOK {
			t.Fatalf("request %d: got %d", i, got.status)
		}
		pace.Advance(100 * time.Millisecond)
	}
	if got := s.EDGARTraffic().Peak; got != 10 {
		t.Errorf("got a peak of %d, want 10", got)
	}
}

func TestWhatEDGARDoesNotHaveItSaysInXML(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	f := newest(t, s, "AAPL", "10-K")
	for _, test := range []struct {
		path   string
		status int
		code   string
	}{
		{"/data/submissions/CIK0000000001.json", 404, "NoSuchKey"},
		{"/data/submissions/CIK320193.json", 404, "NoSuchKey"},
		{"/data/submissions/CIK0000789019-submissions-001.json", 404, "NoSuchKey"},
		{"/data/api/xbrl/companyfacts/CIK0000350001.json", 404, "NoSuchKey"},
		{"/data/api/xbrl/companyconcept/CIK0000320193/us-gaap/NoSuchTag.json", 404, "NoSuchKey"},
		{"/data/elsewhere", 404, "NoSuchKey"},
		{"/www" + folderOf(f) + "/nothing.htm", 403, "AccessDenied"},
		{"/www/Archives/edgar/data/789019/" + strings.ReplaceAll(f.Accession, "-", "") + "/" + f.Primary().Name, 403, "AccessDenied"},
		{"/www/Archives/edgar/data/320193/000000000099000001/x.htm", 403, "AccessDenied"},
		{"/www/files/nothing.json", 403, "AccessDenied"},
	} {
		got := edgarGet(t, server, test.path)
		if got.status != test.status || got.header.Get("Content-Type") != "application/xml" || !strings.Contains(got.body, "<Code>"+test.code+"</Code>") {
			t.Errorf("%s: got %d %s", test.path, got.status, got.body)
		}
	}
}

func TestAFilingIsListedAndServedFromTheMomentItIsAccepted(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	next := paper.Filing{}
	for _, f := range company(t, s, "MSFT").Filings {
		if f.Accepted.After(monday) && f.Form == "10-Q" {
			next = *f
			break
		}
	}
	document := "/www" + folderOf(&next) + "/" + next.Primary().Name
	seen := func() (listed, served bool) {
		listed = strings.Contains(edgarGet(t, server, "/data/submissions/CIK0000789019.json").body, next.Accession)
		return listed, edgarGet(t, server, document).status == http.StatusOK
	}
	s.Clock.Set(next.Accepted.Add(-time.Second))
	if listed, served := seen(); listed || served {
		t.Errorf("a second before: listed %t, served %t", listed, served)
	}
	s.Clock.Set(next.Accepted)
	if listed, served := seen(); !listed || !served {
		t.Errorf("when accepted: listed %t, served %t", listed, served)
	}
}

func TestTheShardsOfACompanyHoldAllItFiled(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	type list struct {
		AccessionNumber, Form, PrimaryDocument, FilingDate []string
		Size                                               []int
	}
	got := decoded[struct {
		Filings struct {
			Recent list
			Files  []shard
		}
	}](t, edgarGet(t, server, "/data/submissions/CIK0000320193.json")).Filings
	if len(got.Files) != 1 {
		t.Fatalf("got %d shards, want one", len(got.Files))
	}
	old := decoded[list](t, edgarGet(t, server, "/data/submissions/"+got.Files[0].Name))
	var want []string
	for _, f := range company(t, s, "AAPL").Until(monday) {
		want = append(want, f.Accession)
	}
	if diff := cmp.Diff(want, slices.Concat(got.Recent.AccessionNumber, old.AccessionNumber)); diff != "" {
		t.Errorf("filings (-want +got):\n%s", diff)
	}
	last := len(old.Form) - 1
	if got.Files[0].Count != len(old.Form) || got.Files[0].From != "1996-08-12" || old.PrimaryDocument[last] != "" || old.Form[last] != "10-Q" {
		t.Errorf("got shard %+v that ends with %s %q", got.Files[0], old.Form[last], old.PrimaryDocument[last])
	}
	if i := slices.Index(got.Recent.Form, "4"); i < 0 || !strings.HasPrefix(got.Recent.PrimaryDocument[i], "xslF345X05/") {
		t.Errorf("no Form 4 by the path of its view: %v", got.Recent.PrimaryDocument)
	}
}

func TestFilesOfASubmission(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	f := newest(t, s, "NVDA", "8-K")
	folder := "/www" + folderOf(f)
	directory := decoded[struct {
		Directory struct {
			Item []struct{ Name, Size string }
		}
	}](t, edgarGet(t, server, folder+"/index.json")).Directory
	for _, item := range directory.Item {
		got := edgarGet(t, server, folder+"/"+item.Name)
		if got.status != http.StatusOK || item.Size != "" && item.Size != fmt.Sprint(len(got.body)) {
			t.Errorf("%s: got %d and %d bytes, want %s", item.Name, got.status, len(got.body), item.Size)
		}
	}
	whole := edgarGet(t, server, fmt.Sprintf("/www/Archives/edgar/data/%d/%s.txt", f.CIK, f.Accession))
	if n := strings.Count(whole.body, "<DOCUMENT>"); whole.status != http.StatusOK || n != len(f.Documents) || !strings.Contains(whole.body, "<ACCEPTANCE-DATETIME>"+f.Accepted.Format("20060102150405")) {
		t.Errorf("the whole submission: got %d with %d documents", whole.status, n)
	}
	index := edgarGet(t, server, folder+"/"+f.Accession+"-index.html").body
	for _, d := range f.Documents {
		if !strings.Contains(index, folderOf(f)+"/"+d.Name) {
			t.Errorf("the index does not link to %s", d.Name)
		}
	}
	four := newest(t, s, "NVDA", "4")
	raw, view := edgarGet(t, server, "/www"+folderOf(four)+"/"+four.Primary().Name), edgarGet(t, server, "/www"+folderOf(four)+"/"+four.Primary().View+"/"+four.Primary().Name)
	if !strings.Contains(raw.body, "<ownershipDocument>") || !strings.Contains(view.body, "SEC FORM 4") {
		t.Errorf("Form 4: got %s and %s", raw.body, view.body)
	}
}

func TestFactsAreThoseOfTheReports(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	type facts struct {
		Units map[string][]edgarFact
	}
	for _, symbol := range []string{"AAPL", "JPM", "BRK.B", "BA", "SAP.DE"} {
		c := company(t, s, symbol)
		all := decoded[struct {
			CIK   int
			Facts map[string]map[string]facts
		}](t, edgarGet(t, server, fmt.Sprintf("/data/api/xbrl/companyfacts/CIK%010d.json", c.CIK)))
		taxonomy, tags := "us-gaap", [3]string{"Assets", "Liabilities", "StockholdersEquity"}
		if c.Foreign() {
			taxonomy, tags = "ifrs-full", [3]string{"Assets", "Liabilities", "Equity"}
		}
		unit := map[bool]string{true: "EUR", false: "USD"}[c.Foreign()]
		assets := all.Facts[taxonomy][tags[0]].Units[unit]
		for i, fact := range assets {
			sum := decimal.Zero
			for _, tag := range tags[1:] {
				sum = sum.Add(dec(all.Facts[taxonomy][tag].Units[unit][i].Value.String()))
			}
			equal(t, symbol+" assets of "+fact.End+" in "+fact.Accn, dec(fact.Value.String()), sum)
		}
		concept := decoded[facts](t, edgarGet(t, server, fmt.Sprintf("/data/api/xbrl/companyconcept/CIK%010d/%s/Assets.json", c.CIK, taxonomy)))
		if diff := cmp.Diff(assets, concept.Units[unit]); diff != "" || len(assets) < 8 {
			t.Errorf("%s: facts and concept differ (-facts +concept):\n%s", symbol, diff)
		}
	}
}

// summaryOf is Yahoo's module of a company's accounts.
func summaryOf(t *testing.T, session *yahooSession, symbol string) object {
	t.Helper()
	answer := session.get(t, "/v10/finance/quoteSummary/"+symbol, "modules", "financialData", "formatted", "false")
	return decoded[struct{ QuoteSummary struct{ Result []object } }](t, answer).QuoteSummary.Result[0]["financialData"].(object)
}

func standingOf(t *testing.T, c *paper.Company) books.Standing {
	t.Helper()
	standing, ok := c.Standing(monday)
	if !ok {
		t.Fatalf("%s has told of too little", c.Symbol)
	}
	return standing
}

func TestTheCompaniesOfTheWorldAreSolvent(t *testing.T) {
	w, _ := worldAt(monday)
	for _, c := range w.Filings().Companies() {
		for _, f := range c.Facts(time.Date(2030, 12, 1, 0, 0, 0, 0, time.UTC)) {
			switch {
			case slices.Contains([]string{"NetCashProvidedByUsedInInvestingActivities", "StockholdersEquity", "NonoperatingIncomeExpense", "OtherFinanceIncomeCost"}, f.Tag):
			case strings.Contains(f.Tag, "Income") || strings.Contains(f.Tag, "Increase") || strings.Contains(f.Tag, "PerShare") || strings.Contains(f.Tag, "ProfitLoss") || strings.Contains(f.Tag, "UsedIn"):
			case f.Value.IsNegative():
				t.Errorf("%s: %s of %s at %s", c.Symbol, f.Tag, f.Value, f.End)
			}
		}
	}
}

func TestYahooSaysWhatTheFilingsSay(t *testing.T) {
	s, server := serve(t)
	s.EDGAR.Limit = -1
	session := newSession(t, server)
	for _, c := range s.World.Filings().Companies() {
		in, ok := s.World.find(c.Symbol)
		if c.Symbol == "" || !ok {
			continue
		}
		row := session.rows(t, in.yahooSymbol())[in.yahooSymbol()]
		equal(t, c.Symbol+" earnings", number(t, row["epsTrailingTwelveMonths"]), c.TrailingEPS(monday))
		equal(t, c.Symbol+" revenue", number(t, summaryOf(t, session, in.yahooSymbol())["totalRevenue"]), standingOf(t, c).Revenue)
		next, _ := c.NextResults(monday)
		equal(t, c.Symbol+" next results", number(t, row["earningsTimestamp"]), decimal.NewFromInt(next.Unix()))
		for _, f := range slices.Backward(c.Facts(monday)) {
			if f.Tag == "EntityCommonStockSharesOutstanding" {
				equal(t, c.Symbol+" shares", number(t, row["sharesOutstanding"]), f.Value)
				break
			}
		}
		var paid int64
		for _, d := range s.World.Dividends(c.Symbol, day("2025-01-01"), day("2025-12-31")) {
			paid += d.Amount.Mul(decimal.NewFromInt(in.factor(d.ExDay))).Shift(4).Round(0).IntPart()
		}
		if got := in.dividendsIn(day("2025-01-01"), day("2025-12-31")); got != paid {
			t.Errorf("%s: the filings tell of dividends of %d, the market of %d", c.Symbol, got, paid)
		}
	}
}

func TestEDGARFailsAsArranged(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	const path = "/data/submissions/CIK0000320193.json"
	s.Faults.Set(ProviderEDGAR, Fault{Kind: FaultServerError, Status: 403, Count: 1, Path: "/data"})
	if got := edgarGet(t, server, path); got.status != http.StatusForbidden || !strings.Contains(got.body, "Request Rate Threshold Exceeded") {
		t.Errorf("403: got %d %s", got.status, got.body)
	}
	s.Faults.Set(ProviderEDGAR, Fault{Kind: FaultServerError, Status: 503, Count: 1})
	if got := edgarGet(t, server, path); got.status != http.StatusServiceUnavailable || got.header.Get("Content-Type") != "text/html" {
		t.Errorf("503: got %d %s", got.status, got.body)
	}
	if got := edgarGet(t, server, path); got.status != http.StatusOK {
		t.Errorf("well again: got %d", got.status)
	}
}
