package ibkr_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// row is a position of which some fields are otherwise than aPosition's.
func row(t *testing.T, changed string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	for _, text := range []string{aPosition, changed} {
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPositionsAreUnderstoodWhateverTheyAreOf(t *testing.T) {
	// What the gateway leaves out until it has looked an instrument up.
	const undefined = `"ticker":null,"name":null,"listingExchange":null,"countryCode":null,"sector":null`
	for name, c := range map[string]struct{ row, want string }{
		"a share of a class":             {`{"ticker":"BRK B"}`, "BRK.B 2x1 3 6 4 8 USD equity"},
		"one that was not looked up yet": {`{"contractDesc":"BRK B",` + undefined + `}`, "BRK.B 2x1 3 6 4 8 USD equity"},
		"an option that was not": {`{"contractDesc":"SPY    JAN2025 440 C [SPY   250117C00440000 100]","assetClass":"OPT","avgCost":300,"avgPrice":null,"mktValue":800,` +
			undefined + `}`, "SPY250117C00440000 2x100 3 600 4 800 USD option"},
		"an option without a code": {`{"contractDesc":"SPY JAN2025 440 C","assetClass":"OPT","ticker":"SPY","expiry":"20250117","putOrCall":"C","strike":"440","multiplier":100.0}`,
			"SPY250117C00440000 2x100 3 6 4 8 USD option"},
		"an option with half a dollar": {`{"contractDesc":"X","assetClass":"OPT","ticker":"F","expiry":"20271217","putOrCall":"P","strike":7.5,"multiplier":"100"}`,
			"F271217P00007500 2x100 3 6 4 8 USD option"},
		"an option on a future": {`{"contractDesc":"ES [ESZ7 C5000 50]","assetClass":"FOP","ticker":"ES"}`, "ESZ7C5000 2x50 3 6 4 8 USD option"},
		"crypto":                {`{"contractDesc":"BTC CRYPTO","assetClass":"CRYPTO","ticker":"BTC","multiplier":0.0}`, "BTC/USD 2x1 3 6 4 8 USD crypto"},
		"crypto, not looked up": {`{"contractDesc":"ETH CRYPTO","assetClass":"CRYPTO","currency":"EUR",` + undefined + `}`, "ETH/EUR 2x1 3 6 4 8 EUR crypto"},
		"a future has no worth": {`{"contractDesc":"ES DEC2027 [ESZ7 50]","assetClass":"FUT","ticker":"ES","expiry":"20271217"}`, "ESZ7 2x50 3  4  USD other"},
		"a CFD has none":        {`{"contractDesc":"IBDE40","assetClass":"CFD","ticker":"IBDE40","currency":"EUR"}`, "IBDE40 2x1 3  4  EUR other"},
		"a bond is quoted in percent": {`{"contractDesc":"T 4 1/8","assetClass":"BOND","ticker":"T","mktPrice":98.5,"mktValue":1970.0,"avgPrice":97.0,"avgCost":970.0}`,
			"T 2x10 97 1940 98.5 1970 USD other"},
		"a fund":         {`{"contractDesc":"VTSAX","assetClass":"FUND","ticker":"VTSAX"}`, "VTSAX 2x1 3 6 4 8 USD other"},
		"pence":          {`{"ticker":"VOD","currency":"GBX","mktPrice":75.2,"mktValue":150.4,"avgCost":70,"avgPrice":70}`, "VOD 2x1 0.7 1.4 0.752 1.5 GBP equity"},
		"unknown prices": {`{"mktPrice":null,"mktValue":"","avgCost":null,"avgPrice":null}`, "AAPL 2x1     USD equity"},
		"amounts of floats": {`{"position":0.00365831,"mktPrice":69814.3984375,"mktValue":255.40234375}`,
			"AAPL 0.00365831x1 3 0.01 69814.4 255.4 USD equity"},
		"a price that is no float": {`{"mktPrice":742123.45,"mktValue":1484246.9}`, "AAPL 2x1 3 6 742123.45 1484246.9 USD equity"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := positionsOf(t, "["+row(t, c.row)+"]", answers{"GET /trsrv/secdef": `{"secdef":[]}`})
			if err != nil || len(got) != 1 || figures(got[0])+" "+string(got[0].AssetClass) != c.want {
				t.Fatalf("got %v, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestWhatAnInstrumentIsIsAskedForWhereItIsMissing(t *testing.T) {
	bare := row(t, `{"ticker":null,"name":null,"listingExchange":null,"countryCode":null,"sector":null}`)
	got, err := positionsOf(t, "["+bare+"]", nil)
	if err != nil || len(got) != 1 || got[0].Name != "APPLE INC" || got[0].Exchange != "NASDAQ.NMS" {
		t.Errorf("got %+v, %v", got, err)
	}
	// That it cannot be had keeps nobody from their positions.
	got, err = positionsOf(t, "["+bare+"]", answers{"GET /trsrv/secdef": `{"error":"busy"}`})
	if err != nil || len(got) != 1 || got[0].Name != "" || got[0].Symbol != "AAPL" {
		t.Errorf("got %+v, %v", got, err)
	}
	whole := row(t, `{"name":"`+strings.Repeat("n", 101)+`","countryCode":"usa"}`)
	got, err = positionsOf(t, "["+whole+"]", nil)
	if err != nil || got[0].Name != "" || got[0].Country != "" || got[0].Sector != "Technology" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWhatIsNotHeldIsLeftOut(t *testing.T) {
	rows := "[" + row(t, `{"position":0.0,"mktValue":0.0}`) + "," + row(t, `{"conid":12087792,"assetClass":"CASH","contractDesc":"EUR.USD"}`) + "]"
	if got, err := positionsOf(t, rows, nil); err != nil || len(got) != 0 || got == nil {
		t.Errorf("got %v, %v, want no position of what was sold, nor of money", got, err)
	}
}

func TestPositionsThatCannotBeAreRefused(t *testing.T) {
	for name, changed := range map[string]string{
		"another account's": `{"acctId":"U2"}`, "no quantity": `{"position":null}`, "a wrong sign": `{"mktValue":-8.0}`, "a cost of the wrong sign": `{"avgCost":-1}`,
		"no currency": `{"currency":""}`, "a currency of its own": `{"currency":"Dollar"}`, "no id": `{"conid":0}`, "an id that is none": `{"conid":"x"}`,
		"no symbol": `{"ticker":"","contractDesc":""}`, "a number beyond all": `{"mktPrice":1e999999}`, "a long number": `{"position":` + strings.Repeat("9", 70) + `}`,
		"an option of nothing": `{"assetClass":"OPT","contractDesc":"X"}`, "a word that cannot be shown": `{"listingExchange":"A\u0007"}`,
		"a multiplier of no contract": `{"multiplier":1e12}`, "a list for a price": `{"mktPrice":[1]}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := positionsOf(t, "["+aShort+","+row(t, changed)+"]", answers{"GET /trsrv/secdef": `{"secdef":[]}`})
			if got != nil {
				t.Errorf("got %v", got)
			}
			wantKind(t, err, fault.UpstreamFailed)
		})
	}
}

// pages serves a number of positions, a hundred at a time; the first one stands on later pages as well while again is positive.
type pages struct {
	mu    sync.Mutex
	count int
	again int
	asked []string
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, text, ok := strings.Cut(r.URL.Path, "/positions/")
	if !ok || r.Method != http.MethodGet {
		gateway.ServeHTTP(w, r)
		return
	}
	p.asked = append(p.asked, text)
	var page int
	_, _ = fmt.Sscan(text, &page)
	rows := []string{}
	for i := page * 100; i < min(page*100+100, p.count); i++ {
		id := i + 1
		if i == 150 && p.again > 0 {
			p.again--
			id = 1
		}
		rows = append(rows, strings.Replace(aPosition, "265598", fmt.Sprint(id), 1))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "["+strings.Join(rows, ",")+"]")
}

func TestPagesAreReadUntilOneIsNotFull(t *testing.T) {
	for count, want := range map[int]string{0: "0", 99: "0", 100: "0 1", 101: "0 1", 250: "0 1 2", 300: "0 1 2 3"} {
		p := &pages{count: count}
		got, err := at(t, newClock(), p).Positions(t.Context(), paper, u1)
		if asked := strings.Join(p.asked, " "); err != nil || len(got) != count || asked != want {
			t.Errorf("%d: got %d, %v after pages %s, want pages %s", count, len(got), err, asked, want)
		}
	}
	p := &pages{count: 20_000}
	if got, err := at(t, newClock(), p).Positions(t.Context(), paper, u1); got != nil || fault.KindOf(err) != fault.UpstreamFailed {
		t.Errorf("got %d, %v of a list without end", len(got), err)
	}
}

func TestPagesThatMovedAreReadAgain(t *testing.T) {
	p := &pages{count: 180, again: 2}
	if got, err := at(t, newClock(), p).Positions(t.Context(), paper, u1); err != nil || len(got) != 180 || len(p.asked) != 6 {
		t.Errorf("got %d, %v after %v", len(got), err, p.asked)
	}
	p = &pages{count: 180, again: 3}
	if got, err := at(t, newClock(), p).Positions(t.Context(), paper, u1); got != nil || fault.KindOf(err) != fault.UpstreamFailed {
		t.Errorf("got %d, %v, want a refusal", len(got), err)
	}
}

func TestCashIsWhatTheLedgerSays(t *testing.T) {
	for ledger, want := range map[string]string{
		aLedger:                           "12.35 map[EUR:-7.5 USD:12.35]",
		`{"EUR":{"cashbalance":1e3}}`:     "0 map[EUR:1000]",
		`{"BASE":{"cashbalance":5}}`:      "0 map[]",
		`{}`:                              " map[]",
		`{"USD":{"cashbalance":null}}`:    "refused",
		`{"Dollars":{"cashbalance":1}}`:   "refused",
		`{"USD":{"cashbalance":"1e99"}}`:  "refused",
		`[]`:                              "refused",
		`{"USD":1}`:                       "refused",
		`{"USD":{"settledcash":1000000}}`: "refused",
	} {
		got, err := at(t, newClock(), gateway.with(answers{"GET /portfolio/U1/ledger": ledger})).Accounts(t.Context(), paper)
		text := "refused"
		if err == nil {
			text = fmt.Sprint(word(got[0].Cash), " ", got[0].CashIn)
		} else {
			wantKind(t, err, fault.UpstreamFailed)
		}
		if text != want {
			t.Errorf("%s: got %s (%v), want %s", ledger, text, err, want)
		}
	}
}

func TestAccountsThatCannotBeAreRefused(t *testing.T) {
	for _, list := range []string{`[{"id":"","currency":"USD","type":"DEMO"}]`, `[{"id":"U1","currency":"dollars","type":"DEMO"}]`, `{"accounts":[]}`, `null`,
		`[{"id":"U1","currency":"USD","type":"DEMO"},{"id":"U1","currency":"USD","type":"DEMO"}]`} {
		got, err := at(t, newClock(), gateway.with(answers{"GET /portfolio/accounts": list})).Accounts(t.Context(), paper)
		if got != nil {
			t.Errorf("%s: got %v", list, got)
		}
		wantKind(t, err, fault.UpstreamFailed)
	}
	_, err := at(t, newClock(), gateway).Accounts(t.Context(), live)
	wantKind(t, err, fault.ReauthorizationRequired)
}

// tradesOf reads trades, each with some fields otherwise than aTrade's.
func tradesOf(t *testing.T, secdef string, changed ...string) (broker.History, error) {
	t.Helper()
	var rows []string
	for _, c := range changed {
		var fields map[string]json.RawMessage
		for _, text := range []string{aTrade, c} {
			if err := json.Unmarshal([]byte(text), &fields); err != nil {
				t.Fatal(err)
			}
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, string(text))
	}
	h := gateway.with(answers{"GET /iserver/account/trades": "[" + strings.Join(rows, ",") + "]", "GET /trsrv/secdef": secdef})
	return at(t, newClock(), h).Activities(t.Context(), paper, u1, time.Time{})
}

func line(a broker.Activity) string {
	return strings.Join([]string{a.ID, string(a.Kind), a.Instrument.Symbol, a.Quantity.String(), word(a.Price), a.Amount.String(), a.Currency, a.Fee.String()}, " ")
}

func TestTradesAreUnderstood(t *testing.T) {
	def := func(fields string) string { return `{"secdef":[{"conid":265598,` + fields + `}]}` }
	const id = "0000e0d5.6576fd38.01.01"
	for name, c := range map[string]struct {
		secdef, trade string
		want          []string
	}{
		"a sale":                {aSecdef, `{}`, []string{id + " sell AAPL -5 192.26 960.29 USD 1.01"}},
		"a purchase":            {aSecdef, `{"side":"B"}`, []string{id + " buy AAPL 5 192.26 -962.31 USD 1.01"}},
		"a rebate":              {aSecdef, `{"commission":"-0.3"}`, []string{id + " sell AAPL -5 192.26 961.6 USD 0"}},
		"no commission yet":     {aSecdef, `{"commission":null}`, []string{id + " sell AAPL -5 192.26 961.3 USD 0"}},
		"of another account":    {aSecdef, `{"account":"U2"}`, nil},
		"pence":                 {def(`"currency":"GBX","assetClass":"STK","ticker":"VOD"`), `{"side":"B"}`, []string{id + " buy VOD 5 1.9226 -10.62 GBP 1.01"}},
		"a future is not paid":  {def(`"currency":"USD","assetClass":"FUT","ticker":"ES","expiry":"20271217","multiplier":50`), `{"sec_type":"FUT"}`, []string{id + " sell ES 20271217 -5 192.26 -1.01 USD 1.01"}},
		"an option":             {def(`"currency":"USD","assetClass":"OPT","ticker":"SPY","expiry":"20250117","putOrCall":"C","strike":"440","multiplier":100.0`), `{"sec_type":"OPT","net_amount":96130,"contract_description_1":"SPY Jan17'25 440 Call"}`, []string{id + " sell SPY250117C00440000 -5 192.26 96128.99 USD 1.01"}},
		"euros bought":          {def(`"currency":"USD","assetClass":"CASH","ticker":"EUR"`), `{"side":"B","sec_type":"CASH","size":20000,"price":"1.1","net_amount":22000,"commission":"2"}`, []string{id + ":EUR exchange  20000 EUR 0", id + ":USD exchange  -22000 USD 0", id + ":commission fee  -2 USD 2"}},
		"euros sold for nought": {def(`"currency":"USD","assetClass":"CASH","ticker":"EUR.USD"`), `{"sec_type":"CASH","size":20000,"net_amount":22000,"commission":"0"}`, []string{id + ":EUR exchange  -20000 EUR 0", id + ":USD exchange  22000 USD 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tradesOf(t, c.secdef, c.trade)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, a := range got.Activities {
				if a.Kind == broker.Exchange || a.Kind == broker.Fee {
					lines = append(lines, strings.Join([]string{a.ID, string(a.Kind), a.Instrument.Symbol, a.Amount.String(), a.Currency, a.Fee.String()}, " "))
					continue
				}
				lines = append(lines, line(a))
			}
			want := map[string]bool{}
			for _, w := range c.want {
				want[w] = true
			}
			have := map[string]bool{}
			for _, l := range lines {
				have[l] = true
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestTradesThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ secdef, trade string }{
		"of something unknown": {`{"secdef":[]}`, `{}`}, "without a side": {aSecdef, `{"side":"X"}`}, "without an amount": {aSecdef, `{"net_amount":null}`},
		"without a time": {aSecdef, `{"trade_time_r":0}`}, "without an id": {aSecdef, `{"execution_id":""}`}, "of nothing": {aSecdef, `{"size":0}`},
		"of a negative price": {aSecdef, `{"price":"-1"}`}, "secdef refused": {`{"error":"no"}`, `{}`},
		"of no currency": {`{"secdef":[{"conid":265598,"currency":"USD","assetClass":"CASH","ticker":"gold"}]}`, `{"sec_type":"CASH"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tradesOf(t, c.secdef, c.trade)
			if len(got.Activities) > 0 {
				t.Errorf("got %v", got)
			}
			wantKind(t, err, fault.UpstreamFailed)
		})
	}
	if _, err := tradesOf(t, aSecdef, `{}`, `{}`); fault.KindOf(err) != fault.UpstreamFailed {
		t.Errorf("got %v for the same trade twice", err)
	}
}

func TestEveryPostHasALengthAndEveryCallTheCookies(t *testing.T) {
	var mu sync.Mutex
	var posts, cookies, asked int
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPost {
			posts++
			if r.ContentLength <= 0 || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: length %d of %q", r.URL.Path, r.ContentLength, r.Header.Get("Content-Type"))
			}
		}
		if r.Header.Get("Origin") != "" || r.Header.Get("Referer") != "" || r.Header.Get("Authorization") != "" || r.Header.Get("User-Agent") != "jaspers" {
			t.Errorf("%s: got %v", r.URL.Path, r.Header)
		}
		if _, err := r.Cookie("session"); err == nil {
			cookies++
		}
		asked++
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/"})
		gateway.ServeHTTP(w, r)
	})
	p := at(t, newClock(), h)
	for _, err := range []error{p.KeepAlive(t.Context(), paper), func() error { _, err := p.Positions(t.Context(), paper, u1); return err }(),
		func() error { _, err := p.Activities(t.Context(), paper, u1, time.Time{}); return err }()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if posts < 3 || cookies != asked-1 {
		t.Errorf("got %d posts, and cookies with %d of %d calls", posts, cookies, asked)
	}
}

func TestAFailureIsNotAskedForAgainBeforeItsTime(t *testing.T) {
	var mu sync.Mutex
	var at5 []time.Time
	c := newClock()
	p := at(t, c, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		at5 = append(at5, c.Now())
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	for range 3 {
		_, err := p.Accounts(t.Context(), paper)
		wantKind(t, err, fault.UpstreamDown)
	}
	if len(at5) != 3 || at5[1].Sub(at5[0]) < 5*time.Second || at5[2].Sub(at5[1]) < 5*time.Second {
		t.Errorf("asked at %v, want every five seconds and each once", at5)
	}
}

func TestManyWhoAskAtOnceShareTheAccounts(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	p := at(t, newClock(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if strings.HasSuffix(r.URL.Path, "/portfolio/accounts") {
			asked++
		}
		mu.Unlock()
		gateway.ServeHTTP(w, r)
	}))
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			if _, err := p.Accounts(t.Context(), paper); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if asked != 1 {
		t.Errorf("asked for the accounts %d times", asked)
	}
}
