package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// canary stands in everything that is wrong; no answer may repeat it.
const canary = "c4n4ry"

// wantNoEcho wants an answer that does not repeat what was sent.
func (a answer) wantNoEcho() {
	a.t.Helper()
	if text := fmt.Sprint(string(a.Body), a.Header); strings.Contains(strings.ToLower(text), canary) {
		a.t.Errorf("got %v, which repeats what was sent", a)
	}
}

func TestBodiesThatCannotBeReadAreRefusedByEveryRoute(t *testing.T) {
	nested := strings.Repeat(`{"`+canary+`":`, 6000)
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s)
		before := v.everything(t)
		for _, o := range s.contract.operations() {
			if o.RequestBody == nil {
				continue
			}
			path := v.fill(t, o.path, nil)
			for _, tc := range []struct {
				name, body string
				status     int
				code       string
				changes    []change
			}{
				{"none", "", 400, "malformed_request", nil},
				{"not JSON", `{"` + canary, 400, "malformed_request", nil},
				{"two values", `{} {"` + canary + `":1}`, 400, "malformed_request", nil},
				{"too deep", nested, 400, "malformed_request", nil},
				{"not UTF-8", "{\"" + canary + "\":\"\xff\"}", 400, "malformed_request", nil},
				{"a list", `["` + canary + `"]`, 422, "validation_failed", nil},
				{"a text", `"` + canary + `"`, 422, "validation_failed", nil},
				{"null", `null`, 422, "validation_failed", nil},
				{"plain text", `{"` + canary + `":1}`, 415, "unsupported_media_type", []change{header("Content-Type", "text/plain")}},
				{"a form", canary + "=1", 415, "unsupported_media_type", []change{header("Content-Type", "application/x-www-form-urlencoded")}},
				{"too large", `{"` + canary + `":"` + strings.Repeat("x", 1<<16) + `"}`, 413, "payload_too_large", nil},
				{"far too large", strings.Repeat(canary, 1<<18), 413, "payload_too_large", nil},
				{"large without a length", strings.Repeat(canary, 1<<14), 413, "payload_too_large", []change{withoutLength}},
			} {
				a := v.do(o.method, path, tc.body, tc.changes...).fails(tc.status, tc.code)
				if a.wantNoEcho(); t.Failed() {
					t.Fatalf("%v with a body that is %s", o, tc.name)
				}
			}
		}
		v.login() // a try at logging in or out may not have ended anything
		if after := v.everything(t); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("something changed: got %v, want %v", after, before)
		}
	})
}

// withoutLength sends a body in chunks.
func withoutLength(r *http.Request) {
	r.ContentLength = -1
	r.Body = io.NopCloser(struct{ io.Reader }{r.Body})
}

// long is a text of n bytes.
func long(n int) string { return canary + strings.Repeat("x", n-len(canary)) }

type object = map[string]any

// wrongFields are requests that can be read, and the fields that are wrong in them.
var wrongFields = map[string]struct {
	method, path string
	body         any
	want         []string
}{
	"register nothing":          {"POST", "/auth/register", object{}, []string{"body.email", "body.password"}},
	"register wrong types":      {"POST", "/auth/register", object{"email": 1, "password": true, "firstName": []int{1}, "lastName": object{}}, []string{"body.email", "body.firstName", "body.lastName", "body.password"}},
	"register weak and bad":     {"POST", "/auth/register", object{"email": canary, "password": canary}, []string{"body.email", "body.password"}},
	"register 73 bytes":         {"POST", "/auth/register", object{"email": "a@example.com", "password": long(73)}, []string{"body.password"}},
	"register 74 bytes, short":  {"POST", "/auth/register", object{"email": "a@example.com", "password": strings.Repeat("é", 37)}, []string{"body.password"}},
	"register common":           {"POST", "/auth/register", object{"email": "a@example.com", "password": "Password123!"}, []string{"body.password"}},
	"register own address":      {"POST", "/auth/register", object{"email": "grace-hopper@example.com", "password": "x-Grace-Hopper-1906"}, []string{"body.password"}},
	"register long address":     {"POST", "/auth/register", object{"email": long(250) + "@example.com", "password": password}, []string{"body.email"}},
	"login 73 bytes":            {"POST", "/auth/login", object{"email": "ada@example.com", "password": long(73)}, []string{"body.password"}},
	"login wrong types":         {"POST", "/auth/login", object{"email": []string{canary}, "password": object{canary: 1}}, []string{"body.email", "body.password"}},
	"refresh nothing":           {"POST", "/auth/refresh", object{canary: 1}, []string{"body.refreshToken"}},
	"refresh too long":          {"POST", "/auth/refresh", object{"refreshToken": long(201)}, []string{"body.refreshToken"}},
	"forgot nothing":            {"POST", "/auth/forgot-password", object{canary: 1}, []string{"body.email"}},
	"forgot too long":           {"POST", "/auth/forgot-password", object{"email": long(255)}, []string{"body.email"}},
	"reset nothing":             {"POST", "/auth/reset-password", object{canary: 1}, []string{"body.newPassword", "body.token"}},
	"verify wrong type":         {"POST", "/auth/verify-email", object{"token": []string{canary}}, []string{"body.token"}},
	"password weak":             {"POST", "/auth/change-password", object{"currentPassword": password, "newPassword": "1234567"}, []string{"body.newPassword"}},
	"password too long":         {"POST", "/auth/change-password", object{"currentPassword": password, "newPassword": long(73)}, []string{"body.newPassword"}},
	"names too long":            {"PATCH", "/auth/me", object{"firstName": long(101), "lastName": long(101)}, []string{"body.firstName", "body.lastName"}},
	"unknown brokerage":         {"POST", "/brokerages/connect", object{"provider": canary}, []string{"body.provider"}},
	"unknown environment":       {"POST", "/brokerages/connect", object{"provider": "alpaca", "environment": canary}, []string{"body.environment"}},
	"long state":                {"GET", "/brokerages/callback?code=" + long(2001) + "&state=" + long(201) + "&error=" + long(201), nil, []string{"query.code", "query.error", "query.state"}},
	"bad symbols":               {"POST", "/stocks/quotes", object{"symbols": []string{canary + "!", "AAPL", "<b>" + canary, "", long(30)}}, []string{"body.symbols[0]", "body.symbols[2]", "body.symbols[3]", "body.symbols[4]"}},
	"101 symbols":               {"POST", "/stocks/quotes", object{"symbols": slices.Repeat([]string{"AAPL"}, 101)}, []string{"body.symbols"}},
	"no symbols":                {"POST", "/stocks/quotes", object{"symbols": []string{}}, []string{"body.symbols"}},
	"symbols of other types":    {"POST", "/stocks/quotes", object{"symbols": []any{1, nil, object{}}}, []string{"body.symbols[0]", "body.symbols[1]", "body.symbols[2]"}},
	"a bad symbol":              {"GET", "/stocks/quote/" + canary + "%21", nil, []string{"path.symbol"}},
	"a long symbol":             {"GET", "/stocks/quote/" + long(31), nil, []string{"path.symbol"}},
	"title too long":            {"POST", "/chat/sessions", object{"title": long(201)}, []string{"body.title"}},
	"title of blanks":           {"POST", "/chat/sessions", object{"title": " \n "}, []string{"body.title"}},
	"title with NUL":            {"POST", "/chat/sessions", object{"title": canary + "\x00"}, []string{"body.title"}},
	"session of wrong types":    {"PATCH", "/chat/sessions/{id}", object{"title": 1, "pinned": "yes", "archived": 0}, []string{"body.archived", "body.pinned", "body.title"}},
	"content missing":           {"POST", "/chat/sessions/{id}/messages", object{canary: "x"}, []string{"body.content"}},
	"content empty":             {"POST", "/chat/sessions/{id}/messages", object{"content": ""}, []string{"body.content"}},
	"content of blanks":         {"POST", "/chat/sessions/{id}/messages", object{"content": "  "}, []string{"body.content"}},
	"content too long":          {"POST", "/chat/sessions/{id}/messages", object{"content": long(8001)}, []string{"body.content"}},
	"content with NUL":          {"POST", "/chat/sessions/{id}/messages", object{"content": canary + "\x00"}, []string{"body.content"}},
	"days that are none":        {"GET", "/stocks/AAPL/history?from=" + canary + "&to=2026-02-30&interval=1y", nil, []string{"query.from", "query.interval", "query.to"}},
	"a range and its beginning": {"GET", "/stocks/AAPL/history?from=2026-01-02&range=1Y", nil, []string{"query.range"}},
	"an interval that is none":  {"GET", "/stocks/AAPL/history?interval=" + canary, nil, []string{"query.interval"}},
	"minutes of years":          {"GET", "/stocks/AAPL/history?interval=1m&range=1Y", nil, []string{"query.range"}},
	"minutes adjusted":          {"GET", "/stocks/AAPL/history?interval=1m&adjusted=total", nil, []string{"query.adjusted"}},
	"news of old":               {"GET", "/stocks/AAPL/news?from=2024-01-01&to=2024-01-02", nil, []string{"query.from"}},
	"news of no days":           {"GET", "/news?from=" + canary + "&to=x&limit=0", nil, []string{"query.from", "query.limit", "query.to"}},
	"a search for nothing":      {"GET", "/stocks/search", nil, []string{"query.q"}},
	"a search for blanks":       {"GET", "/stocks/search?q=%20%20", nil, []string{"query.q"}},
	"a long search":             {"GET", "/stocks/search?q=" + long(101), nil, []string{"query.q"}},
	"the company of no symbol":  {"GET", "/stocks/" + canary + "%21/info", nil, []string{"path.symbol"}},
	"days the wrong way round":  {"GET", "/stocks/AAPL/history?from=2026-01-02&to=2026-01-01", nil, []string{"query.to"}},
	"a made-up range":           {"GET", "/stocks/AAPL/history?range=" + canary, nil, []string{"query.range"}},
	"the past of no symbol":     {"GET", "/stocks/" + canary + "%21/history", nil, []string{"path.symbol"}},
	"filings of no company":     {"GET", "/edgar/filings/" + canary + "%21?from=" + canary, nil, []string{"query.from"}},
	"filings on no form":        {"GET", "/edgar/filings/AAPL?form=%3C" + canary, nil, []string{"query.form"}},
	"a cursor of no filings":    {"GET", "/edgar/filings/AAPL?cursor=" + canary, nil, []string{"query.cursor"}},
	"a number of no filing":     {"GET", "/edgar/filing/" + canary, nil, []string{"path.accession"}},
	"a section and a document":  {"GET", "/edgar/filing/0000320193-24-000123?section=1A&document=" + canary, nil, []string{"query.section"}},
	"a search of days":          {"GET", "/edgar/search?q=x&from=" + canary + "&to=" + canary, nil, []string{"query.from", "query.to"}},
	"a search without end":      {"GET", "/edgar/search?q=" + long(401), nil, []string{"query.q"}},
	"limit zero":                {"GET", "/chat/sessions?limit=0", nil, []string{"query.limit"}},
	"limit too large":           {"GET", "/chat/sessions/{id}/messages?limit=201", nil, []string{"query.limit"}},
	"limit no number":           {"GET", "/chat/sessions?limit=" + canary, nil, []string{"query.limit"}},
	"limit huge":                {"GET", "/chat/sessions?limit=99999999999999999999", nil, []string{"query.limit"}},
	"limit broken":              {"GET", "/chat/sessions?limit=1.5", nil, []string{"query.limit"}},
	"a made-up cursor":          {"GET", "/chat/sessions?cursor=" + canary, nil, []string{"query.cursor"}},
	"a made-up cursor inside":   {"GET", "/chat/sessions/{id}/messages?cursor=" + canary, nil, []string{"query.cursor"}},
	"a long cursor":             {"GET", "/chat/sessions?cursor=" + long(201), nil, []string{"query.cursor"}},
}

func TestWrongFieldsAreAllNamedAndNeverRepeated(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		for name, tc := range wrongFields {
			t.Run(name, func(t *testing.T) {
				q := *p
				q.site = &site{t: t, url: s.url, contract: s.contract}
				a := q.do(tc.method, strings.ReplaceAll(tc.path, "{id}", chat.ID), tc.body).fails(http.StatusUnprocessableEntity, "validation_failed")
				a.wantNoEcho()
				if got := a.fields(); !slices.Equal(got, tc.want) {
					t.Errorf("got %v, want the fields %v", a, tc.want)
				}
			})
		}
		if after := p.newSession(map[string]any{}); after.Title != chat.Title {
			t.Errorf("got %v, want a session as before", after)
		}
	})
}

func TestWhatIsUnknownSaysSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.get("/stocks/quote/"+canary).fails(http.StatusNotFound, "unknown_symbol").wantNoEcho()
		found, m := dataMeta[[]struct{ Symbol string }](p.post("/stocks/quotes", map[string]any{"symbols": []string{"msft", "NOSUCH", "AAPL", "MSFT"}}).status(http.StatusOK))
		if len(found) != 2 || found[0].Symbol != "MSFT" || found[1].Symbol != "AAPL" || !slices.Equal(m.Unknown, []string{"NOSUCH"}) {
			t.Errorf("got %v and unknown %v, want MSFT and AAPL, and NOSUCH unknown", found, m.Unknown)
		}
		p.get("/portfolio/holdings/"+canary).fails(http.StatusNotFound, "not_found").wantNoEcho()
		p.post("/auth/login", map[string]any{"email": canary + "@example.com", "password": canary}).fails(http.StatusUnauthorized, "invalid_credentials").wantNoEcho()
		p.post("/auth/login", map[string]any{"email": canary, "password": canary}).fails(http.StatusUnauthorized, "invalid_credentials").wantNoEcho()
		p.post("/auth/login", map[string]any{"email": canary + "\x00", "password": canary}).fails(http.StatusUnauthorized, "invalid_credentials").wantNoEcho()
		p.post("/auth/refresh", map[string]any{"refreshToken": canary}).fails(http.StatusUnauthorized, "unauthenticated").wantNoEcho()
		p.post("/auth/register", map[string]any{"email": " ADA@Example.com ", "password": password}).fails(http.StatusConflict, "email_taken").wantNoEcho()
		for _, id := range []string{canary, "0", strings.Repeat("0", 36), "{" + p.id + "}", p.id + "%00", "%ff", "..%2f" + p.id, "%27%20or%201=1"} {
			for _, path := range []string{"/chat/sessions/" + id, "/chat/sessions/" + id + "/messages", "/brokerages/connections/" + id + "/status"} {
				p.get(path).fails(http.StatusNotFound, "not_found").wantNoEcho()
			}
		}
	})
}

func TestABodyThatBreaksOffIsTheCallersFault(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		for _, head := range []string{
			"Content-Length: 100\r\n\r\n{\"" + canary,
			"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + canary,
		} {
			text := s.raw("POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + head)
			if !bytes.HasPrefix(text, []byte("HTTP/1.1 400 ")) || bytes.Contains(text, []byte(canary)) || !bytes.Contains(text, []byte(`"malformed_request"`)) {
				t.Errorf("got %s, want 400 malformed_request", text)
			}
		}
	})
}

func TestWhatIsNoTextInAQueryIsTheCallersFault(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		for _, name := range []string{"connectionId", "account", "symbol"} {
			for _, value := range []string{"%00", "a%00b", "%ff%fe", "%ed%a0%80"} {
				a := p.get("/portfolio/transactions?"+name+"="+value).fails(422, "validation_failed")
				if got := a.fields(); len(got) != 1 || got[0] != "query."+name {
					t.Errorf("%s=%s: got %v, want it named", name, value, a)
				}
			}
		}
	})
}
