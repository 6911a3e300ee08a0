package alpaca_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/alpaca"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

const redirectURL = "https://jaspers.test/api/brokerages/callback"

// simulated is the provider at a simulated Alpaca.
func simulated(t *testing.T) (*sim.Sim, *alpaca.Provider) {
	t.Helper()
	s := sim.NewSim(sim.New(7, func() time.Time { return now }))
	s.Alpaca = sim.AlpacaApp{ClientID: "our-id", ClientSecret: "our-secret", RedirectURIs: []string{redirectURL}}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	client, err := upstream.New(upstream.Config{
		Provider: "Alpaca", Origins: []string{server.URL}, AllowPrivate: true, Timeout: 5 * time.Second,
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	base := server.URL + "/alpaca"
	return s, alpaca.New(alpaca.Config{
		ClientID: "our-id", ClientSecret: "our-secret", AuthorizeURL: base + "/oauth/authorize", TokenURL: base + "/oauth/token",
		LiveURL: base + "/live", PaperURL: base + "/paper",
	}, client, func() time.Time { return now })
}

// decide is what the customer does on the consent page; it gives what the browser brings back.
func decide(t *testing.T, page, customer, decision string) url.Values {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer browser.CloseIdleConnections()
	form := strings.NewReader(url.Values{"customer": {customer}, "decision": {decision}}.Encode())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page, form)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	target, err := resp.Location()
	if err != nil || !strings.HasPrefix(target.String(), redirectURL+"?") {
		t.Fatalf("got status %d to %v, %v", resp.StatusCode, target, err)
	}
	return target.Query()
}

func TestACustomerOfTheSimulatorConnects(t *testing.T) {
	s, provider := simulated(t)
	for _, env := range []broker.Environment{broker.Live, broker.Paper} {
		req := broker.AuthorizeRequest{Environment: env, State: "a state", CodeVerifier: strings.Repeat("v", 43), RedirectURL: redirectURL}
		back := decide(t, provider.AuthorizeURL(req), "alex", "allow")
		if back.Get("state") != req.State {
			t.Fatalf("got state %q", back.Get("state"))
		}
		creds, err := provider.Exchange(t.Context(), back.Get("code"), req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.Exchange(t.Context(), back.Get("code"), req); !fault.Is(err, fault.AuthorizationDenied) {
			t.Errorf("got %v for a spent code, want %s", err, fault.AuthorizationDenied)
		}
		accounts, err := provider.Accounts(t.Context(), creds)
		if err != nil {
			t.Fatal(err)
		}
		truth, _ := s.World.Account("alex", string(env))
		if a := accounts[0]; a.ID != truth.ID || a.Number != truth.Number || word(a.Cash) != truth.Cash.String() {
			t.Errorf("got %+v, want %+v", a, truth)
		}
		positions, err := provider.Positions(t.Context(), creds, accounts[0])
		if err != nil {
			t.Fatal(err)
		}
		got, want := map[string]string{}, map[string]string{}
		for _, p := range positions {
			got[p.Symbol] = strings.Join([]string{p.Quantity.String(), word(p.CostBasis), word(p.Price), word(p.PreviousClose), word(p.MarketValue)}, " ")
		}
		for _, p := range s.World.Positions("alex", string(env)) {
			want[p.Instrument.Symbol] = strings.Join([]string{p.Quantity.String(), p.CostBasis.String(), p.Price.String(), p.PreviousClose.String(), p.MarketValue.String()}, " ")
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s: -want +got\n%s", env, diff)
		}

		other := broker.Credentials{Environment: broker.Paper, AccessToken: creds.AccessToken}
		if env == broker.Paper {
			other.Environment = broker.Live
		}
		if _, err := provider.Accounts(t.Context(), other); !fault.Is(err, fault.ReauthorizationRequired) {
			t.Errorf("got %v in the other environment, want %s", err, fault.ReauthorizationRequired)
		}
		s.RevokeTokens("alex")
		if _, err := provider.Accounts(t.Context(), creds); !fault.Is(err, fault.ReauthorizationRequired) {
			t.Errorf("got %v after the customer took access back, want %s", err, fault.ReauthorizationRequired)
		}
	}
}

func TestACustomerOfTheSimulatorDeclines(t *testing.T) {
	_, provider := simulated(t)
	req := broker.AuthorizeRequest{Environment: broker.Paper, State: "a state", RedirectURL: redirectURL}
	back := decide(t, provider.AuthorizeURL(req), "alex", "deny")
	if back.Get("error") != "access_denied" || back.Has("code") {
		t.Errorf("got %v", back)
	}
}

func TestTheSimulatorsFaultsAreTyped(t *testing.T) {
	for kind, want := range map[sim.FaultKind]fault.Kind{
		sim.FaultRateLimited: fault.UpstreamDown, sim.FaultServerError: fault.UpstreamDown,
		sim.FaultCutBody: fault.UpstreamFailed, sim.FaultGarbage: fault.UpstreamFailed, sim.FaultWrongTypes: fault.UpstreamFailed,
	} {
		t.Run(string(kind), func(t *testing.T) {
			s, provider := simulated(t)
			req := broker.AuthorizeRequest{Environment: broker.Paper, State: "a state", RedirectURL: redirectURL}
			back := decide(t, provider.AuthorizeURL(req), "alex", "allow")
			creds, err := provider.Exchange(t.Context(), back.Get("code"), req)
			if err != nil {
				t.Fatal(err)
			}
			another := decide(t, provider.AuthorizeURL(req), "alex", "allow").Get("code")
			s.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: kind, RetryAfter: time.Hour})
			if got, err := provider.Positions(t.Context(), creds, broker.Account{ID: "any", Currency: "USD"}); got != nil || fault.KindOf(err) != want {
				t.Errorf("got %d positions, %v, want %s", len(got), err, want)
			}
			if _, err := provider.Exchange(t.Context(), another, req); fault.KindOf(err) != want {
				t.Errorf("got %v for a code, want %s", err, want)
			}
		})
	}
}
