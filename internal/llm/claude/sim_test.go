package claude

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// simulated is a model on the simulated Claude, and the faults it can be given.
func simulated(t *testing.T, change func(*Config)) (*Model, *sim.Faults) {
	t.Helper()
	s := sim.NewSim(sim.New(1, func() time.Time { return time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC) }))
	s.Claude.Key = testKey
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	cfg := Config{APIKey: testKey, BaseURL: server.URL + "/" + sim.ProviderClaude, Model: "claude-sonnet-5-5"}
	if change != nil {
		change(&cfg)
	}
	return quick(New(cfg, server.Client())), s.Faults
}

func analystRequest(question string) llm.Request {
	req := ask(question)
	req.System = strings.Repeat("You are an analyst. ", 200)
	req.Tools = []llm.Tool{
		{Name: "get_portfolio_holdings", Description: "What the user owns.", InputSchema: json.RawMessage(`{"type":"object","properties":{}}`)},
		{Name: "get_stock_quotes", Description: "Prices.", InputSchema: json.RawMessage(`{"type":"object","properties":{"symbols":{"type":"array","items":{"type":"string"}}},"required":["symbols"]}`)},
	}
	return req
}

func TestAToolLoopWithTheSimulatedClaude(t *testing.T) {
	model, _ := simulated(t, nil)
	req := analystRequest("How is my portfolio doing, and what is AAPL at?")
	first, err := model.Generate(t.Context(), req, nil)
	if err != nil {
		t.Fatal(err)
	}
	calls := first.Calls()
	if first.StopReason != llm.ToolUse || len(calls) != 2 || calls[0].Name != "get_portfolio_holdings" || string(calls[1].Input) != `{"symbols":["AAPL"]}` {
		t.Fatalf("got %+v, want a call of each tool", first)
	}
	if first.Usage.CacheWrite == 0 || first.Usage.Output == 0 {
		t.Errorf("usage: got %+v, want the prompt written to the cache and some output", first.Usage)
	}

	req.Messages = append(req.Messages, llm.Message{Role: llm.Assistant, Blocks: first.Blocks},
		llm.Message{Role: llm.User, Blocks: []llm.Block{
			{Result: &llm.ToolResult{CallID: calls[0].ID, Content: `{"handle":"t1","data":{"summary":{"baseCurrency":"USD","totalValue":1234.5},"holdings":[]}}`}},
			{Result: &llm.ToolResult{CallID: calls[1].ID, Content: "the market is closed", IsError: true}},
		}})
	var heard strings.Builder
	second, err := model.Generate(t.Context(), req, func(d string) { heard.WriteString(d) })
	if err != nil {
		t.Fatal(err)
	}
	if second.StopReason != llm.EndTurn || heard.String() != second.Text() ||
		!strings.Contains(second.Text(), "$1,234.50") || !strings.Contains(second.Text(), "the market is closed") {
		t.Errorf("got %+v, want an answer from both results", second)
	}
	if second.Usage.CacheRead == 0 || second.Usage.CacheRead < first.Usage.CacheWrite {
		t.Errorf("usage: got %+v, want the first prompt (%d tokens) read from the cache", second.Usage, first.Usage.CacheWrite)
	}
}

func TestTheSimulatedClaudeRefusesAWrongKeyAndModel(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"key":   func(c *Config) { c.APIKey = "sk-ant-wrong" },
		"model": func(c *Config) { c.Model = "claude-3-5-sonnet-20241022" },
	} {
		t.Run(name, func(t *testing.T) {
			model, _ := simulated(t, change)
			_, err := model.Generate(t.Context(), analystRequest("hi"), nil)
			checkFault(t, model, err, fault.ModelNotConfigured)
		})
	}
}

func TestTheFaultsOfTheSimulatedClaude(t *testing.T) {
	tests := []struct {
		fault sim.Fault
		want  fault.Kind
		text  bool // some of the answer arrives first
	}{
		{sim.Fault{Kind: sim.FaultStreamCut}, fault.UpstreamFailed, true},
		{sim.Fault{Kind: sim.FaultOverloaded}, fault.UpstreamDown, true},
		{sim.Fault{Kind: sim.FaultRateLimited, RetryAfter: 7 * time.Second}, fault.UpstreamDown, false},
		{sim.Fault{Kind: sim.FaultServerError, Status: http.StatusServiceUnavailable}, fault.UpstreamDown, false},
		{sim.Fault{Kind: sim.FaultGarbage}, fault.UpstreamFailed, false},
		{sim.Fault{Kind: sim.FaultCutBody}, fault.UpstreamFailed, true},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			model, faults := simulated(t, nil)
			faults.Set(sim.ProviderClaude, tt.fault)
			got, err := model.Generate(t.Context(), analystRequest("What can you do?"), nil)
			checkFault(t, model, err, tt.want)
			if after := fault.From(err).RetryAfter; after != tt.fault.RetryAfter {
				t.Errorf("retry after: got %s, want %s", after, tt.fault.RetryAfter)
			}
			if (got.Text() != "") != tt.text {
				t.Errorf("text: got %q, want some: %t", got.Text(), tt.text)
			}
		})
	}
}

func TestStopsThatAreNoErrorsOnTheSimulatedClaude(t *testing.T) {
	for kind, want := range map[sim.FaultKind]llm.StopReason{
		sim.FaultRefusal: llm.Refusal, sim.FaultMaxTokens: llm.MaxTokens, sim.FaultPaused: llm.Paused, sim.FaultContextFull: llm.ContextWindow,
	} {
		t.Run(string(kind), func(t *testing.T) {
			model, faults := simulated(t, nil)
			faults.Set(sim.ProviderClaude, sim.Fault{Kind: kind})
			got, err := model.Generate(t.Context(), analystRequest("What can you do?"), nil)
			if err != nil || got.StopReason != want {
				t.Errorf("got %+v and error %v, want stop reason %s", got, err, want)
			}
		})
	}
}

func TestAHangingStreamEndsWithItsCaller(t *testing.T) {
	model, faults := simulated(t, nil)
	faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got, err := model.Generate(ctx, analystRequest("What can you do?"), func(string) { cancel() })
	if !fault.Is(err, fault.Canceled) || got.Text() == "" {
		t.Errorf("got %+v and error %v, want some text and %s", got, err, fault.Canceled)
	}
}

func TestASilentModelOnTheSimulatedClaude(t *testing.T) {
	model, faults := simulated(t, func(c *Config) { c.Patience = 100 * time.Millisecond })
	faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamPings})
	got, err := model.Generate(t.Context(), analystRequest("What can you do?"), nil)
	checkFault(t, model, err, fault.UpstreamTimeout)
	if got.Text() == "" || got.Usage.Prompt() == 0 {
		t.Errorf("got %+v, want what had arrived", got)
	}
}

func TestWhatChangesNothingOfAnAnswerOnTheSimulatedClaude(t *testing.T) {
	model, faults := simulated(t, nil)
	want, err := model.Generate(t.Context(), analystRequest("What can you do?"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []sim.FaultKind{sim.FaultStreamBytes, sim.FaultUnknown} {
		faults.Clear(sim.ProviderClaude)
		faults.Set(sim.ProviderClaude, sim.Fault{Kind: kind})
		got, err := model.Generate(t.Context(), analystRequest("What can you do?"), nil)
		if err != nil || got.Text() != want.Text() || got.StopReason != want.StopReason {
			t.Errorf("%s: got %+v and error %v, want %+v", kind, got, err, want)
		}
	}
}

func TestSpoiledCallsOnTheSimulatedClaude(t *testing.T) {
	const question = "How is my portfolio doing, and what is AAPL at?"
	model, faults := simulated(t, nil)
	generate := func(kind sim.FaultKind, question string) llm.Response {
		t.Helper()
		faults.Clear(sim.ProviderClaude)
		faults.Set(sim.ProviderClaude, sim.Fault{Kind: kind})
		got, err := model.Generate(t.Context(), analystRequest(question), nil)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if calls := generate(sim.FaultToolInputCut, question).Calls(); len(calls) != 2 || calls[0].Input[0] != '"' || calls[1].Input[0] != '{' {
		t.Errorf("an input that is cut: got %+v, want it to be no object", calls)
	}
	if calls := generate(sim.FaultSameToolID, question).Calls(); len(calls) != 2 || calls[0].ID == calls[1].ID || calls[1].Input[0] != '"' {
		t.Errorf("the same id: got %+v, want the second to be no call that can be run", calls)
	}
	if got := generate(sim.FaultToolLoop, "What can you do?"); got.StopReason != llm.ToolUse || len(got.Calls()) != 1 {
		t.Errorf("a loop: got %+v, want a call", got)
	}
	if got := generate(sim.FaultEmptyTurn, question); got.StopReason != llm.EndTurn || len(got.Blocks) != 0 {
		t.Errorf("an empty turn: got %+v, want nothing", got)
	}
}

func TestTheSimulatedClaudeCountsTokens(t *testing.T) {
	model, _ := simulated(t, nil)
	req := analystRequest("What can you do?")
	counted, err := model.CountTokens(t.Context(), req)
	if err != nil || counted >= llm.Estimate(req) {
		t.Fatalf("got %d, %v, want less than the estimate %d", counted, err, llm.Estimate(req))
	}
	got, err := model.Generate(t.Context(), req, nil)
	if err != nil || got.Usage.Prompt() != counted {
		t.Errorf("got a prompt of %d and error %v, want the %d that were counted", got.Usage.Prompt(), err, counted)
	}
	model.lookUpModel(t.Context())
	if got := model.server.window.Load(); got != 1_000_000 {
		t.Errorf("window in the list of models: got %d, want 1,000,000", got)
	}
}
