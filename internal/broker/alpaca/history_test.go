package alpaca_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

var inDollars = broker.Account{ID: "any", Currency: "USD"}

// told reads a body as the activities of a paper account in dollars.
func told(t *testing.T, entries ...string) ([]broker.Activity, error) {
	t.Helper()
	h, err := at(t, answers(map[string]string{"/paper/v2/account/activities": "[" + strings.Join(entries, ",") + "]"})).
		Activities(t.Context(), paper, inDollars, time.Time{})
	return h.Activities, err
}

func TestEveryTypeOfActivityHasItsMeaning(t *testing.T) {
	const share, contract = `"symbol":"X","date":"2026-11-02",`, `"symbol":"AAPL261120C00150000","date":"2026-11-02",`
	for fields, want := range map[string]string{
		`"activity_type":"FILL","transaction_time":"2026-11-02T15:00:00Z","symbol":"X","side":"buy","qty":"2","price":"1.005"`:                                              "buy 2 X -2.01 @1.005",
		`"activity_type":"FILL","transaction_time":"2026-11-02T15:00:00Z","symbol":"X","side":"sell_short","qty":"2","price":"3","type":"partial_fill"`:                     "sell -2 X 6 @3",
		`"activity_type":"FILL","transaction_time":"2026-11-02T15:00:00Z","symbol":"X","side":"sell","qty":"1","price":"3","type":"partial_fill","order_status":"canceled"`: "sell -1 X 3 @3",
		`"activity_type":"FILL","transaction_time":"2026-11-02T15:00:00Z","symbol":"BTC/USD","side":"buy","qty":"0.1","price":"100"`:                                        "buy 0.1 BTC/USD -10 @100",
		`"activity_type":"FILL","transaction_time":"2026-11-02T15:00:00Z","symbol":"ETHUSD","side":"buy","qty":"0.1","price":"100"`:                                         "buy 0.1 ETH/USD -10 @100",
		`"activity_type":"FILL","transaction_time":"2026-11-02T15:00:00Z","symbol":"AAPL261120C00150000","side":"buy","qty":"2","price":"1.5"`:                              "buy 2 AAPL261120C00150000 -300 @1.5",
		share + `"activity_type":"DIV","activity_sub_type":"CDIV","qty":"2","per_share_amount":"0.51","net_amount":"1.02"`:                                                  "dividend 0 X 1.02 @0.51",
		share + `"activity_type":"DIV","activity_sub_type":"SPD","net_amount":"-1.02"`:                                                                                      "dividend 0 X -1.02",
		share + `"activity_type":"DIV","activity_sub_type":"SDIV","qty":"3","net_amount":"0"`:                                                                               "split 3 X 0",
		share + `"activity_type":"DIVROC","net_amount":"1"`:                                                                                                                 "dividend 0 X 1",
		share + `"activity_type":"DIVCGL","net_amount":"1"`:                                                                                                                 "dividend 0 X 1",
		share + `"activity_type":"CGD","net_amount":"1"`:                                                                                                                    "dividend 0 X 1",
		share + `"activity_type":"DIVNRA","qty":"2","net_amount":"-0.3"`:                                                                                                    "tax 0 X -0.3",
		share + `"activity_type":"DIVFT","net_amount":"-0.3"`:                                                                                                               "tax 0 X -0.3",
		share + `"activity_type":"DIVTW","net_amount":"-0.3"`:                                                                                                               "tax 0 X -0.3",
		share + `"activity_type":"DIVFEE","net_amount":"-0.3"`:                                                                                                              "fee 0 X -0.3",
		share + `"activity_type":"DIVNEW","net_amount":"7"`:                                                                                                                 "dividend 0 X 7",
		`"date":"2026-11-02","activity_type":"INT","net_amount":"-3"`:                                                                                                       "interest 0  -3",
		`"date":"2026-11-02","activity_type":"INTNRA","net_amount":"-3"`:                                                                                                    "tax 0  -3",
		`"date":"2026-11-02","activity_type":"FEE","activity_sub_type":"TAF","net_amount":"-3"`:                                                                             "fee 0  -3",
		`"date":"2026-11-02","activity_type":"PTC","net_amount":"-3"`:                                                                                                       "fee 0  -3",
		`"date":"2026-11-02","activity_type":"PTR","net_amount":"3"`:                                                                                                        "fee 0  3",
		`"date":"2026-11-02","activity_type":"CFEE","symbol":"BTCUSD","qty":"-0.1","price":"30"`:                                                                            "fee -0.1 BTC/USD 0 @30",
		`"date":"2026-11-02","activity_type":"CSD","net_amount":"3"`:                                                                                                        "deposit 0  3",
		`"date":"2026-11-02","activity_type":"CSD","net_amount":"-3"`:                                                                                                       "withdrawal 0  -3",
		`"date":"2026-11-02","activity_type":"CSW","net_amount":"-3"`:                                                                                                       "withdrawal 0  -3",
		`"date":"2026-11-02","activity_type":"JNLC","net_amount":"3"`:                                                                                                       "transfer_in 0  3",
		`"date":"2026-11-02","activity_type":"JNLC","net_amount":"-3"`:                                                                                                      "transfer_out 0  -3",
		share + `"activity_type":"JNLS","qty":"-3","net_amount":"0"`:                                                                                                        "transfer_out -3 X 0",
		`"date":"2026-11-02","activity_type":"ACATC","net_amount":"3"`:                                                                                                      "deposit 0  3",
		share + `"activity_type":"ACATS","qty":"3","net_amount":"0"`:                                                                                                        "delivery_in 3 X 0",
		share + `"activity_type":"FOPT","qty":"-3"`:                                                                                                                         "delivery_out -3 X 0",
		share + `"activity_type":"SPLIT","activity_sub_type":"RSPLIT","qty":"-9"`:                                                                                           "split -9 X 0",
		share + `"activity_type":"SPIN","qty":"9"`:                                                                                                                          "spin_off 9 X 0",
		share + `"activity_type":"MA","activity_sub_type":"CMA","qty":"-9","net_amount":"90"`:                                                                               "merger -9 X 90",
		share + `"activity_type":"NC","qty":"-9"`:                                                                                                                           "merger -9 X 0",
		share + `"activity_type":"REORG","activity_sub_type":"WRM","qty":"-9"`:                                                                                              "merger -9 X 0",
		contract + `"activity_type":"OPEXP","qty":"-1","net_amount":"0"`:                                                                                                    "sell -1 AAPL261120C00150000 0 @0",
		contract + `"activity_type":"OPASN","qty":"2","net_amount":"0"`:                                                                                                     "buy 2 AAPL261120C00150000 0 @0",
		contract + `"activity_type":"OPXRC","qty":"-2","net_amount":"0"`:                                                                                                    "sell -2 AAPL261120C00150000 0 @0",
		contract + `"activity_type":"OPCA","activity_sub_type":"SPLIT.FSPLIT","qty":"1"`:                                                                                    "split 1 AAPL261120C00150000 0",
		contract + `"activity_type":"OPCA","activity_sub_type":"DIV.CDIV","net_amount":"1"`:                                                                                 "other 0 AAPL261120C00150000 1",
		contract + `"activity_type":"OPCSH","qty":"1","net_amount":"12.5"`:                                                                                                  "other 0 AAPL261120C00150000 12.5",
		share + `"activity_type":"OPTRD","qty":"-200","price":"150","net_amount":"30000"`:                                                                                   "sell -200 X 30000 @150",
		share + `"activity_type":"NEVERSEEN","qty":"5","net_amount":"-4"`:                                                                                                   "other 0 X -4",
		`"date":"2026-11-02","activity_type":"FXCNV","currency":"EUR","net_amount":"-4"`:                                                                                    "exchange 0  -4 EUR",
		share + `"activity_type":"DIV","status":"canceled","net_amount":"1.02"`:                                                                                             "other 0 X 0",
		share + `"activity_type":"DIV","status":"correct","net_amount":"1.02"`:                                                                                              "dividend 0 X 1.02",
	} {
		got, err := told(t, `{"id":"1",`+fields+`}`)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: got %d activities, %v", fields, len(got), err)
			continue
		}
		a := got[0]
		text := strings.Join([]string{string(a.Kind), a.Quantity.String(), a.Instrument.Symbol, a.Amount.String()}, " ")
		if a.Price.Valid {
			text += " @" + a.Price.Decimal.String()
		}
		if a.Currency != "USD" {
			text += " " + a.Currency
		}
		if text != want || a.Description == "" {
			t.Errorf("%s:\ngot  %q (%s)\nwant %q", fields, text, a.Description, want)
		}
	}
}

func TestWhatIsBoughtWithCoinsTakesTheCoinsAndNoMoney(t *testing.T) {
	const at = `{"id":"1","transaction_time":"2026-11-02T15:00:00Z",`
	for fields, want := range map[string]string{
		`"activity_type":"FILL","symbol":"ETH/BTC","side":"buy","qty":"1.4","price":"0.0571"`:      "1 delivery_in 1.4 ETH/USD, 1/BTC delivery_out -0.07994 BTC/USD",
		`"activity_type":"FILL","symbol":"BTCUSDT","side":"sell","qty":"0.1","price":"100000.5"`:   "1 delivery_out -0.1 BTC/USD, 1/USDT delivery_in 10000.05 USDT/USD",
		`"activity_type":"FILL","symbol":"ETH/BTC","side":"buy","qty":"0.00000001","price":"0.01"`: "1 delivery_in 0.00000001 ETH/USD",
		`"activity_type":"CFEE","symbol":"ETH/BTC","qty":"-0.0035","net_amount":"0"`:               "1 fee -0.0035 ETH/USD",
		`"activity_type":"FILL","symbol":"USDT/USD","side":"buy","qty":"10","price":"1.001"`:       "1 buy 10 USDT/USD",
	} {
		got, err := told(t, at+fields+`}`)
		var texts []string
		for _, a := range got {
			texts = append(texts, strings.Join([]string{a.ID, string(a.Kind), a.Quantity.String(), a.Instrument.Symbol}, " "))
			if a.Kind != broker.Buy && (!a.Amount.IsZero() || a.Price.Valid) {
				t.Errorf("%s: got %+v, want no money in it", fields, a)
			}
		}
		if text := strings.Join(texts, ", "); err != nil || text != want {
			t.Errorf("%s:\ngot  %q, %v\nwant %q", fields, text, err, want)
		}
	}
}

func TestNonsenseAmongActivitiesIsRefusedAsAWhole(t *testing.T) {
	const good = `{"id":"1","activity_type":"FILL","transaction_time":"2026-11-02T15:00:00Z","symbol":"X","side":"buy","qty":"2","price":"3"}`
	for name, c := range map[string][2]string{
		"no id": {`"id":"1"`, `"id":""`}, "no type": {"FILL", ""}, "no side": {`"side":"buy",`, ""}, "no quantity": {`"qty":"2"`, `"qty":null`},
		"no price": {`,"price":"3"`, ""}, "no symbol": {`"symbol":"X",`, ""}, "no time": {"2026-11-02T15:00:00Z", "yesterday"}, "the year 1": {"2026", "0001"},
		"the year 9999": {"2026", "9999"}, "a negative price": {`"price":"3"`, `"price":"-3"`}, "a control character": {`"symbol":"X"`, `"symbol":"X\u0000"`},
		"no currency": {`"side"`, `"currency":"dollar","side"`}, "a huge number": {`"qty":"2"`, `"qty":"1e999999"`},
	} {
		if got, err := told(t, good, strings.Replace(strings.Replace(good, `"id":"1"`, `"id":"2"`, 1), c[0], c[1], 1)); name != "no id" && (got != nil || !fault.Is(err, fault.UpstreamFailed)) {
			t.Errorf("%s: got %d activities, %v, want %s", name, len(got), err, fault.UpstreamFailed)
		}
	}
	if got, err := told(t, good, good); got != nil || !fault.Is(err, fault.UpstreamFailed) {
		t.Errorf("got %d activities of the same twice, %v, want %s", len(got), err, fault.UpstreamFailed)
	}
}

// pages serves a history of n fills, the newest first, a hundred at a time.
func pages(n int, asked func(r *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked(r)
		next := n
		if token := r.URL.Query().Get("page_token"); token != "" {
			next, _ = strconv.Atoi(token)
		}
		var page []map[string]string
		for i := next - 1; i >= 0 && len(page) < 100; i-- {
			page = append(page, map[string]string{"id": strconv.Itoa(i), "activity_type": "FILL", "symbol": "X", "side": "buy", "qty": "1", "price": "1",
				"transaction_time": time.Date(2024, 1, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339)})
		}
		if page == nil {
			_, _ = io.WriteString(w, "[]")
			return
		}
		_ = json.NewEncoder(w).Encode(page)
	}
}

func TestPagesAreReadToTheEnd(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 300, 1234} {
		requests := 0
		h, err := at(t, pages(n, func(*http.Request) { requests++ })).Activities(t.Context(), paper, inDollars, time.Time{})
		if err != nil || len(h.Activities) != n || !h.Since.IsZero() || !h.CashComplete {
			t.Errorf("got %d of %d activities, since %v, %v, %v", len(h.Activities), n, h.Since, h.CashComplete, err)
		}
		if want := n/100 + 1; requests != want {
			t.Errorf("%d: got %d requests, want %d", n, requests, want)
		}
	}
}

func TestAPageThatComesAgainIsAnError(t *testing.T) {
	provider := at(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = "" // the token is ignored
		pages(500, func(*http.Request) {})(w, r)
	}))
	if h, err := provider.Activities(t.Context(), paper, inDollars, time.Time{}); !fault.Is(err, fault.UpstreamFailed) || h.Activities != nil {
		t.Errorf("got %d activities, %v, want %s", len(h.Activities), err, fault.UpstreamFailed)
	}
}

func TestWhatWasListedLateIsReadAgain(t *testing.T) {
	var after string
	provider := at(t, pages(0, func(r *http.Request) { after = r.URL.Query().Get("after") }))
	h, err := provider.Activities(t.Context(), paper, inDollars, time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if want := "2026-11-10T15:00:00Z"; after != want || h.Since.Format(time.RFC3339) != want {
		t.Errorf("got asked after %s and told of since %s, want %s", after, h.Since, want)
	}
}

func TestAnAccountOfTheSimulatorAddsUp(t *testing.T) {
	s, provider := simulated(t)
	for _, customer := range s.World.Customers() {
		for _, env := range customer.Environments {
			id, secret := s.World.APIKeys(customer.ID, env)
			creds := broker.Credentials{Environment: broker.Environment(env), KeyID: id, KeySecret: secret}
			accounts, err := provider.Accounts(t.Context(), creds)
			if err != nil {
				t.Fatal(err)
			}
			positions, err := provider.Positions(t.Context(), creds, accounts[0])
			if err != nil {
				t.Fatal(err)
			}
			h, err := provider.Activities(t.Context(), creds, accounts[0], time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			cash, held, want := decimal.Zero, map[string]string{}, map[string]string{}
			sums := map[string]decimal.Decimal{}
			for _, a := range h.Activities {
				cash, sums[a.Instrument.Symbol] = cash.Add(a.Amount), sums[a.Instrument.Symbol].Add(a.Quantity)
			}
			for symbol, quantity := range sums {
				if !quantity.IsZero() {
					held[symbol] = quantity.String()
				}
			}
			for _, p := range positions {
				want[p.Symbol] = p.Quantity.String()
			}
			if diff := cmp.Diff(want, held); diff != "" || !cash.Equal(accounts[0].Cash.Decimal) || !h.CashComplete {
				t.Errorf("%s %s: got cash of %s, want %s; held -want +got\n%s", customer.ID, env, cash, word(accounts[0].Cash), diff)
			}
		}
	}
}

func TestAKeyOpensOnlyItsOwnEnvironment(t *testing.T) {
	s, provider := simulated(t)
	id, secret := s.World.APIKeys("alex", sim.Paper)
	for name, creds := range map[string]broker.Credentials{
		"the other environment": {Environment: broker.Live, KeyID: id, KeySecret: secret},
		"another secret":        {Environment: broker.Paper, KeyID: id, KeySecret: secret + "x"},
	} {
		if _, err := provider.Accounts(t.Context(), creds); !fault.Is(err, fault.ReauthorizationRequired) || strings.Contains(fmt.Sprint(err), id) {
			t.Errorf("%s: got %v, want %s", name, err, fault.ReauthorizationRequired)
		}
	}
}
