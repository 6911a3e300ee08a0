package alpaca_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/alpaca"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	now   = time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)
	paper = broker.Credentials{Environment: broker.Paper, AccessToken: "token-3f9a"}
	pair  = broker.Credentials{Environment: broker.Paper, KeyID: "PK-3f9a", KeySecret: "secret-3f9a"}
)

// at makes the provider with Alpaca's every host at the handler, each below a path of its own.
func at(t *testing.T, h http.Handler) *alpaca.Provider {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return atOrigin(t, server.URL, 5*time.Second)
}

func atOrigin(t *testing.T, origin string, timeout time.Duration) *alpaca.Provider {
	t.Helper()
	client, err := upstream.New(upstream.Config{
		Provider: "Alpaca", Origins: []string{origin}, AllowPrivate: true, Timeout: timeout, Retries: 1,
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return alpaca.New(alpaca.Config{
		ClientID: "our-id", ClientSecret: "our-secret", AuthorizeURL: origin + "/consent", TokenURL: origin + "/token",
		LiveURL: origin + "/live/", PaperURL: origin + "/paper",
	}, client, func() time.Time { return now })
}

// answers serves one body a path.
func answers(bodies map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		byToken := r.Header.Get("Authorization") == "Bearer "+paper.AccessToken && r.Header.Get("Apca-Api-Key-Id") == ""
		byKey := r.Header.Get("Apca-Api-Key-Id") == pair.KeyID && r.Header.Get("Apca-Api-Secret-Key") == pair.KeySecret
		if !ok || byToken == byKey {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	})
}

func recording(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(sharedtest.Dir(t, filepath.Join("upstreams/fixtures/dev/alpaca", name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// positions reads a body as the positions of a paper account in dollars.
func positions(t *testing.T, body string) ([]broker.Position, error) {
	t.Helper()
	return positionsOf(t, broker.Account{ID: "any", Currency: "USD"}, body)
}

func positionsOf(t *testing.T, account broker.Account, body string) ([]broker.Position, error) {
	t.Helper()
	return at(t, answers(map[string]string{"/paper/v2/positions": body})).Positions(t.Context(), paper, account)
}

const aPosition = `{"asset_id":"1","symbol":"X","exchange":"NYSE","asset_class":"us_equity","qty":"2","side":"long",
	"avg_entry_price":"3","cost_basis":"6","market_value":"8","current_price":"4","lastday_price":"3.5"}`

// wordsOf are the fields of a recorded object as it spells them, "" where they are missing or null.
func wordsOf(t *testing.T, object map[string]any, fields ...string) string {
	t.Helper()
	var words []string
	for _, f := range fields {
		word := ""
		if v := object[f]; v != nil {
			word = fmt.Sprint(v)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func word(d decimal.NullDecimal) string {
	if !d.Valid {
		return ""
	}
	return d.Decimal.String()
}

func TestRecordedPositionsAreReadAsTheyStand(t *testing.T) {
	for file, symbols := range map[string]string{
		"positions-equities-2025-11.json": "AAPL AMD AMZN GOOG META NVDA SPY TSLA",
		"positions-crypto-2025-02.json":   "BTC/USD ETH/USD LINK/USD",
		"position-short-XLK.json":         "XLK",
		"positions-empty.json":            "",
	} {
		t.Run(file, func(t *testing.T) {
			body := recording(t, file)
			var want []map[string]any
			if err := json.Unmarshal([]byte(body), &want); err != nil {
				t.Fatal(err)
			}
			got, err := positions(t, body)
			if err != nil || len(got) != len(want) {
				t.Fatalf("got %d positions, %v, want %d", len(got), err, len(want))
			}
			var spelled []string
			for i, p := range got {
				spelled = append(spelled, p.Symbol)
				wantWords := wordsOf(t, want[i], "asset_id", "exchange", "qty", "avg_entry_price", "cost_basis",
					"current_price", "lastday_price", "market_value")
				gotWords := strings.Join([]string{p.InstrumentID, p.Exchange, p.Quantity.String(), word(p.AverageCost),
					word(p.CostBasis), word(p.Price), word(p.PreviousClose), word(p.MarketValue)}, " ")
				if gotWords != wantWords {
					t.Errorf("%s:\ngot  %s\nwant %s", p.Symbol, gotWords, wantWords)
				}
				if p.Currency != "USD" || !p.Multiplier.Equal(decimal.NewFromInt(1)) || !p.AsOf.Equal(now) {
					t.Errorf("%s: got %s × %s as of %s", p.Symbol, p.Currency, p.Multiplier, p.AsOf)
				}
			}
			if strings.Join(spelled, " ") != symbols {
				t.Errorf("got %v, want %s", spelled, symbols)
			}
		})
	}
}

func TestRecordedAccountsAreReadAsTheyStand(t *testing.T) {
	for _, file := range []string{"account-openapi-example.json", "account-paper-2025-11.json", "account-paper-2026-09.json"} {
		t.Run(file, func(t *testing.T) {
			body := recording(t, file)
			var want map[string]any
			if err := json.Unmarshal([]byte(body), &want); err != nil {
				t.Fatal(err)
			}
			got, err := at(t, answers(map[string]string{"/paper/v2/account": body})).Accounts(t.Context(), paper)
			if err != nil || len(got) != 1 {
				t.Fatalf("got %d accounts, %v, want 1", len(got), err)
			}
			a := got[0]
			gotWords := strings.Join([]string{a.ID, a.Number, a.Status, a.Currency, word(a.Cash)}, " ")
			if wantWords := wordsOf(t, want, "id", "account_number", "status", "currency", "cash"); gotWords != wantWords {
				t.Errorf("got  %s\nwant %s", gotWords, wantWords)
			}
		})
	}
}

func TestRecordedErrorsAreTyped(t *testing.T) {
	for file, want := range map[string]fault.Kind{
		"error-401-bad-token.json":    fault.ReauthorizationRequired,
		"error-401-no-auth.html.json": fault.ReauthorizationRequired,
		"error-403-forbidden.json":    fault.ReauthorizationRequired,
		"error-404-position.json":     fault.UpstreamFailed,
		"error-422.json":              fault.UpstreamFailed,
		"error-429.json":              fault.UpstreamDown,
	} {
		t.Run(file, func(t *testing.T) {
			var recorded struct {
				Status  int
				Headers map[string]string
				Body    string
			}
			if err := json.Unmarshal([]byte(recording(t, file)), &recorded); err != nil {
				t.Fatal(err)
			}
			provider := at(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", recorded.Headers["content-type"])
				w.WriteHeader(recorded.Status)
				_, _ = io.WriteString(w, recorded.Body)
			}))
			if _, err := provider.Accounts(t.Context(), paper); err == nil || fault.KindOf(err) != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func TestTheEnvironmentPicksTheHost(t *testing.T) {
	provider := at(t, answers(map[string]string{"/live/v2/account": `{"id":"live"}`, "/paper/v2/account": `{"id":"paper"}`}))
	for _, env := range []broker.Environment{broker.Live, broker.Paper} {
		got, err := provider.Accounts(t.Context(), broker.Credentials{Environment: env, AccessToken: paper.AccessToken})
		if err != nil || got[0].ID != string(env) {
			t.Errorf("%s: got %v, %v", env, got, err)
		}
	}
	_, err := provider.Accounts(t.Context(), broker.Credentials{AccessToken: paper.AccessToken})
	if !fault.Is(err, fault.ReauthorizationRequired) {
		t.Errorf("got %v of no environment, want %s", err, fault.ReauthorizationRequired)
	}
}

func TestWhatAlpacaDoesNotSayIsUnknown(t *testing.T) {
	provider := at(t, answers(map[string]string{
		"/paper/v2/account":   `{"id":"a","status":"SOMETHING_NEW"}`,
		"/paper/v2/positions": `[{"symbol":"X","qty":2,"market_value":null,"cost_basis":"","asset_class":"ipo"}]`,
	}))
	accounts, err := provider.Accounts(t.Context(), paper)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]broker.Account{{ID: "a", Status: "SOMETHING_NEW", Currency: "USD"}}, accounts); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	got, err := provider.Positions(t.Context(), paper, accounts[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []broker.Position{{
		Instrument: broker.Instrument{
			InstrumentID: "X", Symbol: "X", AssetClass: broker.OtherAssets, Currency: "USD", Multiplier: decimal.NewFromInt(1),
		},
		Quantity: decimal.NewFromInt(2), AsOf: now,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestSymbolsAndSizesOfOptionsAndCrypto(t *testing.T) {
	for _, c := range []struct{ class, symbol, want, multiplier string }{
		{"crypto", "BTCUSD", "BTC/USD", "1"},
		{"crypto", "BTCUSDT", "BTC/USDT", "1"},
		{"crypto", "USDCUSD", "USDC/USD", "1"},
		{"crypto", "ETHBTC", "ETH/BTC", "1"},
		{"crypto", "ETH/USDC", "ETH/USDC", "1"},
		{"crypto", "USD", "USD", "1"},
		{"us_equity", "ABUSD", "ABUSD", "1"},
		{"us_equity", "BRK.B", "BRK.B", "1"},
		{"us_option", "PTON240126C00000500", "PTON240126C00000500", "100"},
	} {
		got, err := positions(t, fmt.Sprintf(`[{"symbol":%q,"asset_class":%q,"qty":"1"}]`, c.symbol, c.class))
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Symbol != c.want || got[0].Multiplier.String() != c.multiplier {
			t.Errorf("%s: got %s × %s, want %s × %s", c.symbol, got[0].Symbol, got[0].Multiplier, c.want, c.multiplier)
		}
	}
}

func TestPositionsOfOtherCurrenciesAreTakenInDollars(t *testing.T) {
	got, err := positionsOf(t, broker.Account{ID: "any", Currency: "EUR"}, `[{"symbol":"X","asset_class":"us_equity","qty":"5","market_value":"370","cost_basis":"300",
		"usd":{"market_value":"400.00","cost_basis":"333.33","current_price":"80"}}]`)
	if err != nil {
		t.Fatal(err)
	}
	p := got[0]
	if p.Currency != "USD" || word(p.MarketValue) != "400" || word(p.CostBasis) != "333.33" || word(p.Price) != "80" || p.PreviousClose.Valid {
		t.Errorf("got %+v", p)
	}
}

func TestWhatAlpacaDoesNotGiveInDollarsIsNotCalledDollars(t *testing.T) {
	got, err := positionsOf(t, broker.Account{ID: "any", Currency: "EUR"}, "["+aPosition+"]")
	if err != nil {
		t.Fatal(err)
	}
	if p := got[0]; p.Currency != "EUR" || word(p.MarketValue) != "8" || word(p.CostBasis) != "6" {
		t.Errorf("got %s %s at a cost of %s, want EUR 8 at 6", p.Currency, word(p.MarketValue), word(p.CostBasis))
	}
}

func TestNonsenseIsRefusedAsAWhole(t *testing.T) {
	change := func(old, replacement string) string {
		return "[" + aPosition + "," + strings.Replace(strings.Replace(aPosition, `"1"`, `"2"`, 1), old, replacement, 1) + "]"
	}
	if got, err := positions(t, change("", "")); err != nil || len(got) != 2 {
		t.Fatalf("got %d positions, %v, want 2", len(got), err)
	}
	for name, body := range map[string]string{
		"a huge exponent":           change(`"qty":"2"`, `"qty":"1e999999"`),
		"a huge exponent unquoted":  change(`"qty":"2"`, `"qty":1e999999`),
		"a believable looking one":  change(`"qty":"2"`, `"qty":"1e31"`),
		"a tiny exponent":           change(`"cost_basis":"6"`, `"cost_basis":"1e-999999"`),
		"endless digits":            change(`"cost_basis":"6"`, `"cost_basis":"`+strings.Repeat("9", 65)+`"`),
		"a word for a number":       change(`"cost_basis":"6"`, `"cost_basis":"NaN"`),
		"an object for a number":    change(`"cost_basis":"6"`, `"cost_basis":{}`),
		"no quantity":               change(`"qty":"2",`, ``),
		"a null quantity":           change(`"qty":"2"`, `"qty":null`),
		"no symbol":                 change(`"symbol":"X"`, `"symbol":""`),
		"a control character":       change(`"symbol":"X"`, `"symbol":"X\u0000"`),
		"a symbol without end":      change(`"symbol":"X"`, `"symbol":"`+strings.Repeat("X", 101)+`"`),
		"a positive short":          change(`"side":"long"`, `"side":"short"`),
		"a negative long":           change(`"qty":"2"`, `"qty":"-2"`),
		"an instrument that repeat": "[" + aPosition + "," + aPosition + "]",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := positions(t, body); !fault.Is(err, fault.UpstreamFailed) || got != nil {
				t.Errorf("got %d positions, %v, want %s", len(got), err, fault.UpstreamFailed)
			}
		})
	}
}

func TestTheConsentPageIsAskedForWhatIsNeededAndNoMore(t *testing.T) {
	req := broker.AuthorizeRequest{
		Environment: broker.Paper, State: "a state", RedirectURL: "https://jaspers.test/callback?a=b",
		CodeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", // of RFC 7636, appendix B
	}
	for _, scope := range []string{"", "account:write trading"} {
		provider := alpaca.New(alpaca.Config{ClientID: "our-id", ClientSecret: "our-secret", Scope: scope}, nil, time.Now)
		page, err := url.Parse(provider.AuthorizeURL(req))
		if err != nil {
			t.Fatal(err)
		}
		want := url.Values{
			"response_type": {"code"}, "client_id": {"our-id"}, "env": {"paper"}, "state": {"a state"},
			"redirect_uri":          {"https://jaspers.test/callback?a=b"},
			"code_challenge":        {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
			"code_challenge_method": {"S256"},
		}
		if scope != "" {
			want.Set("scope", scope)
		}
		if diff := cmp.Diff(want, page.Query()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		page.RawQuery = ""
		if page.String() != alpaca.DefaultAuthorizeURL {
			t.Errorf("got %s, want %s", page, alpaca.DefaultAuthorizeURL)
		}
	}
}

func TestACodeIsExchangedWithEverythingAlpacaRequires(t *testing.T) {
	body := recording(t, "oauth-token-200.json")
	var form url.Values
	provider := at(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.URL.Path != "/token" || r.Method != http.MethodPost || r.URL.RawQuery != "" {
			t.Errorf("got %s %s, %v", r.Method, r.URL, err)
		}
		form = r.PostForm
		_, _ = io.WriteString(w, body)
	}))
	got, err := provider.Exchange(t.Context(), "a code", broker.AuthorizeRequest{
		Environment: broker.Paper, CodeVerifier: "verifier", RedirectURL: "https://jaspers.test/callback", State: "a state",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := broker.Credentials{Environment: broker.Paper, AccessToken: "79500537-5796-4230-9661-7f7108877c60", Scope: "account:write trading"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	wantForm := url.Values{
		"grant_type": {"authorization_code"}, "code": {"a code"}, "client_id": {"our-id"}, "client_secret": {"our-secret"},
		"redirect_uri": {"https://jaspers.test/callback"}, "code_verifier": {"verifier"},
	}
	if diff := cmp.Diff(wantForm, form); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestRefusedCodesAreTyped(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   fault.Kind
	}{
		"OAuth's word for a spent code": {400, `{"error":"invalid_grant","error_description":"canary"}`, fault.AuthorizationDenied},
		"Alpaca's words":                {401, `{"code":40110000,"message":"canary"}`, fault.AuthorizationDenied},
		"a page of HTML":                {403, `<html>canary</html>`, fault.AuthorizationDenied},
		"no word at all":                {422, ``, fault.AuthorizationDenied},
		"an error that is an object":    {400, `{"error":{"code":1}}`, fault.AuthorizationDenied},
		"an app that is not known":      {401, `{"error":"invalid_client"}`, fault.UpstreamFailed},
		"a scope that is not granted":   {400, `{"error":"invalid_scope"}`, fault.UpstreamFailed},
		"a limit":                       {429, `{"message":"too many requests."}`, fault.UpstreamDown},
		"a failure":                     {500, `<html>canary</html>`, fault.UpstreamDown},
		"a grant in HTML":               {200, `<html>canary</html>`, fault.UpstreamFailed},
		"a grant of nothing":            {200, `{"token_type":"bearer"}`, fault.UpstreamFailed},
		"a grant of something else":     {200, `{"access_token":"canary","token_type":"mac"}`, fault.UpstreamFailed},
		"a token no header can hold":    {200, `{"access_token":"canary\r\nX: y"}`, fault.UpstreamFailed},
		"a token that is a number":      {200, `{"access_token":4242}`, fault.UpstreamFailed},
		"success of another kind":       {204, ``, fault.UpstreamFailed},
	} {
		t.Run(name, func(t *testing.T) {
			provider := at(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			_, err := provider.Exchange(t.Context(), "code-canary", broker.AuthorizeRequest{Environment: broker.Paper})
			if err == nil || fault.KindOf(err) != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			for _, secret := range []string{"canary", "4242", "our-secret", "http://"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells %q: %v", secret, err)
				}
			}
		})
	}
}
