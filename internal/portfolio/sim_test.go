package portfolio_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/alpaca"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/syncs"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// atAlpaca gives the house the real adapter, at a simulated Alpaca that lives by the house's clock.
func (h *house) atAlpaca(t *testing.T) *sim.Sim {
	t.Helper()
	clock := func() time.Time { return h.now }
	s := sim.NewSim(sim.New(7, clock))
	s.Alpaca = sim.AlpacaApp{ClientID: "our-id", ClientSecret: "our-secret", RedirectURIs: []string{h.Connections.RedirectURL}}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	client, err := upstream.New(upstream.Config{
		Provider: "Alpaca", Origins: []string{server.URL}, AllowPrivate: true, Timeout: 5 * time.Second, Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	base := server.URL + "/alpaca"
	h.Connections.Providers = []broker.Provider{alpaca.New(alpaca.Config{
		ClientID: "our-id", ClientSecret: "our-secret", AuthorizeURL: base + "/oauth/authorize", TokenURL: base + "/oauth/token",
		LiveURL: base + "/live", PaperURL: base + "/paper",
	}, client, clock)}
	return s
}

// consent connects the customer's account on the simulated consent page.
func (h *house) consent(t *testing.T, userID, customer string, env broker.Environment) string {
	t.Helper()
	begun, err := h.Connections.Connect(t.Context(), userID, "alpaca", env, connection.Access{})
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	form := strings.NewReader(url.Values{"customer": {customer}, "decision": {"allow"}}.Encode())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, begun.URL, form)
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
	if err != nil {
		t.Fatalf("got status %d: %v", resp.StatusCode, err)
	}
	made, err := h.Connections.Callback(t.Context(), connection.Redirect{
		State: target.Query().Get("state"), Code: target.Query().Get("code"), BrowserSecret: begun.BrowserSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// agrees checks that the portfolio is worth what the customer's accounts are worth in the world.
func (h *house) agrees(t *testing.T, s *sim.Sim, userID, customer string, envs ...string) {
	t.Helper()
	equity, cash := decimal.Zero, decimal.Zero
	quantities := map[string]decimal.Decimal{}
	for _, env := range envs {
		a, _ := s.World.Account(customer, env)
		equity, cash = equity.Add(a.Equity), cash.Add(a.Cash)
		for _, p := range s.World.Positions(customer, env) {
			quantities[p.Instrument.Symbol] = quantities[p.Instrument.Symbol].Add(p.Quantity)
		}
	}
	summary, _ := h.summary(t, userID)
	// The world rounds an account's value to cents, its positions' values not.
	if off := summary.TotalValue.Sub(equity).Abs(); off.GreaterThan(dec("0.02")) || !summary.Cash.Equal(cash) {
		t.Errorf("got %s with %s in cash, want %s with %s", summary.TotalValue, summary.Cash, equity, cash)
	}
	holdings, _ := h.holdings(t, userID)
	for _, row := range holdings {
		if want := quantities[row.Symbol]; !row.Quantity.Equal(want) {
			t.Errorf("got %s of %s, want %s", row.Quantity, row.Symbol, want)
		}
		delete(quantities, row.Symbol)
	}
	if len(quantities) > 0 {
		t.Errorf("holdings lack %v", quantities)
	}
}

func TestTwoAlpacaAccountsFromConsentToReconnection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		s := h.atAlpaca(t)
		user := newUser(t, d)
		live, paper := h.consent(t, user, "alex", broker.Live), h.consent(t, user, "alex", broker.Paper)
		h.sync(t, live)
		h.sync(t, paper)
		h.agrees(t, s, user, "alex", sim.Live, sim.Paper)
		both, _, err := h.Holding(t.Context(), user, "nvda")
		if err != nil || len(both.Sources) != 2 {
			t.Errorf("got %+v, %v, want NVDA of both accounts", both, err)
		}
		if _, _, err := h.Holding(t.Context(), user, "BTC-USD"); err != nil {
			t.Error(err)
		}

		h.now = h.now.Add(15 * time.Minute)
		if err := s.World.Trade("alex", sim.Paper, "KO", dec("-10"), decimal.Zero); err != nil {
			t.Fatal(err)
		}
		h.sync(t, live)
		h.sync(t, paper)
		h.agrees(t, s, user, "alex", sim.Live, sim.Paper)

		before, _ := h.summary(t, user)
		h.now = h.now.Add(15 * time.Minute)
		s.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultCutBody, Path: "/paper/v2/positions"})
		wantKind(t, h.syncs.Sync(t.Context(), syncs.SyncConnection{ConnectionID: paper}), fault.UpstreamFailed)
		after, warnings := h.summary(t, user)
		if !after.TotalValue.Equal(*before.TotalValue) || !after.Confirmed.TotalValue.LessThan(*after.TotalValue) || len(warnings) != 1 {
			t.Errorf("got %s, %s confirmed, warnings %q", after.TotalValue, after.Confirmed.TotalValue, warnings)
		}
		s.Faults.Clear(sim.ProviderAlpaca)

		s.RevokeTokens("alex")
		for _, id := range []string{live, paper} {
			wantKind(t, h.syncs.Sync(t.Context(), syncs.SyncConnection{ConnectionID: id}), fault.ReauthorizationRequired)
		}
		if again := h.consent(t, user, "alex", broker.Live); again != live {
			t.Errorf("got connection %s, want the old one renewed", again)
		}
		if again := h.consent(t, user, "alex", broker.Paper); again != paper {
			t.Errorf("got connection %s, want the old one renewed", again)
		}
		h.sync(t, live)
		h.sync(t, paper)
		h.agrees(t, s, user, "alex", sim.Live, sim.Paper)
		if got, warnings := h.summary(t, user); got.Connections.Active != 2 || len(warnings) != 0 {
			t.Errorf("got %+v, warnings %q, want both healed", got.Connections, warnings)
		}
	})
}
