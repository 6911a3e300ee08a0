package yahoo_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

func answerOf(rows string) string { return `{"quoteResponse":{"result":[` + rows + `],"error":null}}` }

func rowOf(symbol, more string) string {
	return `{"symbol":"` + symbol + `","quoteType":"EQUITY","currency":"USD","regularMarketPrice":5,"regularMarketTime":1790971201` + more + `}`
}

func TestAnAnswerThatIsNoneSaysNothingOfAnySymbol(t *testing.T) {
	const trouble = `{"code":"Internal","description":"x"}`
	for _, body := range []string{
		`{}`, `null`, `[]`, `"no"`, `17`, ``, `<html></html>`, `{"quoteResponse":{"result":[]`,
		`{"finance":{"result":null,"error":` + trouble + `}}`,
		`{"quoteResponse":null}`, `{"quoteResponse":[]}`, `{"quoteResponse":{}}`,
		`{"quoteResponse":{"result":null,"error":null}}`, `{"quoteResponse":{"result":{},"error":null}}`,
		`{"quoteResponse":{"result":null,"error":` + trouble + `}}`, `{"quoteResponse":{"result":[],"error":` + trouble + `}}`,
		`{"quoteResponse":{"result":[17,null,"AAPL"],"error":null}}`,
	} {
		source, _ := newSource(t, body)
		if got, err := source.Quotes(t.Context(), []string{"AAPL"}); len(got) != 0 || !fault.Is(err, fault.UpstreamFailed) {
			t.Errorf("%s: got %v, %v, want %s", body, got, err, fault.UpstreamFailed)
		}
	}
	source, _ := newSource(t, answerOf(""))
	if got, err := source.Quotes(t.Context(), []string{"AAPL"}); len(got) != 0 || err != nil {
		t.Errorf("got %v, %v, want a true answer without AAPL", got, err)
	}
}

func TestABadFieldCostsItselfAndABadRowItself(t *testing.T) {
	for _, bad := range []string{
		rowOf("AAPL", `,"regularMarketVolume":"many"`), rowOf("AAPL", `,"regularMarketVolume":1e400`), rowOf("AAPL", `,"regularMarketVolume":-1`),
		rowOf("AAPL", `,"regularMarketOpen":"N/A"`), rowOf("AAPL", `,"regularMarketOpen":1e400`), rowOf("AAPL", `,"regularMarketOpen":{"raw":5}`),
		rowOf("AAPL", `,"priceHint":"two"`), rowOf("AAPL", `,"priceHint":1e18`), rowOf("AAPL", `,"longName":["Apple"],"marketState":7`),
		rowOf("AAPL", `,"regularMarketPreviousClose":true,"regularMarketChange":[]`),
	} {
		source, _ := newSource(t, answerOf(bad+","+rowOf("MSFT", "")))
		got, err := source.Quotes(t.Context(), []string{"AAPL", "MSFT"})
		want := got["MSFT"]
		want.Symbol = "AAPL"
		if diff := cmp.Diff(want, got["AAPL"]); diff != "" || err != nil || len(got) != 2 {
			t.Errorf("%s: got %d quotes, %v; against one without the field:\n%s", bad, len(got), err, diff)
		}
	}
	for _, bad := range []string{
		`17`, `null`, `"AAPL"`, `[]`, `{}`, `{"symbol":null}`, `{"symbol":["AAPL"]}`, rowOf("AAPL", `,"regularMarketPrice":"N/A"`),
		rowOf("AAPL", `,"currency":7`), rowOf("AAPL", `,"regularMarketTime":1e18`), rowOf("AAPL", `,"regularMarketTime":"today"`),
	} {
		source, _ := newSource(t, answerOf(bad+","+rowOf("MSFT", "")))
		got, err := source.Quotes(t.Context(), []string{"AAPL", "MSFT"})
		if _, ok := got["MSFT"]; !ok || len(got) != 1 || err != nil {
			t.Errorf("%s: got %v, %v, want MSFT alone", bad, got, err)
		}
	}
}

func TestNumbersAreReadHoweverTheyAreWritten(t *testing.T) {
	source, _ := newSource(t, answerOf(rowOf("AAPL", `,"regularMarketVolume":1.5e10,"regularMarketTime":1790971201.5,"regularMarketOpen":"4.50"`)))
	got, err := source.Quotes(t.Context(), []string{"AAPL"})
	if err != nil {
		t.Fatal(err)
	}
	q := got["AAPL"]
	if q.Volume == nil || *q.Volume != 15_000_000_000 || !q.Timestamp.Equal(time.Unix(1790971201, 0)) || q.Open == nil || q.Open.String() != "4.5" {
		t.Errorf("got volume %v, time %s, open %v", q.Volume, q.Timestamp, q.Open)
	}
}

func TestZeroIsNoPrice(t *testing.T) {
	const zeros = `,"regularMarketOpen":0,"regularMarketDayHigh":0.0,"regularMarketDayLow":0,"regularMarketPreviousClose":0,"regularMarketChange":0,"regularMarketVolume":0`
	source, _ := newSource(t, answerOf(rowOf("AAPL", zeros)+","+rowOf("ZERO", `,"regularMarketPrice":0`)+","+rowOf("LESS", `,"regularMarketPrice":-1`)))
	got, err := source.Quotes(t.Context(), []string{"AAPL", "ZERO", "LESS"})
	if err != nil || len(got) != 1 {
		t.Fatalf("got %v, %v, want AAPL alone", got, err)
	}
	q := got["AAPL"]
	if q.Open != nil || q.DayHigh != nil || q.DayLow != nil || q.PreviousClose != nil {
		t.Errorf("got %+v, want the zeros missing", q)
	}
	if q.Change == nil || !q.Change.IsZero() || q.Volume == nil || *q.Volume != 0 {
		t.Errorf("got change %v and volume %v, want zero: both can be", q.Change, q.Volume)
	}
}

func TestSymbolsReachYahooInItsSpelling(t *testing.T) {
	for asked, want := range map[string]string{
		"BRK.B": "BRK-B", "brk-b": "BRK-B", "MKC-V": "MKC-V", "VOD.L": "VOD.L", "7203.T": "7203.T", "BTC/USD": "BTC-USD", "^GSPC": "^GSPC",
	} {
		ours, err := market.NormalizeSymbol(asked)
		if err != nil {
			t.Fatal(err)
		}
		source, h := newSource(t, answerOf(rowOf(want, "")))
		got, err := source.Quotes(t.Context(), []string{ours})
		if h.symbols.Load() != want || got[ours].Symbol != ours || err != nil {
			t.Errorf("%s: asked for %v and got %v, %v, want %s and its quote as %s", asked, h.symbols.Load(), got, err, want, ours)
		}
	}
}

func TestAThrottlingYahooIsLeftAloneForMinutes(t *testing.T) {
	source, h := newSource(t, "Too Many Requests")
	h.status = http.StatusTooManyRequests
	for range 3 {
		_, err := source.Quotes(t.Context(), []string{"AAPL"})
		if f := fault.From(err); f.Kind != fault.UpstreamDown || f.RetryAfter < time.Minute {
			t.Errorf("got %v with a retry after %s, want %s and a minute at least", err, f.RetryAfter, fault.UpstreamDown)
		}
	}
	if h.asked.Load() != 1 {
		t.Errorf("got %d requests, want 1", h.asked.Load())
	}
}
