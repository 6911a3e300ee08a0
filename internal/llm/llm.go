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

// Info describes a model.
type Info struct {
	Provider  string
	Endpoint  string // under which upstream records what Generate asks
	Model     string
	Price     Price
	MaxTokens int   // what the answer to a request that sets none may have
	Window    int64 // tokens that a prompt may have; 0 where nobody said
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

// Block is one piece of a message: exactly one of its fields is set, and with Opaque its Origin.
type Block struct {
	Text   string
	Call   *ToolCall
	Result *ToolResult
	// Data is something that was read for the person before the model was asked, as JSON: nobody's words.
	Data json.RawMessage
	// Opaque is a vendor's own block (such as thinking) that must go back unchanged in the next turn.
	Opaque json.RawMessage
	// Origin says, of an Opaque block, which model wrote it: another one is never shown it.
	Origin string
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
	StopSequence  StopReason = "stop_sequence"
	Refusal       StopReason = "refusal"
	Paused        StopReason = "pause_turn"
	ContextWindow StopReason = "model_context_window_exceeded"
)

// Response is the model's turn.
type Response struct {
	Blocks     []Block
	StopReason StopReason
	Refused    *Refused // with Refusal, where the vendor says more
	Model      string   // the model that answered, which may be dated
	Usage      Usage    // of the attempt whose turn this is
	Before     []Usage  // of attempts that broke off before their first word, and were made again
	Unasked    bool     // of a turn that failed: nothing was sent to the vendor
}

// Total is what all attempts took.
func (r Response) Total() Usage {
	sum := r.Usage
	for _, u := range r.Before {
		sum = sum.Add(u)
	}
	return sum
}

// Cost is what all attempts cost in US dollars, each being a request of its own.
func (r Response) Cost(p Price) decimal.Decimal {
	sum := p.Cost(r.Usage)
	for _, u := range r.Before {
		sum = sum.Add(p.Cost(u))
	}
	return sum
}

// Refused is what a vendor says of a refusal, in its own words; either may be empty.
type Refused struct {
	Category    string
	Explanation string
}

// Usage counts tokens. Input holds only what was neither read from nor written to the vendor's cache.
type Usage struct {
	Input      int64 `json:"inputTokens"`
	Output     int64 `json:"outputTokens"`
	CacheRead  int64 `json:"cacheReadTokens"`
	CacheWrite int64 `json:"cacheWriteTokens"`
	// CacheWriteHour is the part of CacheWrite that is kept for an hour, which costs more.
	CacheWriteHour int64 `json:"-"`
}

// Add sums two usages.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Input: u.Input + v.Input, Output: u.Output + v.Output, CacheRead: u.CacheRead + v.CacheRead,
		CacheWrite: u.CacheWrite + v.CacheWrite, CacheWriteHour: u.CacheWriteHour + v.CacheWriteHour,
	}
}

// Prompt is all that was sent, whatever the cache did with it.
func (u Usage) Prompt() int64 { return u.Input + u.CacheRead + u.CacheWrite }

// HitRate is the part of the prompt that was read from the cache, 0 to 1; 0 without a prompt.
func (u Usage) HitRate() float64 {
	if u.Prompt() == 0 {
		return 0
	}
	return float64(u.CacheRead) / float64(u.Prompt())
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
