// Package llm is what a language model is to us: a conversation with tools goes in, text and tool calls come out.
package llm

import (
	"context"
	"encoding/json"

	"github.com/shopspring/decimal"
)

// Model is one language model behind one vendor's API.
type Model interface {
	// Info names the model and its prices.
	Info() Info
	// Generate sends the conversation and calls onText with each piece of text as it arrives, in order, on the
	// caller's goroutine. It returns when the model has finished its turn. An error is a *fault.Error; the
	// Response that comes with it holds whatever had arrived (text, usage), its StopReason is empty.
	// Cancelling ctx ends the request to the vendor.
	Generate(ctx context.Context, req Request, onText func(delta string)) (Response, error)
}

// Info describes a model. Prices are in US dollars for a million tokens.
type Info struct {
	Provider string
	Model    string
	Price    Price
}

// Price is what a million tokens cost, in US dollars.
type Price struct {
	Input      decimal.Decimal
	Output     decimal.Decimal
	CacheRead  decimal.Decimal
	CacheWrite decimal.Decimal
}

// Request is one turn asked of the model.
type Request struct {
	System    string
	Messages  []Message
	Tools     []Tool
	MaxTokens int
}

// Role says who speaks.
type Role string

// The two roles a conversation has.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Message is what one side said. The first message is the user's.
type Message struct {
	Role   Role
	Blocks []Block
}

// Block is one piece of a message: exactly one of its fields is set.
type Block struct {
	Text   string
	Call   *ToolCall
	Result *ToolResult
	// Data is something that was read for the person before the model was asked, as JSON: nobody's words.
	Data json.RawMessage
	// Opaque is a vendor's own block (such as thinking) that must go back unchanged in the next turn.
	Opaque json.RawMessage
}

// Tool is offered to the model. InputSchema is a JSON schema object.
type Tool struct {
	Name        string
	Description string
	InputSchema json.RawMessage
}

// ToolCall is the model asking for a tool. Input is the JSON as the model wrote it: not checked yet.
type ToolCall struct {
	ID    string
	Name  string
	Input json.RawMessage
}

// ToolResult answers a ToolCall. Every call of a turn needs its result in the next message.
type ToolResult struct {
	CallID  string
	Content string
	IsError bool
}

// StopReason is why the model stopped.
type StopReason string

// The reasons, in our words. A vendor's reason that is none of these comes through as it was written.
const (
	EndTurn       StopReason = "end_turn"
	ToolUse       StopReason = "tool_use"
	MaxTokens     StopReason = "max_tokens"
	Refusal       StopReason = "refusal"
	Paused        StopReason = "pause_turn"
	ContextWindow StopReason = "model_context_window_exceeded"
)

// Response is the model's turn.
type Response struct {
	Blocks     []Block
	StopReason StopReason
	Model      string // the model that answered, which may be dated
	Usage      Usage
}

// Usage counts tokens. Input holds only what was neither read from nor written to the vendor's cache.
type Usage struct {
	Input      int64 `json:"inputTokens"`
	Output     int64 `json:"outputTokens"`
	CacheRead  int64 `json:"cacheReadTokens"`
	CacheWrite int64 `json:"cacheWriteTokens"`
}

// Add sums two usages.
func (u Usage) Add(v Usage) Usage {
	return Usage{u.Input + v.Input, u.Output + v.Output, u.CacheRead + v.CacheRead, u.CacheWrite + v.CacheWrite}
}

// Cost is the price of a usage in US dollars, exact.
func (p Price) Cost(u Usage) decimal.Decimal {
	million := decimal.NewFromInt(1_000_000)
	part := func(price decimal.Decimal, tokens int64) decimal.Decimal {
		return price.Mul(decimal.NewFromInt(tokens))
	}
	sum := part(p.Input, u.Input).Add(part(p.Output, u.Output)).
		Add(part(p.CacheRead, u.CacheRead)).Add(part(p.CacheWrite, u.CacheWrite))
	return sum.Div(million)
}

// Text joins the text blocks of a response.
func (r Response) Text() string {
	var text string
	for _, b := range r.Blocks {
		text += b.Text
	}
	return text
}

// Calls lists the tool calls of a response in the order the model made them.
func (r Response) Calls() []ToolCall {
	var calls []ToolCall
	for _, b := range r.Blocks {
		if b.Call != nil {
			calls = append(calls, *b.Call)
		}
	}
	return calls
}
