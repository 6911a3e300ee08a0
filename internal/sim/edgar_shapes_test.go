package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

func TestCIKsAreThoseOfTheRealCompanies(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	var real map[string]struct {
		CIK    int    `json:"cik_str"`
		Ticker string `json:"ticker"`
		Title  string `json:"title"`
	}
	readRecording(t, "company_tickers.json", &real)
	titles := map[string]string{}
	for _, row := range real {
		titles[row.Ticker] = fmt.Sprint(row.CIK, " ", row.Title)
	}
	for _, c := range s.World.Filings().Companies() {
		for _, ticker := range c.Tickers {
			if got := fmt.Sprint(c.CIK, " ", c.Name); got != titles[ticker] {
				t.Errorf("%s: got %s, want %s", ticker, got, titles[ticker])
			}
		}
	}
	got := decoded[map[string]object](t, edgarGet(t, server, "/www/files/company_tickers.json"))
	if len(got) != 21 || jsonType(got["0"]["cik_str"]) != jsonType(json.Number("1")) {
		t.Errorf("got %d tickers: %v", len(got), got["0"])
	}
}

func readRecording(t *testing.T, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(sharedtest.Dir(t, "upstreams/fixtures/dev/edgar"), file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// sameShape reports what of a recorded answer's first rows the simulated one lacks, or has in another type.
func sameShape(t *testing.T, where string, real, simulated any) {
	t.Helper()
	switch want := real.(type) {
	case map[string]any:
		got, ok := simulated.(map[string]any)
		if !ok {
			t.Errorf("%s: got %T, want an object", where, simulated)
			return
		}
		for key, value := range want {
			one, ok := got[key]
			if !ok {
				t.Errorf("%s has no %s", where, key)
				continue
			}
			sameShape(t, where+"."+key, value, one)
		}
	case []any:
		got, ok := simulated.([]any)
		if !ok {
			t.Errorf("%s: got %T, want a list", where, simulated)
			return
		}
		if len(want) > 0 && len(got) > 0 {
			sameShape(t, where+"[0]", want[0], got[0])
		}
	case nil:
	default:
		if simulated != nil && jsonType(simulated) != jsonType(want) {
			t.Errorf("%s: got %v, want it as in %v", where, simulated, want)
		}
	}
}

func TestEDGARShapesAreThoseOfRecordedAnswers(t *testing.T) {
	_, server, _ := serveEDGAR(t, -1)
	for file, path := range map[string]string{
		"submissions-CIK0000320193-AAPL.json":                 "/data/submissions/CIK0000320193.json",
		"submissions-CIK0000350001-no-filings.json":           "/data/submissions/CIK0000350001.json",
		"submissions-CIK0001318605-submissions-001-TSLA.json": "/data/submissions/CIK0000320193-submissions-001.json",
		"submissions-CIK0001830056-foreign-OTC.json":          "/data/submissions/CIK0001000184.json",
		"companyconcept-AAPL-EarningsPerShareDiluted.json":    "/data/api/xbrl/companyconcept/CIK0000320193/us-gaap/EarningsPerShareDiluted.json",
		"efts-13F-by-cik.json":                                "/efts/LATEST/search-index?q=ownership&ciks=0001045810&forms=4",
		"efts-AAPL-10K-exhibit-hit.json":                      "/efts/LATEST/search-index?q=consent&ciks=0000320193&forms=10-K",
		"efts-zero-results.json":                              "/efts/LATEST/search-index?q=nothingofthekind",
	} {
		var real any
		readRecording(t, file, &real)
		if root, ok := real.(map[string]any); ok && root["query"] != nil {
			root["query"].(map[string]any)["query"] = nil // what was asked differs
		}
		got := edgarGet(t, server, path)
		if got.status != http.StatusOK {
			t.Fatalf("%s: got %d", path, got.status)
		}
		sameShape(t, file, real, decoded[any](t, got))
	}
}

func TestFactShapesAreThoseOfRecordedAnswers(t *testing.T) {
	s, server, _ := serveEDGAR(t, -1)
	var real, got map[string]any
	readRecording(t, "companyfacts-CIK0000320193-AAPL.json", &real)
	got = decoded[map[string]any](t, edgarGet(t, server, "/data/api/xbrl/companyfacts/CIK0000320193.json"))
	for taxonomy, tags := range got["facts"].(map[string]any) {
		for tag, one := range tags.(map[string]any) {
			recorded, ok := real["facts"].(map[string]any)[taxonomy].(map[string]any)[tag]
			if !ok {
				continue // Apple does not use all the tags there are
			}
			sameShape(t, tag, recorded, one)
		}
	}
	if real["entityName"] != got["entityName"] || jsonType(real["cik"]) != jsonType(got["cik"]) {
		t.Errorf("got %v of %v", got["cik"], got["entityName"])
	}
	var directory any
	readRecording(t, "archive-index.json", &directory)
	sameShape(t, "index.json", directory, decoded[any](t, edgarGet(t, server, "/www"+folderOf(newest(t, s, "AAPL", "8-K"))+"/index.json")))
}
