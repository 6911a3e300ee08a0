package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// investor is somebody with two accounts, which hold some of the same things.
func investor(s *site) (p *person, alex, blair link) {
	s.t.Helper()
	p = s.register("ada")
	return p, p.connect("alex"), p.connect("blair")
}

// wantTold asks about everything, a position and a price, and wants the world's figures in the answer's words.
func (p *person) wantTold(symbol string, books ...book) {
	p.t.Helper()
	chat := p.newSession(map[string]any{})
	m := p.say(chat.ID, "What is my portfolio worth, how is my position in "+symbol+", and what does "+symbol+" trade at?")
	bySymbol, _, _ := addUp(books...)
	quote, ok := p.sim.World.Quote(symbol)
	if !ok {
		p.t.Fatalf("the world has no quote of %s", symbol)
	}
	for _, want := range []string{
		"is worth " + dollars(total(books...)),
		"quantity " + bySymbol[symbol].quantity.String() + ", worth " + dollars(bySymbol[symbol].value),
		symbol + " is at " + dollars(quote.Price),
	} {
		if !strings.Contains(m.Content, want) {
			p.t.Errorf("got the %s answer %q, want %q in it", m.Status, m.Content, want)
		}
	}
	citesItsTools(p.t, m)
}

func TestFiguresAreTheWorldsOwnToTheCentFromDayToDay(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, _, _ := investor(s)
		p.wantFresh(s.bookOf("alex"), s.bookOf("blair"))
		p.wantTold("NVDA", s.bookOf("alex"), s.bookOf("blair"))
		first := p.summary().TotalValue

		p.moveTo(opening().AddDate(0, 0, 1))
		p.syncAll()
		p.wantFresh(s.bookOf("alex"), s.bookOf("blair"))
		p.wantTold("NVDA", s.bookOf("alex"), s.bookOf("blair"))
		if p.summary().TotalValue.Equal(first) {
			t.Errorf("got %v on both days: nothing was read anew", first)
		}
	})
}

func TestASplitMultipliesSharesAndLeavesCostAndValue(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		splits := s.sim.World.Splits("META")
		split := splits[len(splits)-1]
		p, _, _ := investor(s)
		p.moveTo(split.Day.AddDays(-1).At(11, 0))
		p.syncAll()
		before := data[holding](p.get("/portfolio/holdings/META"))

		p.moveTo(split.Day.At(11, 0))
		p.syncAll()
		after := data[holding](p.get("/portfolio/holdings/META"))
		ratio := decimal.NewFromInt(split.Ratio)
		p.same("quantity", &after.Quantity, before.Quantity.Mul(ratio))
		p.same("cost", after.CostBasis, *before.CostBasis)
		p.near("average cost", after.AverageCost, before.AverageCost.Div(ratio), millionth())
		p.near("value", after.MarketValue, *before.MarketValue, before.MarketValue.Div(decimal.NewFromInt(5))) // a day's move, not a fourth
		p.wantFresh(s.bookOf("alex"), s.bookOf("blair"))
		p.wantTold("META", s.bookOf("alex"), s.bookOf("blair"))
	})
}

func TestATradeIsInTheNextAnswer(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, alex, _ := investor(s)
		held := s.bookOf("blair")
		s.clock.Advance(time.Minute)
		if err := s.sim.World.Trade("alex", sim.Live, "NVDA", decimal.RequireFromString("12.5"), decimal.Zero); err != nil {
			t.Fatal(err)
		}
		if err := s.sim.World.Trade("alex", sim.Live, "KO", decimal.NewFromInt(-120), decimal.Zero); err != nil { // all there is
			t.Fatal(err)
		}
		p.post("/brokerages/connections/"+alex.ID+"/sync", nil).status(http.StatusAccepted)
		p.waitSynced(alex.ID)
		p.wantWorth(s.bookOf("alex"), held)
		p.get("/portfolio/holdings/KO").fails(http.StatusNotFound, "not_found")
		p.syncAll()
		p.wantFresh(s.bookOf("alex"), s.bookOf("blair"))
		p.wantTold("NVDA", s.bookOf("alex"), s.bookOf("blair"))
	})
}

// wantStale wants the last known values of some accounts to be marked, with their age, and left out of what is confirmed.
func (p *person) wantStale(age string, confirmed []book, numbers ...string) {
	p.t.Helper()
	s, m := dataMeta[summary](p.get("/portfolio/summary").status(http.StatusOK))
	p.same("confirmed", &s.Confirmed.TotalValue, total(confirmed...))
	if s.Confirmed.Sources != len(confirmed) || s.Connections.Stale != len(numbers) || !s.Confirmed.TotalValue.LessThan(s.BestKnown.TotalValue) {
		p.t.Errorf("got %+v, want %d confirmed accounts, %d stale, and more best known than confirmed", s, len(confirmed), len(numbers))
	}
	list, listed := dataMeta[[]holding](p.get("/portfolio/holdings"))
	for _, number := range numbers {
		said := fmt.Sprintf("account …%s (live) shows values from %s ago: ", number[len(number)-4:], age)
		for _, warnings := range [][]string{m.Warnings, listed.Warnings} {
			if !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, said) }) {
				p.t.Errorf("got the warnings %q, want one with %q", warnings, said)
			}
		}
	}
	for _, h := range list {
		stale := false
		for _, src := range h.Sources {
			isStale := slices.Contains(numbers, src.Account)
			stale = stale || isStale
			if src.Stale != isStale {
				p.t.Errorf("%s in %s: got stale %v, want %v", h.Symbol, src.Account, src.Stale, isStale)
			}
		}
		if h.Stale != stale {
			p.t.Errorf("%s: got stale %v, want %v", h.Symbol, h.Stale, stale)
		}
	}
}

func (p *person) waitStatus(id, status, code string) {
	p.t.Helper()
	eventually(p.t, status, func() error {
		c := p.linkStatus(id)
		if c.Status != status || c.Error == nil || c.Error.Code != code {
			return fmt.Errorf("got %s with %v, want %s", c.Status, c.Error, code)
		}
		return nil
	})
	p.waitIdle()
}

func TestAWithdrawnTokenKeepsWhatIsKnownUntilTheOwnerConnectsAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, alex, blair := investor(s)
		known := s.bookOf("blair")
		s.sim.RevokeTokens("blair")
		s.clock.Advance(5 * time.Minute)
		p.post("/portfolio/sync", nil).status(http.StatusAccepted)
		p.waitStatus(blair.ID, "reauthorization_required", "reauthorization_required")
		p.waitSynced(alex.ID)
		p.wantWorth(s.bookOf("alex"), known)
		p.wantStale("5 minutes", []book{s.bookOf("alex")}, blair.Accounts...)
		if c := p.summary().Connections; c.ReauthorizationRequired != 1 || c.Active != 1 {
			t.Errorf("got %+v, want one that needs its owner", c)
		}
		chat := p.newSession(map[string]any{})
		if m := p.say(chat.ID, "What is my portfolio worth?"); !strings.Contains(m.Content, "not current") || !strings.Contains(m.Content, dollars(total(s.bookOf("alex"), known))) {
			t.Errorf("got %q, want the best known total and that it is not current", m.Content)
		}
		if again := p.connect("blair"); again.ID != blair.ID || again.Status != "active" || again.Error != nil {
			t.Errorf("got %+v, want the same connection %s, working", again, blair.ID)
		}
		if list := data[[]link](p.get("/brokerages/connections")); len(list) != 2 {
			t.Errorf("got %d connections, want 2", len(list))
		}
		p.wantFresh(s.bookOf("alex"), s.bookOf("blair"))
	})
}

func TestABrokerageThatIsDownKeepsWhatIsKnownAndHealsByItself(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, alex, blair := investor(s)
		known := []book{s.bookOf("alex"), s.bookOf("blair")}
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultServerError, Status: http.StatusServiceUnavailable, Path: "/live/v2/positions"})
		s.clock.Advance(2 * time.Minute)
		for _, c := range []link{alex, blair} { // one after the other: so many failures in a row would close the door for longer
			p.post("/brokerages/connections/"+c.ID+"/sync", nil).status(http.StatusAccepted)
			p.waitStatus(c.ID, "error", "upstream_unavailable")
		}
		p.wantWorth(known...)
		p.wantStale("2 minutes", nil, append(slices.Clone(alex.Accounts), blair.Accounts...)...)
		s.sim.Faults.Clear(sim.ProviderAlpaca)
		s.clock.Advance(10 * time.Second) // when the failed reads are tried again
		for _, c := range []link{alex, blair} {
			if now := p.waitSynced(c.ID); now.Status != "active" || now.Error != nil {
				t.Errorf("got %+v, want it to work again", now)
			}
		}
		p.wantFresh(s.bookOf("alex"), s.bookOf("blair"))
	})
}
