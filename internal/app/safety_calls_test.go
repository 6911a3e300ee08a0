package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// offered are the tools that a model is given: it may read, and nothing else.
var offered = []string{
	"calculate", "find_instrument", "get_allocation", "get_company", "get_company_metrics", "get_earnings", "get_gains", "get_holding", "get_news",
	"get_portfolio_holdings", "get_portfolio_performance", "get_price_history", "get_reconciliation", "get_reported_facts", "get_stock_quotes",
	"get_transactions", "list_filings", "read_filing_section", "search_filings", "search_passages",
}

// acting matches what a tool or route that trades or moves money would be called.
var acting = regexp.MustCompile(`(?i)order|trade|trading|buy|sell|transfer|withdraw|deposit|execute|purchase|liquidate`)

func TestThereIsNoToolAndNoRouteThatTrades(t *testing.T) {
	eachEngineAsking(t, setup{}, func(spoken) []part { return []part{{text: "ok"}} }, func(t *testing.T, s *site, m *puppet) {
		p := s.register("ada")
		p.say(p.newSession(map[string]any{}).ID, plainQuestion)
		got := slices.Sorted(slices.Values(m.prompts()[0].tools))
		if diff := cmp.Diff(offered, got); diff != "" {
			t.Errorf("the tools of a model (-want +got):\n%s", diff)
		}
		for _, name := range got {
			if acting.MatchString(name) || strings.Contains(name, "set_") {
				t.Errorf("%s is no name of a tool that only reads", name)
			}
		}
		paths := slices.Sorted(maps.Keys(s.contract.doc.Paths.Map()))
		if len(paths) < 40 {
			t.Fatalf("got the routes %v, want all", paths)
		}
		for _, path := range paths {
			for method, operation := range s.contract.doc.Paths.Value(path).Operations() {
				if acting.MatchString(path) || acting.MatchString(operation.OperationID) {
					t.Errorf("%s %s (%s) is a route that trades", method, path, operation.OperationID)
				}
			}
		}
	})
}

// lies are inputs that no tool takes, with a name for each; %[1]s is somebody else's id, %[2]s that of their account.
var lies = []string{
	`{"userId":"%[1]s"}`, `{"user_id":"%[1]s"}`, `{"symbol":"AAPL","user":"%[1]s"}`, `{"symbol":"AAPL","asker":{"userId":"%[1]s"}}`,
	`{"symbols":["AAPL"],"accountId":"%[2]s"}`, `{"account":"%[2]s","__proto__":{"admin":true}}`, `{"symbol":"%[1]s"}`, `{"symbol":"%[2]s"}`,
	`{"symbol":"AAPL' or '1'='1"}`, `{"symbol":"AAPL\"; drop table users; --"}`, `{"symbol":"%%27 union select password_hash from users"}`,
	`{"symbols":["' or user_id = '%[1]s"]}`, `{"expression":"t1; select * from users"}`, `{"symbol":"../../../etc/passwd"}`,
	`{"accession":"../../../etc/passwd","item":"1A"}`, `{"accession":"0000320193-26-000001/../../x","item":"1A"}`, `{"accession":"file:///etc/passwd","item":"1A"}`,
	`{"symbol":"http://169.254.169.254/latest"}`, `{"url":"http://127.0.0.1:9911/"}`, `{"query":"CASH-123456.78 account %[2]s","extra":1}`,
	`{"symbol":"AAPL","symbol2":"MSFT"}`, `{"symbol":["AAPL"]}`, `{"symbol":{"$ne":null}}`, `{"symbol":null}`, `{"symbol":1e400}`, `[]`, `"AAPL"`, `null`, `42`,
	`{"first":"0000-00-00"}`, `{"limit":-1}`, `{"limit":1e9}`, `{"symbols":[]}`, `{"symbols":"AAPL"}`, `{"\u0000":"\u0000"}`, `{"symbol":"AAPL\u0000"}`,
}

// strangeNames are tools that there are not.
var strangeNames = []string{
	"place_order", "confirm_order", "fetch_url", "execute_sql", "read_file", "delete_session", "update_settings", "save_memory", "disconnect_brokerage",
	"get_quote", "GET_NEWS", "get_news ", " get_news", "get_news\u0000", "get_news;calculate", "../get_news", "get_portfolio_holdings_of_user", "__proto__",
	"constructor", "tools", "*", "get_\u200bnews", strings.Repeat("get_news", 2000),
}

// oneMegabyte is an input far above what is read.
var oneMegabyte = `{"symbol":"` + strings.Repeat("A", 1<<20) + `"}`

const hostileCalls = 500

// hostile are calls of which none may be carried out: each tool with inputs that it does not take, and tools that are not there.
func hostile(victimID, accountID string) []part {
	var all []part
	for i := 0; len(all) < hostileCalls; i++ {
		one := part{name: offered[i%len(offered)], input: fill(lies[i%len(lies)], victimID, accountID)}
		switch {
		case i%50 == 25:
			one.input = oneMegabyte
		case i%3 == 2:
			one = part{name: strangeNames[i/3%len(strangeNames)], input: one.input}
		case takes(one):
			one.input = fill(lies[0], victimID, accountID)
		}
		one.id = fmt.Sprintf("toolu_%d", i)
		if i%10 == 9 { // two calls of one id
			one.id = fmt.Sprintf("toolu_%d", i-1)
		}
		all = append(all, one)
	}
	return all
}

func fill(lie, victimID, accountID string) string {
	return strings.NewReplacer("%[1]s", victimID, "%[2]s", accountID, "%%", "%").Replace(lie)
}

// takes tells whether a tool might take an input after all: where nothing is required, null is nothing.
func takes(p part) bool { return p.input == "null" }

// refusals are the codes that a call may be refused with.
var refusals = []string{"validation_failed", "not_found", "payload_too_large", "rate_limited", "unknown_symbol", "malformed_request"}

func TestNoHostileCallOfAToolIsCarriedOut(t *testing.T) {
	const atOnce = 10
	var batches sync.Map // of calls, by the question
	act := func(asked spoken) []part {
		if batch, ok := batches.Load(asked.question); ok && asked.round == 0 {
			return batch.([]part)
		}
		return []part{{text: "I was refused."}}
	}
	eachEngineAsking(t, setup{}, act, func(t *testing.T, s *site, m *puppet) {
		v := newVictim(s)
		p := s.register("mallory")
		p.connect("blair")
		account := p.texts("select cast(a.id as text) from brokerage_accounts a join brokerage_connections c on c.id = a.connection_id where c.user_id = $1", v.id)[0]
		all := hostile(v.id, account)
		rounds := append(slices.Collect(slices.Chunk(all[100:], atOnce)), all[:100])
		secrets := newNeedles(t, v.canaries...)
		before, asked := s.checksums(v.id), len(s.tape.requests("/"))
		refused := map[string]int{}
		for i, round := range rounds {
			question := fmt.Sprintf("%s (%s, %d)", plainQuestion, s.db.Engine, i)
			batches.Store(question, round)
			message := p.say(p.newSession(map[string]any{}).ID, question)
			wantRefused(t, message, round, refused)
			wantNone(t, "the answer", secrets, strings.NewReplacer(v.id, "", account, "").Replace(message.everything(t)))
		}
		total := 0
		for _, n := range refused {
			total += n
		}
		if total != hostileCalls || refused["rate_limited"] < 100-16 || refused["payload_too_large"] == 0 || refused["not_found"] < 100 || refused["validation_failed"] < 100 {
			t.Errorf("got %v refused, want all %d by every reason", refused, hostileCalls)
		}
		after := s.checksums(v.id)
		delete(before, "api_usage_logs") // what was asked for them before is stored a moment later
		delete(after, "api_usage_logs")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("somebody else's rows changed (-before +after):\n%s", diff)
		}
		for _, r := range s.tape.requests("/")[asked:] {
			if strings.Contains(r.url, "passwd") || strings.Contains(r.url, v.id) || strings.Contains(r.url, "169.254") || r.method != http.MethodGet && strings.HasPrefix(r.url, "/alpaca") {
				t.Errorf("a hostile call got out: %s %s", r.method, r.url)
			}
		}
		fmt.Fprintln(t.Output(), total, "hostile calls refused:", refused)
	})
}

// wantRefused wants every call that the model made to be refused with a code and words. Before them may stand what was read for
// the question.
func wantRefused(t *testing.T, m message, asked []part, refused map[string]int) {
	t.Helper()
	before := len(m.ToolCalls) - len(asked)
	if m.Status != "complete" || before < 0 || before > 8 {
		t.Fatalf("got %s (%v) with %d calls, want %d", m.Status, m.Error, len(m.ToolCalls), len(asked))
	}
	for i, call := range m.ToolCalls[before:] {
		if call.Error == nil || call.Error.Message == "" || !slices.Contains(refusals, call.Error.Code) || string(call.Output) != "null" {
			t.Errorf("%s %.200s was carried out, or refused without a reason: %+v %.300s", call.Name, call.Input, call.Error, call.Output)
			continue
		}
		if !json.Valid(call.Input) || len(call.Name) > 64 {
			t.Errorf("call %d is kept as %q %.80s", i, call.Name, call.Input)
		}
		refused[call.Error.Code]++
	}
}
