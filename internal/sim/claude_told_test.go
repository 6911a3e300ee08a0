package sim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// toldUsage finds what a stream says of tokens, in its first event and in its last but one.
var toldUsage = regexp.MustCompile(`"usage":(\{[^{}]*"output_tokens":\d+)`)

func TestTokensAreCountedAsTheyAreToldAndAnswersAsTheyBegin(t *testing.T) {
	s := NewSim(New(1, func() time.Time { return time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC) }))
	s.Claude.Key = claudeTestKey
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	request := requestOf(userSays("What is a dividend?"))
	request["stream"] = true
	want := TokenCount{Model: "claude-sonnet-5-5"}
	for _, fault := range []FaultKind{"", FaultStreamCut, FaultServerError, FaultOverloaded, FaultCutBody, ""} {
		if fault != "" {
			s.Faults.Set(ProviderClaude, Fault{Kind: fault, Count: 1})
		}
		if fault == FaultCutBody { // of a list, whose length is known
			resp, err := http.Get(server.URL + "/claude/v1/models")
			if err == nil {
				_ = resp.Body.Close()
			}
			continue
		}
		body := bodyText(t, postClaude(t, server, "/claude/v1/messages", request))
		var last claudeUsage
		for _, found := range toldUsage.FindAllStringSubmatch(body, -1) {
			if err := json.Unmarshal([]byte(found[1]+"}"), &last); err != nil {
				t.Fatalf("%s: %v", found[1], err)
			}
		}
		if fault != FaultServerError {
			want.Turns++
		}
		if fault == FaultStreamCut || fault == FaultOverloaded {
			want.BrokenOff++
		}
		want.Input, want.Output = want.Input+last.Input, want.Output+last.Output
		want.CacheRead, want.CacheWrite = want.CacheRead+last.CacheRead, want.CacheWrite+last.CacheWrite
	}
	if diff := cmp.Diff([]TokenCount{want}, s.Tokens()); diff != "" || want.Output < 10 || want.BrokenOff != 2 {
		t.Errorf("tokens (-told +counted):\n%s", diff)
	}
	if diff := cmp.Diff([]AnswerCount{
		{ProviderClaude, "/v1/messages", http.StatusOK, 4}, {ProviderClaude, "/v1/messages", http.StatusInternalServerError, 1},
		{ProviderClaude, "/v1/models", http.StatusUnauthorized, 1},
	}, s.Answers()); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}
