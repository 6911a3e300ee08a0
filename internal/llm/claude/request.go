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
// it, and leaves out messages that would be empty: an answer without content is legal to receive but not to send.
func messages(conversation []llm.Message) []anthropic.MessageParam {
	var out []anthropic.MessageParam
	var pending []llm.Block
	for i, msg := range conversation {
		pending = append(pending, msg.Blocks...)
		if i+1 < len(conversation) && nextRole(conversation[i+1:], msg.Role) == msg.Role {
			continue
		}
		if content := contentOf(pending, msg.Role); len(content) > 0 {
			out = append(out, anthropic.MessageParam{Role: anthropic.MessageParamRole(msg.Role), Content: content})
		}
		pending = nil
	}
	return out
}
