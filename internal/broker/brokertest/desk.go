package brokertest

import (
	"context"
	"net/url"
	"slices"
	"sync"

	"golang.org/x/oauth2"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Desk is a small brokerage in memory, for tests of what stands on the contract rather than on a vendor. It keeps the
// rules: codes work once, for the redirect they were given to and the holder of the PKCE secret, and tokens until they
// are revoked.
type Desk struct {
	ID string
	// Methods are how customers let us in; none means by consent.
	Methods []broker.Method
	// Asked, when set, is called when accounts were read or refused, and Reading when positions were, each before the
	// caller hears of it.
	Asked   func()
	Reading func()

	mu        sync.Mutex
	accounts  []broker.Account
	positions map[string][]broker.Position
	consents  map[string]consent // by code
	tokens    map[string]bool
	histories map[string]broker.History // by account
	pairs     map[string]string         // secrets of API keys, by id
	exchanges int
	err       error
}

type consent struct{ challenge, redirectURL string }

var _ broker.OAuth = (*Desk)(nil)

// Info names the desk.
func (d *Desk) Info() broker.Info {
	methods := d.Methods
	if len(methods) == 0 {
		methods = []broker.Method{broker.ByOAuth}
	}
	return broker.Info{ID: d.ID, Name: "Desk", Environments: []broker.Environment{broker.Live, broker.Paper}, Methods: methods}
}

// Keep makes the account, with the positions, what the desk reports of it from now on.
func (d *Desk) Keep(a broker.Account, positions ...broker.Position) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accounts = append(slices.DeleteFunc(slices.Clone(d.accounts), func(old broker.Account) bool { return old.ID == a.ID }), a)
	if d.positions == nil {
		d.positions = map[string][]broker.Position{}
	}
	d.positions[a.ID] = positions
}

// Close takes an account away.
func (d *Desk) Close(accountID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accounts = slices.DeleteFunc(slices.Clone(d.accounts), func(a broker.Account) bool { return a.ID == accountID })
}

// Fail makes every reading fail; nil ends that.
func (d *Desk) Fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

// Revoke makes all tokens and key pairs given so far worthless.
func (d *Desk) Revoke() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens, d.pairs = nil, nil
}

// Exchanges is how many codes were brought in, good or bad.
func (d *Desk) Exchanges() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.exchanges
}

// Consent is what the customer does on the consent page at the address; it gives the code the browser brings back.
func (d *Desk) Consent(authorizeURL string) (code string, err error) {
	page, err := url.Parse(authorizeURL)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.consents == nil {
		d.consents = map[string]consent{}
	}
	code = vault.Token()
	d.consents[code] = consent{page.Query().Get("code_challenge"), page.Query().Get("redirect_uri")}
	return code, nil
}

// AuthorizeURL is the address of the consent page.
func (d *Desk) AuthorizeURL(req broker.AuthorizeRequest) string {
	return "https://" + d.ID + ".test/consent?" + url.Values{
		"state":          {req.State},
		"env":            {string(req.Environment)},
		"redirect_uri":   {req.RedirectURL},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(req.CodeVerifier)},
	}.Encode()
}

// Exchange gives a token for a code.
func (d *Desk) Exchange(ctx context.Context, code string, req broker.AuthorizeRequest) (broker.Credentials, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchanges++
	if err := d.fail(ctx); err != nil {
		return broker.Credentials{}, err
	}
	given, ok := d.consents[code]
	delete(d.consents, code)
	if !ok || given.redirectURL != req.RedirectURL || given.challenge != oauth2.S256ChallengeFromVerifier(req.CodeVerifier) {
		return broker.Credentials{}, fault.New(fault.AuthorizationDenied, "the desk did not accept the authorization")
	}
	if d.tokens == nil {
		d.tokens = map[string]bool{}
	}
	token := vault.Token()
	d.tokens[token] = true
	return broker.Credentials{Environment: req.Environment, AccessToken: token}, nil
}

// Accounts lists what the desk keeps.
func (d *Desk) Accounts(ctx context.Context, creds broker.Credentials) ([]broker.Account, error) {
	accounts, err := d.list(ctx, creds)
	if asked := d.Asked; asked != nil {
		asked()
	}
	return accounts, err
}

func (d *Desk) list(ctx context.Context, creds broker.Credentials) ([]broker.Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.allow(ctx, creds); err != nil {
		return nil, err
	}
	return slices.Clone(d.accounts), nil
}

// Positions lists what the account holds.
func (d *Desk) Positions(ctx context.Context, creds broker.Credentials, account broker.Account) ([]broker.Position, error) {
	positions, err := d.read(ctx, creds, account.ID)
	if reading := d.Reading; reading != nil {
		reading()
	}
	return positions, err
}

func (d *Desk) read(ctx context.Context, creds broker.Credentials, accountID string) ([]broker.Position, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.allow(ctx, creds); err != nil {
		return nil, err
	}
	return slices.Clone(d.positions[accountID]), nil
}

func (d *Desk) fail(ctx context.Context) error {
	if ctx.Err() != nil {
		return fault.From(ctx.Err())
	}
	return d.err
}
