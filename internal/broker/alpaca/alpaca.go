// Package alpaca reads accounts and positions at Alpaca, which customers open to us on its OAuth consent page.
package alpaca

import (
	"cmp"
	"context"
	"net/http"
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

// Config is this server's registration as an app at Alpaca. Addresses left empty are Alpaca's own.
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
}

var _ broker.OAuth = (*Provider)(nil)

// New makes the provider. now gives the time that positions are as of, since Alpaca's answers carry none.
func New(cfg Config, client *upstream.Client, now func() time.Time) *Provider {
	cfg.AuthorizeURL = cmp.Or(cfg.AuthorizeURL, DefaultAuthorizeURL)
	cfg.TokenURL = cmp.Or(cfg.TokenURL, DefaultTokenURL)
	cfg.LiveURL = strings.TrimSuffix(cmp.Or(cfg.LiveURL, DefaultLiveURL), "/")
	cfg.PaperURL = strings.TrimSuffix(cmp.Or(cfg.PaperURL, DefaultPaperURL), "/")
	return &Provider{cfg: cfg, client: client, now: now}
}

// Info names Alpaca.
func (p *Provider) Info() broker.Info {
	return broker.Info{
		ID:           "alpaca",
		Name:         "Alpaca",
		Environments: []broker.Environment{broker.Live, broker.Paper},
		Methods:      []broker.Method{broker.ByOAuth},
	}
}

// Accounts gives the one account a token opens.
func (p *Provider) Accounts(ctx context.Context, creds broker.Credentials) ([]broker.Account, error) {
	var wire account
	if err := p.get(ctx, creds, "/v2/account", "the account", &wire); err != nil {
		return nil, err
	}
	a, err := wire.account()
	if err != nil {
		return nil, err
	}
	return []broker.Account{a}, nil
}

// Positions lists what the token's account holds. A token opens one account, so Alpaca is not told which; its currency is
// what amounts are in where Alpaca does not give them in dollars.
func (p *Provider) Positions(ctx context.Context, creds broker.Credentials, of broker.Account) ([]broker.Position, error) {
	asOf := p.now() // before asking: the answer is at least as new
	var wire []position
	if err := p.get(ctx, creds, "/v2/positions", "the positions", &wire); err != nil {
		return nil, err
	}
	if wire == nil { // "null": an account without positions answers with an empty list
		return nil, nonsense("a list of positions that is no list")
	}
	positions := make([]broker.Position, 0, len(wire))
	seen := make(map[string]bool, len(wire))
	for _, w := range wire {
		one, err := w.position(asOf, of.Currency)
		if err != nil {
			return nil, err
		}
		if seen[one.InstrumentID] {
			return nil, nonsense("the same position twice")
		}
		seen[one.InstrumentID] = true
		positions = append(positions, one)
	}
	return positions, nil
}

// get reads one path of the trading API, which holds what, into v. Errors are decided by status alone: Alpaca's proxies answer in HTML,
// and its own error bodies often carry no code.
func (p *Provider) get(ctx context.Context, creds broker.Credentials, path, what string, v any) error {
	base, err := p.baseURL(creds.Environment)
	if err != nil {
		return err
	}
	answer, err := p.client.Do(ctx, upstream.Request{
		Method:   http.MethodGet,
		URL:      base + path,
		Header:   http.Header{"Authorization": {"Bearer " + creds.AccessToken}, "Accept": {"application/json"}},
		Endpoint: http.MethodGet + " " + path,
	})
	if err != nil {
		return err
	}
	switch answer.Status {
	case http.StatusOK:
		return answer.JSON(v)
	case http.StatusUnauthorized:
		return fault.New(fault.ReauthorizationRequired, "Alpaca no longer accepts this connection; connect Alpaca again")
	case http.StatusForbidden:
		// The token is for the other environment, the app was withdrawn or the account is blocked. Trying again heals none of it.
		return fault.New(fault.ReauthorizationRequired,
			"Alpaca refuses access to this account; check that it is not blocked, then connect it again in the right environment")
	}
	return otherStatus(answer, what)
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
