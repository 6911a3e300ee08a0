package app_test

import (
	"net/http"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// holding and summary are what the portfolio routes show, in the words of their description.
type holding struct {
	Symbol, Name, AssetClass, Currency  string
	Quantity                            decimal.Decimal
	AverageCost, CostBasis              *decimal.Decimal
	Price, MarketValue                  *decimal.Decimal
	UnrealizedPnl, UnrealizedPnlPercent *decimal.Decimal
	DayChange, DayChangePercent         *decimal.Decimal
	AllocationPercent                   *decimal.Decimal
	AsOf                                time.Time
	Stale                               bool
	Sources                             []source
}

type source struct {
	ConnectionID, Provider, Account string
	Quantity                        decimal.Decimal
	AverageCost, CostBasis          *decimal.Decimal
	Price, MarketValue              *decimal.Decimal
	AsOf                            time.Time
	Stale                           bool
}

type totals struct {
	TotalValue, Cash, MarketValue decimal.Decimal
	Sources                       int
}

type summary struct {
	BaseCurrency                        string
	TotalValue, Cash                    decimal.Decimal
	CostBasis                           *decimal.Decimal
	UnrealizedPnl, UnrealizedPnlPercent *decimal.Decimal
	DayChange, DayChangePercent         *decimal.Decimal
	Confirmed, BestKnown                totals
	AsOf                                *time.Time
	Connections                         struct{ Total, Active, Error, ReauthorizationRequired, Stale int }
}

// decimals compares numbers by their value: 1.50 is 1.5.
func decimals() cmp.Option {
	return cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) })
}

func (p *person) holdings() []holding {
	p.t.Helper()
	return data[[]holding](p.get("/portfolio/holdings").status(http.StatusOK))
}

func (p *person) summary() summary {
	p.t.Helper()
	return data[summary](p.get("/portfolio/summary").status(http.StatusOK))
}

// book is an account as the world has it at a moment.
type book struct {
	positions []sim.Position
	cash      decimal.Decimal
}

// bookOf is a customer's live account now.
func (s *site) bookOf(customer string) book {
	return book{s.sim.World.Positions(customer, sim.Live), s.sim.World.Cash(customer, sim.Live)}
}

// figures are sums over positions, by the schoolbook.
type figures struct {
	quantity, cost, value, change, before decimal.Decimal
	price                                 decimal.Decimal // of the book given last
	accounts                              int
}

func (f figures) plus(p sim.Position) figures {
	return figures{
		quantity: f.quantity.Add(p.Quantity), cost: f.cost.Add(p.CostBasis), value: f.value.Add(p.MarketValue),
		change: f.change.Add(p.Quantity.Mul(p.Price.Sub(p.PreviousClose))),
		before: f.before.Add(p.Quantity.Mul(p.PreviousClose)),
		price:  p.Price, accounts: f.accounts + 1,
	}
}

// addUp works out, from the world alone, what the accounts hold together: by symbol, all positions, and the cash.
func addUp(books ...book) (bySymbol map[string]figures, all figures, cash decimal.Decimal) {
	bySymbol = map[string]figures{}
	for _, b := range books {
		for _, p := range b.positions {
			bySymbol[p.Instrument.Symbol] = bySymbol[p.Instrument.Symbol].plus(p)
			all = all.plus(p)
		}
		cash = cash.Add(b.cash)
	}
	return bySymbol, all, cash
}

// total is what the accounts are worth.
func total(books ...book) decimal.Decimal {
	_, all, cash := addUp(books...)
	return all.value.Add(cash)
}

// wantWorth compares everything the portfolio routes show with the accounts' own figures, money to the last digit.
func (p *person) wantWorth(books ...book) {
	p.t.Helper()
	bySymbol, all, cash := addUp(books...)
	worth := all.value.Add(cash)
	held := p.holdings()
	if len(held) != len(bySymbol) {
		p.t.Errorf("got %d holdings, want %d", len(held), len(bySymbol))
	}
	allocated := decimal.Zero
	for _, h := range held {
		want := bySymbol[h.Symbol]
		p.wantHolding(h, want)
		share := want.value.Shift(2).Div(worth)
		p.near(h.Symbol+" allocation", h.AllocationPercent, share, hundredth())
		allocated = allocated.Add(*h.AllocationPercent)
	}
	rest := decimal.NewFromInt(100).Sub(allocated) // the cash's share: all of them come to 100.00
	p.near("cash allocation", &rest, cash.Shift(2).Div(worth), hundredth())
	s := p.summary()
	p.same("total", &s.TotalValue, worth)
	p.same("cash", &s.Cash, cash)
	p.same("cost", s.CostBasis, all.cost)
	p.same("gain", s.UnrealizedPnl, all.value.Sub(all.cost))
	p.near("gain in percent", s.UnrealizedPnlPercent, all.value.Sub(all.cost).Shift(2).Div(all.cost.Abs()), millionth())
	p.same("best known total", &s.BestKnown.TotalValue, worth)
	p.same("best known cash", &s.BestKnown.Cash, cash)
	p.same("best known market value", &s.BestKnown.MarketValue, all.value)
	if s.BestKnown.Sources != len(books) {
		p.t.Errorf("got %d accounts, want %d", s.BestKnown.Sources, len(books))
	}
}

// wantFresh is wantWorth where every account was read just now: nothing is stale, and the day's change is known.
func (p *person) wantFresh(books ...book) {
	p.t.Helper()
	p.wantWorth(books...)
	bySymbol, all, _ := addUp(books...)
	s, m := dataMeta[summary](p.get("/portfolio/summary"))
	p.same("day change", s.DayChange, all.change)
	p.near("day change in percent", s.DayChangePercent, all.change.Shift(2).Div(all.before.Abs()), millionth())
	if len(m.Warnings) > 0 || s.Connections.Stale != 0 || s.AsOf == nil || !s.AsOf.Equal(p.clock.Now()) {
		p.t.Errorf("got %+v as of %v with the warnings %q, want it fresh", s.Connections, s.AsOf, m.Warnings)
	}
	if diff := cmp.Diff(s.BestKnown, s.Confirmed, decimals()); diff != "" {
		p.t.Errorf("confirmed is not best known (-best +confirmed):\n%s", diff)
	}
	for _, h := range p.holdings() {
		want := bySymbol[h.Symbol]
		p.same(h.Symbol+" day change", h.DayChange, want.change)
		p.near(h.Symbol+" day change in percent", h.DayChangePercent, want.change.Shift(2).Div(want.before.Abs()), millionth())
		if h.Stale || !h.AsOf.Equal(p.clock.Now()) {
			p.t.Errorf("%s: got stale %v as of %v, want it fresh", h.Symbol, h.Stale, h.AsOf)
		}
	}
}

func (p *person) wantHolding(h holding, want figures) {
	p.t.Helper()
	p.same(h.Symbol+" quantity", &h.Quantity, want.quantity)
	p.same(h.Symbol+" cost", h.CostBasis, want.cost)
	p.same(h.Symbol+" value", h.MarketValue, want.value)
	p.same(h.Symbol+" gain", h.UnrealizedPnl, want.value.Sub(want.cost))
	p.near(h.Symbol+" gain in percent", h.UnrealizedPnlPercent, want.value.Sub(want.cost).Shift(2).Div(want.cost.Abs()), millionth())
	p.near(h.Symbol+" average cost", h.AverageCost, want.cost.Div(want.quantity).Abs(), millionth())
	sum := decimal.Zero
	for _, s := range h.Sources {
		sum = sum.Add(s.Quantity)
	}
	p.same(h.Symbol+" quantity of its sources", &sum, want.quantity)
	if len(h.Sources) != want.accounts {
		p.t.Errorf("%s: got %d sources, want %d", h.Symbol, len(h.Sources), want.accounts)
	}
}

// same wants exactly a number.
func (p *person) same(what string, got *decimal.Decimal, want decimal.Decimal) {
	p.t.Helper()
	if got == nil || !got.Equal(want) {
		p.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// near wants a number that may be rounded by less than off.
func (p *person) near(what string, got *decimal.Decimal, want, off decimal.Decimal) {
	p.t.Helper()
	if got == nil || !got.Sub(want).Abs().LessThan(off) {
		p.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func hundredth() decimal.Decimal { return decimal.New(1, -2) }
func millionth() decimal.Decimal { return decimal.New(1, -6) }

// dollars is an amount as people read it: $12,345.60.
func dollars(d decimal.Decimal) string {
	digits := d.Abs().StringFixed(2)
	point := len(digits) - len(".00")
	for i := point - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if d.IsNegative() {
		return "-$" + digits
	}
	return "$" + digits
}

// syncAll has every connection read now.
func (p *person) syncAll() {
	p.t.Helper()
	p.post("/portfolio/sync", nil).status(http.StatusAccepted)
	for _, c := range data[[]link](p.get("/brokerages/connections")) {
		p.waitSynced(c.ID)
	}
}

// moveTo sets the clock, and signs in again as whoever comes back later has to.
func (p *person) moveTo(at time.Time) {
	p.t.Helper()
	p.clock.Set(at)
	p.login()
}
