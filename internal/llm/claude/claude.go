// Package claude speaks Anthropic's Messages API, or any server that answers like it, for the llm contract.
package claude

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/packages/ssestream"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/pause"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

const (
	// DefaultURL is Anthropic itself.
	DefaultURL = "https://api.anthropic.com"
	// DefaultPatience is how long a model may say nothing in the middle of its answer: pings are nothing said.
	DefaultPatience = 45 * time.Second
	// thinking is how many times as long it may say nothing while it thinks: current models think unless told not to, and
	// show nothing of it until they are done, which at defaultMaxTokens and 60 tokens a second may take two minutes.
	thinking = 4
	// defaultMaxTokens leaves room for the thinking that current models do before they write; it counts as output.
	defaultMaxTokens = 8192
	// What is asked, as it is recorded: an address may have more before it.
	messagesEndpoint = "POST /v1/messages"
	countEndpoint    = "POST /v1/messages/count_tokens"
	modelsEndpoint   = "GET /v1/models"
)

// The lives of what is put into the prompt cache, as Config.Cache names them.
const (
	CacheMinutes = "5m"
	CacheHour    = "1h"
	CacheOff     = "off"
)

// Config says which model to ask, where, and what it costs.
type Config struct {
	APIKey    string        // empty for a local server that asks for none
	BaseURL   string        // without /v1; empty means Anthropic itself
	Model     string        // the vendor's model id
	MaxTokens int           // for requests that set none; 0 means 8,192
	Price     llm.Price     // US dollars for a million tokens
	Window    int64         // tokens that a prompt may have; 0 means what the table or the server says
	Cache     string        // CacheMinutes, which empty means too, CacheHour or CacheOff
	Patience  time.Duration // 0 means DefaultPatience
	Log       *slog.Logger  // told once of each thing about a server that is worth knowing; nil for nobody
}

// Model is one Claude model. Of the requests it made it remembers only what its server turned out not to have. It may be
// used by many goroutines.
type Model struct {
	cfg      Config
	spec     Spec // of a model that is in the table
	client   anthropic.Client
	messages anthropic.MessageService
	models   anthropic.ModelService
	server   server
	wait     time.Duration // before an answer that broke off is asked for again
}

// New makes a model that sends its requests through client. Retrying what got no answer is left to that client, by the
// rules of Again, and nothing is read from the environment: the SDK's own retries, credential search and tracing are off.
func New(cfg Config, client *http.Client) *Model {
	cfg.Patience = cmp.Or(cfg.Patience, DefaultPatience)
	cfg.MaxTokens = cmp.Or(cfg.MaxTokens, defaultMaxTokens)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	opts := []option.RequestOption{
		option.WithEnvironmentProduction(),
		option.WithHTTPClient(client),
		option.WithMaxRetries(0),
		option.WithoutOpenTelemetry(),
	}
	if cfg.BaseURL != "" {
		opts = append(opts, option.WithBaseURL(cfg.BaseURL))
	}
	other := isOther(cfg.BaseURL)
	if cfg.APIKey != "" {
		opts = append(opts, option.WithAPIKey(cfg.APIKey))
		if other { // some servers look here alone
			opts = append(opts, option.WithHeader("Authorization", "Bearer "+cfg.APIKey))
		}
	}
	// The services are made directly: anthropic.NewClient would look for ANTHROPIC_* variables and profile files.
	m := &Model{
		cfg: cfg, client: anthropic.Client{Options: opts}, messages: anthropic.NewMessageService(opts...), models: anthropic.NewModelService(opts...),
		server: server{other: other, log: cfg.Log}, wait: retryWait,
	}
	m.spec, _ = Find(cfg.Model)
	return m
}

// isOther tells whether an address is somebody else's than Anthropic's.
func isOther(baseURL string) bool {
	u, err := url.Parse(baseURL)
	return baseURL != "" && (err != nil || u.Hostname() != "api.anthropic.com")
}

// Info names the configured model; the one that answered stands in each Response.
func (m *Model) Info() llm.Info {
	return llm.Info{
		Provider: "anthropic", Endpoint: messagesEndpoint, Model: m.cfg.Model, Price: m.cfg.Price, MaxTokens: m.maxTokens(llm.Request{}),
		Window: cmp.Or(m.cfg.Window, m.spec.Context, m.server.window.Load()),
	}
}

// Generate streams one turn as llm.Model describes; onText may be nil. The response of a failed turn holds the text
// and the usage that had arrived, but no tool call: a turn that was not finished must not be acted on.
//
// A turn that breaks off before its first word is asked for once more; after that what had arrived stands, and it fails.
func (m *Model) Generate(ctx context.Context, req llm.Request, onText func(delta string)) (llm.Response, error) {
	if err := m.fits(ctx, req); err != nil {
		return llm.Response{Unasked: true}, err
	}
	var before []llm.Usage // of attempts that broke off
	for again := true; ; {
		manners := m.server.manners()
		turn, err := m.attempt(ctx, req, manners, onText)
		turn.before = before
		turn.unasked = len(before) == 0 && errors.Is(err, upstream.ErrUnasked)
		switch {
		case err == nil:
			return turn.response(m.origin()), nil
		case turn.spoke:
			return turn.partial(), turnFault(ctx, err)
		case m.server.learn(err, manners, req):
			before = append(before, turn.usage)
		case again && ctx.Err() == nil && brokeOff(err):
			again, before = false, append(before, turn.usage)
			if err := pause.For(ctx, m.wait); err != nil {
				return turn.partial(), turnFault(ctx, err)
			}
		default:
			return turn.partial(), m.fault(ctx, req, err)
		}
	}
}

// attempt asks once. The turn is whole exactly when there is no error.
func (m *Model) attempt(ctx context.Context, req llm.Request, has manners, onText func(string)) (*turn, error) {
	ctx, cancel := context.WithCancelCause(upstream.WithEndpoint(ctx, messagesEndpoint))
	defer cancel(nil)
	stream := m.open(ctx, m.params(req, has))
	defer func() { _ = stream.Close() }() // the outcome is known by then; a close error changes nothing

	turn := newTurn(onText, m.server.note)
	silent := time.AfterFunc(m.cfg.Patience, func() { cancel(errSilent) })
	defer silent.Stop()
	for !turn.done && stream.Next() { // pings never come out of Next
		silent.Stop() // how long we take over it is not the model's silence
		if err := turn.add(stream.Current()); err != nil {
			return turn, err
		}
		silent.Reset(m.patience(turn))
	}
	switch {
	case turn.done:
		return turn, nil
	case errors.Is(context.Cause(ctx), errSilent):
		return turn, errSilent
	}
	// The SDK reports a stream that simply ends as a success, and so a page that is none; only message_stop is taken for one.
	ended := errEnded
	if !turn.begun {
		ended = errNoStream
	}
	return turn, cmp.Or(stream.Err(), ended)
}

// patience is how long a model may say nothing now.
func (m *Model) patience(t *turn) time.Duration {
	if t.thinks {
		return thinking * m.cfg.Patience
	}
	return m.cfg.Patience
}

// open asks for a stream as the SDK's NewStreaming does, whose events are read as ours.
func (m *Model) open(ctx context.Context, params anthropic.MessageNewParams) *ssestream.Stream[event] {
	var answer *http.Response
	err := m.client.Post(ctx, "v1/messages", params, &answer, option.WithJSONSet("stream", true))
	return ssestream.NewStream[event](ssestream.NewDecoder(answer), err)
}

// fault adds to turnFault what only a model on another server can mean.
func (m *Model) fault(ctx context.Context, req llm.Request, err error) *fault.Error {
	f := turnFault(ctx, err)
	if m.server.other && len(req.Tools) > 0 && refusesTools(err) {
		return fault.Wrap(fault.ModelNotConfigured, f, "the configured model cannot use tools, which the analyst needs; the operator has to "+
			"choose one that can, or to switch tools on in its server")
	}
	return f
}

// origin is who wrote a block that only the same model may be shown again.
func (m *Model) origin() string { return cmp.Or(m.cfg.BaseURL, DefaultURL) + " " + m.cfg.Model }

// maxTokens is how long an answer may be: never longer than the model takes.
func (m *Model) maxTokens(req llm.Request) int {
	most := cmp.Or(req.MaxTokens, m.cfg.MaxTokens)
	if m.spec.Output > 0 {
		most = min(most, m.spec.Output)
	}
	return most
}
