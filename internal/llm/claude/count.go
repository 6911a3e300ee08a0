package claude

import (
	"context"
	"errors"
	"net/http"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// CountTokens asks the server for the length of a prompt. Where it has no such route, or does not answer well or soon, it is
// llm.Estimate, which is never less.
func (m *Model) CountTokens(ctx context.Context, req llm.Request) (int64, error) {
	count, err := m.counted(ctx, req)
	if ctx.Err() != nil {
		return 0, turnFault(ctx, ctx.Err())
	}
	if err != nil {
		return llm.Estimate(req), nil
	}
	return count, nil
}

var errNotCounted = errors.New("the prompt was not counted")

// counted is the server's own count.
func (m *Model) counted(ctx context.Context, req llm.Request) (int64, error) {
	if m.server.noCount.Load() {
		return 0, errNotCounted
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpPatience)
	defer cancel()
	count, err := m.messages.CountTokens(upstream.WithEndpoint(ctx, countEndpoint), m.countParams(req))
	if err == nil && count.InputTokens <= 0 { // some servers answer 200 on routes they do not have
		err = errNotCounted
	}
	if errors.Is(err, errNotCounted) || noSuchRoute(err) {
		m.server.noCount.Store(true)
		m.server.note("the model's server does not count tokens; the length of prompts is estimated", "")
	}
	if err != nil {
		return 0, err
	}
	return count.InputTokens, nil
}

// noSuchRoute tells a server that does not know the route from one that does not know the model, which says so in the
// vendor's words.
func noSuchRoute(err error) bool {
	apiErr, ok := errors.AsType[*anthropic.Error](err)
	if !ok {
		return false
	}
	switch apiErr.StatusCode {
	case http.StatusNotFound:
		return parseErrorBody(apiErr.RawJSON()).Error.Type != "not_found_error"
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// countParams are params without what has no part in a prompt.
func (m *Model) countParams(req llm.Request) anthropic.MessageCountTokensParams {
	p := m.params(req, manners{thinking: m.server.manners().thinking})
	out := anthropic.MessageCountTokensParams{Model: p.Model, Messages: p.Messages}
	if len(p.System) > 0 {
		out.System = anthropic.MessageCountTokensParamsSystemUnion{OfTextBlockArray: p.System}
	}
	for _, tool := range p.Tools {
		out.Tools = append(out.Tools, anthropic.MessageCountTokensToolUnionParam{OfTool: tool.OfTool})
	}
	return out
}

// fits refuses a prompt that is longer than the model reads. The server is asked for its length only when it might be; a
// prompt whose length is only estimated is sent, since the estimate is far above.
func (m *Model) fits(ctx context.Context, req llm.Request) error {
	if m.spec.ID == "" && m.cfg.Window == 0 {
		m.lookUpModel(ctx)
	}
	window := m.Info().Window
	if window == 0 || llm.Estimate(req) <= window {
		return nil
	}
	count, err := m.counted(ctx, req)
	if err != nil || count <= window {
		return nil
	}
	return fault.New(fault.TooLarge, "%s", tooLong.message)
}
