package alpaca

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

func FuzzWhatAlpacaAnswersIsReadOrRefused(f *testing.F) {
	for _, text := range []string{
		`[{"asset_id":"a","symbol":"AAPL","exchange":"NASDAQ","asset_class":"us_equity","side":"long","qty":"10","avg_entry_price":"100.5","market_value":"1050.25"}]`,
		`[{"symbol":"BTCUSD","asset_class":"crypto","side":"short","qty":"-0.00000001","usd":{"market_value":"-1e-8"}}]`,
		`[{"symbol":"X","qty":1e30,"cost_basis":""},{"symbol":"Y","qty":null}]`, `[{"symbol":"X","qty":"1e999999"}]`, `null`, `{}`,
		`[{"id":"1","activity_type":"FILL","transaction_time":"2024-01-02T15:00:00Z","symbol":"AAPL240119C00150000","side":"sell_short","qty":"1e29","price":"1e29"}]`,
		`[{"id":"2","activity_type":"DIV","activity_sub_type":"CDIV","date":"2024-01-02","net_amount":"-1.02","description":"\u0000x","symbol":"X"}]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var rows []position
		if json.Unmarshal(body, &rows) == nil {
			for _, row := range rows {
				if p, err := row.position(time.Unix(0, 0), dollars); err == nil {
					wantStorable(t, p)
				}
			}
		}
		var past []activity
		if json.Unmarshal(body, &past) == nil {
			for _, entry := range past {
				a, err := entry.activity(dollars, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
				if text, broken := json.Marshal(a); err == nil && (broken != nil || len(text) > 4096 || a.ID == "" || a.Kind == "" || a.At.IsZero()) {
					t.Errorf("got %d bytes (%v) of %+v", len(text), broken, a)
				}
			}
		}
		var one account
		if json.Unmarshal(body, &one) == nil {
			if a, err := one.account(); err == nil && (a.ID == "" || len(a.Cash.Decimal.String()) > 200) {
				t.Errorf("got %+v", a)
			}
		}
	})
}

// wantStorable wants a position that can be kept: with a symbol and a quantity, and with figures that can be spelled out.
func wantStorable(t *testing.T, p broker.Position) {
	t.Helper()
	if p.Symbol == "" || p.InstrumentID == "" {
		t.Errorf("got a position of nothing: %+v", p)
	}
	text, err := json.Marshal(p)
	if err != nil || len(text) > 4096 {
		t.Errorf("got %d bytes (%v) of %+v", len(text), err, p)
	}
}
