package ibkr_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/ibkr"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// simulated is the provider at a simulated gateway at which the customer is signed in.
func simulated(t *testing.T, customer string) (*sim.Sim, *clock, *ibkr.Provider) {
	t.Helper()
	c := newClock()
	s := sim.NewSim(sim.New(7, c.Now))
	s.IBKR.User = customer
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, c, through(t, c, server.URL, server.URL+"/ibkr")
}

func accountsOf(t *testing.T, p *ibkr.Provider, creds broker.Credentials) []broker.Account {
	t.Helper()
	all, err := p.Accounts(t.Context(), creds)
	if err != nil || len(all) == 0 {
		t.Fatalf("got %d accounts, %v", len(all), err)
	}
	return all
}

func TestPortfoliosOfTheSimulatorAreReadAsTheyAre(t *testing.T) {
	for _, customer := range []string{"alex", "blair", "casey"} {
		t.Run(customer, func(t *testing.T) {
			s, c, provider := simulated(t, customer)
			truth := s.World.IBKRAccounts(customer)
			creds := live
			if truth[0].Paper {
				creds = paper
			}
			accounts := accountsOf(t, provider, creds)
			if len(accounts) != len(truth) {
				t.Fatalf("got %d accounts, want %d", len(accounts), len(truth))
			}
			for i, a := range accounts {
				agreesWithTheWorld(t, s, provider, creds, a, truth[i])
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.waited > 30*time.Second {
				t.Errorf("waited %s", c.waited)
			}
		})
	}
}

func agreesWithTheWorld(t *testing.T, s *sim.Sim, provider *ibkr.Provider, creds broker.Credentials, a broker.Account, truth sim.IBKRAccount) {
	t.Helper()
	cash := s.World.IBKRCash(truth.ID)
	if a.ID != truth.ID || a.Currency != truth.Currency || !a.Cash.Valid || !a.Cash.Decimal.Equal(a.CashIn[truth.Currency]) || len(a.CashIn) != len(cash) {
		t.Errorf("got %+v, want %s %s with %s", a, truth.ID, truth.Currency, cash[truth.Currency])
	}
	for currency, amount := range cash {
		if got := a.CashIn[currency]; got.Sub(amount).Abs().GreaterThan(dec("0.05")) { // a float of 32 bits has seven digits
			t.Errorf("got %s %s, want %s", got, currency, amount)
		}
	}
	for range 2 { // at first without what instruments are
		positions, err := provider.Positions(t.Context(), creds, a)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]sim.IBKRPosition{}
		for _, p := range s.World.IBKRPositions(truth.ID) {
			want[ours(p.Symbol)] = p
		}
		for _, p := range positions {
			w, ok := want[p.Symbol]
			delete(want, p.Symbol)
			if !ok || !p.Quantity.Equal(w.Quantity) || p.Currency != w.Currency || !p.Price.Decimal.Round(4).Equal(w.Price.Round(4)) ||
				p.MarketValue.Decimal.Sub(w.Value).Abs().GreaterThan(dec("0.02")) || p.Multiplier.IntPart() != w.Multiplier ||
				!p.AverageCost.Decimal.Mul(p.Multiplier).Round(4).Equal(w.AverageCost.Round(4)) || p.Name == "" || p.Exchange == "" {
				t.Errorf("got %s, want %+v", figures(p), w)
			}
		}
		if len(want) > 0 || len(positions) == 0 {
			t.Errorf("got %d positions without %v", len(positions), want)
		}
	}
}

// ours is our spelling of a symbol of the world: the exchange stands beside it.
func ours(symbol string) string {
	for _, suffix := range []string{".L", ".DE", ".AS"} {
		if short, ok := strings.CutSuffix(symbol, suffix); ok {
			return short
		}
	}
	return symbol
}

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func TestPricesAreThoseOfTheMarket(t *testing.T) {
	s, _, provider := simulated(t, "alex")
	account := accountsOf(t, provider, live)[0]
	positions, err := provider.Positions(t.Context(), live, account)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, p := range positions {
		for _, suffix := range []string{"", ".L", ".DE", ".AS"} {
			quote, ok := s.World.Quote(p.Symbol + suffix)
			if !ok {
				continue
			}
			if quote.Currency == "GBp" { // Yahoo has pence where accounts have pounds
				quote.Price, quote.Currency = quote.Price.Shift(-2), "GBP"
			}
			if !p.Price.Decimal.Equal(quote.Price) || p.Currency != quote.Currency {
				t.Errorf("%s: got %s %s, the market %s %s", p.Symbol, p.Price.Decimal, p.Currency, quote.Price, quote.Currency)
			}
			seen[p.Symbol] = p.Currency + " " + p.Exchange + " " + p.Country + " " + string(p.AssetClass)
		}
	}
	want := map[string]string{
		"VOD": "GBP LSE GB equity", "HSBA": "GBP LSE GB equity", "SAP": "EUR IBIS DE equity", "ASML": "EUR AEB NL equity", "AAPL": "USD NASDAQ.NMS US equity",
		"BRK.B": "USD NYSE US equity", "TSLA": "USD NASDAQ.NMS US equity", "BTC/USD": "USD PAXOS US crypto", "META": "USD NASDAQ.NMS US equity", "VTI": "USD ARCA US equity",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("instruments (-want +got):\n%s", diff)
	}
}

func TestTradesOfTheSimulatorAreThoseOfSevenDays(t *testing.T) {
	s, c, provider := simulated(t, "blair")
	accounts := accountsOf(t, provider, live)
	for i, quantity := range []string{"10", "-4"} { // London is open; then New York
		if err := s.World.TradeIBKR(accounts[0].ID, []string{"VOD.L", "SAP.DE"}[i], dec(quantity)); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait(t.Context(), time.Minute)
	}
	ids := map[string]bool{}
	for range 2 {
		for _, a := range accounts {
			history, err := provider.Activities(t.Context(), live, a, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if history.CashComplete || c.Now().Sub(history.Since) < 7*24*time.Hour || c.Now().Sub(history.Since) > 7*24*time.Hour+time.Minute {
				t.Errorf("got %+v", history)
			}
			agreesWithTheTrades(t, s, a, history)
			for _, activity := range history.Activities {
				ids[a.ID+activity.ID] = true
			}
		}
	}
	if len(ids) != 3 { // KO is bought each week, in the second account
		t.Errorf("got ids %v, want three, the same each time", ids)
	}
}

func agreesWithTheTrades(t *testing.T, s *sim.Sim, a broker.Account, history broker.History) {
	t.Helper()
	var want []sim.IBKRTrade
	for _, trade := range s.World.IBKRTrades(a.ID) {
		if !trade.Time.Before(history.Since) {
			want = append(want, trade)
		}
	}
	if len(want) != len(history.Activities) || len(want) == 0 {
		t.Fatalf("got %d activities, want %d", len(history.Activities), len(want))
	}
	for i, w := range want {
		got := history.Activities[i]
		paid := w.Net
		if w.Quantity.IsPositive() {
			paid = paid.Neg()
		}
		paid = paid.Sub(w.Commission)
		if got.Instrument.Symbol != ours(w.Symbol) || !got.Quantity.Equal(w.Quantity) || !got.Price.Decimal.Equal(w.Price) || got.Currency != w.Currency ||
			!got.Amount.Equal(paid) || !got.Fee.Equal(w.Commission) || !got.At.Equal(w.Time.Truncate(time.Millisecond)) || (got.Kind == broker.Buy) != w.Quantity.IsPositive() {
			t.Errorf("got %+v, want %+v", got, w)
		}
	}
}

func TestWhoIsNotSignedInIsToldToSignInAtTheGateway(t *testing.T) {
	s, c, provider := simulated(t, "")
	wantSignIn := func(when string, err error) {
		t.Helper()
		if f := fault.From(err); err == nil || f.Kind != fault.ReauthorizationRequired || !strings.Contains(f.Message, "sign in at the gateway") || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: got %v", when, err)
		}
	}
	account := broker.Account{ID: s.World.IBKRAccounts("alex")[0].ID, Currency: "USD"}
	everything := func(when string) {
		t.Helper()
		_, err := provider.Accounts(t.Context(), live)
		wantSignIn(when, err)
		_, err = provider.Positions(t.Context(), live, account)
		wantSignIn(when, err)
		_, err = provider.Activities(t.Context(), live, account, time.Time{})
		wantSignIn(when, err)
		wantSignIn(when, provider.KeepAlive(t.Context(), live))
	}
	everything("before anybody was")
	s.SignInIBKR("alex")
	accountsOf(t, provider, live)
	for range 20 {
		_ = c.Wait(t.Context(), time.Minute)
		if err := provider.KeepAlive(t.Context(), live); err != nil {
			t.Fatal(err)
		}
	}
	accountsOf(t, provider, live)
	_ = c.Wait(t.Context(), 6*time.Minute)
	everything("after six minutes without a sign of life")
	s.SignInIBKR("alex")
	if _, err := provider.Positions(t.Context(), live, account); err != nil { // the accounts are asked for anew first
		t.Error(err)
	}
	s.SignInIBKR("")
	_ = c.Wait(t.Context(), 5*time.Second) // until then what is known of the accounts serves
	everything("after signing out")
	s.SignInIBKR("blair")
	_, err := provider.Positions(t.Context(), live, account)
	wantSignIn("with another customer signed in", err)
	s.SignInIBKR("casey")
	_ = c.Wait(t.Context(), 5*time.Second)
	_, err = provider.Accounts(t.Context(), live)
	wantSignIn("with a paper account signed in", err)
	if !strings.Contains(err.Error(), "paper") || !strings.Contains(err.Error(), "live") {
		t.Errorf("got %v, want both environments named", err)
	}
	accountsOf(t, provider, paper)
}

func TestAGatewayThatBeganAnewIsAskedForTheAccountsFirst(t *testing.T) {
	s, _, provider := simulated(t, "alex")
	account := accountsOf(t, provider, live)[0]
	s.SignInIBKR("alex") // within the five seconds for which the accounts are known
	if _, err := provider.Positions(t.Context(), live, account); err != nil {
		t.Error(err)
	}
}

func TestAnotherSessionKeepsTheTradesAndNothingElse(t *testing.T) {
	s, c, provider := simulated(t, "alex")
	account := accountsOf(t, provider, live)[0]
	trades := func() error {
		_, err := provider.Activities(t.Context(), live, account, time.Time{})
		return err
	}
	if err := trades(); err != nil { // opens the session to the brokerage
		t.Fatal(err)
	}
	s.CompeteIBKR(true)
	for range 2 {
		err := trades()
		wantKind(t, err, fault.UpstreamDown)
		if !strings.Contains(err.Error(), "another session") {
			t.Errorf("got %v", err)
		}
		if _, err := provider.Positions(t.Context(), live, account); err != nil {
			t.Errorf("positions: %v", err)
		}
		if err := provider.KeepAlive(t.Context(), live); err != nil {
			t.Errorf("the session: %v", err)
		}
		_ = c.Wait(t.Context(), time.Minute)
	}
	s.CompeteIBKR(false)
	if err := trades(); err != nil {
		t.Error(err)
	}
}

func TestTheGatewayLocksNobodyOutWhoKeepsItsPace(t *testing.T) {
	s, c, provider := simulated(t, "alex")
	account := accountsOf(t, provider, live)[0]
	start := c.Now()
	for range 4 {
		accountsOf(t, provider, live)
		for _, err := range []error{provider.KeepAlive(t.Context(), live), provider.KeepAlive(t.Context(), live)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := provider.Activities(t.Context(), live, account, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if took := c.Now().Sub(start); took < 15*time.Second || took > 30*time.Second {
		t.Errorf("four readings of trades took %s, want three waits of five seconds", took)
	}
	counts := map[string]int{}
	for _, r := range s.Requests() {
		counts[r.Path] = r.Count
	}
	if n := counts["/v1/api/portfolio/accounts"]; n > 5 {
		t.Errorf("asked for the accounts %d times", n)
	}
}

func TestWhoIsLockedOutDoesNotCallForTenMinutes(t *testing.T) {
	s, c, provider := simulated(t, "alex")
	s.Faults.Set(sim.ProviderIBKR, sim.Fault{Kind: sim.FaultRateLimited, Count: 1})
	wantKind(t, provider.KeepAlive(t.Context(), live), fault.UpstreamDown)
	calls := func() (n int) {
		for _, r := range s.Requests() {
			n += r.Count
		}
		return n
	}
	_ = c.Wait(t.Context(), 9*time.Minute)
	_, err := provider.Accounts(t.Context(), live)
	wantKind(t, err, fault.UpstreamDown)
	if f := fault.From(err); f.RetryAfter <= 0 || f.RetryAfter > time.Minute || calls() != 1 {
		t.Errorf("got %d calls, %v to wait", calls(), f.RetryAfter)
	}
	_ = c.Wait(t.Context(), time.Minute)
	accountsOf(t, provider, live)
}

func TestTheSimulatorsFaultsAreTyped(t *testing.T) {
	for kind, want := range map[sim.FaultKind]fault.Kind{
		sim.FaultRateLimited: fault.UpstreamDown, sim.FaultServerError: fault.UpstreamDown,
		sim.FaultCutBody: fault.UpstreamFailed, sim.FaultGarbage: fault.UpstreamFailed, sim.FaultWrongTypes: fault.UpstreamFailed,
	} {
		for _, path := range []string{"/v1/api/portfolio/", "/v1/api/portfolio/U", "/v1/api/iserver"} {
			t.Run(string(kind)+path, func(t *testing.T) {
				s, c, provider := simulated(t, "alex")
				account := accountsOf(t, provider, live)[0]
				_ = c.Wait(t.Context(), 5*time.Second)
				s.Faults.Set(sim.ProviderIBKR, sim.Fault{Kind: kind, Path: path})
				history, err := provider.Activities(t.Context(), live, account, time.Time{})
				if path == "/v1/api/portfolio/U" {
					_, err = provider.Positions(t.Context(), live, account)
				}
				if fault.KindOf(err) != want || len(history.Activities) > 0 && path != "/v1/api/portfolio/U" {
					t.Errorf("got %d activities, %v, want %s", len(history.Activities), err, want)
				}
			})
		}
	}
}

func TestAPinnedGatewayIsReadAndAnotherIsSentNothing(t *testing.T) {
	c := newClock()
	s := sim.NewSim(sim.New(7, c.Now))
	certificate, fingerprint, err := sim.SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(s.Handler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	other, wrong, err := sim.SelfSigned()
	if err != nil || len(other.Certificate) == 0 {
		t.Fatal(err)
	}
	pinned := func(text string) *ibkr.Provider {
		cfg := ibkr.Manners()
		cfg.Origins, cfg.AllowPrivate, cfg.Now, cfg.Rate = []string{server.URL}, true, c.Now, 0
		if text != "" {
			pin, err := upstream.PinOf(text)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Pin = &pin
		}
		client, err := upstream.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.HTTP().CloseIdleConnections)
		return ibkr.New(ibkr.Config{URL: server.URL + "/ibkr", Now: c.Now, Wait: c.Wait}, client)
	}
	for _, text := range []string{"", wrong} {
		_, err := pinned(text).Accounts(t.Context(), live)
		wantKind(t, err, fault.UpstreamFailed)
		if n := s.Requests(); len(n) != 0 {
			t.Errorf("pin %q: got %v, want nothing sent", text, n)
		}
	}
	s.SignInIBKR("alex")
	accountsOf(t, pinned(fingerprint), live)
}

func TestAPersonSignsInOnTheGatewaysPage(t *testing.T) {
	c := newClock()
	s := sim.NewSim(sim.New(7, c.Now))
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	provider := through(t, c, server.URL, server.URL+"/ibkr/")
	form := strings.NewReader(url.Values{"user": {"alex"}}.Encode())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/ibkr/sso/Login", form)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	accountsOf(t, provider, live)
}
