// Package claude speaks Anthropic's Messages API, or any server that answers like it, for the llm contract.
package claude

import (
	"context"
	"net/http"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// defaultMaxTokens leaves room for the thinking that current models do before they write; it counts as output.
const defaultMaxTokens = 8192

// Config says which model to ask, where, and what it costs.
type Config struct {
	APIKey    string    // empty for a local server that asks for none
	BaseURL   string    // without /v1; empty means Anthropic itself
	Model     string    // the vendor's model id
	MaxTokens int       // for requests that set none; 0 means 8,192
	Price     llm.Price // US dollars for a million tokens
}

// Model is one Claude model. It holds no state between requests and may be used by many goroutines.
type Model struct {
	cfg      Config
	messages anthropic.MessageService
}

// New makes a model that sends its requests through client. Retrying is left to that client, and nothing is read
// from the environment: the SDK's own retries, credential search and tracing are off.
func New(cfg Config, client *http.Client) *Model {
	opts := []option.RequestOption{
		option.WithEnvironmentProduction(),
		option.WithHTTPClient(client),
		option.WithMaxRetries(0),
		option.WithoutOpenTelemetry(),
	}
	if cfg.BaseURL != "" {
		opts = append(opts, option.WithBaseURL(cfg.BaseURL))
	}
	if cfg.APIKey != "" {
		opts = append(opts, option.WithAPIKey(cfg.APIKey))
	}
	// The service is made directly: anthropic.NewClient would look for ANTHROPIC_* variables and profile files.
	return &Model{cfg: cfg, messages: anthropic.NewMessageService(opts...)}
}

// Info names the configured model; the one that answered stands in each Response.
func (m *Model) Info() llm.Info {
	return llm.Info{Provider: "anthropic", Model: m.cfg.Model, Price: m.cfg.Price}
}

// Generate streams one turn as llm.Model describes; onText may be nil. The response of a failed turn holds the text
// and the usage that had arrived, but no tool call: a turn that was not finished must not be acted on.
func (m *Model) Generate(ctx context.Context, req llm.Request, onText func(delta string)) (llm.Response, error) {
	stream := m.messages.NewStreaming(ctx, m.params(req))
	defer func() { _ = stream.Close() }() // the outcome is known by then; a close error changes nothing

	turn := newTurn(onText)
	for !turn.done && stream.Next() {
		if err := turn.add(stream.Current()); err != nil {
			return turn.partial(), turnFault(ctx, err)
		}
	}
	// The SDK reports a stream that simply ends as a success, so only message_stop is taken for one.
	if !turn.done {
		return turn.partial(), turnFault(ctx, stream.Err())
	}
	return turn.response(), nil
}
