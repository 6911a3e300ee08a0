package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/alpaca"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/filings/edgar"
	"github.com/jaspers-ai/jaspers/internal/health"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/finnhub"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/pace"
	"github.com/jaspers-ai/jaspers/internal/upstream"
	"github.com/jaspers-ai/jaspers/internal/usage"
)

// providers makes everything that speaks to somebody else. What has no settings is left out.
type providers struct {
	Config
	Options
	paces   *pace.Keepers
	usage   *usage.Service
	metrics *metrics.Metrics
	seen    watched // empty where usage and health are nobody's, as of what telemetry sends
}

// brokers are the brokerages that can be connected, in the order people see them.
func (p providers) brokers() ([]broker.Provider, error) {
	return configured(p.alpaca, p.ibkr)
}

// marketSources are where prices come from, in the order they are asked.
func (p providers) marketSources() ([]market.Source, error) {
	return configured(p.yahoo, p.finnhub)
}

// filings are where what companies filed comes from; nil when nobody said who asks the SEC.
func (p providers) filings() (filings.Source, error) {
	sources, err := configured(p.edgar)
	if len(sources) == 0 {
		return nil, err
	}
	return sources[0], err
}

// model is what the analyst asks; nil when none is configured.
func (p providers) model() (llm.Model, error) {
	models, err := configured(p.claude)
	if len(models) == 0 {
		return nil, err
	}
	return models[0], err
}

// errOff is a maker's way to say that its provider has no settings.
var errOff = errors.New("not configured")

// configured makes those providers that have settings.
func configured[T any](makers ...func() (T, error)) ([]T, error) {
	var all []T
	for _, make := range makers {
		one, err := make()
		if errors.Is(err, errOff) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// beside is how many requests to a brokerage people may have under way while it is read.
const beside = 16

// alpaca needs no settings: without an app of the server's own, customers connect with API keys.
func (p providers) alpaca() (broker.Provider, error) {
	client, err := p.client(upstream.Config{Provider: "Alpaca", ID: "alpaca", MaxConcurrent: uint(p.Jobs.Syncs + beside)}, // #nosec G115 -- checked
		address{p.Alpaca.AuthorizeURL, alpaca.DefaultAuthorizeURL}, address{p.Alpaca.TokenURL, alpaca.DefaultTokenURL},
		address{p.Alpaca.LiveURL, alpaca.DefaultLiveURL}, address{p.Alpaca.PaperURL, alpaca.DefaultPaperURL})
	if err != nil {
		return nil, err
	}
	provider := alpaca.New(alpaca.Config{
		ClientID: p.Alpaca.ClientID, ClientSecret: string(p.Alpaca.ClientSecret), AuthorizeURL: p.Alpaca.AuthorizeURL,
		TokenURL: p.Alpaca.TokenURL, LiveURL: p.Alpaca.LiveURL, PaperURL: p.Alpaca.PaperURL,
	}, client, p.Now)
	return provider, p.watch("alpaca", client, provider)
}

// pricePause lies between two questions while past prices are brought up to date: as long as one takes of the budget, so
// that people's come through.
func (c Config) pricePause() time.Duration {
	return time.Duration(float64(time.Second+pace.DefaultMargin) / c.Yahoo.Rate)
}

func (p providers) yahoo() (market.Source, error) {
	if !p.Yahoo.Enabled {
		return nil, errOff
	}
	hosts := yahoo.DefaultHosts()
	var addresses []address
	if set := p.Yahoo.QueryURL; set != "" {
		hosts.Query = []string{set}
		addresses = append(addresses, address{set: set})
	}
	cookie, pages := address{p.Yahoo.CookieURL, hosts.Cookie}, address{p.Yahoo.PagesURL, hosts.Pages}
	hosts.Cookie, hosts.Pages = cookie.url(), pages.url()
	addresses = append(addresses, cookie, pages)
	for _, preset := range slices.Concat(hosts.Query, hosts.Consent) {
		addresses = append(addresses, address{preset: preset})
	}
	order, err := p.pace("Yahoo", hosts.Query[0], pace.PerSecond(p.Yahoo.Rate))
	if err != nil {
		return nil, err
	}
	client, err := p.client(upstream.Config{Provider: "Yahoo", ID: "yahoo", Pace: order, SharedLimit: true, UserAgent: yahoo.UserAgent}, addresses...)
	if err != nil {
		return nil, err
	}
	source := yahoo.New(hosts, client, p.Now)
	return source, p.watch("yahoo", client, source, http.StatusForbidden)
}

func (p providers) finnhub() (market.Source, error) {
	if p.Finnhub.APIKey == "" {
		return nil, errOff
	}
	at, key := address{p.Finnhub.URL, finnhub.DefaultURL}, string(p.Finnhub.APIKey)
	order, err := p.pace("Finnhub", at.url()+"\n"+key,
		pace.Window{Count: p.Finnhub.PerMinute, Period: time.Minute}, pace.Window{Count: finnhub.PerSecond, Period: time.Second})
	if err != nil {
		return nil, err
	}
	client, err := p.client(upstream.Config{Provider: "Finnhub", ID: "finnhub", Pace: order, SharedLimit: true, UserAgent: "jaspers"}, at)
	if err != nil {
		return nil, err
	}
	source := finnhub.New(strings.TrimRight(at.url(), "/"), key, client, p.Now)
	return source, p.watch("finnhub", client, source, http.StatusUnauthorized)
}

// secKey is what the SEC counts together: everything from one address.
const secKey = "sec.gov"

// filingPause lies between two filings that are fetched before anybody asks: as long as all of one's questions take of the
// budget, so that at least half of it is people's.
func (c Config) filingPause() time.Duration {
	const questions = 4
	return time.Duration(questions * float64(time.Second+pace.DefaultMargin) / c.EDGAR.Rate)
}

func (p providers) edgar() (filings.Source, error) {
	if p.EDGAR.UserAgent == "" {
		return nil, errOff
	}
	archive, data := address{p.EDGAR.ArchiveURL, edgar.DefaultArchiveURL}, address{p.EDGAR.DataURL, edgar.DefaultDataURL}
	search := address{p.EDGAR.SearchURL, edgar.DefaultSearchURL}
	order, err := p.pace("SEC", secKey, pace.PerSecond(p.EDGAR.Rate))
	if err != nil {
		return nil, err
	}
	client, err := p.client(upstream.Config{
		Provider: "the SEC", ID: "edgar", Pace: order, SharedLimit: true, UserAgent: p.EDGAR.UserAgent, Timeout: edgar.Timeout, Retries: edgar.Retries,
		MaxBody: edgar.MaxBody,
	}, archive, data, search)
	if err != nil {
		return nil, err
	}
	source := edgar.New(edgar.Config{ArchiveURL: archive.url(), DataURL: data.url(), SearchURL: search.url()}, client)
	return source, p.watch("edgar", client, source)
}

// address is one of a provider's, as the operator set it and as it is by default.
type address struct{ set, preset string }

func (a address) url() string { return cmp.Or(a.set, a.preset) }

// client makes the door to a provider. Addresses that the operator set may lie on this network: the simulator, or a
// model of one's own. The provider's own may not.
func (p providers) client(cfg upstream.Config, addresses ...address) (*upstream.Client, error) {
	for _, a := range addresses {
		cfg.Origins = append(cfg.Origins, a.url())
		cfg.AllowPrivate = cfg.AllowPrivate || a.set != ""
	}
	cfg.Now, cfg.Record = p.Now, p.recordCall
	if p.seen.upstreams == nil { // what serves the operator alone
		return upstream.New(cfg)
	}
	seen := new(health.Upstream)
	cfg.Useless = seen.Useless
	cfg.Record = func(ctx context.Context, c upstream.Call) {
		p.recordCall(ctx, c)
		p.usage.Call(ctx, c)
		seen.Record(ctx, c)
	}
	client, err := upstream.New(cfg)
	p.seen.upstreams[client] = seen
	return client, err
}

// pace makes the order in which all our processes ask a vendor that counts them together: those of one address, or of one
// key where there is one. What they share is named by a hash of it.
func (p providers) pace(vendor, counted string, windows ...pace.Window) (upstream.Pace, error) {
	sum := sha256.Sum256([]byte(counted))
	return p.paces.For(pace.Limits{Vendor: vendor, Key: strings.ToLower(vendor) + ":" + hex.EncodeToString(sum[:16]), Windows: windows})
}

// recordCall notes every call that leaves the server, and those that failed where they are seen: they are the cause of what
// fails because of them, whose own words may tell less.
func (p providers) recordCall(ctx context.Context, c upstream.Call) {
	level := slog.LevelDebug
	if c.Status >= http.StatusInternalServerError || c.Status == http.StatusTooManyRequests || c.Status == 0 && c.Failure != fault.Canceled {
		level = slog.LevelWarn
	}
	p.Options.Log.Log(ctx, level, "upstream call", "provider", c.Provider, "endpoint", c.Endpoint, "status", c.Status, "failure", c.Failure,
		"ms", c.Duration.Milliseconds())
	p.metrics.Called(c.Provider, c.Endpoint, c.Status, string(c.Failure), c.Duration)
}
