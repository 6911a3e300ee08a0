package portfolio_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// called is a position with the brokerage's name for it.
func called(p broker.Position, name string) broker.Position {
	p.Name = name
	return p
}

func TestNamesThatNoBrokerageGivesAreFilledIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		var asked [][]string
		h.Companies = func(_ context.Context, symbols []string) (map[string]market.Company, error) {
			asked = append(asked, slices.Sorted(slices.Values(symbols)))
			return map[string]market.Company{
				"A": {Symbol: "A", Name: "Alpha plc", Sector: "Energy", Country: "GB"}, "B": {Symbol: "B", Name: "Beta Inc.", Sector: "Utilities"},
				"Z": {Symbol: "Z", Name: "Nobody's"},
			}, nil
		}
		if none, _ := h.holdings(t, user); len(none) != 0 || len(asked) != 0 {
			t.Errorf("got %v of somebody who holds nothing, and %v asked for", none, asked)
		}
		h.north.Keep(account("n1", "0"), h.position("A", "1", "60", "60", "50", "60"), called(h.position("B", "1", "60", "60", "50", "60"), "Beta as North says"))
		h.south.Keep(account("s1", "0"), h.position("A", "2", "120", "60", "50", "120"), h.position("C", "1", "20", "20", "20", "20"))
		h.linked(t, user, h.north)
		h.linked(t, user, h.south)
		names := map[string]string{}
		holdings, _ := h.holdings(t, user)
		for _, one := range holdings {
			names[one.Symbol] = one.Name
		}
		if diff := cmp.Diff(map[string]string{"A": "Alpha plc", "B": "Beta as North says", "C": ""}, names); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		if len(asked) == 0 || !slices.Equal(asked[len(asked)-1], []string{"A", "B", "C"}) {
			t.Errorf("got %v asked for, want each symbol once", asked)
		}
		one, _, err := h.Holding(t.Context(), user, "A")
		if err != nil || one.Name != "Alpha plc" {
			t.Errorf("got %q, %v by its symbol, want the name there, too", one.Name, err)
		}
		whole, _, err := h.Whole(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		sectors := map[string]string{}
		for _, one := range whole.Holdings {
			sectors[one.Symbol] = whole.Companies[one.InstrumentID].Sector
		}
		if diff := cmp.Diff(map[string]string{"A": "Energy", "B": "Utilities", "C": ""}, sectors); diff != "" || len(whole.Companies) != 2 {
			t.Errorf("got %d companies, sectors (-want +got):\n%s", len(whole.Companies), diff)
		}
	})
}

func TestADatabaseThatDoesNotTellCompaniesIsAnError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		failed := errors.New("the database is gone")
		h.Companies = func(context.Context, []string) (map[string]market.Company, error) { return nil, failed }
		h.north.Keep(account("n1", "0"), h.position("A", "1", "60", "60", "50", "60"))
		h.linked(t, user, h.north)
		if _, _, err := h.Holdings(t.Context(), user); !errors.Is(err, failed) {
			t.Errorf("got %v, want the error", err)
		}
	})
}
