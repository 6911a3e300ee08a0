// Package brokertest is the suite every brokerage adapter must pass.
package brokertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Brokerage is an adapter under test.
type Brokerage struct {
	// New makes the adapter, with everything it sends going to handler.
	New func(t *testing.T, handler http.Handler) broker.Provider
	// Credentials open the true brokerage.
	Credentials broker.Credentials
	// True answers as the brokerage does, for credentials with at least one account and one position, and one activity of a
	// Historian's.
	True http.Handler
	// SignInPages tells that a page or a redirect in the place of an answer is the brokerage's way to have the customer sign in.
	SignInPages bool
	// Empty answers as the brokerage does for an account that holds nothing and in which nothing happened.
	Empty http.Handler
	// Shows is what there has to be among True's positions.
	Shows []Trait
	// At makes the adapter with everything it sends going to the origin, each attempt given up after the timeout.
	At func(t *testing.T, origin string, timeout time.Duration) broker.Provider
}

// Trait is something positions can have that is easily got wrong.
type Trait string

// The traits.
const (
	Short    Trait = "a short position"
	Options  Trait = "an option, a hundred for one"
	Cryptos  Trait = "crypto"
	Foreign  Trait = "another currency than the account's"
	Fraction Trait = "a fraction of a share"
)

// Run runs the suite.
func Run(t *testing.T, b Brokerage) {
	t.Run("it names itself", b.namesItself)
	t.Run("accounts and positions are whole", b.reportsWhole)
	t.Run("the past is told whole, in order and the same again", b.tellsThePast)
	t.Run("an account without anything is no error", b.knowsNothing)
	t.Run("bad answers are typed errors without data", b.typesErrors)
	t.Run("a caller who left gets no answer", b.heedsCancel)
}

func (b Brokerage) namesItself(t *testing.T) {
	info := b.New(t, b.True).Info()
	if info.ID == "" || info.Name == "" || len(info.Environments) == 0 || len(info.Methods) == 0 {
		t.Errorf("got %+v, want every field", info)
	}
	if !slices.Contains(info.Environments, b.Credentials.Environment) {
		t.Errorf("got environments %v, want %s among them", info.Environments, b.Credentials.Environment)
	}
}

var currency = regexp.MustCompile(`^[A-Z]{3}$`)

func (b Brokerage) reportsWhole(t *testing.T) {
	provider := b.New(t, b.True)
	accounts, err := provider.Accounts(t.Context(), b.Credentials)
	if err != nil || len(accounts) == 0 {
		t.Fatalf("got %d accounts, %v, want some", len(accounts), err)
	}
	seen, traits := 0, map[Trait]bool{}
	for _, a := range accounts {
		if a.ID == "" || !currency.MatchString(a.Currency) {
			t.Errorf("got account %+v, want an id and a currency", a)
		}
		positions, err := provider.Positions(t.Context(), b.Credentials, a)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(positions)
		checkPositions(t, positions)
		for _, p := range positions {
			traits[Short] = traits[Short] || p.Quantity.IsNegative() && p.AssetClass == broker.Equity
			traits[Options] = traits[Options] || p.AssetClass == broker.Option && p.Multiplier.IntPart() == 100
			traits[Cryptos] = traits[Cryptos] || p.AssetClass == broker.Crypto && strings.Contains(p.Symbol, "/")
			traits[Foreign] = traits[Foreign] || p.Currency != a.Currency
			traits[Fraction] = traits[Fraction] || p.AssetClass == broker.Equity && !p.Quantity.IsInteger()
		}
	}
	if seen == 0 {
		t.Error("got no position in any account, want some")
	}
	for _, trait := range b.Shows {
		if !traits[trait] {
			t.Errorf("got no position with %s", trait)
		}
	}
}

func (b Brokerage) knowsNothing(t *testing.T) {
	if b.Empty == nil {
		t.Skip("this brokerage has no empty account to show")
	}
	provider := b.New(t, b.Empty)
	accounts, err := provider.Accounts(t.Context(), b.Credentials)
	if err != nil || len(accounts) == 0 {
		t.Fatalf("got %d accounts, %v, want some", len(accounts), err)
	}
	for _, a := range accounts {
		if positions, err := provider.Positions(t.Context(), b.Credentials, a); err != nil || len(positions) != 0 {
			t.Errorf("got %d positions, %v, want none", len(positions), err)
		}
		if past, ok := provider.(broker.Historian); ok {
			if h, err := past.Activities(t.Context(), b.Credentials, a, time.Time{}); err != nil || len(h.Activities) != 0 {
				t.Errorf("got %d activities, %v, want none", len(h.Activities), err)
			}
		}
	}
}

func checkPositions(t *testing.T, positions []broker.Position) {
	t.Helper()
	classes := []broker.AssetClass{broker.Equity, broker.Option, broker.Crypto, broker.OtherAssets}
	ids := map[string]bool{}
	for _, p := range positions {
		if p.InstrumentID == "" || ids[p.InstrumentID] {
			t.Errorf("%s: got instrument id %q, want one of its own", p.Symbol, p.InstrumentID)
		}
		ids[p.InstrumentID] = true
		if p.Symbol == "" || !currency.MatchString(p.Currency) || !slices.Contains(classes, p.AssetClass) || p.AsOf.IsZero() {
			t.Errorf("got %+v, want symbol, currency, asset class and time", p)
		}
		if p.Quantity.IsZero() || !p.Multiplier.IsPositive() {
			t.Errorf("%s: got %s × %s, want a quantity and a positive multiplier", p.Symbol, p.Quantity, p.Multiplier)
		}
		if p.MarketValue.Valid && p.MarketValue.Decimal.Sign()*p.Quantity.Sign() < 0 {
			t.Errorf("%s: got a market value of %s for %s, want the same sign", p.Symbol, p.MarketValue.Decimal, p.Quantity)
		}
		if p.CostBasis.Valid && p.CostBasis.Decimal.Sign()*p.Quantity.Sign() < 0 {
			t.Errorf("%s: got a cost basis of %s for %s, want the same sign", p.Symbol, p.CostBasis.Decimal, p.Quantity)
		}
	}
}

// canary stands in bad answers, and must not come out in errors.
const canary = "canary-7d1f"

// unwaited keeps the client from waiting before it tries again.
const unwaited = "3600"

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Retry-After", unwaited)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cut promises more than it sends.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `[{"id":"`+canary)
}

func (b Brokerage) typesErrors(t *testing.T) {
	const page = "<html><body><h1>" + canary + "</h1></body></html>"
	letIn := []fault.Kind{fault.ReauthorizationRequired}
	later := []fault.Kind{fault.UpstreamDown, fault.UpstreamTimeout, fault.UpstreamFailed}
	pages := later
	if b.SignInPages {
		pages = letIn
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kinds   []fault.Kind
	}{
		"401 in JSON":       {answer(401, "application/json", `{"message":"`+canary+`"}`), letIn},
		"401 in HTML":       {answer(401, "text/html", page), letIn},
		"404":               {answer(404, "application/json", `{"message":"`+canary+`"}`), later},
		"429":               {answer(429, "application/json", `{"message":"`+canary+`"}`), later},
		"500 in HTML":       {answer(500, "text/html", page), later},
		"503 without words": {answer(503, "text/plain", ""), later},
		"a redirect":        {http.RedirectHandler("/"+canary, http.StatusFound).ServeHTTP, pages},
		"200 in HTML":       {answer(200, "text/html", page), pages},
		"200 without words": {answer(200, "application/json", ""), later},
		"204":               {answer(204, "", ""), later},
		"half of JSON":      {answer(200, "application/json", `[{"id":"`+canary), later},
		"null":              {answer(200, "application/json", "null"), later},
		"a string":          {answer(200, "application/json", `"`+canary+`"`), later},
		"a list of numbers": {answer(200, "application/json", `[1,2,3]`), later},
		"wrong types":       {answer(200, "application/json", `{"id":{"a":"`+canary+`"},"cash":[]}`), later},
		"a cut connection":  {cut, later},
	} {
		t.Run(name, func(t *testing.T) {
			b.eachRefused(t, func() broker.Provider { return b.New(t, c.handler) }, c.kinds)
		})
	}
}

// eachRefused makes every call a contract has, each on an adapter of its own, and wants an error of one of the kinds.
func (b Brokerage) eachRefused(t *testing.T, provider func() broker.Provider, kinds []fault.Kind) {
	t.Helper()
	account := broker.Account{ID: "any", Currency: "USD"}
	accounts, err := provider().Accounts(t.Context(), b.Credentials)
	b.checkError(t, len(accounts), err, kinds)
	positions, err := provider().Positions(t.Context(), b.Credentials, account)
	b.checkError(t, len(positions), err, kinds)
	if past, ok := provider().(broker.Historian); ok {
		h, err := past.Activities(t.Context(), b.Credentials, account, time.Time{})
		b.checkError(t, len(h.Activities), err, kinds)
	}
	if session, ok := provider().(broker.KeepAlive); ok {
		b.checkError(t, 0, session.KeepAlive(t.Context(), b.Credentials), kinds)
	}
}

func (b Brokerage) checkError(t *testing.T, n int, err error, kinds []fault.Kind) {
	t.Helper()
	if err == nil || n != 0 || !slices.Contains(kinds, fault.KindOf(err)) {
		t.Errorf("got %d entries, %v, want an error of %v", n, err, kinds)
		return
	}
	f := fault.From(err)
	for _, secret := range []string{b.Credentials.AccessToken, b.Credentials.KeySecret, canary, "http://"} {
		if secret != "" && strings.Contains(f.Message, secret) {
			t.Errorf("the message tells %q: %s", secret, f.Message)
		}
	}
	for _, secret := range []string{b.Credentials.AccessToken, b.Credentials.KeySecret} {
		if secret != "" && strings.Contains(fmt.Sprintf("%+v", err), secret) {
			t.Error("the error holds the credentials")
		}
	}
}

func (b Brokerage) heedsCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{}, 1)
	provider := b.New(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	go func() {
		<-asked
		cancel()
	}()
	accounts, err := provider.Accounts(ctx, b.Credentials)
	if len(accounts) != 0 || !fault.Is(err, fault.Canceled) {
		t.Errorf("got %d accounts, %v, want %s", len(accounts), err, fault.Canceled)
	}
}
