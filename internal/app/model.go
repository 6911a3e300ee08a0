package app

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/budget"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/llm/claude"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// AnthropicConfig switches the analyst's model on when a key or an address is there. Prices are US dollars for a million tokens.
type AnthropicConfig struct {
	APIKey   telemetry.Secret `env:"JASPERS_ANTHROPIC_API_KEY" also:"ANTHROPIC_API_KEY" doc:"Your key at Anthropic, or at the server you name instead."`
	BaseURL  string           `env:"JASPERS_ANTHROPIC_BASE_URL" doc:"Another server that speaks the Messages API, without /v1."`
	Model    string           `env:"JASPERS_ANTHROPIC_MODEL" envDefault:"claude-sonnet-5-5" doc:"The model to ask. docs/models.md lists those whose prices are known; any other needs its prices below."`
	Cache    string           `env:"JASPERS_ANTHROPIC_CACHE" envDefault:"5m" doc:"How long the model's server keeps prompts: 5m, 1h, which costs more to write, or off."`
	Window   int64            `env:"JASPERS_ANTHROPIC_CONTEXT_TOKENS" doc:"Tokens the model can read; what is known of it or its server says when empty."`
	Patience time.Duration    `env:"JASPERS_ANTHROPIC_PATIENCE" envDefault:"45s" doc:"How long the model may say nothing in the middle of an answer, 5s to 10m; four times as long while it thinks."`

	PriceInput          dollars `env:"JASPERS_ANTHROPIC_PRICE_INPUT" doc:"Dollars for a million input tokens, of prompts of any length; the known price when empty, 0 for a model of your own."`
	PriceOutput         dollars `env:"JASPERS_ANTHROPIC_PRICE_OUTPUT" doc:"Dollars for a million output tokens."`
	PriceCacheRead      dollars `env:"JASPERS_ANTHROPIC_PRICE_CACHE_READ" doc:"Dollars for a million tokens read from the cache; a tenth of input when only that is set."`
	PriceCacheWrite     dollars `env:"JASPERS_ANTHROPIC_PRICE_CACHE_WRITE" doc:"Dollars for a million tokens kept for five minutes; 1.25 times input when only that is set."`
	PriceCacheWriteHour dollars `env:"JASPERS_ANTHROPIC_PRICE_CACHE_WRITE_1H" doc:"Dollars for a million tokens kept for an hour; twice input when only that is set."`
}

// BudgetConfig is what the model may take in a month by UTC. When that is spent the built-in analyst answers.
type BudgetConfig struct {
	// USD has a default, so that a key which somebody else's program asks with costs no more than that.
	USD          decimal.Decimal `env:"JASPERS_BUDGET_USD" envDefault:"50" doc:"US dollars a month that the answers to all people together may cost, by the prices in docs/models.md; 0 for no limit."`
	Tokens       int64           `env:"JASPERS_BUDGET_TOKENS" envDefault:"0" doc:"Tokens a month of all prompts and answers together; 0 for no limit."`
	PersonUSD    decimal.Decimal `env:"JASPERS_BUDGET_PERSON_USD" envDefault:"0" doc:"US dollars a month for each person; 0 for no limit."`
	PersonTokens int64           `env:"JASPERS_BUDGET_PERSON_TOKENS" envDefault:"0" doc:"Tokens a month for each person; 0 for no limit."`
}

func (c *BudgetConfig) check() error {
	if c.USD.IsNegative() || c.PersonUSD.IsNegative() || min(c.Tokens, c.PersonTokens) < 0 {
		return errors.New("JASPERS_BUDGET_… must not be negative; 0 is no limit")
	}
	return nil
}

// limits are the settings as the budget knows them.
func (c *BudgetConfig) limits() budget.Limits {
	return budget.Limits{
		Installation: budget.Amount{USD: c.USD, Tokens: c.Tokens}, Person: budget.Amount{USD: c.PersonUSD, Tokens: c.PersonTokens},
	}
}

// dollars are a price that may be left out.
type dollars struct{ decimal.NullDecimal }

// String is what config prints: nothing for what was left out.
func (d dollars) String() string {
	if !d.Valid {
		return ""
	}
	return d.Decimal.String()
}

// or is the price, or another one where it was left out.
func (d dollars) or(other decimal.Decimal) decimal.Decimal {
	if d.Valid {
		return d.Decimal
	}
	return other
}

// on tells whether there is a model to ask.
func (c *AnthropicConfig) on() bool { return c.APIKey != "" || c.BaseURL != "" }

func (c *AnthropicConfig) check() error {
	for _, price := range []dollars{c.PriceInput, c.PriceOutput, c.PriceCacheRead, c.PriceCacheWrite, c.PriceCacheWriteHour} {
		if price.Decimal.IsNegative() {
			return errors.New("JASPERS_ANTHROPIC_PRICE_… must not be negative")
		}
	}
	if !slices.Contains([]string{claude.CacheMinutes, claude.CacheHour, claude.CacheOff}, c.Cache) {
		return errors.New("JASPERS_ANTHROPIC_CACHE must be 5m, 1h or off")
	}
	if c.Window < 0 {
		return errors.New("JASPERS_ANTHROPIC_CONTEXT_TOKENS must not be negative")
	}
	if c.Patience < 5*time.Second || c.Patience > 10*time.Minute {
		return errors.New("JASPERS_ANTHROPIC_PATIENCE must be between 5s and 10m")
	}
	if !c.on() {
		return nil
	}
	_, err := c.price()
	return err
}

// price is what the operator says a model costs or, where they say nothing, what is known of it. Without either nobody knows
// what an answer costs, and no budget could be kept: that is an error, never a price of nothing.
func (c *AnthropicConfig) price() (llm.Price, error) {
	spec, known := claude.Find(c.Model)
	list := spec.ListPrice()
	if !known && (!c.PriceInput.Valid || !c.PriceOutput.Valid) {
		return list, fmt.Errorf("the prices of the model %q are not known here: set JASPERS_ANTHROPIC_PRICE_INPUT and "+
			"JASPERS_ANTHROPIC_PRICE_OUTPUT, to 0 for a model of your own, or name one of docs/models.md in JASPERS_ANTHROPIC_MODEL", c.Model)
	}
	if c.PriceInput.Valid || c.PriceOutput.Valid {
		input := c.PriceInput.or(list.Input)
		list = llm.Price{
			Input: input, Output: c.PriceOutput.or(list.Output), CacheRead: input.Div(decimal.NewFromInt(10)),
			CacheWrite: input.Mul(decimal.RequireFromString("1.25")), CacheWriteHour: input.Mul(decimal.NewFromInt(2)),
		}
	}
	for _, p := range []*llm.Price{&list, list.Long} {
		if p != nil {
			p.CacheRead, p.CacheWrite = c.PriceCacheRead.or(p.CacheRead), c.PriceCacheWrite.or(p.CacheWrite)
			p.CacheWriteHour = c.PriceCacheWriteHour.or(p.CacheWriteHour)
		}
	}
	return list, nil
}

const (
	// modelPatience is how long a model may think before the first byte.
	modelPatience = 60 * time.Second
	maxModelCalls = 256
	// maxModelBody bounds one streamed turn: far above the longest answer with its thinking.
	maxModelBody = 64 << 20
)

func (p providers) claude() (llm.Model, error) {
	if !p.Anthropic.on() {
		return nil, errOff
	}
	price, err := p.Anthropic.price()
	if err != nil {
		return nil, err
	}
	patience := cmp.Or(p.Anthropic.Patience, claude.DefaultPatience)
	client, err := p.client(upstream.Config{
		Provider: "the model", ID: "anthropic", Timeout: modelPatience, IdleTimeout: max(modelPatience, patience), MaxConcurrent: maxModelCalls,
		MaxBody: maxModelBody, RetryPosts: true, Again: claude.Again, SharedLimit: true,
	}, address{p.Anthropic.BaseURL, claude.DefaultURL})
	if err != nil {
		return nil, err
	}
	if spec, known := claude.Find(p.Anthropic.Model); known && p.Anthropic.BaseURL == "" {
		if warning := spec.Warning(p.Now()); warning != "" {
			p.Options.Log.Warn(warning)
		}
	}
	model := claude.New(claude.Config{
		APIKey: string(p.Anthropic.APIKey), BaseURL: p.Anthropic.BaseURL, Model: p.Anthropic.Model, Price: price,
		Window: p.Anthropic.Window, Cache: p.Anthropic.Cache, Patience: patience, Log: p.Options.Log,
	}, client.HTTP())
	return model, p.watch(modelName, client, model, http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden)
}
