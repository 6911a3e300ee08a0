package claude

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// params writes a request in the vendor's words. It never sets temperature, a forced tool, thinking or a prefilled answer:
// current models refuse them.
//
// The prompt is cached up to three marks, of the four that are allowed: the system text (which stands after the tools, so
// both are in it); where the prompt of the turn before ended; and the newest message, where the vendor places the mark
// itself. The vendor looks only 20 blocks back from a mark for what it kept, and one round of tools can have more blocks than
// that: so the mark in the middle stands exactly where the last one was. A tool loop thus pays in full only for what is new.
func (m *Model) params(req llm.Request, has manners) anthropic.MessageNewParams {
	p := anthropic.MessageNewParams{
		Model:     anthropic.Model(m.cfg.Model),
		MaxTokens: int64(m.maxTokens(req)),
		Messages:  m.conversation(req.Messages, has.thinking),
		Tools:     tools(req.Tools),
	}
	if !blank(req.System) {
		p.System = []anthropic.TextBlockParam{{Text: req.System}}
	}
	if has.marks && m.cfg.Cache != CacheOff {
		m.mark(&p)
	}
	return p
}

// mark places the marks of the prompt cache.
func (m *Model) mark(p *anthropic.MessageNewParams) {
	mark := anthropic.NewCacheControlEphemeralParam()
	if m.cfg.Cache == CacheHour {
		mark.TTL = anthropic.CacheControlEphemeralTTLTTL1h
	}
	p.CacheControl = mark
	if n := len(p.System); n > 0 {
		p.System[n-1].CacheControl = mark
	} else if n := len(p.Tools); n > 0 {
		p.Tools[n-1].OfTool.CacheControl = mark
	}
	for i := len(p.Messages) - 1; i > 0; i-- {
		if p.Messages[i].Role == anthropic.MessageParamRoleAssistant {
			before := p.Messages[i-1].Content
			if last := before[len(before)-1].GetCacheControl(); last != nil {
				*last = mark
			}
			return
		}
	}
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

// conversation joins neighbours of the same role, since every tool result of a turn has to stand in the one message after
// it, and before any text there. A message without content is left out: legal to receive, but not to send.
func (m *Model) conversation(messages []llm.Message, thinking bool) []anthropic.MessageParam {
	origin := ""
	if thinking {
		origin = m.origin()
	}
	var out []anthropic.MessageParam
	for _, msg := range messages {
		role, content := anthropic.MessageParamRole(msg.Role), blocks(msg.Blocks, origin)
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

// blocks translates content in its order, without the empty texts that the vendor refuses. Blocks that another model than
// origin wrote are left out: it alone can read them, and to nobody else they belong.
func blocks(content []llm.Block, origin string) []anthropic.ContentBlockParamUnion {
	var out []anthropic.ContentBlockParamUnion
	for _, b := range content {
		switch {
		case b.Call != nil:
			out = append(out, anthropic.NewToolUseBlock(b.Call.ID, object(b.Call.Input), b.Call.Name))
		case b.Result != nil:
			out = append(out, toolResult(b.Result))
		case b.Opaque != nil:
			if b.Origin == origin {
				out = append(out, param.Override[anthropic.ContentBlockParamUnion](b.Opaque))
			}
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
