// Package ibkr reads accounts, positions and trades at Interactive Brokers, through a Client Portal Gateway that the operator runs and is signed in to.
package ibkr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// DefaultURL is where the gateway listens unless it is told otherwise.
const DefaultURL = "https://localhost:5000"

// What Interactive Brokers allows. All who ask through one gateway share it; who goes beyond is locked out for a while.
const (
	// requestRate is half of the ten requests a second, since a burst and the second after it count together.
	requestRate = 5
	penalty     = 10 * time.Minute

	accountsEvery = 5 * time.Second
	tradesEvery   = 5 * time.Second
	tickleEvery   = time.Second
)

// Manners are how requests go to a gateway: slowly, with its cookies, and never again by themselves, since trying again
// counts against the limits. The operator's settings are added to them.
func Manners() upstream.Config {
	return upstream.Config{
		Provider: "Interactive Brokers", ID: "ibkr", Rate: requestRate, Retries: -1, SharedLimit: true, Penalty: penalty, Cookies: true, UserAgent: "jaspers",
	}
}

// Config is where the gateway is and by which clock one waits.
type Config struct {
	URL string // of the gateway, without /v1/api
	Now func() time.Time
	// Wait waits, or tells why not: ctx ended.
	Wait func(ctx context.Context, d time.Duration) error
}

// Provider is Interactive Brokers as one gateway shows it. The gateway is signed in as one customer, so that all
// credentials open the same accounts. It may be used by many goroutines.
type Provider struct {
	cfg    Config
	base   string
	client *upstream.Client

	accountsPace, tradesPace, ticklePace *pace
	mu                                   sync.Mutex
	listed                               []account // what accountsPace's last turn gave
	listedAt                             time.Time
	defs                                 map[conid]definition
}

var (
	_ broker.Historian = (*Provider)(nil)
	_ broker.KeepAlive = (*Provider)(nil)
)

// New makes the provider. The client has Manners and no origin but the gateway's.
func New(cfg Config, client *upstream.Client) *Provider {
	return &Provider{
		cfg: cfg, base: strings.TrimSuffix(strings.TrimSuffix(cfg.URL, "/"), "/v1/api") + "/v1/api", client: client,
		accountsPace: newPace(accountsEvery), tradesPace: newPace(tradesEvery), ticklePace: newPace(tickleEvery),
		defs: map[conid]definition{},
	}
}

// Info names Interactive Brokers.
func (p *Provider) Info() broker.Info {
	return broker.Info{
		ID:           "ibkr",
		Name:         "Interactive Brokers",
		Environments: []broker.Environment{broker.Live, broker.Paper},
		Methods:      []broker.Method{broker.ByGateway},
	}
}

// Accounts lists the accounts of whoever is signed in at the gateway, with their cash in each currency. It takes no
// brokerage session, as Positions does not: both go on while Trader Workstation or the mobile app has that.
// ReauthorizationRequired when nobody is signed in, or somebody in the other environment.
func (p *Provider) Accounts(ctx context.Context, creds broker.Credentials) ([]broker.Account, error) {
	listed, err := p.accounts(ctx, creds.Environment)
	if err != nil {
		return nil, err
	}
	all := make([]broker.Account, 0, len(listed))
	for _, w := range listed {
		var cash ledger
		if err := p.portfolio(ctx, w.ID, http.MethodGet, "ledger", "the cash", into(&cash)); err != nil {
			return nil, err
		}
		one, err := w.account(cash)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// accounts lists the gateway's accounts. It has to be asked before anything of a portfolio, and not too often: what it
// said is good for all who ask before they could ask again.
func (p *Provider) accounts(ctx context.Context, env broker.Environment) ([]account, error) {
	listed, err := p.list(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range listed {
		if has := w.environment(); has != env {
			return nil, fault.New(fault.ReauthorizationRequired, "the gateway of Interactive Brokers is signed in to a %s account and this "+
				"connection is for a %s one; sign in at the gateway as the other user, or connect it again in the right environment", has, env)
		}
	}
	return listed, nil
}

func (p *Provider) list(ctx context.Context) ([]account, error) {
	if listed, ok := p.lastListed(); ok {
		return listed, nil
	}
	mine, err := p.accountsPace.take(ctx, p.cfg)
	if err != nil {
		return nil, err
	}
	defer mine.end()
	if listed, ok := p.lastListed(); ok { // asked by another while we waited
		return listed, nil
	}
	var listed []account
	if err := mine.call(ctx, func() error { return p.get(ctx, "/portfolio/accounts", "the accounts", intoList(&listed, maxAccounts)) }); err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, w := range listed {
		if w.ID == "" || ids[w.ID] || !broker.Plain(w.ID, w.Number, w.Currency, w.Type) || !isCurrency(w.Currency) {
			return nil, nonsense("an account without a proper id or currency")
		}
		ids[w.ID] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed, p.listedAt = listed, p.cfg.Now()
	return listed, nil
}

func (p *Provider) lastListed() ([]account, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listed, p.listed != nil && p.cfg.Now().Sub(p.listedAt) < accountsEvery
}

func (p *Provider) forgetListed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed = nil
}

// portfolio asks for a part of an account. A gateway that lost its session in between wants the accounts first again.
func (p *Provider) portfolio(ctx context.Context, accountID, method, part, what string, read reading) error {
	path := "/portfolio/" + url.PathEscape(accountID) + "/" + part
	endpoint, _, _ := strings.Cut(part, "/")
	err := p.call(ctx, method, path, "/portfolio/{account}/"+endpoint, nil, what, read)
	if !errors.Is(err, errAccountsFirst) {
		return err
	}
	p.forgetListed()
	if _, err := p.list(ctx); err != nil {
		return err
	}
	return p.call(ctx, method, path, "/portfolio/{account}/"+endpoint, nil, what, read)
}

const (
	maxAccounts = 1000
	pageSize    = 100
	maxPages    = 100
	// maxReadings bounds how often a list is read that changes between its pages.
	maxReadings = 3
)

// Positions lists what an account holds. Currencies that are held as such are not among them: they are the account's
// cash. ReauthorizationRequired also when the account is none of those the gateway is signed in to.
func (p *Provider) Positions(ctx context.Context, creds broker.Credentials, of broker.Account) ([]broker.Position, error) {
	if err := p.wantAccount(ctx, creds.Environment, of.ID); err != nil {
		return nil, err
	}
	// The gateway keeps positions for a while; cash is as new as its answer, and the two have to be of one moment.
	if err := p.portfolio(ctx, of.ID, http.MethodPost, "positions/invalidate", "newer positions", ignored); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		asOf := p.cfg.Now() // before asking: the answer is at least as new
		rows, moved, err := p.pages(ctx, of.ID)
		if err != nil {
			return nil, err
		}
		if !moved {
			return p.translate(ctx, rows, asOf)
		}
		if try == maxReadings {
			return nil, nonsense("the same position twice")
		}
	}
}

func (p *Provider) wantAccount(ctx context.Context, env broker.Environment, id string) error {
	listed, err := p.accounts(ctx, env)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(listed, func(w account) bool { return w.ID == id }) {
		return fault.New(fault.ReauthorizationRequired,
			"the gateway of Interactive Brokers is signed in to other accounts; sign in at the gateway as before, or connect it again")
	}
	return nil
}

// pages reads all pages of an account's positions. It tells whether one stood on two of them: what was opened or closed
// meanwhile moved the rest, and another may stand on none.
func (p *Provider) pages(ctx context.Context, accountID string) (rows []position, moved bool, err error) {
	seen := map[conid]bool{}
	for page := range maxPages {
		var some []position
		part := fmt.Sprintf("positions/%d?waitForSecDef=true", page)
		if err := p.portfolio(ctx, accountID, http.MethodGet, part, "the positions", intoList(&some, 10*pageSize)); err != nil {
			return nil, false, err
		}
		for _, w := range some {
			if w.AccountID != "" && w.AccountID != accountID {
				return nil, false, nonsense("positions of another account")
			}
			if seen[w.Conid] {
				return nil, true, nil
			}
			seen[w.Conid] = true
		}
		if rows = append(rows, some...); len(some) < pageSize {
			return rows, false, nil
		}
	}
	return nil, false, nonsense("more positions than an account can have")
}

// translate turns rows into positions. Rows of nothing are what was closed today.
func (p *Provider) translate(ctx context.Context, rows []position, asOf time.Time) ([]broker.Position, error) {
	rows = slices.DeleteFunc(rows, func(w position) bool {
		return w.AssetClass == forex || w.Quantity.Valid && w.Quantity.Decimal.IsZero()
	})
	if err := p.define(ctx, rows); err != nil {
		return nil, err
	}
	positions := make([]broker.Position, 0, len(rows))
	for _, w := range rows {
		one, err := w.position(asOf)
		if err != nil {
			return nil, err
		}
		positions = append(positions, one)
	}
	return positions, nil
}

// cashIn is what a ledger says there is in a currency; nothing of one it does not list.
func (l ledger) cashIn(currency string) decimal.NullDecimal {
	if len(l) == 0 {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(l[currency].Cash.Decimal.Round(cents))
}
