package llm

import (
	"context"

	"github.com/shopspring/decimal"
)

// Counter is what a Model also is that can tell how long a prompt is before it is sent.
type Counter interface {
	// CountTokens is how many tokens the prompt of a request has, as the vendor counts them; where that cannot be
	// learned, it is Estimate. The only error is a *fault.Error about ctx.
	CountTokens(ctx context.Context, req Request) (int64, error)
}

// What stands around the texts of a prompt, in tokens, generously: the marks of a block and a message, and the words by
// which a vendor explains tools to its model.
const (
	blockFrame = 16
	toolsFrame = 1024
)

// Estimate is a number of tokens that the prompt of a request stays below, from its characters alone: current models
// divide text so that a token is at least one byte of UTF-8. For English that is about four times as many as there are.
func Estimate(req Request) int64 {
	size := len(req.System) + blockFrame
	if len(req.Tools) > 0 {
		size += toolsFrame
	}
	for _, t := range req.Tools {
		size += len(t.Name) + len(t.Description) + len(t.InputSchema) + blockFrame
	}
	for _, m := range req.Messages {
		size += blockFrame
		for _, b := range m.Blocks {
			size += b.size() + blockFrame
		}
	}
	return int64(size)
}

func (b Block) size() int {
	switch {
	case b.Call != nil:
		return len(b.Call.ID) + len(b.Call.Name) + len(b.Call.Input)
	case b.Result != nil:
		return len(b.Result.CallID) + len(b.Result.Content)
	}
	return len(b.Text) + len(b.Data) + len(b.Opaque)
}

// Longest is a number of tokens that the prompt of a request does not go beyond: Estimate, or where the model counts and that
// is less, its count. Vendors call their count an estimate, so a fiftieth is added.
func Longest(ctx context.Context, m Model, req Request) (int64, error) {
	prompt := Estimate(req)
	if counter, ok := m.(Counter); ok {
		counted, err := counter.CountTokens(ctx, req)
		if err != nil {
			return 0, err
		}
		prompt = min(prompt, counted+counted/50+blockFrame)
	}
	return prompt, nil
}

// Bound is the most that a request whose prompt has at most so many tokens can take, in US dollars and in tokens with its
// answer, for reserving it before it is sent. What an attempt cost that broke off before its first word, and was made again,
// comes on top; it is in the Usage of the Response.
func Bound(m Model, req Request, prompt int64) (usd decimal.Decimal, tokens int64) {
	info := m.Info()
	answer := int64(req.MaxTokens)
	if answer == 0 {
		answer = int64(info.MaxTokens)
	}
	return info.Price.Most(prompt, answer), prompt + answer
}
