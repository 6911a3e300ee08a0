package researchtools

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/passages"
)

func TestTextsFromOutsideAreBoundedAndHaveNoControlCharacters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\x00b\x1b[31mc\u202ed\u200be": "ab[31mcde",
		"one\ttwo\nthree":               "one\ttwo\nthree",
		"broken \xff utf":               "broken  utf",
		strings.Repeat("é", 300):        strings.Repeat("é", 99) + "…",
	} {
		if got := clean(text, 100); got != want || !utf8.ValidString(got) {
			t.Errorf("%.40q: got %q, want %q", text, got, want)
		}
	}
	if got := line(" a\n\tb ", 100); got != "a b" {
		t.Errorf("got %q", got)
	}
}

func TestOnlyAddressesOfTheWebAreLinks(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://news.example.com/a?b=c": true, "http://news.example.com/a": false, "javascript:alert(1)": false, "https://localhost/a": false,
		"https://127.0.0.1/a": false, "https://[::1]/a": false, "https://user:password@news.example.com/": false, "": false, "https://": false, "data:text/html,x": false,
	} {
		if got := publicURL(address) != ""; got != want {
			t.Errorf("%q: got %v, want %v", address, got, want)
		}
	}
}

func TestAPartOfAnItemHasWholePassagesAndAtLeastOne(t *testing.T) {
	t.Parallel()
	all := []passages.Passage{
		{StartChar: 0, EndChar: 50}, {StartChar: 60, EndChar: 20_060}, {StartChar: 20_070, EndChar: 30_000}, {StartChar: 30_010, EndChar: 31_000}, {StartChar: 31_010, EndChar: 40_000},
	}
	var got []string
	from := 60
	for {
		part, next := partOf(all, from, 31_000)
		for _, p := range part {
			got = append(got, fmt.Sprint(p.StartChar))
		}
		if next == nil {
			break
		}
		got, from = append(got, "|"), *next
	}
	if text := strings.Join(got, " "); text != "60 | 20070 30010" {
		t.Errorf("got %s", text)
	}
}

func TestWithoutAUserAgentForTheSECFilingsAreRefusedAndTheMarketIsNot(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Filings.Source = nil
		for name, input := range map[string]string{
			"list_filings": `{"symbol":"AAPL"}`, "search_filings": `{"query":"risk"}`, "read_filing_section": `{"accession":"0000320193-24-000123","item":"1A"}`,
			"search_passages": `{"query":"risk","symbol":"AAPL"}`, "get_reported_facts": `{"symbol":"AAPL","concepts":["revenue"]}`,
		} {
			if got := d.refused(name, input); got.Kind != fault.FilingsNotConfigured || !strings.Contains(got.Message, "JASPERS_EDGAR_USER_AGENT") {
				t.Errorf("%s: got %v", name, got)
			}
		}
		data, call := use[metricsData](d, "get_company_metrics", `{"symbol":"AAPL"}`)
		if len(data.Metrics) == 0 || call.Result.Source.Name != "yahoo" {
			t.Errorf("got %d metrics of %s", len(data.Metrics), call.Result.Source.Name)
		}
	})
}
