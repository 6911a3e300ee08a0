package reconciliation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/user"
)

var noon = time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// bought is a purchase or, below zero, a sale, days before noon at ten dollars.
func bought(id string, daysAgo int, quantity string) ledger.Transaction {
	at := noon.AddDate(0, 0, -daysAgo)
	t := ledger.Transaction{
		ID: id, ExternalID: id, AccountID: "acc", Kind: broker.Buy, At: at, Day: calendar.DayOf(at), Instrument: "x", Symbol: "X",
		Quantity: dec(quantity), Price: decimal.NewNullDecimal(dec("10")), Currency: "USD", Amount: dec(quantity).Mul(dec("-10")),
	}
	if t.Quantity.IsNegative() {
		t.Kind = broker.Sell
	}
	return t
}

// side is what the account holds and what is known of it.
type side struct {
	held, cost   string // held is empty where it is not among the positions
	cash         string
	transactions []ledger.Transaction
	splits       []instrument.Split
	since        time.Time
	unread       bool
	problem      string
}

func (s side) whole() portfolio.Whole {
	in := gains.Input{
		Accounts: []ledger.Account{{ID: "acc", Known: !s.unread, Since: s.since, CashComplete: s.cash != ""}},
		Reported: map[lots.Holding]decimal.Decimal{},
		Ledger: lots.Input{
			Transactions: s.transactions, Splits: map[string][]instrument.Split{"x": s.splits},
			Instruments: map[string]instrument.Instrument{"x": {ID: "x", Symbol: "X", Currency: "USD", Multiplier: dec("1")}},
			Accounts:    map[string]lots.Rules{"acc": {Method: user.FIFO, Complete: true, Reported: map[string]decimal.Decimal{"x": decimal.Zero}}},
		},
	}
	a := portfolio.Account{ID: "acc", Provider: "north", Number: "1", AsOf: noon, HistoryProblem: s.problem}
	if s.held != "" {
		p := portfolio.Position{InstrumentID: "x", Symbol: "X", Currency: "USD", Quantity: dec(s.held)}
		if s.cost != "" {
			p.CostBasis = new(dec(s.cost))
		}
		a.Positions = []portfolio.Position{p}
		in.Ledger.Accounts["acc"].Reported["x"] = p.Quantity
	}
	if s.cash != "" {
		a.Cash = []portfolio.Cash{{Currency: "USD", Amount: dec(s.cash)}}
	}
	return portfolio.Whole{Accounts: []portfolio.Account{a}, Ledger: gains.Work(in, exchange.Past{To: "USD"})}
}

func TestEachBreakHasItsReason(t *testing.T) {
	two := []instrument.Split{{Day: calendar.Day{Year: 2026, Month: 11, Day: 20}, From: dec("2"), To: dec("3")}}
	ten := []ledger.Transaction{bought("1", 30, "10")}
	for name, c := range map[string]struct {
		side
		want []string
	}{
		"all agrees":                    {side{held: "10", cost: "100", cash: "-100", transactions: ten}, nil},
		"a split that both know":        {side{held: "15", cost: "100", cash: "-100", transactions: ten, splits: two}, nil},
		"a split of one side":           {side{held: "10", transactions: ten, splits: two}, []string{"position split_not_booked -5"}},
		"a split nobody told":           {side{held: "40", transactions: ten}, []string{"position split_not_booked 30"}},
		"more sold than bought":         {side{held: "2", transactions: []ledger.Transaction{bought("1", 30, "5"), bought("2", 20, "-8")}}, []string{"position oversold 5"}},
		"a past that begins late":       {side{held: "13", transactions: ten, since: noon.AddDate(-1, 0, 0)}, []string{"position missing_history 3"}},
		"a trade not reported yet":      {side{held: "7", transactions: []ledger.Transaction{bought("1", 30, "7"), bought("2", 1, "4")}}, []string{"position pending -4"}},
		"a past that could not be read": {side{held: "13", transactions: ten, problem: "it is down"}, []string{"position pending 3"}},
		"fractions that are rounded":    {side{held: "10.0000004", transactions: ten}, []string{"position rounding 0.0000004"}},
		"costs by another method":       {side{held: "10", cost: "90", transactions: ten}, []string{"costBasis cost_method -10"}},
		"costs rounded to cents":        {side{held: "10", cost: "100.01", transactions: ten}, nil},
		"what nothing explains":         {side{held: "13", transactions: ten}, []string{"position unknown 3"}},
		"what is gone from the account": {side{transactions: ten}, []string{"position unknown -10"}},
		"what no transaction is about":  {side{held: "13"}, []string{"position unknown 13"}},
		"cash that nothing explains":    {side{held: "10", cash: "5", transactions: ten}, []string{"cash unknown 105"}},
		"cash not settled":              {side{held: "3", cash: "0", transactions: []ledger.Transaction{bought("1", 1, "3")}}, []string{"cash pending 30"}},
		"cash rounded":                  {side{held: "10", cash: "-99.98", transactions: ten}, []string{"cash rounding 0.02"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := reconcile(c.whole())
			var got []string
			for _, b := range r.Breaks {
				got = append(got, string(b.Kind)+" "+string(b.Reason)+" "+b.Difference.String())
				if b.Explanation == "" || b.Advice == "" || b.Currency != "USD" || !b.AsOf.Equal(noon) {
					t.Errorf("got %+v, want it in words", b)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if a := r.Accounts[0]; a.Breaks != len(got) || len(got) == 0 && a.MatchedPositions != 1 {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func TestWhatHasOneSideAloneIsNotCompared(t *testing.T) {
	for name, s := range map[string]side{
		"everything": {held: "10", unread: true},
		"cash":       {held: "10", transactions: []ledger.Transaction{bought("1", 30, "10")}},
	} {
		r := reconcile(s.whole())
		if a := r.Accounts[0]; len(r.Breaks) != 0 || len(a.NotCompared) != 1 || a.NotCompared[0].What != name || a.NotCompared[0].Reason == "" {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}
