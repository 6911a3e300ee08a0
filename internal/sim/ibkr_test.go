package sim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// gatewayAt is a simulated gateway at which the customer is signed in, and how to ask it.
func gatewayAt(t *testing.T, customer string) (*Sim, func(method, path, body string) fetched) {
	t.Helper()
	s, server := serve(t)
	s.IBKR.User = customer
	return s, func(method, path, body string) fetched {
		t.Helper()
		return fetch(t, newRequest(t, method, server.URL+"/ibkr"+path, body, "Content-Type", "application/json"))
	}
}

// after moves the clock past every pace.
func (s *Sim) after(d time.Duration) { s.Clock.Advance(d) }

func TestTheGatewayIsSignedInAtOnItsPage(t *testing.T) {
	s, ask := gatewayAt(t, "")
	if got := ask(http.MethodGet, "/v1/api/portfolio/accounts", ""); got.status != http.StatusFound || !strings.Contains(got.header.Get("Location"), "/sso/Login") {
		t.Errorf("before anybody signed in: got %d to %q", got.status, got.header.Get("Location"))
	}
	if got := ask(http.MethodGet, "/", ""); got.status != http.StatusOK || !strings.Contains(got.body, "<form") || !strings.Contains(got.body, "casey") {
		t.Errorf("the page: got %d %s", got.status, got.body)
	}
	s.SignInIBKR("alex")
	s.after(5 * time.Second)
	got := ask(http.MethodGet, "/v1/api/portfolio/accounts", "")
	if accounts := decoded[[]map[string]any](t, got); len(accounts) != 1 || accounts[0]["type"] != "INDIVIDUAL" || got.header.Get("Set-Cookie") == "" {
		t.Errorf("got %s", got.body)
	}
	s.after(5*time.Minute + 31*time.Second)
	if got := ask(http.MethodGet, "/v1/api/portfolio/accounts", ""); got.status != http.StatusUnauthorized || got.body != "" {
		t.Errorf("after it stood idle: got %d %q, want 401 without a word", got.status, got.body)
	}
}

func TestTheGatewayWantsTheAccountsFirst(t *testing.T) {
	s, ask := gatewayAt(t, "casey")
	id := s.World.IBKRAccounts("casey")[0].ID
	for _, path := range []string{"/ledger", "/positions/0"} {
		if got := ask(http.MethodGet, "/v1/api/portfolio/"+id+path, ""); got.status != http.StatusInternalServerError || !strings.Contains(got.body, "query /accounts first") {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
	ask(http.MethodGet, "/v1/api/portfolio/accounts", "")
	for page, want := range map[string]int{"0": 100, "1": len(s.World.IBKRPositions(id)) - 100, "2": 0} {
		rows := decoded[[]map[string]any](t, ask(http.MethodGet, "/v1/api/portfolio/"+id+"/positions/"+page, ""))
		if len(rows) != want || len(rows) > 0 && rows[0]["ticker"] != nil {
			t.Errorf("page %s: got %d rows, want %d, at first without what they are of", page, len(rows), want)
		}
	}
	if rows := decoded[[]map[string]any](t, ask(http.MethodGet, "/v1/api/portfolio/"+id+"/positions/0", "")); rows[0]["ticker"] == nil {
		t.Errorf("the second time: got %v", rows[0])
	}
	if got := ask(http.MethodGet, "/v1/api/portfolio/U999/ledger", ""); got.status != http.StatusBadRequest {
		t.Errorf("another's account: got %d", got.status)
	}
}

func TestTradesNeedTheSecondSession(t *testing.T) {
	s, ask := gatewayAt(t, "alex")
	status := func() map[string]any {
		return decoded[map[string]any](t, ask(http.MethodPost, "/v1/api/iserver/auth/status", "{}"))
	}
	if got := status(); got["authenticated"] != false || got["connected"] != true {
		t.Errorf("got %v", got)
	}
	if got := ask(http.MethodGet, "/v1/api/iserver/accounts", ""); got.status != http.StatusUnauthorized {
		t.Errorf("without it: got %d %s", got.status, got.body)
	}
	if got := ask(http.MethodPost, "/v1/api/iserver/auth/ssodh/init", `{"publish":false}`); got.status != http.StatusInternalServerError {
		t.Errorf("unpublished: got %d", got.status)
	}
	ask(http.MethodPost, "/v1/api/iserver/auth/ssodh/init", `{"publish":true,"compete":false}`)
	if got := ask(http.MethodGet, "/v1/api/iserver/account/trades?days=7", ""); got.status != http.StatusInternalServerError {
		t.Errorf("before the accounts: got %d", got.status)
	}
	ask(http.MethodGet, "/v1/api/iserver/accounts", "")
	s.after(5 * time.Second)
	trades := decoded[[]map[string]any](t, ask(http.MethodGet, "/v1/api/iserver/account/trades?days=7", ""))
	if len(trades) != 1 || trades[0]["symbol"] != "VTI" || trades[0]["side"] != "B" {
		t.Errorf("got %v, want the week's purchase", trades)
	}
	s.CompeteIBKR(true)
	if got := decoded[map[string]any](t, ask(http.MethodPost, "/v1/api/iserver/auth/ssodh/init", `{"publish":true,"compete":false}`)); got["competing"] != true || got["authenticated"] != false {
		t.Errorf("got %v", got)
	}
	if got := decoded[map[string]any](t, ask(http.MethodPost, "/v1/api/iserver/auth/ssodh/init", `{"publish":true,"compete":true}`)); got["authenticated"] != true {
		t.Errorf("who takes it has it: got %v", got)
	}
}

func TestWhoAsksTooOftenIsLockedOut(t *testing.T) {
	s, ask := gatewayAt(t, "alex")
	ask(http.MethodGet, "/v1/api/portfolio/accounts", "")
	s.after(4 * time.Second)
	for _, wait := range []time.Duration{0, 5 * time.Second, 9 * time.Minute} {
		s.after(wait)
		if got := ask(http.MethodPost, "/v1/api/tickle", "{}"); wait > 0 && got.status != http.StatusTooManyRequests {
			t.Errorf("got %d", got.status)
		}
		if got := ask(http.MethodGet, "/v1/api/portfolio/accounts", ""); got.status != http.StatusTooManyRequests || !strings.Contains(got.body, "Too many requests") {
			t.Errorf("got %d %s", got.status, got.body)
		}
	}
	s.after(time.Minute)
	if got := ask(http.MethodPost, "/v1/api/tickle", "{}"); got.status == http.StatusTooManyRequests {
		t.Errorf("after ten minutes: got %d", got.status)
	}
	s.IBKR.Rate = 3
	s.SignInIBKR("alex")
	refused := 0
	for range 8 {
		if ask(http.MethodGet, "/v1/api/sso/validate", "").status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("eight calls at once were let through at three a second")
	}
}

func TestAPostWithoutALengthIsRefused(t *testing.T) {
	s := NewSim(New(1, func() time.Time { return monday }))
	s.IBKR.User = "alex"
	req := httptest.NewRequest(http.MethodPost, "/ibkr/v1/api/tickle", http.NoBody)
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, req)
	if answer.Code != http.StatusLengthRequired {
		t.Errorf("got %d", answer.Code)
	}
}

func TestAnIBKRAccountAddsUp(t *testing.T) {
	w, clock := worldAt(monday)
	for range 3 { // before and after a split, and after the options' end
		for _, user := range []string{"alex", "blair", "casey"} {
			for _, a := range w.IBKRAccounts(user) {
				cash := w.IBKRCash(a.ID)
				spent := map[string]decimal.Decimal{}
				for _, e := range a.cash {
					spent[e.currency] = spent[e.currency].Add(e.amount)
				}
				for _, trade := range w.IBKRTrades(a.ID) {
					if trade.Net.IsNegative() || trade.Commission.IsNegative() {
						t.Errorf("got %+v", trade)
					}
				}
				for currency, amount := range cash {
					if amount.Exponent() < -2 || amount.LessThan(decimal.NewFromInt(-1000)) || spent[currency].IsZero() {
						t.Errorf("%s: got %s %s of %s brought in", a.ID, amount, currency, spent[currency])
					}
				}
				ids := map[int64]string{}
				for _, p := range w.IBKRPositions(a.ID) {
					if other, taken := ids[p.Conid]; taken || p.Quantity.IsZero() || p.Value.Sign()*p.Quantity.Sign() < 0 {
						t.Errorf("%s: got %+v beside %s", a.ID, p, other)
					}
					ids[p.Conid] = p.Symbol
				}
			}
		}
		clock.Advance(9 * 30 * 24 * time.Hour)
	}
}

func TestControlSignsInAtTheGateway(t *testing.T) {
	s, server := serve(t)
	control := func(body string) int {
		return fetch(t, newRequest(t, http.MethodPost, server.URL+"/control/ibkr", body)).status
	}
	for body, want := range map[string]int{`{"signIn":"nobody"}`: 400, `{}`: 400, `nonsense`: 400, `{"compete":true}`: 204, `{"signOut":true}`: 204} {
		if got := control(body); got != want {
			t.Errorf("%s: got %d, want %d", body, got, want)
		}
	}
	if control(`{"signIn":"alex"}`) != http.StatusNoContent || s.ibkr.user != "alex" || !s.ibkr.competing {
		t.Errorf("got %+v", s.ibkr.user)
	}
}
