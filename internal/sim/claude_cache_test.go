package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// longSystem is long enough to be cached.
var longSystem = strings.Repeat("You are an analyst who looks things up before answering. ", 100)

func TestClaudeChargesForWhatItsCacheDoesNotHold(t *testing.T) {
	server, _ := claudeServer(t)
	mark := object{"type": "ephemeral"}
	type charge struct{ Read, Write, Input bool } // what is not zero
	ask := func(t *testing.T, change func(object), messages ...object) (charge, object) {
		t.Helper()
		r := requestOf(messages...)
		r["system"] = []object{{"type": "text", "text": longSystem, "cache_control": mark}}
		change(r)
		u := claudeAnswer(t, server, r)["usage"].(object)
		not0 := func(name string) bool { return u[name] != json.Number("0") }
		return charge{not0("cache_read_input_tokens"), not0("cache_creation_input_tokens"), not0("input_tokens")}, u
	}
	same := func(object) {}
	automatic := func(r object) { r["cache_control"] = mark }
	steps := []struct {
		name     string
		change   func(object)
		messages []object
		want     charge
	}{
		{"first time: written", same, []object{userSays("hi")}, charge{Write: true, Input: true}},
		{"again: read", same, []object{userSays("hi")}, charge{Read: true, Input: true}},
		{"another question: read", same, []object{userSays("and now?")}, charge{Read: true, Input: true}},
		{"automatic mark: the question is written too", automatic, []object{userSays("hi")}, charge{Read: true, Write: true}},
		{"and read", automatic, []object{userSays("hi")}, charge{Read: true}},
		{"a longer conversation: the rest is written", automatic, []object{userSays("hi"), assistantSays("hello"), userSays("more")}, charge{Read: true, Write: true}},
		{"other tools void everything", func(r object) { r["tools"] = r["tools"].([]object)[:1] }, []object{userSays("hi")}, charge{Write: true, Input: true}},
		{"another model has its own", func(r object) { r["model"] = "claude-opus-5-5" }, []object{userSays("hi")}, charge{Write: true, Input: true}},
		{"no mark: neither", func(r object) { r["system"] = longSystem }, []object{userSays("hi")}, charge{Input: true}},
		{"too short: neither", func(r object) { r["system"] = []object{{"type": "text", "text": "short", "cache_control": mark}} }, []object{userSays("hi")}, charge{Input: true}},
	}
	sums := map[string]int{}
	for _, step := range steps {
		got, usage := ask(t, step.change, step.messages...)
		if got != step.want {
			t.Errorf("%s: got %+v (%v), want %+v", step.name, got, usage, step.want)
		}
		sum := 0
		for _, name := range []string{"input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"} {
			n := 0
			fmt.Sscan(usage[name].(json.Number).String(), &n)
			sum += n
		}
		sums[step.name] = sum
	}
	if first, again := sums["first time: written"], sums["again: read"]; first != again {
		t.Errorf("the same prompt: got %d and %d tokens, want the same sum however it is charged", first, again)
	}
}

func TestThePromptCacheForgets(t *testing.T) {
	req := &claudeRequest{}
	body := fmt.Sprintf(`{"model":"m","system":[{"type":"text","text":%q,"cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}]}`, longSystem)
	if err := json.Unmarshal([]byte(body), req); err != nil {
		t.Fatal(err)
	}
	var cache promptCache
	now := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	cache.charge(req, now)
	for _, step := range []struct {
		after time.Duration
		read  bool
	}{{4 * time.Minute, true}, {4 * time.Minute, true}, {5 * time.Minute, false}} {
		now = now.Add(step.after)
		if got := cache.charge(req, now); (got.CacheRead > 0) != step.read {
			t.Errorf("after %s: got %+v, want read %t", step.after, got, step.read)
		}
	}
}
