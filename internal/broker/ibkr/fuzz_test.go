package ibkr

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

func FuzzWhatTheGatewayAnswersIsReadOrRefused(f *testing.F) {
	for _, text := range []string{
		`[{"acctId":"U1","conid":265598,"contractDesc":"AAPL","position":2.0,"mktPrice":584.6799927,"mktValue":8.0,"currency":"USD","avgCost":3.0,"assetClass":"STK","ticker":"AAPL"}]`,
		`[{"conid":"1","contractDesc":"SPY    JAN2025 440 C [SPY   250117C00440000 100]","position":-1e-8,"currency":"GBX","assetClass":"OPT","strike":"440"}]`,
		`[{"conid":2,"position":1e30,"mktValue":"","avgCost":-1e-30,"currency":"USD","assetClass":"BOND","ticker":"T","mktPrice":1e-30}]`,
		`[{"execution_id":"a.1","side":"S","trade_time_r":1702317649000,"size":5.0,"price":"192.26","commission":"1.01","net_amount":961.3,"sec_type":"CASH","symbol":"EUR","conid":3}]`,
		`{"USD":{"cashbalance":218093824.0},"BASE":{"cashbalance":1}}`, `{"error":"no session"}`, `null`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = complaint(body)
		var rows []position
		if json.Unmarshal(body, &rows) == nil {
			for _, row := range rows {
				if p, err := row.position(time.Unix(0, 0)); err == nil {
					wantStorable(t, p.Instrument, p)
				}
			}
		}
		var trades []trade
		if json.Unmarshal(body, &trades) == nil {
			for _, w := range trades {
				all, err := w.activities(definition{Currency: "USD", AssetClass: "STK", Ticker: "X"}, "USD")
				if err != nil {
					continue
				}
				for _, a := range all {
					if a.ID == "" || a.Currency == "" || a.Fee.IsNegative() {
						t.Errorf("got %+v", a)
					}
					wantStorable(t, a.Instrument, a)
				}
			}
		}
		var cash ledger
		if json.Unmarshal(body, &cash) == nil {
			if a, err := (account{ID: "U1", Currency: "USD"}).account(cash); err == nil && len(a.Cash.Decimal.String()) > 200 {
				t.Errorf("got %+v", a)
			}
		}
	})
}

// wantStorable wants an instrument that can be kept, where there is one, and figures that can be spelled out.
func wantStorable(t *testing.T, in broker.Instrument, v any) {
	t.Helper()
	if in.InstrumentID != "" && (in.Symbol == "" || !in.Multiplier.IsPositive() || !isCurrency(in.Currency)) {
		t.Errorf("got %+v", in)
	}
	text, err := json.Marshal(v)
	if err != nil || len(text) > 4096 {
		t.Errorf("got %d bytes (%v) of %+v", len(text), err, v)
	}
}
