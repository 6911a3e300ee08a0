package edgar_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

const recordings = "upstreams/fixtures/dev/edgar"

func recording(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(sharedtest.Dir(t, recordings+"/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// page is an answer that a test's EDGAR gives.
type page struct {
	status      int
	contentType string
	body        []byte
}

// answering is a source at an EDGAR that has these pages, by path, and no others.
func answering(t *testing.T, pages map[string]page) *edgar.Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[strings.TrimPrefix(r.URL.Path, "/edgar")]
		if !ok {
			p = page{http.StatusForbidden, "application/xml", []byte(`<Error><Code>AccessDenied</Code></Error>`)}
		}
		w.Header().Set("Content-Type", p.contentType)
		w.WriteHeader(p.status)
		_, _ = w.Write(p.body)
	}))
	t.Cleanup(server.Close)
	return at(t, server.URL, time.Now, nil)
}

func html(body []byte) page   { return page{http.StatusOK, "text/html", body} }
func asJSON(body []byte) page { return page{http.StatusOK, "application/json", body} }

// covered says by which test a recording is read.
var covered = map[string]string{
	"archive-AAPL-10K-2024.htm":                           "document",
	"archive-AAPL-10Q-2025.htm":                           "document",
	"archive-AAPL-2000-10Q-index.html":                    "old filing",
	"archive-AAPL-2000-10Q-plain-text.txt":                "old filing",
	"archive-IMNN-index-headers.html":                     "headers",
	"archive-JWN-8K.htm":                                  "document",
	"archive-NVDA-8K-full-submission.txt":                 "submission",
	"archive-NVDA-8K-index.html":                          "index",
	"archive-NVDA-8K-nvda-20260302.htm":                   "submission",
	"archive-index.json":                                  "folder",
	"company_tickers.json":                                "companies",
	"companyconcept-AAPL-EarningsPerShareDiluted.json":    "figures",
	"companyfacts-CIK0000320193-AAPL.json":                "figures",
	"efts-13F-by-cik.json":                                "search",
	"efts-AAPL-10K-exhibit-hit.json":                      "search",
	"efts-zero-results.json":                              "search",
	"error-403-AccessDenied-missing-path.xml":             "errors",
	"error-403-rate-threshold.html":                       "errors",
	"error-403-undeclared-tool.html":                      "errors",
	"error-404-NoSuchKey.xml":                             "errors",
	"submissions-CIK0000320193-AAPL.json":                 "submissions",
	"submissions-CIK0000350001-no-filings.json":           "submissions",
	"submissions-CIK0001045810-NVDA.json":                 "submissions",
	"submissions-CIK0001318605-TSLA.json":                 "submissions",
	"submissions-CIK0001318605-submissions-001-TSLA.json": "submissions",
	"submissions-CIK0001830056-foreign-OTC.json":          "submissions",
}

func TestEveryRecordingIsRead(t *testing.T) {
	entries, err := os.ReadDir(sharedtest.Dir(t, recordings))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, entry := range entries {
		there[entry.Name()] = true
		if covered[entry.Name()] == "" {
			t.Errorf("%s is read by no test: write one, and say so in covered", entry.Name())
		}
	}
	for name := range covered {
		if !there[name] {
			t.Errorf("there is no recording %s", name)
		}
	}
}

// rows reads columns without knowing any: each row is its values by their name.
func rows(t *testing.T, raw any) []map[string]any {
	t.Helper()
	var all []map[string]any
	for name, column := range raw.(map[string]any) {
		for i, value := range column.([]any) {
			if i == len(all) {
				all = append(all, map[string]any{})
			}
			all[i][name] = value
		}
	}
	return all
}

func decoded(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

// checkRows holds what was read against the recording, field by field.
func checkRows(t *testing.T, got []filings.Filing, want []map[string]any, cik filings.CIK) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d filings, want %d", len(got), len(want))
	}
	for i, row := range want {
		f := got[i]
		primary := row["primaryDocument"].(string)
		primary = primary[strings.LastIndex(primary, "/")+1:]
		items := slices.DeleteFunc(strings.Split(row["items"].(string), ","), func(s string) bool { return s == "" })
		period := ""
		if f.Period != nil {
			period = f.Period.String()
		}
		read := map[string]any{
			"accessionNumber": string(f.Accession), "filingDate": f.Filed.String(), "reportDate": period, "form": f.Form, "size": float64(f.Size),
			"isXBRL": map[bool]float64{true: 1}[f.XBRL], "primaryDocDescription": f.Description,
		}
		for name, value := range read {
			if row[name] != value {
				t.Errorf("%s %s: got %v, want %v", row["accessionNumber"], name, value, row[name])
			}
		}
		if f.CIK != cik || f.Primary != primary || !slices.Equal(f.Items, items) {
			t.Errorf("%s: got %s, %q, %v, want %s, %q, %v", f.Accession, f.CIK, f.Primary, f.Items, cik, primary, items)
		}
	}
}

func TestRecordedSubmissionsAreReadRowByRow(t *testing.T) {
	total := 0
	for name, cik := range map[string]filings.CIK{
		"submissions-CIK0000320193-AAPL.json": apple, "submissions-CIK0000350001-no-filings.json": 350001, "submissions-CIK0001045810-NVDA.json": 1045810,
		"submissions-CIK0001318605-TSLA.json": 1318605, "submissions-CIK0001830056-foreign-OTC.json": 1830056,
	} {
		text := recording(t, name)
		body := decoded(t, text)
		source := answering(t, map[string]page{"/data/submissions/CIK" + cik.String() + ".json": asJSON(text)})
		f, err := source.Filer(t.Context(), cik)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		whole := body["filings"].(map[string]any)
		want := rows(t, whole["recent"])
		checkRows(t, f.Recent, want, cik)
		total += len(want)
		var tickers []string
		for _, one := range body["tickers"].([]any) {
			tickers = append(tickers, one.(string))
		}
		if f.CIK != cik || f.Name != body["name"] || !slices.Equal(f.Tickers, tickers) {
			t.Errorf("%s: got %s %q %v, want %v %v", name, f.CIK, f.Name, f.Tickers, body["name"], tickers)
		}
		files := whole["files"].([]any)
		if len(f.Older) != len(files) {
			t.Fatalf("%s: got %d older pages, want %d", name, len(f.Older), len(files))
		}
		for i, one := range files {
			want, got := one.(map[string]any), f.Older[i]
			if got.Name != want["name"] || float64(got.Count) != want["filingCount"] || got.First.String() != want["filingFrom"] || got.Last.String() != want["filingTo"] {
				t.Errorf("%s: got the page %+v, want %v", name, got, want)
			}
		}
	}
	const older = "CIK0001318605-submissions-001.json"
	text := recording(t, "submissions-CIK0001318605-submissions-001-TSLA.json")
	list, err := answering(t, map[string]page{"/data/submissions/" + older: asJSON(text)}).Older(t.Context(), 1318605, older)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, list, rows(t, decoded(t, text)), 1318605)
	t.Logf("%d filings", total+len(list))
}

func TestRecordedCompaniesAreReadInTheirOrder(t *testing.T) {
	text := recording(t, "company_tickers.json")
	list, err := answering(t, map[string]page{"/www/files/company_tickers.json": asJSON(text)}).Companies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	body := decoded(t, text)
	if len(list) != len(body) {
		t.Fatalf("got %d companies, want %d", len(list), len(body))
	}
	for i, c := range list {
		want := body[strconv.Itoa(i)].(map[string]any)
		if float64(c.CIK) != want["cik_str"] || c.Ticker != want["ticker"] || c.Name != want["title"] || c.Exchange != "" {
			t.Errorf("%d: got %+v, want %v", i, c, want)
		}
	}
	t.Logf("%d companies", len(list))
}

func TestTheListWithExchangesIsPreferred(t *testing.T) {
	source := answering(t, map[string]page{"/www/files/company_tickers_exchange.json": asJSON([]byte(
		`{"fields":["cik","name","ticker","exchange"],"data":[[320193,"Apple Inc.","AAPL","Nasdaq"],[1067983,"BERKSHIRE","brk-b",null],["x","no number","X","NYSE"],[1]]}`))})
	got, err := source.Companies(t.Context())
	want := []filings.Company{{Ticker: "AAPL", CIK: apple, Name: "Apple Inc.", Exchange: "Nasdaq"}, {Ticker: "BRK-B", CIK: 1067983, Name: "BERKSHIRE"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("got %v, %v", diff, err)
	}
}

func TestRecordedSearchesAreReadHitByHit(t *testing.T) {
	for _, name := range []string{"efts-13F-by-cik.json", "efts-AAPL-10K-exhibit-hit.json", "efts-zero-results.json"} {
		text := recording(t, name)
		found, err := answering(t, map[string]page{"/efts/LATEST/search-index": asJSON(text)}).Search(t.Context(), filings.Query{Text: "x"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		hits := decoded(t, text)["hits"].(map[string]any)
		total, list := hits["total"].(map[string]any), hits["hits"].([]any)
		if float64(found.Total) != total["value"] || found.More != (total["relation"] == "gte") || len(found.Hits) != len(list) {
			t.Fatalf("%s: got %d hits of %d, more %v, want %d of %v", name, len(found.Hits), found.Total, found.More, len(list), total)
		}
		for i, one := range list {
			row := one.(map[string]any)
			source, h := row["_source"].(map[string]any), found.Hits[i]
			text := func(name string) string { s, _ := source[name].(string); return s }
			var filers []filings.FilerName
			for j, cik := range source["ciks"].([]any) {
				n, _ := strconv.ParseInt(cik.(string), 10, 64)
				display, _, _ := strings.Cut(source["display_names"].([]any)[j].(string), "  ")
				filers = append(filers, filings.FilerName{CIK: filings.CIK(n), Name: display})
			}
			if string(h.Accession)+":"+h.Document != row["_id"] || string(h.Accession) != text("adsh") || h.Form != text("form") || h.Filed.String() != text("file_date") ||
				h.Period.String() != text("period_ending") || h.Type != text("file_type") || h.Description != text("file_description") ||
				fmt.Sprint(h.Sequence) != fmt.Sprint(source["sequence"]) || len(h.Items) != len(source["items"].([]any)) {
				t.Errorf("got %+v, want %v", h, row)
			}
			if diff := cmp.Diff(filers, h.Filers); diff != "" {
				t.Errorf("%s: filers (-want +got):\n%s", h.Accession, diff)
			}
		}
	}
}

func TestRecordedErrorsAreToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		status      int
		contentType string
		want        fault.Kind
		retryAfter  time.Duration
	}{
		"error-404-NoSuchKey.xml":                 {404, "application/xml", fault.NotFound, 0},
		"error-403-AccessDenied-missing-path.xml": {403, "application/xml", fault.NotFound, 0},
		"error-403-undeclared-tool.html":          {403, "text/html", fault.FilingsNotConfigured, 0},
		"error-403-rate-threshold.html":           {403, "text/html", fault.UpstreamDown, 10 * time.Minute},
	} {
		source := answering(t, map[string]page{"/data/submissions/CIK0000320193.json": {tc.status, tc.contentType, recording(t, name)}})
		_, err := source.Filer(t.Context(), apple)
		if f := fault.From(err); err == nil || f.Kind != tc.want || f.RetryAfter != tc.retryAfter {
			t.Errorf("%s: got %v, retry after %s, want %s after %s", name, err, f.RetryAfter, tc.want, tc.retryAfter)
		}
	}
	other := answering(t, map[string]page{"/data/submissions/CIK0000320193.json": {403, "text/html", []byte("<html>Access Denied</html>")}})
	if _, err := other.Filer(t.Context(), apple); !fault.Is(err, fault.UpstreamDown) {
		t.Errorf("another 403: got %v, want that nobody is let in", err)
	}
}

func day(text string) calendar.Day {
	d, err := calendar.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestTheRecordedPageOfAFilingIsRead(t *testing.T) {
	const number filings.Accession = "0001045810-26-000024"
	folder := "/www/Archives/edgar/data/1045810/000104581026000024/"
	got, err := answering(t, map[string]page{folder + string(number) + "-index.html": html(recording(t, "archive-NVDA-8K-index.html"))}).
		Contents(t.Context(), 1045810, number)
	period, accepted := day("2026-03-02"), time.Date(2026, time.March, 6, 21, 11, 25, 0, time.UTC)
	want := filings.Contents{
		Accession: number, Form: "8-K", Filed: day("2026-03-06"), Period: &period, Accepted: &accepted,
		Items: []filings.ListedItem{
			{Key: "5.02", Title: "Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers: Compensatory Arrangements of Certain Officers"},
			{Key: "9.01", Title: "Financial Statements and Exhibits"},
		},
		Filers: []filings.FilerName{{CIK: 1045810, Name: "NVIDIA CORP"}},
		Documents: []filings.Document{
			{Sequence: 1, Name: "nvda-20260302.htm", Type: "8-K", Description: "8-K", Size: 31103},
			{Sequence: 2, Name: "formxex101xfy27variablecom.htm", Type: "EX-10.1", Description: "EX-10.1", Size: 15048},
			{Sequence: 3, Name: "nvda-20260302.xsd", Type: "EX-101.SCH", Description: "XBRL TAXONOMY EXTENSION SCHEMA DOCUMENT", Size: 1876},
			{Sequence: 4, Name: "nvda-20260302_lab.xml", Type: "EX-101.LAB", Description: "XBRL TAXONOMY EXTENSION LABEL LINKBASE DOCUMENT", Size: 21885},
			{Sequence: 5, Name: "nvda-20260302_pre.xml", Type: "EX-101.PRE", Description: "XBRL TAXONOMY EXTENSION PRESENTATION LINKBASE DOCUMENT", Size: 12599},
			{Sequence: 15, Name: "nvda-20260302_htm.xml", Type: "XML", Description: "EXTRACTED XBRL INSTANCE DOCUMENT", Size: 2711},
		},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestARecordedSubmissionIsTakenApart(t *testing.T) {
	const number filings.Accession = "0001045810-26-000024"
	whole := recording(t, "archive-NVDA-8K-full-submission.txt")
	source := answering(t, map[string]page{"/www/Archives/edgar/data/1045810/000104581026000024/" + string(number) + ".txt": html(whole)})
	got, err := source.Document(t.Context(), 1045810, number, string(number)+".1.txt")
	if want := recording(t, "archive-NVDA-8K-nvda-20260302.htm"); err != nil || !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want)) {
		t.Errorf("got %d bytes, %v, want the %d of the document's own file", len(got), err, len(want))
	}
	// The sizes of the filing's page count the text between the tags.
	for sequence, size := range map[int]int{3: 1876, 4: 21885, 5: 12599, 15: 2711} {
		got, err := source.Document(t.Context(), 1045810, number, fmt.Sprintf("%s.%d.txt", number, sequence))
		if err != nil || len(got) != size {
			t.Errorf("document %d: got %d bytes, %v, want %d", sequence, len(got), err, size)
		}
	}
	if _, err := source.Document(t.Context(), 1045810, number, string(number)+".99.txt"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want that there is none", err)
	}
}

func TestARecordedFilingWithoutFilesIsReadFromItsSubmission(t *testing.T) {
	const number filings.Accession = "0000912057-00-023442"
	folder := "/www/Archives/edgar/data/320193/000091205700023442/"
	source := answering(t, map[string]page{
		folder + string(number) + "-index.html": html(recording(t, "archive-AAPL-2000-10Q-index.html")),
		folder + string(number) + ".txt":        html(recording(t, "archive-AAPL-2000-10Q-plain-text.txt")),
	})
	c, err := source.Contents(t.Context(), apple, number)
	period := day("2000-04-01")
	want := filings.Contents{
		Accession: number, Form: "10-Q", Filed: day("2000-05-11"), Period: &period, Filers: []filings.FilerName{{CIK: apple, Name: "APPLE COMPUTER INC"}},
		Documents: []filings.Document{
			{Sequence: 1, Name: string(number) + ".1.txt", Type: "10-Q", Description: "10-Q", Size: 84846},
			{Sequence: 2, Name: string(number) + ".2.txt", Type: "EX-3.2", Description: "EX 3.2", Size: 3636},
			{Sequence: 3, Name: string(number) + ".3.txt", Type: "EX-10.A49", Description: "1997 EMPLOYEE STOCK OPTION PLAN", Size: 33758},
			{Sequence: 4, Name: string(number) + ".4.txt", Type: "EX-10.A51", Description: "1998 EXECUTIVE OFFICER STOCK PLAN", Size: 46710},
			{Sequence: 5, Name: string(number) + ".5.txt", Type: "EX-27", Description: "EX 27", Size: 2016},
		},
	}
	if diff := cmp.Diff(want, c); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	for _, d := range c.Documents {
		text, err := source.Document(t.Context(), apple, number, d.Name)
		if err != nil || int64(len(text)) != d.Size || bytes.Contains(text, []byte("<TEXT>")) || bytes.Contains(text, []byte("<DOCUMENT>")) {
			t.Errorf("%s: got %d bytes, %v, want %d without tags", d.Name, len(text), err, d.Size)
		}
	}
	if url := source.DocumentURL(apple, number, c.Documents[1].Name); !strings.HasSuffix(url, folder+string(number)+".txt") {
		t.Errorf("got the address %s, want the submission's", url)
	}
}

func TestTheRecordedHeadersStandInForAPageThatCannotBeRead(t *testing.T) {
	const number filings.Accession = "0001493152-25-029712"
	folder := "/www/Archives/edgar/data/749647/000149315225029712/"
	source := answering(t, map[string]page{
		folder + string(number) + "-index.html":         html([]byte("<html>a new page with another form</html>")),
		folder + string(number) + "-index-headers.html": html(recording(t, "archive-IMNN-index-headers.html")),
		folder + "index.json":                           asJSON([]byte(`{"directory":{"item":[{"name":"form424b5.htm","size":"12345"},{"name":"form424b5_001.jpg","size":""}]}}`)),
	})
	got, err := source.Contents(t.Context(), 749647, number)
	accepted := time.Date(2025, time.December, 31, 13, 15, 19, 0, time.UTC)
	want := filings.Contents{
		Accession: number, Form: "424B5", Filed: day("2025-12-31"), Accepted: &accepted, Filers: []filings.FilerName{{CIK: 749647, Name: "Imunon, Inc."}},
		Documents: []filings.Document{
			{Sequence: 1, Name: "form424b5.htm", Type: "424B5", Description: "424B5", Size: 12345},
			{Sequence: 2, Name: "form424b5_001.jpg", Type: "GRAPHIC", Description: "GRAPHIC"},
		},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestARecordedFolderHasTheSizes asks for a filing whose headers are ours and whose folder is the recorded one.
func TestARecordedFolderHasTheSizes(t *testing.T) {
	const number filings.Accession = "0001213900-24-004875"
	text := recording(t, "archive-index.json")
	headers := "<PRE><SEC-HEADER>\nACCESSION NUMBER: " + string(number) + "\nCONFORMED SUBMISSION TYPE: 8-K\nFILED AS OF DATE: 20240119\n" +
		"COMPANY CONFORMED NAME: X\nCENTRAL INDEX KEY: 0001796514\n</SEC-HEADER>\n"
	sizes := map[string]int64{}
	for _, one := range decoded(t, text)["directory"].(map[string]any)["item"].([]any) {
		item := one.(map[string]any)
		sizes[item["name"].(string)], _ = strconv.ParseInt(item["size"].(string), 10, 64)
		headers += fmt.Sprintf("<DOCUMENT>\n<TYPE>X\n<FILENAME>%s\n</DOCUMENT>\n", item["name"])
	}
	folder := "/www/Archives/edgar/data/1796514/000121390024004875/"
	c, err := answering(t, map[string]page{
		folder + string(number) + "-index.html": html(nil), folder + string(number) + "-index-headers.html": html([]byte(headers)), folder + "index.json": asJSON(text),
	}).Contents(t.Context(), 1796514, number)
	if err != nil || len(c.Documents) != len(sizes) || sizes["ea191807ex1-1_datchat.htm"] != 404518 {
		t.Fatalf("got %d documents, %v, want %d", len(c.Documents), err, len(sizes))
	}
	for _, d := range c.Documents {
		if d.Size != sizes[d.Name] {
			t.Errorf("%s: got %d bytes, want %d", d.Name, d.Size, sizes[d.Name])
		}
	}
}

func TestRecordedDocumentsComeAsTheyWereFiled(t *testing.T) {
	const number filings.Accession = "0000320193-24-000123"
	for _, name := range []string{"archive-AAPL-10K-2024.htm", "archive-AAPL-10Q-2025.htm", "archive-JWN-8K.htm"} {
		text := recording(t, name)
		source := answering(t, map[string]page{"/www/Archives/edgar/data/320193/000032019324000123/" + name: html(text)})
		if got, err := source.Document(t.Context(), apple, number, name); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: got %d bytes, %v, want %d", name, len(got), err, len(text))
		}
	}
}

func TestFiguresAreHandedOnAsTheyAre(t *testing.T) {
	source := answering(t, map[string]page{
		"/data/api/xbrl/companyfacts/CIK0000320193.json": asJSON([]byte(`{"cik":320193}`)),
		"/data/submissions/CIK0000350001.json":           asJSON(recording(t, "submissions-CIK0000350001-no-filings.json")),
	})
	if text, err := source.Facts(t.Context(), apple); err != nil || string(text) != `{"cik":320193}` {
		t.Errorf("got %s, %v", text, err)
	}
	if _, err := source.Facts(t.Context(), 350001); !errors.Is(err, filings.ErrNoFacts) {
		t.Errorf("got %v, want that there are none", err)
	}
	if _, err := source.Facts(t.Context(), 42); !fault.Is(err, fault.NotFound) || errors.Is(err, filings.ErrNoFacts) {
		t.Errorf("got %v, want that there is nobody", err)
	}
}
