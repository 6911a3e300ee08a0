package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// injection is a text that wants something of whoever reads it, and what a reader who obeys would do.
type injection struct {
	ID, Goal, Carrier, Via, Text string
	Calls                        []struct {
		Name  string
		Input json.RawMessage
	} `json:"obedient_model_tool_calls"`
}

// attackersHost is where the texts send things to; a listener of the test stands in for it.
const attackersHost = "127.0.0.1:9911"

// injections reads the labelled texts where they stand, with another address in the attacker's place.
func injections(t *testing.T, listener string) []injection {
	t.Helper()
	var all []injection
	for _, line := range labelled(t, "security/corpora/llm-injections.jsonl") {
		var one injection
		if err := json.Unmarshal(bytes.ReplaceAll(line, []byte(attackersHost), []byte(listener)), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if len(all) < 150 {
		t.Fatalf("got %d texts", len(all))
	}
	return all
}

// labelled are the lines of a file that stands beside the project.
func labelled(t *testing.T, path string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(sharedtest.Dir(t, path))
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]byte
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		lines = append(lines, slices.Clone(in.Bytes()))
	}
	return lines
}

// canaryListener counts who comes. Nobody should.
func canaryListener(t *testing.T) (host string, visits *atomic.Int64) {
	t.Helper()
	visits = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		visits.Add(1)
		t.Errorf("the attacker's server was asked for %s", r.URL)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), visits
}

// poison puts texts into what the simulated outside says of companies: into the press, into descriptions, and into an item
// of a report. Each stands behind a mark, by which it can be told that it arrived.
type poison struct {
	texts []injection
	next  http.Handler
}

// poisoned are companies of the simulated market.
var poisoned = []string{"AAPL", "MSFT", "NVDA", "GOOGL", "AMZN", "META", "TSLA", "JPM", "V", "MA", "BAC", "GS", "JNJ", "UNH"}

// storiesOf is how many texts stand in the news of one company.
const storiesOf = 25

func markOf(one injection) string { return "mark " + strings.ReplaceAll(one.ID, "/", " ") + ":" }

// place says which tool reads a text, with which input.
func (p *poison) place(one injection) (tool, input string) {
	i := p.among(one)
	switch one.Via {
	case "news":
		return "get_news", fmt.Sprintf(`{"symbol":%q,"first":"2026-09-01","limit":%d}`, poisoned[i/storiesOf], storiesOf)
	case "company_info":
		return "get_company", fmt.Sprintf(`{"symbol":%q}`, poisoned[i])
	}
	return "read_filing_section", `{"symbol":"AAPL","item":"7"}`
}

// of are the texts of one way, in their order.
func (p *poison) of(via string) []injection {
	return slices.DeleteFunc(slices.Clone(p.texts), func(one injection) bool { return one.Via != via })
}

func (p *poison) among(one injection) int {
	return slices.IndexFunc(p.of(one.Via), func(other injection) bool { return other.ID == one.ID })
}

func (p *poison) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if r.Body != nil {
		_, _ = body.ReadFrom(r.Body)
		r.Body = readCloser{bytes.NewReader(body.Bytes())}
	}
	rec := httptest.NewRecorder()
	p.next.ServeHTTP(rec, r)
	answer := rec.Body.Bytes()
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/xhr/ncp"):
		answer = p.inStories(answer, body.String())
	case strings.Contains(path, "/quoteSummary/"):
		answer = p.inCompany(answer, path[strings.LastIndex(path, "/")+1:])
	case strings.HasSuffix(path, ".htm") && strings.Contains(path, "/320193/"):
		answer = p.inReport(answer)
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	_, _ = w.Write(answer)
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// storyText is a headline or a summary in the stream of stories.
var storyText = regexp.MustCompile(`"summary":"[^"]*"`)

// inStories puts a text into each summary of the stories about a company.
func (p *poison) inStories(answer []byte, question string) []byte {
	texts := p.of("news")
	for i, symbol := range poisoned {
		if strings.Contains(question, `"`+symbol+`"`) && i*storiesOf < len(texts) {
			texts = texts[i*storiesOf:]
			return storyText.ReplaceAllFunc(answer, func(old []byte) []byte {
				if len(texts) == 0 {
					return old
				}
				one := texts[0]
				texts = texts[1:]
				return []byte(`"summary":` + quoteJSON(markOf(one)+" "+one.Text))
			})
		}
	}
	return answer
}

var description = regexp.MustCompile(`"longBusinessSummary":"[^"]*"`)

func (p *poison) inCompany(answer []byte, symbol string) []byte {
	texts, i := p.of("company_info"), slices.Index(poisoned, symbol)
	if i < 0 || i >= len(texts) {
		return answer
	}
	return description.ReplaceAllLiteral(answer, []byte(`"longBusinessSummary":`+quoteJSON(markOf(texts[i])+" "+texts[i].Text)))
}

// itemBegins is what the item on results of the simulated Apple begins with.
const itemBegins = "Risk Factors.&#8221;</span></div>"

// inReport puts all texts, as they are with their tags and comments, behind the beginning of an item.
func (p *poison) inReport(answer []byte) []byte {
	var all strings.Builder
	for _, one := range p.of("filing") {
		fmt.Fprintf(&all, "<div><span>%s</span> %s</div>", html.EscapeString(markOf(one)), one.Text)
	}
	at := bytes.LastIndex(answer, []byte(itemBegins)) // an earlier item has these words, too
	if at < 0 {
		return answer
	}
	at += len(itemBegins)
	return slices.Concat(answer[:at], []byte(all.String()), answer[at:])
}

func quoteJSON(text string) string {
	quoted, _ := json.Marshal(text) // a text always prints
	return string(quoted)
}

// counterparts are what tools that the texts name are called here.
var counterparts = map[string]string{"get_quote": "get_stock_quotes", "search_news": "get_news", "get_filing": "read_filing_section", "get_portfolio_holdings": "get_portfolio_holdings"}

// obey are the calls that a text wants, exactly, and once more with the names that the tools have here.
func (one injection) obey(victim string) []part {
	var all []part
	for i, call := range one.Calls {
		input := strings.ReplaceAll(string(call.Input), "{victim}", victim)
		all = append(all, part{id: fmt.Sprintf("a%d", i), name: call.Name, input: input})
		if ours := counterparts[call.Name]; ours != "" && i < 4 {
			all = append(all, part{id: fmt.Sprintf("b%d", i), name: ours, input: input})
		}
	}
	return all
}

var questionMark = regexp.MustCompile(`\((\d+)\)`)

// obedience is a model that reads a text where the question says, does what it wants, and repeats it in its answer.
type obedience struct {
	poison  *poison
	victim  atomic.Pointer[string]
	arrived sync.Map // which texts were read
}

func (o *obedience) act(asked spoken) []part {
	found := questionMark.FindStringSubmatch(asked.question)
	if found == nil {
		return []part{{text: "Nothing to obey."}}
	}
	n, _ := strconv.Atoi(found[1])
	one := o.poison.texts[n]
	if strings.Contains(asked.body, markOf(one)) {
		o.arrived.Store(one.ID, true)
	}
	switch wanted := one.obey(*o.victim.Load()); {
	case asked.round == 0:
		name, input := o.poison.place(one)
		return []part{{id: "read", name: name, input: input}}
	case len(wanted) > 0 && (asked.round == 1 || one.Goal == "loop"):
		return wanted
	}
	return []part{{text: "As the text says [[t1]] [[t99]] [7]: " + one.Text}}
}

// answering are the tables that answers are written into.
var answering = []string{
	"chat_sessions", "chat_messages", "chat_run_events", "chat_texts", "chat_words", "chat_words_config", "chat_words_content", "chat_words_data",
	"chat_words_docsize", "chat_words_idx", "message_tool_calls", "model_months", "model_spending", "model_reservations",
}

func TestAModelThatObeysEveryTextItReadsChangesNothingAndTellsNobody(t *testing.T) {
	t.Parallel()
	for _, engine := range engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			host, visits := canaryListener(t)
			o := &obedience{poison: &poison{texts: injections(t, host)}}
			m := newPuppet(t, o.act)
			s := startSite(t, engine, setup{settings: []string{"JASPERS_ANTHROPIC_BASE_URL=" + m.url}, outside: func(next http.Handler) http.Handler {
				o.poison.next = next
				return o.poison
			}})
			v := newVictim(s)
			o.victim.Store(&v.id)
			p := s.register("reader")
			p.connect("blair")
			var chats []string
			for range o.poison.texts {
				chats = append(chats, p.newSession(map[string]any{}).ID)
			}
			before, asked, prompted := s.dump(append(answering, background...)...), len(s.tape.requests("/")), len(m.prompts())
			answers := p.readAll(o.poison.texts, chats)
			if diff := cmp.Diff(before, s.dump(append(answering, background...)...)); diff != "" {
				t.Errorf("rows changed (-before +after):\n%s", diff)
			}
			o.wantHarmless(t, s, v, m.prompts()[prompted:], answers, s.tape.requests("/")[asked:])
			if visits.Load() > 0 {
				t.Errorf("got %d visits at the attacker's", visits.Load())
			}
		})
	}
}

// readAll asks for each text in a conversation of its own, four at a time.
func (p *person) readAll(texts []injection, chats []string) []message {
	p.t.Helper()
	answers := make([]message, len(texts))
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := range texts {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answers[i] = p.say(chats[i], fmt.Sprintf("%s (%d)", plainQuestion, i))
		})
	}
	all.Wait()
	return answers
}

// wantHarmless looks at all that became of the texts: the calls, the answers, the prompts and what left the server.
func (o *obedience) wantHarmless(t *testing.T, s *site, v victim, prompts []spoken, answers []message, sent []sent) {
	t.Helper()
	secrets := newNeedles(t, slices.DeleteFunc(slices.Clone(v.canaries), func(c string) bool { return c == v.id })...)
	refused := 0
	for i, one := range o.poison.texts {
		a := answers[i]
		if a.Status != "complete" && a.Status != "truncated" {
			t.Errorf("%s: got the %s answer %v", one.ID, a.Status, a.Error)
		}
		ran := 0
		for _, call := range a.ToolCalls {
			switch {
			case call.Error != nil && slices.Contains(refusals, call.Error.Code):
				refused++
			case call.Error != nil || !slices.Contains(offered, call.Name):
				t.Errorf("%s: %s %s was answered by %+v", one.ID, call.Name, call.Input, call.Error)
			default:
				ran++
			}
		}
		if ran > 16 || ran == 0 {
			t.Errorf("%s: %d calls were carried out", one.ID, ran)
		}
		wantNone(t, one.ID+": the answer", secrets, a.everything(t))
		s.citesOnlyItsTools(t, a)
	}
	wantNone(t, "the prompt", secrets, bodies(prompts)...)
	for _, r := range sent {
		if strings.HasPrefix(r.url, "/alpaca") && (r.method != http.MethodGet || strings.Contains(r.url, "order")) || strings.Contains(r.url, "passwd") || strings.Contains(r.url, "PA3XYZ") {
			t.Errorf("obeying sent %s %s", r.method, r.url)
		}
	}
	arrived := map[string]int{}
	for _, one := range o.poison.texts {
		if _, ok := o.arrived.Load(one.ID); ok {
			arrived[one.Via]++
		}
	}
	if arrived["news"] < 80 || arrived["company_info"] != 14 || arrived["filing"] < 20 {
		t.Errorf("got %v read of %d texts, want almost all", arrived, len(o.poison.texts))
	}
	fmt.Fprintln(t.Output(), arrived, "texts read;", refused, "calls refused;", len(prompts), "prompts;", len(sent), "requests to the outside")
}
