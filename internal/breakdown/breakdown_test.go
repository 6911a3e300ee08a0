package breakdown

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func holding(id, symbol string, class broker.AssetClass, sources ...portfolio.Source) portfolio.Holding {
	return portfolio.Holding{InstrumentID: id, Symbol: symbol, AssetClass: class, Currency: sources[0].Currency, Sources: sources}
}

func source(provider, currency, value string) portfolio.Source {
	s := portfolio.Source{Provider: provider, Currency: currency}
	if value != "" {
		s.MarketValueBase = new(dec(value))
	}
	return s
}

// whole is a long and a short share, a coin, an option without a price, and cash in two currencies, one borrowed.
func whole(total string) portfolio.Whole {
	return portfolio.Whole{
		Overview: portfolio.Overview{
			Summary: portfolio.Summary{BaseCurrency: "USD", TotalValue: dec(total)},
			Holdings: []portfolio.Holding{
				holding("a", "AAPL", broker.Equity, source("north", "USD", "100"), source("south", "USD", "50")),
				holding("s", "SAP", broker.Equity, source("south", "EUR", "-30")),
				holding("", "BTC/USD", broker.Crypto, source("north", "USD", "30")),
				holding("o", "OPT", broker.Option, source("north", "USD", "")),
			},
		},
		Accounts: []portfolio.Account{
			{Provider: "north", ProviderName: "North", Cash: []portfolio.Cash{{Currency: "USD", Amount: dec("170"), InBase: new(dec("170"))}}},
			{Provider: "south", ProviderName: "South", Cash: []portfolio.Cash{{Currency: "EUR", Amount: dec("-16"), InBase: new(dec("-20"))}, {Currency: "JPY", Amount: dec("5")}}},
		},
		Ledger: &gains.Report{Instruments: map[string]instrument.Instrument{"a": {Sector: "Technology", Country: "US"}, "s": {Country: "DE"}}},
	}
}

func laidOut(b Breakdown) []string {
	all := []string{string(b.By)}
	for _, s := range b.Slices {
		percent := "-"
		if s.Percent != nil {
			percent = s.Percent.String()
		}
		all = append(all, s.Key+" "+s.Value.String()+" "+s.Cash.String()+" "+percent)
	}
	return all
}

func TestEveryDimensionDividesEverythingOnce(t *testing.T) {
	got := allocate(whole("300"), dimensions)
	want := [][]string{
		{"assetClass", "cash 150 150 50", "equity 120 0 40", "crypto 30 0 10"},
		{"sector", "Technology 150 0 50", "cash 150 150 50", "unknown 0 0 0"},
		{"country", "US 150 0 50", "cash 150 150 50", "unknown 30 0 10", "DE -30 0 -10"},
		{"currency", "USD 350 170 116.67", "EUR -50 -20 -16.67"},
		{"broker", "north 300 170 100", "south 0 -20 0"},
		{"holding", "AAPL 150 0 50", "cash 150 150 50", "BTC/USD 30 0 10", "SAP -30 0 -10"},
	}
	for i, b := range got.Breakdowns {
		if diff := cmp.Diff(want[i], laidOut(b)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	if got.Undefined != nil {
		t.Errorf("got %s", *got.Undefined)
	}
}

func TestSectorsAndCountriesAreResearchsWhereItKnowsThem(t *testing.T) {
	w := whole("280")
	w.Companies = map[string]market.Company{"s": {Sector: "Software"}, "a": {Sector: "Devices", Country: "IE"}}
	for by, want := range map[Dimension][]string{Sector: {"Devices", "Software"}, Country: {"IE", "DE"}} {
		slices := strings.Join(laidOut(Breakdown{by, divide(w, by)}), "\n")
		for _, key := range want {
			if !strings.Contains(slices, "\n"+key+" ") {
				t.Errorf("got %s, want a slice %s", slices, key)
			}
		}
	}
}

func TestNothingAndLessHaveNoSharesAndSayWhy(t *testing.T) {
	w := whole("-100")
	w.Accounts[1].Cash[0].InBase = new(dec("-420"))
	got := allocate(w, []Dimension{AssetClass})
	if got.Undefined == nil || len(got.Breakdowns) != 1 {
		t.Fatalf("got %+v, want no shares and the reason", got)
	}
	if diff := cmp.Diff([]string{"assetClass", "equity 120 0 -", "crypto 30 0 -", "cash -250 -250 -"}, laidOut(got.Breakdowns[0])); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestWhatHasNoRateIsNotCalledWorthNothing(t *testing.T) {
	w := whole("0")
	w.Summary.BestKnown.Partial = true
	if got := allocate(w, []Dimension{AssetClass}).Undefined; got == nil || !strings.HasPrefix(*got, "Nothing that is held has a value in USD") {
		t.Errorf("got %v, want that nothing has a value", got)
	}
}

func TestTwoOfOneSymbolAreTwoSlices(t *testing.T) {
	w := whole("300")
	w.Holdings = append(w.Holdings, holding("x", "AAPL", broker.Equity, source("north", "EUR", "10")))
	if got := laidOut(allocate(w, []Dimension{ByHolding}).Breakdowns[0]); len(got) != 6 {
		t.Errorf("got %v, want both apart", got)
	}
}
