package yahoo

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func FuzzWhatYahooAnswersIsReadOrRefused(f *testing.F) {
	for _, text := range []string{
		`{"quoteResponse":{"result":[{"symbol":"AAPL","quoteType":"EQUITY","currency":"USD","regularMarketPrice":5.25,"regularMarketTime":1790971201,"regularMarketVolume":1e6}],"error":null}}`,
		`{"quoteResponse":{"result":[{"symbol":"VOD.L","currency":"GBp","priceHint":2,"regularMarketPrice":"71.1","regularMarketTime":1}]}}`,
		`{"quoteResponse":{"result":[null,17,{"currency":[],"regularMarketPrice":1e400}],"error":{}}}`, `{"quoteResponse":null}`, `[]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := readRows(&upstream.Answer{Status: 200, Body: body})
		if err == nil && len(rows) > len(body) {
			t.Errorf("got %d rows from %d bytes", len(rows), len(body))
		}
		for _, row := range rows {
			quote, ok := row.quote("AAPL", "yahoo", time.Unix(0, 0))
			if !ok {
				continue
			}
			text, err := json.Marshal(quote)
			if err != nil || !quote.Price.IsPositive() || quote.Currency == "" || len(text) > 8*len(body)+1024 {
				t.Errorf("got %+v (%v)", quote, err)
			}
		}
	})
}
