package ibkr_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/brokertest"
	"github.com/jaspers-ai/jaspers/internal/broker/ibkr"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	paper = broker.Credentials{Environment: broker.Paper, AccessToken: "no-token-3f9a"}
	live  = broker.Credentials{Environment: broker.Live}
)

// clock stands still until somebody waits by it.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	waited time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.waited = c.now.Add(d), c.waited+d
	return ctx.Err()
}

// at makes the provider with everything it sends going to the handler, at once: how many a second is upstream's to know.
func at(t *testing.T, c *clock, h http.Handler) *ibkr.Provider {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return through(t, c, server.URL, server.URL)
}

func through(t *testing.T, c *clock, origin, address string) *ibkr.Provider {
	t.Helper()
	return patiently(t, c, origin, address, 5*time.Second)
}

func patiently(t *testing.T, c *clock, origin, address string, timeout time.Duration) *ibkr.Provider {
	t.Helper()
	cfg := ibkr.Manners()
	cfg.Origins, cfg.AllowPrivate, cfg.Timeout, cfg.Now, cfg.Rate = []string{origin}, true, timeout, c.Now, 0
	client, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return ibkr.New(ibkr.Config{URL: address, Now: c.Now, Wait: c.Wait}, client)
}

// answers serves one body a method and path below /v1/api.
type answers map[string]string

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := a[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1/api")]
	if !ok {
		http.Error(w, "no such thing", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	_, _ = io.WriteString(w, body)
}

// with is a copy that answers some of it otherwise.
func (a answers) with(changed answers) answers {
	all := answers{}
	for _, some := range []answers{a, changed} {
		for path, body := range some {
			all[path] = body
		}
	}
	return all
}

const (
	anAccount = `[{"id":"U1","accountId":"U1","currency":"USD","type":"DEMO","clearingStatus":"O"}]`
	aLedger   = `{"USD":{"cashbalance":12.345},"EUR":{"cashbalance":-7.5},"BASE":{"cashbalance":4.1}}`
	aPosition = `{"acctId":"U1","conid":265598,"contractDesc":"AAPL","position":2.0,"mktPrice":4.0,"mktValue":8.0,"currency":"USD","avgCost":3.0,
		"avgPrice":3.0,"unrealizedPnl":2.0,"multiplier":null,"strike":0.0,"assetClass":"STK","ticker":"AAPL","name":"APPLE INC","listingExchange":"NASDAQ.NMS",
		"countryCode":"US","sector":"Technology"}`
	aShort = `{"acctId":"U1","conid":"8314","contractDesc":"IBM","position":-3,"mktPrice":"5","mktValue":-15,"currency":"USD","avgCost":4,"assetClass":"STK","ticker":"IBM","multiplier":0.0,"strike":"0"}`
	aTrade = `{"execution_id":"0000e0d5.6576fd38.01.01","symbol":"AAPL","side":"S","order_description":"Sold 5 @ 192.26 on ISLAND","trade_time_r":1702317649000,
		"size":5.0,"price":"192.26","commission":"1.01","net_amount":961.3,"account":"U1","sec_type":"STK","listing_exchange":"NASDAQ.NMS","conid":265598}`
	aSecdef = `{"secdef":[{"conid":265598,"currency":"USD","assetClass":"STK","ticker":"AAPL","name":"APPLE INC","listingExchange":"NASDAQ.NMS","multiplier":0.0,"strike":"0"}]}`
	allWell = `{"authenticated":true,"competing":false,"connected":true}`
)

// gateway is a signed-in one with an account of two positions and a trade.
var gateway = answers{
	"GET /portfolio/accounts": anAccount, "GET /portfolio/U1/ledger": aLedger, "POST /portfolio/U1/positions/invalidate": `{"message":"success"}`,
	"GET /portfolio/U1/positions/0": "[" + aPosition + "," + aShort + "]", "GET /trsrv/secdef": aSecdef,
	"POST /iserver/auth/status": allWell, "GET /iserver/accounts": `{"accounts":["U1"],"selectedAccount":"U1","isPaper":true}`,
	"GET /iserver/account/trades": "[" + aTrade + "]", "POST /tickle": `{"session":"s","hmds":{"error":"no bridge"}}`,
}

func TestConformance(t *testing.T) {
	brokertest.Run(t, conformance)
}

func TestWhateverGoesWrongAtTheGateway(t *testing.T) { brokertest.RunFaults(t, conformance) }

var conformance = brokertest.Brokerage{
	New: func(t *testing.T, h http.Handler) broker.Provider { return at(t, newClock(), h) },
	At: func(t *testing.T, origin string, timeout time.Duration) broker.Provider {
		return patiently(t, newClock(), origin, origin, timeout)
	},
	Credentials: paper,
	True: gateway.with(answers{"GET /portfolio/U1/positions/0": "[" + strings.Join([]string{
		aPosition, aShort,
		`{"acctId":"U1","conid":479624278,"contractDesc":"BTC CRYPTO","position":0.00365831,"currency":"USD","assetClass":"CRYPTO","ticker":"BTC"}`,
		`{"acctId":"U1","conid":584891614,"contractDesc":"SPY    JAN2025 440 C [SPY   250117C00440000 100]","position":1.0,"currency":"USD","assetClass":"OPT","ticker":"SPY"}`,
		`{"acctId":"U1","conid":14204,"contractDesc":"SAP","position":0.5,"currency":"EUR","assetClass":"STK","ticker":"SAP","listingExchange":"IBIS"}`,
	}, ",") + "]", "GET /iserver/account/trades": "[" + strings.Replace(aTrade, "1702317649000", "1795186800000", 1) + "]"}), // of last Friday
	Empty: gateway.with(answers{
		"GET /portfolio/U1/positions/0": "[]", "GET /iserver/account/trades": "[]", "GET /portfolio/U1/ledger": `{"BASE":{"cashbalance":0.0}}`,
	}),
	Shows:       []brokertest.Trait{brokertest.Short, brokertest.Options, brokertest.Cryptos, brokertest.Foreign, brokertest.Fraction},
	SignInPages: true,
}

var u1 = broker.Account{ID: "U1", Currency: "USD"}

// positionsOf reads rows as the positions of a paper account.
func positionsOf(t *testing.T, rows string, changed answers) ([]broker.Position, error) {
	t.Helper()
	h := gateway.with(answers{"GET /portfolio/U1/positions/0": rows}).with(changed)
	return at(t, newClock(), h).Positions(t.Context(), paper, u1)
}

func word(d decimal.NullDecimal) string {
	if !d.Valid {
		return ""
	}
	return d.Decimal.String()
}

// figures are a position's in a line: quantity × multiplier, average, cost, price, value.
func figures(p broker.Position) string {
	return strings.Join([]string{
		p.Symbol, p.Quantity.String() + "x" + p.Multiplier.String(), word(p.AverageCost), word(p.CostBasis), word(p.Price), word(p.MarketValue), p.Currency,
	}, " ")
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// recorded is a recording: what the gateway answered, with its status and type.
type recorded struct {
	status int
	header http.Header
	body   string
}

func recording(t *testing.T, name string) recorded {
	t.Helper()
	text, err := os.ReadFile(sharedtest.Dir(t, filepath.Join("upstreams/fixtures/dev/ibkr", name)))
	if err != nil {
		t.Fatal(err)
	}
	// They come in three forms: a request with its response, an answer with its headers, and a body alone.
	var file struct {
		Response *struct {
			StatusCode int
			Headers    map[string]string
			Body       json.RawMessage
		}
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    *string           `json:"body"`
	}
	_ = json.Unmarshal(text, &file) // a list is a body alone
	r := recorded{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, string(text)}
	headers := map[string]string{}
	switch {
	case file.Response != nil:
		r.status, headers, r.body = file.Response.StatusCode, file.Response.Headers, string(file.Response.Body)
	case file.Body != nil:
		r.status, headers, r.body, r.header = file.Status, file.Headers, *file.Body, http.Header{}
	}
	for name, value := range headers {
		r.header.Set(name, value)
	}
	r.header.Del("Content-Length")
	return r
}

func (r recorded) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// except answers one method and path with a recording, and the rest as another handler does.
func except(route string, r recorded, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method+" "+strings.TrimPrefix(req.URL.Path, "/v1/api") == route {
			r.ServeHTTP(w, req)
			return
		}
		rest.ServeHTTP(w, req)
	})
}
