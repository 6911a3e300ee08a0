package sim

import (
	"cmp"
	"slices"
	"sync"
)

// TokenCount is what the answers of a model told that they took.
type TokenCount struct {
	Model      string `json:"model"`
	Turns      int    `json:"turns"`
	BrokenOff  int    `json:"brokenOff"` // of these, those that did not tell in the end how much they wrote
	Input      int    `json:"inputTokens"`
	Output     int    `json:"outputTokens"`
	CacheRead  int    `json:"cacheReadTokens"`
	CacheWrite int    `json:"cacheWriteTokens"`
}

// toldTokens counts tokens as they are told.
type toldTokens struct {
	mu      sync.Mutex
	byModel map[string]*TokenCount
}

func (t *toldTokens) of(model string) *TokenCount {
	if t.byModel == nil {
		t.byModel = map[string]*TokenCount{}
	}
	if t.byModel[model] == nil {
		t.byModel[model] = &TokenCount{Model: model}
	}
	return t.byModel[model]
}

// begin counts what an answer tells first.
func (t *toldTokens) begin(model string, u claudeUsage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of(model)
	c.Turns, c.BrokenOff = c.Turns+1, c.BrokenOff+1
	c.Input, c.Output, c.CacheRead, c.CacheWrite = c.Input+u.Input, c.Output+u.Output, c.CacheRead+u.CacheRead, c.CacheWrite+u.CacheWrite
}

// end counts what it tells in the end beyond that.
func (t *toldTokens) end(model string, begun, whole claudeUsage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of(model)
	c.BrokenOff--
	c.Output += whole.Output - begun.Output
}

// Tokens lists what the simulated model told, by model.
func (s *Sim) Tokens() []TokenCount {
	s.told.mu.Lock()
	defer s.told.mu.Unlock()
	list := []TokenCount{}
	for _, c := range s.told.byModel {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(x, y TokenCount) int { return cmp.Compare(x.Model, y.Model) })
	return list
}
