package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// sharing is how the portfolio divides, in the words of its description.
type sharing struct {
	Currency                                     string
	TotalValue, Cash, GrossExposure, NetExposure decimal.Decimal
	Undefined                                    *string
	Partial                                      bool
	Breakdowns                                   []struct {
		By     string
		Slices []struct {
			Key, Name   string
			Value, Cash decimal.Decimal
			Percent     *decimal.Decimal
		}
	}
}

// reconciled is what the reconciliation shows.
type reconciled struct {
	Accounts []struct {
		Provider, Account             string
		MatchedPositions, MatchedCash int
		Breaks                        int
		NotCompared                   []struct{ What, Reason string }
	}
	Breaks []struct {
		Kind, Symbol, Currency, Reason, Explanation, Advice string
		Implied, Reported, Difference                       decimal.Decimal
	}
}

// detail is a holding with what the ledger says of it.
type detail struct {
	holding
	Ledger []struct {
		Account, Method, Currency, BaseCurrency string
		Quantity, Reported, CostBasis, Realized decimal.Decimal
		RealizedBase, DividendsBase             *decimal.Decimal
		Agrees, IncompleteHistory               bool
		Sales, Transactions                     int
		Lots                                    []struct{ Quantity decimal.Decimal }
	}
}

func TestThePartsOfAPortfolioAreTheWorldsAndAddUpToAHundred(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, _, _ := investor(s)
		books := []book{s.bookOf("alex"), s.bookOf("blair")}
		_, all, cash := addUp(books...)
		got := data[sharing](p.get("/portfolio/allocation").status(http.StatusOK))
		if !got.TotalValue.Equal(all.value.Add(cash)) || !got.Cash.Equal(cash) || got.Currency != "USD" || got.Partial || len(got.Breakdowns) != 6 {
			t.Errorf("got %+v, want %s with %s in cash six times", got, all.value.Add(cash), cash)
		}
		for _, by := range got.Breakdowns {
			value, percent := decimal.Zero, decimal.Zero
			for _, slice := range by.Slices {
				value, percent = value.Add(slice.Value), percent.Add(*slice.Percent)
			}
			if !value.Equal(got.TotalValue) || !percent.Equal(decimal.NewFromInt(100)) {
				t.Errorf("%s: got %s and %s %%, want all of it", by.By, value, percent)
			}
		}
		one := data[sharing](p.get("/portfolio/allocation?by=sector").status(http.StatusOK))
		if len(one.Breakdowns) != 1 || one.Breakdowns[0].By != "sector" {
			t.Errorf("got %+v, want the sectors alone", one.Breakdowns)
		}
		p.get("/portfolio/allocation?by=colour").fails(http.StatusUnprocessableEntity, "validation_failed")
	})
}

func TestSomebodyWithNothingHasNoShares(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		got := data[sharing](p.get("/portfolio/allocation?by=holding").status(http.StatusOK))
		if got.Undefined == nil || len(got.Breakdowns[0].Slices) != 0 {
			t.Errorf("got %+v, want no shares and the reason", got)
		}
		if got := data[reconciled](p.get("/portfolio/reconciliation").status(http.StatusOK)); len(got.Accounts) != 0 || len(got.Breaks) != 0 {
			t.Errorf("got %+v, want nothing compared", got)
		}
	})
}

func TestWhatTransactionsComeToIsWhatTheBrokerageReports(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, _, _ := investor(s)
		positions := 0
		for _, b := range []book{s.bookOf("alex"), s.bookOf("blair")} {
			positions += len(b.positions)
		}
		got := data[reconciled](p.get("/portfolio/reconciliation").status(http.StatusOK))
		matched, cash := 0, 0
		for _, a := range got.Accounts {
			matched, cash = matched+a.MatchedPositions, cash+a.MatchedCash
		}
		if matched != positions || cash != len(got.Accounts) || len(got.Accounts) != 2 {
			t.Errorf("got %+v, want all %d positions and the cash of both accounts to agree", got, positions)
		}
		for _, b := range got.Breaks {
			if b.Kind != "costBasis" || b.Reason != "cost_method" || b.Explanation == "" || b.Advice == "" {
				t.Errorf("got %+v, want other ways to count costs at most", b)
			}
		}
	})
}

func TestAHoldingShowsTheLotsThatItsTransactionsLeave(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, _, _ := investor(s)
		got := data[detail](p.get("/portfolio/holdings/nvda").status(http.StatusOK))
		if len(got.Ledger) == 0 {
			t.Fatalf("got %+v, want what the ledger says", got)
		}
		whole := decimal.Zero
		for _, l := range got.Ledger {
			lots := decimal.Zero
			for _, lot := range l.Lots {
				lots = lots.Add(lot.Quantity)
			}
			if !lots.Equal(l.Quantity) || !l.Agrees || l.Method != "fifo" || l.IncompleteHistory || l.Transactions == 0 || l.DividendsBase == nil {
				t.Errorf("got %+v, want lots of what is held", l)
			}
			whole = whole.Add(l.Quantity)
		}
		if !whole.Equal(got.Quantity) {
			t.Errorf("got lots of %s, want %s", whole, got.Quantity)
		}
	})
}

func TestACurrencyWithoutAnyRateHasNoTotalsAndNeverOnesOfZero(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, _, _ := investor(s)
		p.do(http.MethodPatch, "/users/settings", map[string]any{"baseCurrency": "ISK"}).status(http.StatusOK)
		type totals struct {
			TotalValue, Cash, MarketValue *decimal.Decimal
			Partial                       bool
			LeftOut                       []string
		}
		got := data[struct {
			BaseCurrency                                 string
			TotalValue, Cash, GrossExposure, NetExposure *decimal.Decimal
			Confirmed, BestKnown                         totals
		}](p.get("/portfolio/summary").status(http.StatusOK))
		if got.BaseCurrency != "ISK" || got.TotalValue != nil || got.Cash != nil || got.GrossExposure != nil || got.NetExposure != nil {
			t.Errorf("got %+v, want nothing in a currency without a rate", got)
		}
		for name, sum := range map[string]totals{"confirmed": got.Confirmed, "best known": got.BestKnown} {
			if sum.TotalValue != nil || sum.Cash != nil || sum.MarketValue != nil || !sum.Partial || len(sum.LeftOut) != 1 || !strings.Contains(sum.LeftOut[0], "no exchange rate to ISK") {
				t.Errorf("%s: got %+v, want what is left out", name, sum)
			}
		}
		divided := data[struct {
			TotalValue *decimal.Decimal
			Undefined  string
			LeftOut    []string
		}](p.get("/portfolio/allocation").status(http.StatusOK))
		if divided.TotalValue != nil || divided.Undefined == "" || len(divided.LeftOut) != 1 {
			t.Errorf("got %+v, want no shares", divided)
		}
		did := data[struct {
			Status   string
			Gain     *decimal.Decimal
			Drivers  *struct{}
			Simple   struct{ Reason string }
			Accounts []struct{ Closing *decimal.Decimal }
			Series   []struct{ Value *decimal.Decimal }
		}](p.get("/portfolio/performance").status(http.StatusOK))
		if did.Status != "undefined" || did.Gain != nil || did.Drivers != nil || did.Simple.Reason != "unvalued" || len(did.Series) == 0 {
			t.Errorf("got %+v, want no performance of what has no value", did)
		}
		for _, day := range did.Series {
			if day.Value != nil {
				t.Errorf("got a day worth %s, want an unknown one", day.Value)
			}
		}
	})
}

func TestTotalsFollowTheCurrencyThatIsChosen(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, _, _ := investor(s)
		dollarsWorth := p.summary().TotalValue
		p.do(http.MethodPatch, "/users/settings", map[string]any{"baseCurrency": "EUR"}).status(http.StatusOK)
		type rated struct {
			summary
			Rates []struct {
				From, To, Source, Day string
				Rate                  decimal.Decimal
			}
		}
		got := data[rated](p.get("/portfolio/summary").status(http.StatusOK))
		if got.BaseCurrency != "EUR" || len(got.Rates) != 1 || got.Rates[0].From != "USD" || got.Rates[0].Source == "" || got.Rates[0].Day == "" {
			t.Fatalf("got %+v, want euros at a rate that is shown", got)
		}
		if want := dollarsWorth.Mul(got.Rates[0].Rate); !got.TotalValue.Equal(want) {
			t.Errorf("got %s, want %s", got.TotalValue, want)
		}
	})
}
