package app

import (
	"cmp"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/alpaca"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/llm/claude"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// brokers are the brokerages that can be connected, in the order people see them. A new one is a line here.
func (c *Config) brokers(now func() time.Time) ([]broker.Provider, error) {
	var all []broker.Provider
	if c.Alpaca.ClientID != "" && c.Alpaca.ClientSecret != "" {
		addresses := addresses{
			{c.Alpaca.AuthorizeURL, alpaca.DefaultAuthorizeURL}, {c.Alpaca.TokenURL, alpaca.DefaultTokenURL},
			{c.Alpaca.LiveURL, alpaca.DefaultLiveURL}, {c.Alpaca.PaperURL, alpaca.DefaultPaperURL},
		}
		client, err := addresses.client(upstream.Config{Provider: "Alpaca", Now: now})
		if err != nil {
			return nil, err
		}
		all = append(all, alpaca.New(alpaca.Config{
			ClientID: c.Alpaca.ClientID, ClientSecret: string(c.Alpaca.ClientSecret), AuthorizeURL: c.Alpaca.AuthorizeURL,
			TokenURL: c.Alpaca.TokenURL, LiveURL: c.Alpaca.LiveURL, PaperURL: c.Alpaca.PaperURL,
		}, client, now))
	}
	return all, nil
}

// marketSources are where prices come from, asked in this order. A new one is a line here.
func (c *Config) marketSources(now func() time.Time) ([]market.Source, error) {
	var all []market.Source
	if c.Yahoo.Enabled {
		addresses := addresses{{c.Yahoo.QueryURL, yahoo.DefaultQueryURL}, {c.Yahoo.CookieURL, yahoo.DefaultCookieURL}}
		client, err := addresses.client(upstream.Config{
			Provider: "Yahoo", Rate: yahooRate, UserAgent: yahoo.UserAgent, Now: now,
		})
		if err != nil {
			return nil, err
		}
		all = append(all, yahoo.New(addresses.get(0), addresses.get(1), client, now))
	}
	return all, nil
}

// yahooRate is how many requests a second Yahoo lets one address make without complaint.
const yahooRate = 2

// model is what the analyst asks, nil when none is configured.
func (c *Config) model(now func() time.Time) (llm.Model, error) {
	if c.Anthropic.APIKey == "" && c.Anthropic.BaseURL == "" {
		return nil, nil
	}
	addresses := addresses{{c.Anthropic.BaseURL, anthropicURL}}
	client, err := addresses.client(upstream.Config{
		Provider: "the model", Timeout: modelPatience, MaxConcurrent: maxModelCalls, RetryPosts: true, Now: now,
	})
	if err != nil {
		return nil, err
	}
	return claude.New(claude.Config{
		APIKey: string(c.Anthropic.APIKey), BaseURL: c.Anthropic.BaseURL, Model: c.Anthropic.Model,
		Price: llm.Price{
			Input: c.Anthropic.PriceInput, Output: c.Anthropic.PriceOutput,
			CacheRead: c.Anthropic.PriceCacheRead, CacheWrite: c.Anthropic.PriceCacheWrite,
		},
	}, client.HTTP()), nil
}

const (
	anthropicURL = "https://api.anthropic.com"
	// modelPatience is how long a model may think before the first byte.
	modelPatience = 60 * time.Second
	maxModelCalls = 256
)

// addresses are those of one provider, each as the operator set it and as it is by default.
type addresses []struct{ set, preset string }

func (a addresses) get(i int) string { return cmp.Or(a[i].set, a[i].preset) }

// client makes the door to a provider. Addresses that the operator set may lie on this network: the simulator, or a
// model of one's own. The provider's own may not.
func (a addresses) client(cfg upstream.Config) (*upstream.Client, error) {
	for i := range a {
		cfg.Origins = append(cfg.Origins, a.get(i))
		cfg.AllowPrivate = cfg.AllowPrivate || a[i].set != ""
	}
	return upstream.New(cfg)
}
