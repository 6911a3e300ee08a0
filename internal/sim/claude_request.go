package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// claudeRequest is what a client sends to /v1/messages.
type claudeRequest struct {
	Model        string          `json:"model"`
	MaxTokens    *int            `json:"max_tokens"`
	Messages     []claudeMessage `json:"messages"`
	System       claudeContent   `json:"system"`
	Tools        []claudeTool    `json:"tools"`
	ToolChoice   *claudeSwitch   `json:"tool_choice"`
	Thinking     *claudeSwitch   `json:"thinking"`
	Temperature  json.RawMessage `json:"temperature"`
	TopP         json.RawMessage `json:"top_p"`
	TopK         json.RawMessage `json:"top_k"`
	Stream       bool            `json:"stream"`
	CacheControl *claudeSwitch   `json:"cache_control"`
}

// claudeSwitch is one of the settings that are an object with a type.
type claudeSwitch struct {
	Type string `json:"type"`
}

type claudeMessage struct {
	Role    string        `json:"role"`
	Content claudeContent `json:"content"`
}

// claudeContent is a text or a list of blocks on the wire, and a list of blocks here.
type claudeContent []claudeBlock

// UnmarshalJSON takes both forms.
func (c *claudeContent) UnmarshalJSON(data []byte) error {
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '"' {
		block := claudeBlock{Type: "text", raw: data}
		if err := json.Unmarshal(data, &block.Text); err != nil {
			return err
		}
		*c = claudeContent{block}
		return nil
	}
	var blocks []claudeBlock
	if err := json.Unmarshal(data, &blocks); err != nil {
		return err
	}
	*c = blocks
	return nil
}

// text joins the text blocks.
func (c claudeContent) text() string {
	var text string
	for _, b := range c {
		if b.Type == "text" {
			text += b.Text
		}
	}
	return text
}

// claudeBlock is a content block, with the fields of all the types that are read here.
type claudeBlock struct {
	Type         string          `json:"type"`
	Text         string          `json:"text"`
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Input        json.RawMessage `json:"input"`
	ToolUseID    string          `json:"tool_use_id"`
	Content      claudeContent   `json:"content"`
	IsError      bool            `json:"is_error"`
	Thinking     string          `json:"thinking"`
	Signature    string          `json:"signature"`
	CacheControl *claudeSwitch   `json:"cache_control"`
	raw          json.RawMessage // as it came: the prompt cache compares bytes
}

// UnmarshalJSON keeps the bytes beside the fields.
func (b *claudeBlock) UnmarshalJSON(data []byte) error {
	type plain claudeBlock
	if err := json.Unmarshal(data, (*plain)(b)); err != nil {
		return err
	}
	b.raw = bytes.Clone(data)
	return nil
}

// claudeTool is a tool that is offered.
type claudeTool struct {
	Name         string          `json:"name"`
	InputSchema  json.RawMessage `json:"input_schema"`
	CacheControl *claudeSwitch   `json:"cache_control"`
	raw          json.RawMessage
}

// UnmarshalJSON keeps the bytes beside the fields.
func (t *claudeTool) UnmarshalJSON(data []byte) error {
	type plain claudeTool
	if err := json.Unmarshal(data, (*plain)(t)); err != nil {
		return err
	}
	t.raw = bytes.Clone(data)
	return nil
}

// validate refuses what the current models refuse.
func (r *claudeRequest) validate() error {
	for _, check := range []func() error{r.checkSettings, r.checkTools, r.checkMessages, r.checkToolPairs, r.checkCacheMarks} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *claudeRequest) checkSettings() error {
	switch {
	case r.MaxTokens == nil:
		return invalidRequest("max_tokens: Field required")
	case *r.MaxTokens < 0: // 0 only warms the cache
		return invalidRequest("max_tokens: Input should be greater than or equal to 0")
	case *r.MaxTokens > 128_000:
		return invalidRequest("max_tokens: at most 128000 output tokens are allowed for " + r.Model)
	case r.Temperature != nil:
		return invalidRequest("temperature: not supported for this model")
	case r.TopP != nil:
		return invalidRequest("top_p: not supported for this model")
	case r.TopK != nil:
		return invalidRequest("top_k: not supported for this model")
	case r.ToolChoice != nil && r.ToolChoice.Type != "auto" && r.ToolChoice.Type != "none":
		return invalidRequest("tool_choice: this model supports only the types \"auto\" and \"none\"")
	case r.Thinking != nil && r.Thinking.Type != "adaptive":
		return invalidRequest("thinking.type: this model supports only \"adaptive\"")
	}
	return nil
}

var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func (r *claudeRequest) checkTools() error {
	seen := map[string]bool{}
	for i, tool := range r.Tools {
		var schema struct {
			Type string `json:"type"`
		}
		switch {
		case !toolName.MatchString(tool.Name):
			return invalidRequest(fmt.Sprintf("tools.%d.name: should match %s", i, toolName))
		case seen[tool.Name]:
			return invalidRequest("tools: Tool names must be unique.")
		case json.Unmarshal(tool.InputSchema, &schema) != nil || schema.Type != "object":
			return invalidRequest(fmt.Sprintf("tools.%d.input_schema: an object schema is required", i))
		}
		seen[tool.Name] = true
	}
	return nil
}

func (r *claudeRequest) checkMessages() error {
	if len(r.Messages) == 0 {
		return invalidRequest("messages: at least one message is required")
	}
	if r.Messages[0].Role != "user" {
		return invalidRequest("messages: first message must use the \"user\" role")
	}
	if last := r.Messages[len(r.Messages)-1]; last.Role == "assistant" {
		return invalidRequest("messages: this model does not continue an assistant message (prefill); the last message must be the user's")
	}
	if err := checkTexts("system", r.System); err != nil {
		return err
	}
	for i, m := range r.Messages {
		at := fmt.Sprintf("messages.%d", i)
		if m.Role != "user" && m.Role != "assistant" {
			return invalidRequest(at + ".role: Input should be 'user' or 'assistant'")
		}
		if len(m.Content) == 0 {
			return invalidRequest(at + ": all messages must have non-empty content")
		}
		if err := checkTexts(at, m.Content); err != nil {
			return err
		}
	}
	return nil
}

// checkTexts refuses empty texts, also inside tool results, and thinking that was edited.
func checkTexts(at string, content claudeContent) error {
	for _, b := range content {
		switch {
		case b.Type == "":
			return invalidRequest(at + ".content: type: Field required")
		case b.Type == "text" && b.Text == "":
			return invalidRequest(at + ": text content blocks must be non-empty")
		case b.Type == "text" && blankText(b.Text):
			return invalidRequest(at + ": text content blocks must contain non-whitespace text")
		case b.Type == "thinking" && b.Signature != thinkingSignature(b.Thinking):
			return invalidRequest(at + ": a `thinking` block was modified; it has to come back as it was sent")
		}
		if err := checkTexts(at, b.Content); b.Type == "tool_result" && err != nil {
			return err
		}
	}
	return nil
}

// thinkingSignature ties a thinking block to its text, as the vendor's signature does.
func thinkingSignature(thinking string) string {
	sum := sha256.Sum256([]byte("simulated thinking:" + thinking))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// checkToolPairs wants the result of every call in the very next message, before anything else there, and a call for
// every result.
func (r *claudeRequest) checkToolPairs() error {
	seen := map[string]bool{}
	var open []string
	for i, m := range r.Messages {
		results, err := resultsOf(i, m)
		if err != nil {
			return err
		}
		for _, id := range results {
			if !slices.Contains(open, id) {
				return invalidRequest(fmt.Sprintf("messages.%d: `tool_result` for %s has no `tool_use` in the message before", i, id))
			}
		}
		for _, id := range open {
			if !slices.Contains(results, id) {
				return invalidRequest(fmt.Sprintf("messages.%d: `tool_use` %s has no `tool_result` in the message right after it", i, id))
			}
		}
		open = nil
		for _, b := range m.Content {
			if b.Type != "tool_use" {
				continue
			}
			if seen[b.ID] {
				return invalidRequest(fmt.Sprintf("messages.%d: `tool_use` ids must be unique", i))
			}
			seen[b.ID] = true
			open = append(open, b.ID)
		}
	}
	return nil
}

// resultsOf lists the calls that message i answers.
func resultsOf(i int, m claudeMessage) ([]string, error) {
	var ids []string
	for position, b := range m.Content {
		if b.Type != "tool_result" {
			continue
		}
		if m.Role != "user" {
			return nil, invalidRequest(fmt.Sprintf("messages.%d: `tool_result` blocks can only be in user messages", i))
		}
		if position != len(ids) {
			return nil, invalidRequest(fmt.Sprintf("messages.%d: `tool_result` blocks must come first in their message", i))
		}
		ids = append(ids, b.ToolUseID)
	}
	return ids, nil
}

func (r *claudeRequest) checkCacheMarks() error {
	marks := 0
	for _, part := range r.parts() {
		if part.marked {
			marks++
		}
	}
	if marks > 4 {
		return invalidRequest(fmt.Sprintf("cache_control: at most 4 blocks may carry it, found %d", marks))
	}
	return nil
}
