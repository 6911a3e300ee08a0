package claude

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// params writes a request in the vendor's words. It never sets temperature, a forced tool or a prefilled answer:
// current models refuse all three.
//
// The prompt is cached twice over: up to the system text (which stands after the tools, so both are in it), and up to
// the newest message, where the vendor places the mark itself. A tool loop thus pays in full only for what is new.
func (m *Model) params(req llm.Request) anthropic.MessageNewParams {
	p := anthropic.MessageNewParams{
		Model:        anthropic.Model(m.cfg.Model),
		MaxTokens:    int64(cmp.Or(req.MaxTokens, m.cfg.MaxTokens, defaultMaxTokens)),
		Messages:     messages(req.Messages),
		Tools:        tools(req.Tools),
		CacheControl: anthropic.NewCacheControlEphemeralParam(),
	}
	if !blank(req.System) {
		p.System = []anthropic.TextBlockParam{{Text: req.System, CacheControl: anthropic.NewCacheControlEphemeralParam()}}
	} else if n := len(p.Tools); n > 0 {
		p.Tools[n-1].OfTool.CacheControl = anthropic.NewCacheControlEphemeralParam()
	}
	return p
}

// tools passes each schema on as it was written, so that its key order, and with it the prompt cache, stays the same.
func tools(offered []llm.Tool) []anthropic.ToolUnionParam {
	var out []anthropic.ToolUnionParam
	for _, t := range offered {
		out = append(out, anthropic.ToolUnionParam{OfTool: &anthropic.ToolParam{
			Name:        t.Name,
			Description: anthropic.String(t.Description),
			InputSchema: param.Override[anthropic.ToolInputSchemaParam](t.InputSchema),
		}})
	}
	return out
}

// messages joins neighbours of the same role, since every tool result of a turn has to stand in the one message after
// it, and before any text there. A message without content is left out: legal to receive, but not to send.
func messages(conversation []llm.Message) []anthropic.MessageParam {
	var out []anthropic.MessageParam
	for _, msg := range conversation {
		role, content := anthropic.MessageParamRole(msg.Role), blocks(msg.Blocks)
		if len(content) == 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Role == role {
			out[n-1].Content = append(out[n-1].Content, content...)
			continue
		}
		out = append(out, anthropic.MessageParam{Role: role, Content: content})
	}
	for _, msg := range out {
		if msg.Role == anthropic.MessageParamRoleUser {
			slices.SortStableFunc(msg.Content, resultsFirst)
		}
	}
	return out
}

func resultsFirst(a, b anthropic.ContentBlockParamUnion) int {
	rank := func(block anthropic.ContentBlockParamUnion) int {
		if block.OfToolResult != nil {
			return 0
		}
		return 1
	}
	return rank(a) - rank(b)
}

// blocks translates content in its order, without the empty texts that the vendor refuses.
func blocks(content []llm.Block) []anthropic.ContentBlockParamUnion {
	var out []anthropic.ContentBlockParamUnion
	for _, b := range content {
		switch {
		case b.Call != nil:
			out = append(out, anthropic.NewToolUseBlock(b.Call.ID, object(b.Call.Input), b.Call.Name))
		case b.Result != nil:
			out = append(out, toolResult(b.Result))
		case b.Opaque != nil:
			out = append(out, param.Override[anthropic.ContentBlockParamUnion](b.Opaque))
		case b.Data != nil:
			out = append(out, anthropic.NewTextBlock(string(b.Data)))
		case !blank(b.Text):
			out = append(out, anthropic.NewTextBlock(b.Text))
		}
	}
	return out
}

func toolResult(r *llm.ToolResult) anthropic.ContentBlockParamUnion {
	block := anthropic.NewToolResultBlock(r.CallID, r.Content, r.IsError)
	if blank(r.Content) {
		block.OfToolResult.Content = nil
	}
	return block
}

// object is input as it was written when that is a JSON object, and the empty object otherwise: the vendor takes back
// nothing else, and the call's result has already told the model that its input was no good.
func object(input json.RawMessage) json.RawMessage {
	if trimmed := bytes.TrimSpace(input); len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed) {
		return trimmed
	}
	return json.RawMessage(`{}`)
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }
