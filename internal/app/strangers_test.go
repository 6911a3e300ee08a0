package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// victim is somebody who has one of everything, with words in it that nobody else may ever see.
type victim struct {
	*person
	objects  map[string]string // what stands for a parameter, by the path up to it
	canaries []string
}

func newVictim(s *site) victim { return newVictimAs(s, "canary-ada", "alex") }

// newVictimAs gives somebody one of everything, and the brokerage account of a customer of the simulated Alpaca. Every
// table that has rows of people has some of theirs.
func newVictimAs(s *site, name, customer string) victim {
	s.t.Helper()
	p := s.register(name)
	p.do(http.MethodPatch, "/auth/me", map[string]any{"firstName": name + "-first", "lastName": name + "-last"}).status(http.StatusOK)
	c := p.connect(customer)
	sync := p.newSync()
	p.snapshot("2026-11-17", `["`+name+`-reason"]`)
	p.begin("paper") // an attempt to connect that is still open
	chat := p.newSession(map[string]any{"title": name + "-title"})
	m := p.say(chat.ID, name+"-question: what is my portfolio worth?")
	login := data[[]shownLogin](p.get("/auth/sessions"))[0]
	key := p.newKey(map[string]any{"name": name + "-key", "scopes": []string{"read"}})
	p.do(http.MethodPatch, "/users/settings", map[string]any{"locale": "de-CH"}).status(http.StatusOK)
	p.post("/chat/sessions", map[string]any{"title": name + "-again"}, header("Idempotency-Key", name+"-idempotency")).status(http.StatusCreated)
	p.leftovers(name)
	account, _ := s.sim.World.Account(customer, sim.Live)
	accountID, sale := p.traded(c.ID, name)
	return victim{p, map[string]string{
		"/api/portfolio/transactions/{id}":                      sale,
		"/api/brokerages/connections/{id}/accounts/{accountId}": accountID,
		"/api/brokerages/connections/{id}":                      c.ID,
		"/api/portfolio/syncs/{id}":                             sync,
		"/api/chat/messages/{id}":                               m.ID,
		"/api/chat/sessions/{id}":                               chat.ID,
		"/api/chat/sessions/{id}/messages/{messageId}":          m.ID,
		"/api/auth/sessions/{id}":                               login.ID,
		"/api/auth/api-keys/{id}":                               key.ID,
		"/api/portfolio/holdings/{symbol}":                      "AAPL",
		"/api/stocks/quote/{symbol}":                            "AAPL",
		"/api/stocks/{symbol}":                                  "AAPL",
		"/api/edgar/facts/{symbol}":                             "AAPL", "/api/edgar/filings/{symbol}": "AAPL",
		"/api/edgar/filing/{accession}": s.filed("8-K"),
	}, []string{name, p.id, c.ID, sync, chat.ID, m.ID, login.ID, key.ID, key.Key, m.ToolCalls[0].ID, account.Number, dollars(total(s.bookOf(customer)))}}
}

// traded gives somebody's first account a purchase and a sale of half of it, and a choice of its lot.
func (p *person) traded(connectionID, name string) (accountID, sale string) {
	p.t.Helper()
	accountID = p.texts("select cast(id as text) from brokerage_accounts where connection_id = $1 order by number", connectionID)[0]
	now := db.Time(p.clock.Now())
	stock, lot, sale := db.NewID(), db.NewID(), db.NewID()
	p.write(`insert into instruments (id, symbol, name, asset_class, sector, country, exchange, currency, multiplier, market_symbol, created_at)
		values ($1, 'GAIN', 'Gain Ltd', 'equity', '', '', 'NYSE', 'USD', '1', 'GAIN', $2)`, stock, now)
	for i, id := range []string{lot, sale} {
		kind, quantity := []string{"buy", "sell"}[i], []string{"2", "-1"}[i]
		p.write(`insert into transactions (id, user_id, connection_id, account_id, external_id, kind, at, day, instrument, symbol, quantity, price,
				currency, amount, fee, tax, description, created_at, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'GAIN', $10, '5', 'USD', '0', '0', '0', $11, $7, $7)`,
			id, p.id, connectionID, accountID, "told-"+kind, kind, now.Add(time.Duration(i-9)*time.Hour), calendar.DayOf(now).AddDays(-1).String(), stock, quantity, name+"-words")
	}
	p.do(http.MethodPatch, "/brokerages/connections/"+connectionID+"/accounts/"+accountID, map[string]any{"costBasisMethod": "specific"}).status(http.StatusOK)
	p.do(http.MethodPut, "/portfolio/transactions/"+sale+"/lots", map[string]any{"lots": []any{map[string]any{"transactionId": lot, "quantity": 1}}}).status(http.StatusOK)
	return accountID, sale
}

// leftovers gives somebody what a second factor, mails and a dead process leave in the database, without turning the factor on.
func (p *person) leftovers(name string) {
	p.t.Helper()
	now := db.Time(p.clock.Now())
	p.write(`insert into recovery_codes (user_id, code_hash) values ($1, $2)`, p.id, name+"-code")
	p.write(`insert into second_factor_failures (id, user_id, at) values ($1, $2, $3)`, db.NewID(), p.id, now.Add(-time.Hour))
	p.write(`insert into account_links (id, user_id, purpose, token_hash, email, created_at, expires_at) values ($1, $2, 'verify_email', $3, $4, $5, $5)`,
		db.NewID(), p.id, name+"-link", p.email, now)
	p.write(`insert into api_usage_days (id, day, kind, user_id, provider, endpoint, model, status, failure, latency, calls, input_tokens,
			output_tokens, cache_read_tokens, cache_write_tokens, cost_usd)
		values ($1, '2026-11-01', 'call', $2, 'yahoo', 'GET /v8/finance/chart', '', 200, '', '{"400":3}', 3, 0, 0, 0, 0, '0')`, db.NewID(), p.id)
	p.write(`insert into api_usage_logs (id, at, day, kind, user_id, correlation_id, provider, endpoint, model, status, failure, duration_us, latency,
			input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd)
		values ($1, $2, '2026-11-18', 'turn', $3, $4, 'anthropic', 'POST /v1/messages', 'm', 0, '', 9, 1, 1, 1, 0, 0, '0.01')`, db.NewID(), now, p.id, name+"-correlation")
	p.write(`insert into model_reservations (id, user_id, month, usd, tokens, made_at) values ($1, $2, '2026-11', '0.01', 10, $3)`, db.NewID(), p.id, now)
}

// filed is the number of Apple's newest filing on a form.
func (s *site) filed(form string) string {
	s.t.Helper()
	apple, _ := s.sim.World.Filings().Company(320193)
	for _, f := range apple.Until(s.clock.Now()) {
		if f.Form == form {
			return f.Accession
		}
	}
	s.t.Fatalf("there is no %s", form)
	return ""
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// fill puts objects in the place of a path's parameters; ids, where it is not nil, are used for all that are ids.
func (v victim) fill(t *testing.T, path string, ids func() string) string {
	t.Helper()
	filled := ""
	last := 0
	for _, at := range parameter.FindAllStringIndex(path, -1) {
		value, known := v.objects[path[:at[1]]]
		if !known {
			t.Errorf("%s: no object to try; add one to the victim's", path[:at[1]])
		}
		if ids != nil && db.IsID(value) {
			value = ids()
		}
		filled += path[last:at[0]] + value
		last = at[1]
	}
	return strings.TrimPrefix(filled+path[last:], "/api")
}

// required is a query with what an operation cannot do without, as its description has it for an example.
func (o operation) required() string {
	values := url.Values{}
	for _, p := range o.Parameters {
		if p.Value.In == openapi3.ParameterInQuery && p.Value.Required {
			values.Set(p.Value.Name, fmt.Sprint(p.Value.Schema.Value.Examples[0]))
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// sample is a body that an operation takes, by its description; nil when it takes none.
func (o operation) sample() any {
	if o.RequestBody == nil {
		return nil
	}
	return sampleOf(o.RequestBody.Value.Content.Get("application/json").Schema.Value)
}

func sampleOf(schema *openapi3.Schema) any {
	switch {
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Type.Includes("object"):
		object := map[string]any{}
		for name, property := range schema.Properties {
			object[name] = sampleOf(property.Value)
		}
		return object
	case schema.Type.Includes("array"):
		return []any{sampleOf(schema.Items.Value)}
	case schema.Type.Includes("boolean"):
		return true
	case schema.Type.Includes("number"), schema.Type.Includes("integer"):
		return 1
	}
	return "sample text"
}

// forms are the ways to ask for an operation: as JSON and, where it is described, as a stream.
func (o operation) forms() [][]change {
	forms := [][]change{nil}
	if ok := o.Responses.Status(http.StatusOK); ok != nil && ok.Value.Content.Get("text/event-stream") != nil {
		forms = append(forms, []change{asStream()})
	}
	return forms
}

// without hides what may differ between two answers to the same question.
func without(a answer) string {
	return string(bytes.ReplaceAll(a.Body, []byte(a.Header.Get("X-Correlation-ID")), nil))
}

// tellsOfTries are reads whose answers grow with what is tried: with sign-ins, with what is recorded, and with what is asked of others.
var tellsOfTries = []string{"/api/audit/logs", "/api/auth/sessions", "/api/users/export", "/api/analytics/usage", "/api/analytics/costs"}

// everything is what the victim's own reads answer, less those.
func (v victim) everything(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, o := range v.contract.operations() {
		if o.method == http.MethodGet && o.needsToken() && !slices.Contains(tellsOfTries, o.path) {
			all[o.path] = without(v.get(v.fill(t, o.path, nil) + o.required()).status(http.StatusOK))
		}
	}
	return all
}

func TestWithoutATokenOnlyWhatIsPublicAnswers(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		var public []string
		for _, o := range s.contract.operations() {
			if !o.needsToken() { // the matrix tries whether the others do
				public = append(public, o.String())
			}
		}
		want := []string{
			"POST /api/auth/login", "POST /api/auth/refresh", "POST /api/auth/register",
			"POST /api/auth/forgot-password", "POST /api/auth/reset-password", "POST /api/auth/verify-email",
			"GET /api/brokerages/callback", "GET /api/health/live", "GET /api/health/ready",
			"GET /api/health", "GET /api/health/database", "GET /api/health/external-apis",
		}
		if slices.Sort(public); !slices.Equal(public, slices.Sorted(slices.Values(want))) {
			t.Errorf("public are %v, want %v", public, want)
		}
	})
}
