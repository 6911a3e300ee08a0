package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

const callback = "http://127.0.0.1:8080/callback"

func authorizeURL(server *httptest.Server, changes ...string) string {
	query := url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {callback}, "state": {"xyz&="}, "env": {Paper}, "scope": {"data"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		query.Set(changes[i], changes[i+1])
	}
	return server.URL + "/alpaca/oauth/authorize?" + query.Encode()
}

// consent answers the page and gives the query of the address it leads to.
func consent(t *testing.T, address, form string) (fetched, url.Values) {
	t.Helper()
	got := fetch(t, newRequest(t, http.MethodPost, address, form, "Content-Type", "application/x-www-form-urlencoded"))
	target, err := url.Parse(got.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return got, target.Query()
}

func tokenForm(code string, changes ...string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"app"}, "client_secret": {"app-secret"}, "redirect_uri": {callback},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form
}

func exchanged(t *testing.T, server *httptest.Server, form url.Values) fetched {
	t.Helper()
	return fetch(t, newRequest(t, http.MethodPost, server.URL+"/alpaca/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"))
}

// tokenOf connects a customer and gives the access token.
func tokenOf(t *testing.T, server *httptest.Server, customer, env string) string {
	t.Helper()
	_, answer := consent(t, authorizeURL(server, "env", env), "decision=allow&customer="+customer)
	got := exchanged(t, server, tokenForm(answer.Get("code")))
	if got.status != http.StatusOK {
		t.Fatalf("token: got %d %s", got.status, got.body)
	}
	return decoded[map[string]string](t, got)["access_token"]
}

func alpacaGet(t *testing.T, server *httptest.Server, path, token string) fetched {
	t.Helper()
	return fetch(t, newRequest(t, http.MethodGet, server.URL+"/alpaca"+path, "", "Authorization", "Bearer "+token))
}

func TestConsentLeadsToAToken(t *testing.T) {
	_, server := serve(t)
	page := fetch(t, newRequest(t, http.MethodGet, authorizeURL(server, "scope", "data<script>"), ""))
	for _, want := range []string{"imulated", "Alex Morgan", "Casey Novak", "data&lt;script&gt;", "paper account"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("consent page lacks %q", want)
		}
	}
	if page.status != http.StatusOK || page.header.Get("X-Simulated") != "true" {
		t.Errorf("consent page: got %d, marked %q", page.status, page.header.Get("X-Simulated"))
	}
	got, answer := consent(t, authorizeURL(server), "decision=allow&customer=blair")
	if got.status != http.StatusFound || answer.Get("state") != "xyz&=" || answer.Get("error") != "" {
		t.Fatalf("allow: got %d to %v, want 302 with the state", got.status, answer)
	}
	form := tokenForm(answer.Get("code"))
	token := decoded[object](t, exchanged(t, server, form))
	if diff := cmp.Diff([]string{"access_token", "scope", "token_type"}, slices.Sorted(maps.Keys(token))); diff != "" {
		t.Errorf("fields of the token (-want +got):\n%s", diff)
	}
	if token["token_type"] != "bearer" || token["scope"] != "data" {
		t.Errorf("got %v, want a bearer token with the scope", token)
	}
	if again := exchanged(t, server, form); again.status != http.StatusBadRequest || !strings.Contains(again.body, "invalid_grant") {
		t.Errorf("second exchange: got %d %s, want invalid_grant", again.status, again.body)
	}
}

func TestDenialLeadsBackWithAnError(t *testing.T) {
	_, server := serve(t)
	got, answer := consent(t, authorizeURL(server, "redirect_uri", "http://127.0.0.1:8080/other?a=b"), "decision=deny&customer=alex")
	if got.status != http.StatusFound || answer.Get("error") != "access_denied" || answer.Get("state") != "xyz&=" || answer.Get("code") != "" || answer.Get("a") != "b" {
		t.Errorf("got %d to %v, want 302 with access_denied, the state and the address's own query", got.status, answer)
	}
}

func TestBadRequestsForConsentAreShownAndNotSentOn(t *testing.T) {
	_, server := serve(t)
	for _, change := range [][2]string{
		{"response_type", "token"}, {"client_id", "other"}, {"client_id", ""}, {"redirect_uri", callback + "/"}, {"redirect_uri", "http://evil.example"}, {"env", "demo"},
	} {
		page := fetch(t, newRequest(t, http.MethodGet, authorizeURL(server, change[0], change[1]), ""))
		answer, _ := consent(t, authorizeURL(server, change[0], change[1]), "decision=allow&customer=alex")
		if page.status != http.StatusBadRequest || answer.status != http.StatusBadRequest || answer.header.Get("Location") != "" {
			t.Errorf("%v: got %d and %d to %q, want 400 twice and no redirect", change, page.status, answer.status, answer.header.Get("Location"))
		}
	}
	got, _ := consent(t, authorizeURL(server, "env", Live), "decision=allow&customer=casey")
	if got.status != http.StatusBadRequest {
		t.Errorf("a customer without an account there: got %d, want 400", got.status)
	}
}

func TestTokensNeedEveryFieldAndAGoodCode(t *testing.T) {
	s, server := serve(t)
	newCode := func() string {
		_, answer := consent(t, authorizeURL(server), "decision=allow&customer=alex")
		return answer.Get("code")
	}
	tests := []struct {
		field, value, want string
		status             int
	}{
		{"grant_type", "", "grant_type", 422},
		{"code", "", "code", 422},
		{"client_id", "", "client_id", 422},
		{"client_secret", "", "client_secret", 422},
		{"redirect_uri", "", "redirect_uri", 422},
		{"grant_type", "refresh_token", "unsupported_grant_type", 400},
		{"client_secret", "wrong", "invalid_client", 401},
		{"client_id", "wrong", "invalid_client", 401},
		{"redirect_uri", "http://127.0.0.1:8080/other?a=b", "invalid_grant", 400},
		{"code", "unknown", "invalid_grant", 400},
	}
	for _, test := range tests {
		got := exchanged(t, server, tokenForm(newCode(), test.field, test.value))
		if got.status != test.status || !strings.Contains(got.body, test.want) {
			t.Errorf("%s=%q: got %d %s, want %d with %q", test.field, test.value, got.status, got.body, test.status, test.want)
		}
	}
	code := newCode()
	s.Clock.Advance(10 * time.Minute)
	if got := exchanged(t, server, tokenForm(code)); got.status != http.StatusBadRequest {
		t.Errorf("an expired code: got %d, want 400", got.status)
	}
}

func TestTokensOpenOneCustomerInOneEnvironment(t *testing.T) {
	s, server := serve(t)
	token := tokenOf(t, server, "alex", Paper)
	id, secret := s.World.APIKeys("alex", Live)
	keys := []string{"APCA-API-KEY-ID", id, "APCA-API-SECRET-KEY", secret}
	tests := []struct {
		name, path string
		headers    []string
		status     int
		body       string
	}{
		{"token", "/paper/v2/account", []string{"Authorization", "Bearer " + token}, 200, `"currency":"USD"`},
		{"token elsewhere", "/live/v2/account", []string{"Authorization", "Bearer " + token}, 403, `{"message":"forbidden."}`},
		{"bad token", "/paper/v2/positions", []string{"Authorization", "Bearer nonsense"}, 401, `{"message":"unauthorized."}`},
		{"nothing", "/paper/v2/positions", nil, 401, "<html>"},
		{"keys", "/live/v2/account", keys, 200, `"currency":"USD"`},
		{"keys elsewhere", "/paper/v2/account", keys, 403, `{"message":"forbidden."}`},
		{"bad secret", "/live/v2/account", []string{"APCA-API-KEY-ID", id, "APCA-API-SECRET-KEY", "x"}, 401, `{"message":"unauthorized."}`},
		{"no such place", "/live/v3/account", keys, 404, "not found"},
	}
	for _, test := range tests {
		got := fetch(t, newRequest(t, http.MethodGet, server.URL+"/alpaca"+test.path, "", test.headers...))
		if got.status != test.status || !strings.Contains(got.body, test.body) {
			t.Errorf("%s: got %d %s, want %d with %s", test.name, got.status, got.body, test.status, test.body)
		}
		if got.status == 200 && (got.header.Get("X-Ratelimit-Limit") != "200" || got.header.Get("X-Ratelimit-Reset") == "") {
			t.Errorf("%s: rate headers are missing: %v", test.name, got.header)
		}
	}
	s.RevokeTokens("alex")
	if got := alpacaGet(t, server, "/paper/v2/account", token); got.status != http.StatusUnauthorized {
		t.Errorf("after a revocation: got %d, want 401", got.status)
	}
}

func TestATokenWithoutEnvironmentOpensBoth(t *testing.T) {
	_, server := serve(t)
	token := tokenOf(t, server, "alex", "")
	for _, env := range []string{Paper, Live} {
		if got := alpacaGet(t, server, "/"+env+"/v2/account", token); got.status != http.StatusOK {
			t.Errorf("%s: got %d, want 200", env, got.status)
		}
	}
}

func TestAlpacaSaysWhatTheWorldHolds(t *testing.T) {
	s, server := serve(t)
	token := tokenOf(t, server, "blair", Live)
	account := decoded[object](t, alpacaGet(t, server, "/live/v2/account", token))
	want, _ := s.World.Account("blair", Live)
	for field, value := range map[string]string{
		"id": want.ID, "account_number": want.Number, "cash": want.Cash.String(), "equity": want.Equity.String(),
		"last_equity": want.LastEquity.String(), "long_market_value": want.LongMarketValue.String(), "short_market_value": want.ShortMarketValue.String(),
	} {
		if account[field] != value {
			t.Errorf("account %s: got %v, want the string %q", field, account[field], value)
		}
	}
	positions := decoded[[]object](t, alpacaGet(t, server, "/live/v2/positions", token))
	held := s.World.Positions("blair", Live)
	if len(positions) != len(held) || len(held) == 0 {
		t.Fatalf("got %d positions, want %d", len(positions), len(held))
	}
	for i, p := range held {
		for field, value := range map[string]string{
			"symbol": strings.ReplaceAll(p.Instrument.Symbol, "/", ""), "qty": p.Quantity.String(), "avg_entry_price": p.AverageEntry.String(),
			"cost_basis": p.CostBasis.String(), "market_value": p.MarketValue.String(), "current_price": p.Price.String(), "lastday_price": p.PreviousClose.String(),
		} {
			if positions[i][field] != value {
				t.Errorf("%s %s: got %v, want the string %q", p.Instrument.Symbol, field, positions[i][field], value)
			}
		}
		if side := positions[i]["side"]; (side == "short") != p.Quantity.IsNegative() {
			t.Errorf("%s: got side %v of %s", p.Instrument.Symbol, side, p.Quantity)
		}
		for _, name := range []string{p.Instrument.alpacaSymbol(), positions[i]["asset_id"].(string)} {
			one := decoded[object](t, alpacaGet(t, server, "/live/v2/positions/"+name, token))
			if diff := cmp.Diff(positions[i], one); diff != "" {
				t.Errorf("position %s alone differs:\n%s", name, diff)
			}
		}
	}
	none := alpacaGet(t, server, "/live/v2/positions/PFE", token)
	if none.status != http.StatusNotFound || !strings.Contains(none.body, "40410000") {
		t.Errorf("a position that is not held: got %d %s, want 404", none.status, none.body)
	}
	if empty := alpacaGet(t, server, "/paper/v2/positions", tokenOf(t, server, "blair", Paper)); strings.TrimSpace(empty.body) != "[]" {
		t.Errorf("no positions: got %s, want []", empty.body)
	}
}

func TestActivitiesAreFilteredAndPaged(t *testing.T) {
	s, server := serve(t)
	token := tokenOf(t, server, "casey", Paper)
	get := func(query string) []object {
		t.Helper()
		return decoded[[]object](t, alpacaGet(t, server, "/paper/v2/account/activities"+query, token))
	}
	var want, got []string
	for _, a := range slices.Backward(s.World.Activities("casey", Paper)) {
		want = append(want, a.ID)
	}
	for page := get("?page_size=40"); len(page) > 0; {
		for _, a := range page {
			got = append(got, a["id"].(string))
		}
		page = get("?page_size=40&page_token=" + url.QueryEscape(got[len(got)-1]))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ids of all pages (-want +got):\n%s", diff)
	}
	if n := len(get("")); n != 100 {
		t.Errorf("without a size: got %d activities, want 100", n)
	}
	for query, check := range map[string]func(object) bool{
		"?activity_types=DIV,CSD":           func(a object) bool { return a["activity_type"] == "DIV" || a["activity_type"] == "CSD" },
		"/FILL?page_size=5":                 func(a object) bool { return a["activity_type"] == "FILL" && a["net_amount"] == nil },
		"?category=non_trade_activity":      func(a object) bool { return a["activity_type"] != "FILL" },
		"?after=2026-06-01":                 func(a object) bool { return a["id"].(string) > "20260601" },
		"?until=2024-06-01T00:00:00Z":       func(a object) bool { return a["id"].(string) < "20240601" },
		"?date=2024-06-14&direction=asc":    func(a object) bool { return a["symbol"] == "MSFT" && a["qty"] == "0.333333333" },
		"?direction=asc&activity_types=CSD": func(a object) bool { return a["net_amount"] == "1500" && a["status"] == "executed" },
	} {
		list := get(query)
		if len(list) == 0 {
			t.Errorf("%s: got nothing", query)
		}
		for _, a := range list {
			if !check(a) {
				t.Errorf("%s: got %v", query, a)
			}
		}
	}
	for _, query := range []string{"?page_size=0", "?page_size=101", "?page_token=x", "?direction=up", "?after=yesterday", "?category=trade_activity&activity_types=DIV"} {
		if bad := alpacaGet(t, server, "/paper/v2/account/activities"+query, token); bad.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d, want 422", query, bad.status)
		}
	}
}

func TestShortSalesSplitsAndTwinsShowInActivities(t *testing.T) {
	_, server := serve(t)
	sides := map[any]int{}
	for _, a := range decoded[[]object](t, alpacaGet(t, server, "/live/v2/account/activities/FILL", tokenOf(t, server, "blair", Live))) {
		sides[a["side"]]++
	}
	if sides["sell_short"] != 1 || sides["sell"] != 1 || sides["buy"] < 8 {
		t.Errorf("blair's fills: got %v, want one sell_short, one sell and many buys", sides)
	}
	splits := decoded[[]object](t, alpacaGet(t, server, "/live/v2/account/activities/SPLIT", tokenOf(t, server, "alex", Live)))
	if len(splits) != 1 || splits[0]["symbol"] != "NVDA" || splits[0]["qty"] != "81" || splits[0]["net_amount"] != "0" {
		t.Errorf("alex's splits: got %v, want 81 new shares for 9 of NVDA", splits)
	}
}

// recorded types are compared as JSON has them.
func jsonType(value any) string {
	switch value.(type) {
	case string:
		return "string"
	case bool:
		return "bool"
	case nil:
		return "null"
	case map[string]any:
		return "object"
	}
	return "number"
}

func TestShapesAreThoseOfRecordedAnswers(t *testing.T) {
	dir := sharedtest.Dir(t, "upstreams/fixtures/dev/alpaca")
	_, server := serve(t)
	token := tokenOf(t, server, "blair", Live)
	compare := func(file string, got object) {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		recorded := object{}
		if json.Unmarshal(raw, &recorded) != nil {
			var list []object
			if err := json.Unmarshal(raw, &list); err != nil {
				t.Fatal(err)
			}
			recorded = list[0]
		}
		for field, value := range recorded {
			if have, ok := got[field]; !ok || jsonType(have) != jsonType(value) {
				t.Errorf("%s: %s is %s, want %s", file, field, jsonType(have), jsonType(value))
			}
		}
	}
	compare("account-paper-2026-09.json", decoded[object](t, alpacaGet(t, server, "/live/v2/account", token)))
	positions := decoded[[]object](t, alpacaGet(t, server, "/live/v2/positions", token))
	compare("positions-equities-2025-11.json", positions[0])
	i := slices.IndexFunc(positions, func(p object) bool { return p["asset_class"] == "crypto" })
	compare("positions-crypto-2025-02.json", positions[i])
}
