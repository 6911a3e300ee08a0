// Package alpaca reads accounts, positions and activities at Alpaca, which customers open to us on its consent page or with an API key.
package alpaca

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// Where Alpaca is. Codes for paper accounts, too, are exchanged at the live host.
const (
	DefaultAuthorizeURL = "https://app.alpaca.markets/oauth/authorize"
	DefaultTokenURL     = "https://api.alpaca.markets/oauth/token" // #nosec G101 -- an address, not a secret
	DefaultLiveURL      = "https://api.alpaca.markets"
	DefaultPaperURL     = "https://paper-api.alpaca.markets"
)

// Config is this server's registration as an app at Alpaca; without one customers connect with API keys alone. Addresses
// left empty are Alpaca's own.
type Config struct {
	ClientID     string
	ClientSecret string
	// Scope is asked for on the consent page, space-separated; empty asks to read the account and nothing else.
	Scope        string
	AuthorizeURL string
	TokenURL     string
	LiveURL      string // without /v2
	PaperURL     string // without /v2
}

// Provider is Alpaca. It may be used by many goroutines.
type Provider struct {
	cfg    Config
	client *upstream.Client
	now    func() time.Time
	pace   pace
}

var _ broker.OAuth = (*Provider)(nil)

// New makes the provider. now gives the time that positions are as of, since Alpaca's answers carry none.
func New(cfg Config, client *upstream.Client, now func() time.Time) *Provider {
	cfg.AuthorizeURL = cmp.Or(cfg.AuthorizeURL, DefaultAuthorizeURL)
	cfg.TokenURL = cmp.Or(cfg.TokenURL, DefaultTokenURL)
	cfg.LiveURL = strings.TrimSuffix(cmp.Or(cfg.LiveURL, DefaultLiveURL), "/")
	cfg.PaperURL = strings.TrimSuffix(cmp.Or(cfg.PaperURL, DefaultPaperURL), "/")
	return &Provider{cfg: cfg, client: client, now: now, pace: pace{now: now}}
}

// Info names Alpaca.
func (p *Provider) Info() broker.Info {
	info := broker.Info{
		ID:           "alpaca",
		Name:         "Alpaca",
		Environments: []broker.Environment{broker.Live, broker.Paper},
		Methods:      []broker.Method{broker.ByAPIKey},
	}
	if p.cfg.ClientID != "" && p.cfg.ClientSecret != "" {
		info.Methods = []broker.Method{broker.ByOAuth, broker.ByAPIKey}
	}
	return info
}

// Accounts gives the one account that credentials open.
func (p *Provider) Accounts(ctx context.Context, creds broker.Credentials) ([]broker.Account, error) {
	answer, err := p.get(ctx, creds, "/v2/account", nil, "the account")
	if err != nil {
		return nil, err
	}
	var wire account
	if err := answer.JSON(&wire); err != nil {
		return nil, err
	}
	a, err := wire.account()
	if err != nil {
		return nil, answer.Useless(err)
	}
	return []broker.Account{a}, nil
}

// maxPositions is far more than anybody holds, and keeps an answer from becoming more memory than it had bytes.
const maxPositions = 20_000

// Positions lists what the account of the credentials holds. They open one account, so Alpaca is not told which; its
// currency is what amounts are in where Alpaca does not give them in dollars.
func (p *Provider) Positions(ctx context.Context, creds broker.Credentials, of broker.Account) ([]broker.Position, error) {
	asOf := p.now() // before asking: the answer is at least as new
	answer, err := p.get(ctx, creds, "/v2/positions", nil, "the positions")
	if err != nil {
		return nil, err
	}
	wire, err := upstream.List[position](answer, maxPositions)
	if err != nil {
		return nil, err
	}
	positions := make([]broker.Position, 0, len(wire))
	seen := make(map[string]bool, len(wire))
	for _, w := range wire {
		one, err := w.position(asOf, of.Currency)
		if err != nil {
			return nil, answer.Useless(err)
		}
		if seen[one.InstrumentID] {
			return nil, nonsense("the same position twice")
		}
		seen[one.InstrumentID] = true
		positions = append(positions, one)
	}
	return positions, nil
}

// Probe asks the least that shows whether Alpaca answers. Without credentials, of which the server has none of its own, the
// right answer is a refusal.
func (p *Provider) Probe(ctx context.Context) error {
	answer, err := p.client.Do(ctx, upstream.Request{Method: http.MethodGet, URL: p.cfg.LiveURL + "/v2/account", Endpoint: "GET /v2/account"})
	if err != nil || answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden {
		return err
	}
	return answer.Useless(otherStatus(answer, "a refusal"))
}

// get reads one path of the trading API, which holds what. Errors are decided by status alone: Alpaca's proxies answer in
// HTML, and its own error bodies often carry no code.
func (p *Provider) get(ctx context.Context, creds broker.Credentials, path string, query url.Values, what string) (*upstream.Answer, error) {
	address, err := p.baseURL(creds.Environment)
	if err != nil {
		return nil, err
	}
	if address += path; len(query) > 0 {
		address += "?" + query.Encode()
	}
	account := accountOf(creds)
	if err := p.pace.wait(ctx, account); err != nil {
		return nil, err
	}
	answer, err := p.client.Do(ctx, upstream.Request{
		Method: http.MethodGet, URL: address, Header: headers(creds), Endpoint: http.MethodGet + " " + path,
	})
	if err != nil {
		return nil, err
	}
	p.pace.heed(account, answer.Header)
	switch answer.Status {
	case http.StatusOK:
		return answer, nil
	case http.StatusUnauthorized:
		return nil, fault.New(fault.ReauthorizationRequired, "Alpaca no longer accepts this connection; connect Alpaca again")
	case http.StatusForbidden:
		// It is for the other environment, the app was withdrawn or the account is blocked. Trying again heals none of it.
		return nil, fault.New(fault.ReauthorizationRequired,
			"Alpaca refuses access to this account; check that it is not blocked, then connect it again in the right environment")
	case http.StatusTooManyRequests:
		err := answer.Fault(what)
		p.pace.refused(account, fault.From(err).RetryAfter)
		return nil, err
	}
	return nil, otherStatus(answer, what)
}

// headers say who asks: an app with a customer's token, or a customer with a key pair of their own.
func headers(creds broker.Credentials) http.Header {
	h := http.Header{"Accept": {"application/json"}}
	if creds.KeyID != "" {
		h.Set("APCA-API-KEY-ID", creds.KeyID)
		h.Set("APCA-API-SECRET-KEY", creds.KeySecret)
		return h
	}
	h.Set("Authorization", "Bearer "+creds.AccessToken)
	return h
}

// otherStatus is the error of a status that has no meaning of its own here, of success or not.
func otherStatus(answer *upstream.Answer, what string) error {
	if err := answer.Fault(what); err != nil {
		return err
	}
	return nonsense("an unexpected status")
}

func (p *Provider) baseURL(env broker.Environment) (string, error) {
	switch env {
	case broker.Live:
		return p.cfg.LiveURL, nil
	case broker.Paper:
		return p.cfg.PaperURL, nil
	}
	return "", fault.New(fault.ReauthorizationRequired, "this connection is for no environment Alpaca has; connect Alpaca again")
}

// nonsense is the error of an answer that cannot be true.
func nonsense(what string) *fault.Error {
	return fault.New(fault.UpstreamFailed, "Alpaca answered with %s; try again later", what)
}
