package app_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// used is the answer to what was asked of others.
type used struct {
	From, To, TimeZone string
	DelaySeconds       float64
	LostRecords        int64
	Total              traffic
	Groups             []struct {
		Provider, Endpoint, Day string
		traffic
	}
}

type traffic struct {
	Calls, Errors int64
	Statuses      []struct {
		Status  int
		Failure string
		Calls   int64
	}
	LatencyMs     *struct{ P50, P95, P99 float64 }
	LanguageModel *modelUse
}

type modelUse struct {
	Turns, BrokenOff int64
	Tokens           struct{ InputTokens, OutputTokens, CacheReadTokens, CacheWriteTokens int64 }
	CostUsd          decimal.Decimal
}

// cost is the answer to what models cost.
type cost struct {
	Total  modelUse
	Groups []struct {
		Day, Provider, Model string
		modelUse
	}
	Month struct {
		Month     string
		ToDateUsd decimal.Decimal
		Estimate  struct {
			MonthEndUsd *decimal.Decimal
			Reason      *string
		}
	}
	Budgets struct {
		Person, Installation *struct{ Spent, Reserved struct{ Usd decimal.Decimal } }
	}
}

// answered are the calls by provider and status.
func (u used) answered() map[string]int64 {
	all := map[string]int64{}
	for _, g := range u.Groups {
		for _, one := range g.Statuses {
			all[fmt.Sprint(g.Provider, " ", one.Status)] += one.Calls
		}
	}
	return all
}

// served is how the simulated providers answered, but for the pages that browsers opened there, by the names we know them by.
func served(answers []sim.AnswerCount) map[string]int64 {
	all := map[string]int64{}
	for _, a := range answers {
		if !strings.HasPrefix(a.Path, "/oauth/authorize") {
			name := cmp.Or(map[string]string{sim.ProviderClaude: "anthropic"}[a.Provider], a.Provider)
			all[fmt.Sprint(name, " ", a.Status)] += int64(a.Count)
		}
	}
	return all
}

// billed is what the simulated model told that it took, at the list price of the model that is asked by default.
func billed(tokens []sim.TokenCount) (m modelUse) {
	for _, one := range tokens {
		m.BrokenOff += int64(one.BrokenOff)
		m.Tokens.InputTokens += int64(one.Input)
		m.Tokens.OutputTokens += int64(one.Output)
		m.Tokens.CacheReadTokens += int64(one.CacheRead)
		m.Tokens.CacheWriteTokens += int64(one.CacheWrite)
	}
	for _, part := range []struct {
		tokens  int64
		dollars string // for a million
	}{{m.Tokens.InputTokens, "2"}, {m.Tokens.OutputTokens, "10"}, {m.Tokens.CacheReadTokens, "0.20"}, {m.Tokens.CacheWriteTokens, "2.50"}} {
		m.CostUsd = m.CostUsd.Add(decimal.NewFromInt(part.tokens).Mul(decimal.RequireFromString(part.dollars)).Shift(-6))
	}
	return m
}

// counted waits until everybody's usage is what the simulator counted, and returns it.
func (p *person) counted() (u used, c cost) {
	p.t.Helper()
	eventually(p.t, "the simulator's count", func() error {
		u = data[used](p.get("/analytics/usage?all=true&by=provider,endpoint,day").status(http.StatusOK))
		c = data[cost](p.get("/analytics/costs?all=true").status(http.StatusOK))
		want := billed(p.sim.Tokens())
		if diff := gocmp.Diff(served(p.sim.Answers()), u.answered()); diff != "" {
			return fmt.Errorf("calls (-simulator +usage):\n%s", diff)
		}
		if c.Total.Tokens != want.Tokens || !c.Total.CostUsd.Equal(want.CostUsd) || c.Total.BrokenOff != want.BrokenOff {
			return fmt.Errorf("got %+v of the model, want %+v", c.Total, want)
		}
		return nil
	})
	return u, c
}

// busyHour is what two people and the server do, with an outside that does not always work.
func busyHour(s *site, hour int, ada, bob *person) {
	for i, p := range []*person{ada, bob} {
		p.moveTo(s.clock.Now())
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultServerError, Count: 1})
		p.newSync()
		s.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError, Count: 1, Path: "/v7"})
		p.post("/stocks/quotes", map[string]any{"symbols": []string{"AAPL", "MSFT", "KO", "NOSUCH"}}).status(http.StatusOK)
		p.get("/stocks/" + []string{"TSLA", "JPM"}[i] + "/history").status(http.StatusOK)
		p.get("/edgar/filings/" + []string{"AAPL", "MSFT", "NVDA"}[hour%3]).status(http.StatusOK)
		p.get("/edgar/filing/" + s.filed("8-K")).status(http.StatusOK)
		chat := p.newSession(map[string]any{}).ID
		p.say(chat, "What is my portfolio worth, and how is AAPL doing?")
		p.fail(sim.Fault{Kind: []sim.FaultKind{sim.FaultStreamCut, sim.FaultOverloaded, sim.FaultMaxTokens}[hour%3], Count: 1})
		p.say(chat, plainQuestion)
		p.fail(sim.Fault{Kind: sim.FaultServerError, Status: 529, Count: 1}) // and then it works
		p.say(chat, "And what does MSFT trade at?")
	}
}

func TestUsageAndCostsAreWhatTheSimulatorCountedOverADay(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		admin, ada, bob := s.register("admin"), s.register("ada"), s.register("bob")
		ada.connect("alex")
		bob.connect("blair")
		for hour := range 3 {
			busyHour(s, hour, ada, bob)
			s.clock.Advance(time.Hour)
		}
		s.waitIdle()
		admin.moveTo(s.clock.Now())
		u, c := admin.counted()
		t.Logf("%d calls, %d of them errors; %d turns, %d broken off, %+v, $%s", u.Total.Calls, u.Total.Errors, c.Total.Turns, c.Total.BrokenOff, c.Total.Tokens, c.Total.CostUsd)
		if c.Total.BrokenOff == 0 || u.Total.Errors < 12 || u.LostRecords != 0 || u.TimeZone != "UTC" || !c.Month.ToDateUsd.Equal(c.Total.CostUsd) ||
			c.Month.Estimate.MonthEndUsd != nil || c.Month.Estimate.Reason == nil || c.Budgets.Installation.Spent.Usd.LessThan(c.Total.CostUsd) {
			t.Errorf("got %+v and %+v, want a day of which the month can tell and no whole day to go by", u, c)
		}
		checkWhose(t, u, c, ada, bob)
		checkRollUp(t, s, admin)
	})
}

// checkWhose wants people to see their own, and nobody else's.
func checkWhose(t *testing.T, all used, everybodys cost, people ...*person) {
	t.Helper()
	var turns, alpaca int64
	dollars := decimal.Zero
	for _, p := range people {
		p.moveTo(p.clock.Now())
		own, c := data[used](p.get("/analytics/usage?by=provider").status(http.StatusOK)), data[cost](p.get("/analytics/costs").status(http.StatusOK))
		if own.Total.Calls == 0 || own.Total.Calls >= all.Total.Calls || c.Budgets.Person == nil || c.Budgets.Installation != nil {
			t.Errorf("got %+v, %+v, want one's own of the whole", own.Total, c.Budgets)
		}
		for status, n := range own.answered() {
			if strings.HasPrefix(status, "alpaca") {
				alpaca += n
			}
		}
		turns, dollars = turns+c.Total.Turns, dollars.Add(c.Total.CostUsd)
		for _, path := range []string{"/analytics/usage", "/analytics/costs"} {
			p.get(path+"?all=true").fails(http.StatusForbidden, "forbidden")
			p.get(path+"?userId="+people[0].id+"&all=true").fails(http.StatusForbidden, "forbidden")
			p.get(path+"?from=2026-11-20&to=2026-11-19").fails(http.StatusUnprocessableEntity, "validation_failed")
			p.get(path+"?by=user").fails(http.StatusUnprocessableEntity, "validation_failed")
		}
	}
	people[0].get("/analytics/usage?userId="+people[1].id).fails(http.StatusForbidden, "forbidden")
	if turns != everybodys.Total.Turns || !dollars.Equal(everybodys.Total.CostUsd) {
		t.Errorf("people took %d turns for $%s, want all: %+v", turns, dollars, everybodys.Total)
	}
	for status, n := range all.answered() {
		if strings.HasPrefix(status, "alpaca") {
			alpaca -= n
		}
	}
	if alpaca != 0 { // each call there is for whom the account is
		t.Errorf("people's calls of Alpaca and everybody's differ by %d", alpaca)
	}
}

// checkRollUp wants the day to be told as before when its rows have become few.
func checkRollUp(t *testing.T, s *site, admin *person) {
	t.Helper()
	const day = "from=2026-11-18&to=2026-11-18&all=true"
	groups := func() string {
		c := data[cost](admin.get("/analytics/costs?" + day).status(http.StatusOK))
		return fmt.Sprintf("%s %+v", without(admin.get("/analytics/usage?"+day+"&by=provider,endpoint,day").status(http.StatusOK)), c.Groups)
	}
	before, rows := groups(), len(s.texts("select id from api_usage_logs where day = '2026-11-18'"))
	admin.moveTo(opening().AddDate(0, 0, 9))
	if err := s.app.Usage.RollUp(t.Context(), struct{}{}); err != nil {
		t.Fatal(err)
	}
	sums := len(s.texts("select id from api_usage_days where day = '2026-11-18'"))
	if left := s.texts("select id from api_usage_logs where day = '2026-11-18'"); len(left) > 0 || sums == 0 || sums >= rows {
		t.Errorf("got %d rows left and %d in the place of %d, want few", len(left), sums, rows)
	}
	if diff := gocmp.Diff(before, groups()); diff != "" {
		t.Errorf("rolled up it is another answer (-before +after):\n%s", diff)
	}
	c := data[cost](admin.get("/analytics/costs?all=true").status(http.StatusOK))
	if c.Month.Estimate.MonthEndUsd == nil || c.Month.Estimate.MonthEndUsd.LessThan(c.Month.ToDateUsd) {
		t.Errorf("got %+v, want an estimate by the days there are now", c.Month)
	}
	s.waitIdle()
}

func TestACallIsForThePersonBehindAnAPIKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		s.register("admin")
		p := s.register("ada")
		script := s.withKey(p.newKey(map[string]any{"name": "script", "scopes": []string{"read"}}).Key)
		script.get("/stocks/quote/AAPL").status(http.StatusOK)
		eventually(t, "the key's calls", func() error {
			if u := data[used](p.get("/analytics/usage?by=provider").status(http.StatusOK)); u.answered()["yahoo 200"] == 0 {
				return errNotYet
			}
			return nil
		})
		if ids := s.texts("select distinct coalesce(correlation_id, '') from api_usage_logs where user_id = $1", p.id); len(ids) != 1 || ids[0] == "" {
			t.Errorf("got the correlation ids %v, want the request's", ids)
		}
		script.get("/analytics/usage").fails(http.StatusForbidden, "insufficient_scope")
	})
}
