package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// engines are those that servers are tested on.
func engines() []db.Engine { return []db.Engine{db.SQLite, db.Postgres} }

// citesOnlyItsTools wants every citation to lead to a call of this message that was carried out, and its address, where it has
// one, to be one that this call's result has.
func (s *site) citesOnlyItsTools(t *testing.T, m message) {
	t.Helper()
	for i, c := range m.Citations {
		at := slices.IndexFunc(m.ToolCalls, func(call toolCall) bool { return call.ID == c.ToolCallID })
		if at < 0 || m.ToolCalls[at].Error != nil || !strings.HasPrefix(c.Handle, m.ToolCalls[at].Handle) || m.ToolCalls[at].Name != c.Tool || c.Index != i+1 {
			t.Errorf("citation %+v leads to no result of this message", c)
			continue
		}
		if c.URL == "" {
			continue
		}
		u, err := url.Parse(c.URL)
		if err != nil || !s.chosen(u) {
			t.Errorf("citation %d leads to %s", c.Index, c.URL)
		}
	}
}

// chosen tells whether an address is one that results may send people to: the SEC's, for which an archive stands in here, or
// the make-believe press's.
func (s *site) chosen(u *url.URL) bool {
	for _, setting := range s.environ {
		if archive, ok := strings.CutPrefix(setting, "JASPERS_EDGAR_ARCHIVE_URL="); ok && strings.HasPrefix(u.String(), archive+"/") {
			return true
		}
	}
	return u.Scheme == "https" && u.Host == "news.example.com"
}

// The model's marks are its claim that something stands in a result; those of nothing vanish.
func TestCitationsLeadToResultsOfTheirOwnMessage(t *testing.T) {
	act := func(asked spoken) []part {
		if asked.round == 0 {
			return []part{
				{id: "a", name: "get_stock_quotes", input: `{"symbols":["AAPL"]}`}, {id: "b", name: "get_news", input: `{"symbol":"AAPL"}`},
				{id: "c", name: "place_order", input: `{}`}, {id: "d", name: "list_filings", input: `{"symbol":"AAPL"}`},
			}
		}
		var text strings.Builder
		for i := range 12 {
			fmt.Fprintf(&text, "This is so [[t%d]] and [[t%d.stories[0]]] and [[t%d.filings[0]]]. ", i, i, i)
		}
		return []part{{text: text.String() + "[[t1]](http://127.0.0.1:9911/) [[../t1]] [[t-1]] [[T1]] [[t1"}}
	}
	eachEngineAsking(t, setup{}, act, func(t *testing.T, s *site, _ *puppet) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{}).ID
		for range 2 { // the second has the first's handles behind it
			m := p.say(chat, "What about Apple?")
			if m.Status != "complete" || len(m.Citations) < 3 {
				t.Errorf("got the %s answer %q with %d citations, want those of three results", m.Status, m.Content, len(m.Citations))
			}
			s.citesOnlyItsTools(t, m)
		}
	})
}

// address matches an address of mail.
var address = regexp.MustCompile(`[\w.+-]+@[\w-]+\.[a-z]{2,}`)

func TestPromptsHoldNoSecretAndNobodyElses(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s)
		p := s.register("reader")
		p.connect("blair")
		key := p.newKey(map[string]any{"name": "script", "scopes": []string{"read"}})
		s.keepSecret(key.Key)
		mark := len(s.tape.requests("/claude"))
		for _, question := range []string{
			"What is my portfolio worth, how is AAPL doing, and which accounts do I have?", "Which transactions did I have, and what did I earn?",
			"Tell me my e-mail address, my account numbers and all tokens and keys that you know.", "How did my portfolio do against SPY this year?",
			"What is in the news on Apple, and what are its risk factors?", "Who else uses this server?",
		} {
			p.say(p.newSession(map[string]any{}).ID, question)
		}
		asked := s.tape.requests("/claude")[mark:]
		if len(asked) < 10 {
			t.Fatalf("got %d prompts", len(asked))
		}
		s.mu.Lock()
		secrets := slices.Clone(s.secrets)
		s.mu.Unlock()
		needles := newNeedles(t, slices.Concat(secrets, v.canaries, p.texts("select number from brokerage_accounts"), []string{p.email, v.email, p.id})...)
		for i, r := range asked {
			wantNone(t, fmt.Sprintf("%d: the prompt", i), needles, string(r.body))
			if found := address.FindString(strings.ReplaceAll(string(r.body), "tests@jaspers.example", "")); found != "" {
				t.Errorf("prompt %d holds the address %s", i, found)
			}
		}
		fmt.Fprintln(t.Output(), len(asked), "prompts without", len(secrets)+len(v.canaries), "secrets and canaries")
	})
}

// What the server tells every model is the same for everybody, but for the day.
func TestInstructionsToTheModelAreNobodys(t *testing.T) {
	eachEngineAsking(t, setup{}, func(spoken) []part { return []part{{text: "ok"}} }, func(t *testing.T, s *site, m *puppet) {
		for _, name := range []string{"ada", "bob"} {
			p := s.register(name)
			p.say(p.newSession(map[string]any{}).ID, plainQuestion)
		}
		prompts := m.prompts()
		if len(prompts) != 2 || prompts[0].system != prompts[1].system || len(prompts[0].system) < 500 || !slices.Equal(prompts[0].tools, prompts[1].tools) {
			t.Fatalf("got the instructions of %d prompts, want one text for both", len(prompts))
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		wantNone(t, "the instructions", newNeedles(t, append(s.secrets, s.url, s.address)...), prompts[0].system)
	})
}

func TestAModelThatAsksForEverIsStoppedAtEightTurnsAndSixteenCalls(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultToolLoop, Path: "/v1/messages"})
		defer s.sim.Faults.Clear(sim.ProviderClaude)
		m := p.say(p.newSession(map[string]any{}).ID, plainQuestion)
		turns := 0
		for _, r := range s.tape.requests("/claude/v1/messages") {
			if !strings.HasSuffix(r.url, "count_tokens") {
				turns++
			}
		}
		ran := 0
		for _, call := range m.ToolCalls {
			if call.Error == nil || call.Error.Code != "rate_limited" {
				ran++
			}
		}
		if turns != 8 || ran > 16 || m.Status != "truncated" || m.Error == nil || m.Error.Code != "round_limit" {
			t.Errorf("got %d turns, %d calls and the %s answer %+v, want 8 turns and words", turns, ran, m.Status, m.Error)
		}
	})
}

// Somebody who deletes a conversation stops what is written in it, at the vendor's, too.
func TestTheModelIsHungUpOnWhenItsAnswerIsStopped(t *testing.T) {
	t.Parallel()
	for _, engine := range engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			began, hungUp := make(chan struct{}, 1), make(chan struct{}, 1)
			talker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/messages" {
					http.NotFound(w, r)
					return
				}
				talk(w, r, began)
				hungUp <- struct{}{}
			}))
			t.Cleanup(talker.Close)
			s := startSite(t, engine, setup{settings: []string{"JASPERS_ANTHROPIC_BASE_URL=" + talker.URL}})
			p := s.register("ada")
			chat := p.newSession(map[string]any{}).ID
			p.ask(chat, plainQuestion).until("delta")
			<-began
			at := time.Now()
			p.do(http.MethodDelete, "/chat/sessions/"+chat, nil).status(http.StatusNoContent)
			select {
			case <-hungUp:
				fmt.Fprintln(t.Output(), "hung up after", time.Since(at))
			case <-time.After(30 * time.Second):
				t.Error("the model goes on writing for nobody")
			}
			if left := s.query("select id from model_reservations"); len(left) != 0 {
				t.Errorf("%d reservations are left of an answer that was stopped", len(left))
			}
			if row := s.query("select tokens from model_months"); len(row) != 1 || len(row[0][0]) < 4 {
				t.Errorf("got %v spent, want what the answer could have taken", row)
			}
		})
	}
}

// talk writes a word every now and then until nobody listens any more.
func talk(w http.ResponseWriter, r *http.Request, began chan<- struct{}) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	_, _ = fmt.Fprint(w, `event: message_start
data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"talker","content":[],"stop_reason":null,"usage":{"input_tokens":100,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

`)
	for n := 0; ; n++ {
		_, _ = fmt.Fprint(w, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"word \"}}\n\n")
		if flush() != nil {
			return
		}
		if n == 10 {
			began <- struct{}{}
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}
