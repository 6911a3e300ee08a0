package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// couple is somebody with two connections, of which one can be made to fail while the other works.
type couple struct {
	*person
	well, ill link
	known     decimal.Decimal // what the ill one was worth when it was read last
	rows      int             // of it in the database
}

// onlyPaper is where faults strike the paper account alone.
const onlyPaper = "/paper/v2"

func newCouple(s *site) couple {
	s.t.Helper()
	p := s.register("ada")
	well := p.connect("alex")
	ill := p.waitSynced(data[link](p.get(p.consent(p.begin("paper"), "casey", "allow")).status(http.StatusOK)).ID)
	c := couple{person: p, well: well, ill: ill, known: p.summary().TotalValue.Sub(total(s.bookOf("alex")))}
	c.rows = c.kept()
	if c.rows == 0 || c.known.IsZero() {
		s.t.Fatal("the account that is to fail is empty")
	}
	return c
}

// kept is how many rows are stored of the ill connection.
func (c couple) kept() int {
	c.t.Helper()
	return len(c.query(`select cast(id as text) from portfolio_holdings where connection_id = $1
		union all select cast(id as text) from brokerage_accounts where connection_id = $1
		union all select cast(id as text) from transactions where connection_id = $1`, c.ill.ID))
}

// wantServed wants the well connection read now, and the ill one shown as it was, labelled, with the error.
func (c couple) wantServed(code, age string) {
	c.t.Helper()
	c.waitSynced(c.well.ID)
	c.waitStatus(c.ill.ID, map[bool]string{true: code, false: "error"}[code == "reauthorization_required"], code)
	well := total(c.bookOf("alex"))
	sum, told := dataMeta[summary](c.get("/portfolio/summary").status(http.StatusOK))
	if !sum.Confirmed.TotalValue.Equal(well) || !sum.BestKnown.TotalValue.Equal(well.Add(c.known)) || sum.Connections.Stale != 1 {
		c.t.Errorf("got %+v, want %s confirmed and %s best known", sum, well, well.Add(c.known))
	}
	if text := strings.Join(told.Warnings, "\n"); !strings.Contains(text, "(paper) shows values from "+age+" ago") {
		c.t.Errorf("got the warnings %q, want the paper account's age", text)
	}
	for _, path := range []string{"/portfolio/holdings", "/portfolio/holdings/AAPL"} {
		if _, also := dataMeta[any](c.get(path).status(http.StatusOK)); strings.Join(also.Warnings, "") != strings.Join(told.Warnings, "") {
			c.t.Errorf("%s: got the warnings %v, want those of the summary", path, also.Warnings)
		}
	}
	if now := c.linkStatus(c.ill.ID); !now.LastSyncAt.Equal(*c.ill.LastSyncAt) || c.kept() != c.rows {
		c.t.Errorf("got it read at %v with %d rows, want it as it was: %v, %d", now.LastSyncAt, c.kept(), c.ill.LastSyncAt, c.rows)
	}
}

// wantWhole wants both read now, and nothing to be said.
func (c couple) wantWhole() {
	c.t.Helper()
	if now := c.waitSynced(c.ill.ID); now.Status != "active" || now.Error != nil {
		c.t.Errorf("got %+v, want it to work again", now)
	}
	sum, told := dataMeta[summary](c.get("/portfolio/summary").status(http.StatusOK))
	if sum.Connections.Stale != 0 || !sum.Confirmed.TotalValue.Equal(sum.TotalValue) || strings.Contains(strings.Join(told.Warnings, ""), "ago") {
		c.t.Errorf("got %+v with %v, want it whole", sum, told.Warnings)
	}
}

func TestABrokerageThatFailsInAnyWayHoldsUpNobodyAndLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		fault sim.Fault
		code  string
	}{
		"down":        {sim.Fault{Kind: sim.FaultServerError, Status: http.StatusServiceUnavailable}, "upstream_unavailable"},
		"garbage":     {sim.Fault{Kind: sim.FaultGarbage}, "upstream_failed"},
		"truncated":   {sim.Fault{Kind: sim.FaultCutBody}, "upstream_failed"},
		"wrong types": {sim.Fault{Kind: sim.FaultWrongTypes}, "upstream_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *site) {
				p := newCouple(s)
				c.fault.Path = onlyPaper
				s.sim.Faults.Set(sim.ProviderAlpaca, c.fault)
				s.clock.Advance(2 * time.Minute)
				id := p.askSync()
				p.wantServed(c.code, "2 minutes")
				for _, l := range data[shownSync](p.get("/portfolio/syncs/" + id)).Connections {
					if failed := l.ConnectionID == p.ill.ID; failed != (l.State == "queued") || failed != (l.Error != nil) || failed == (l.State == "done") {
						t.Errorf("got %+v, want the paper account to be tried again, and the other done", l)
					}
				}
				s.sim.Faults.Clear(sim.ProviderAlpaca)
				s.clock.Advance(10 * time.Second) // when it is tried again by itself
				p.wantWhole()
				if got := p.followed(id); got.State != "done" {
					t.Errorf("got %+v, want the same sync done", got)
				}
			})
		})
	}
}

func TestABrokerageThatGivesUpForGoodLeavesThePartialSyncFailed(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := newCouple(s)
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultWrongTypes, Path: onlyPaper})
		s.clock.Advance(2 * time.Minute)
		id := p.askSync()
		p.wantServed("upstream_failed", "2 minutes")
		for try := 2; try <= 5; try++ {
			s.clock.Advance(2 * time.Minute)
			eventually(t, "another try", func() error {
				if got := p.texts("select cast(attempt as text) from jobs where unique_key = $1 order by id desc limit 1", p.ill.ID); got[0] < fmt.Sprint(try) {
					return fmt.Errorf("it is at try %v", got)
				}
				return nil
			})
			s.waitIdle()
		}
		got := p.followed(id)
		if got.State != "partial" || got.Connections[1].State != "failed" || got.Connections[1].Error.Code != "upstream_failed" {
			t.Errorf("got %+v, want it partial", got)
		}
		s.sim.Faults.Clear(sim.ProviderAlpaca)
		s.clock.Advance(15 * time.Minute) // the next slot
		p.login()
		p.wantWhole()
	})
}

func TestABrokerageThatLoggedUsOutWaitsForItsOwnerAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := newCouple(s)
		s.sim.RevokeTokens("casey")
		s.clock.Advance(2 * time.Minute)
		id := p.askSync()
		p.wantServed("reauthorization_required", "2 minutes")
		if got := p.followed(id); got.State != "partial" {
			t.Errorf("got %+v, want it partial", got)
		}
		p.get(p.consent(p.begin("paper"), "casey", "allow")).status(http.StatusOK)
		p.wantWhole()
	})
}

func TestABrokerageThatIsSlowIsWaitedForByNobodyElse(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := newCouple(s)
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultLatency, Delay: 9 * time.Second, Path: onlyPaper, Count: 1}) // its patience is 10
		s.clock.Advance(2 * time.Minute)
		id := p.askSync()
		eventually(t, "the quick one", func() error {
			got := data[shownSync](p.get("/portfolio/syncs/" + id))
			if got.State != "running" || got.Connections[0].State != "done" || got.Connections[1].State != "running" {
				return fmt.Errorf("got %+v", got)
			}
			return nil
		})
		if sum := p.summary(); !sum.TotalValue.Equal(total(s.bookOf("alex")).Add(p.known)) {
			t.Errorf("got %s while it is slow, want what is known", sum.TotalValue)
		}
		s.sim.Faults.Clear(sim.ProviderAlpaca)
		p.wantWhole()
		if got := p.followed(id); got.State != "done" {
			t.Errorf("got %+v, want it done", got)
		}
	})
}

func TestABrokerageThatAsksForTimeGetsItWhoeverPressesTheButton(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := newCouple(s)
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultRateLimited, RetryAfter: time.Minute, Path: onlyPaper})
		s.clock.Advance(2 * time.Minute)
		p.askSync()
		p.wantServed("upstream_unavailable", "2 minutes")
		s.sim.Faults.Clear(sim.ProviderAlpaca)
		before := len(s.tape.requests("/alpaca/paper"))
		s.clock.Advance(30 * time.Second)
		id := p.askSync()
		p.waitSynced(p.well.ID)
		time.Sleep(500 * time.Millisecond) // some looks of the queue
		if got := data[shownSync](p.get("/portfolio/syncs/" + id)); got.Connections[0].State != "done" || got.Connections[1].State != "queued" {
			t.Errorf("got %+v, want the paper account to be left alone", got)
		}
		if after := len(s.tape.requests("/alpaca/paper")); after != before {
			t.Errorf("it was asked %d times before its time", after-before)
		}
		s.clock.Advance(time.Minute)
		p.wantWhole()
		if got := p.followed(id); got.State != "done" {
			t.Errorf("got %+v, want it done", got)
		}
	})
}
