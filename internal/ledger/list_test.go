package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/recording/recordingtest"
)

// page lists what a filter finds, by the brokerage's words.
func page(t *testing.T, s *ledger.Service, p recordingtest.Person, f ledger.Filter) (found []string, next string) {
	t.Helper()
	lines, next, err := s.List(t.Context(), p.ID, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		found = append(found, l.Description)
		if l.Meaning == "" || l.Currency == "" || l.Source.Provider != "north" || l.Source.ConnectionID != p.Connection || l.Source.Account != "123456789" {
			t.Errorf("a line lacks what it means or where it is from: %+v", l)
		}
	}
	return found, next
}

func TestTransactionsAreListedByPagesAndFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p, stranger := &ledger.Service{DB: d}, recordingtest.NewPerson(t, d), recordingtest.NewPerson(t, d)
		accounts := []string{p.Account(t, d), p.Account(t, d)}
		for i, account := range accounts {
			told := []broker.Activity{
				recordingtest.Bought("b", recordingtest.Noon(10), "BRK.B", "2", "400"), recordingtest.Bought("s", recordingtest.Noon(12), "BRK.B", "-1", "410"), recordingtest.Bought("x", recordingtest.Noon(12), "ACME", "1", "5"),
				{ID: "d", Kind: broker.Deposit, At: recordingtest.Noon(9), Currency: "USD", Amount: decimal.NewFromInt(900)},
			}
			for j := range told {
				told[j].Description = fmt.Sprint(told[j].ID, i)
			}
			recordingtest.Record(t, d, p.Reading(account, recordingtest.Noon(20), time.Time{}, []broker.Position{recordingtest.Holds("BRK.B", "1", "400"), recordingtest.Holds("ACME", "1", "5")}, told...))
		}
		all, next := page(t, s, p, ledger.Filter{})
		if len(all) != 8 || next != "" || all[0][0] == 'b' || all[7][0] != 'd' {
			t.Fatalf("got %v, %q, want all eight, the newest first", all, next)
		}
		var paged []string
		for cursor := ""; ; {
			some, next := page(t, s, p, ledger.Filter{Limit: 3, Cursor: cursor})
			paged = append(paged, some...)
			if cursor = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff(all, paged); diff != "" {
			t.Errorf("by pages (-whole +paged):\n%s", diff)
		}
		for name, c := range map[string]struct {
			f    ledger.Filter
			want []string
		}{
			"a connection":          {ledger.Filter{ConnectionID: p.Connection}, []string{"b0", "b1", "d0", "d1", "s0", "s1", "x0", "x1"}},
			"another connection":    {ledger.Filter{ConnectionID: stranger.Connection}, nil},
			"an account's id":       {ledger.Filter{Account: accounts[1]}, []string{"b1", "d1", "s1", "x1"}},
			"an account's number":   {ledger.Filter{Account: "123456789", Kinds: []string{"deposit"}}, []string{"d0", "d1"}},
			"a symbol":              {ledger.Filter{Symbol: "brk-b"}, []string{"b0", "b1", "s0", "s1"}},
			"several kinds":         {ledger.Filter{Kinds: []string{"sell", "deposit"}}, []string{"d0", "d1", "s0", "s1"}},
			"from a day":            {ledger.Filter{From: "2026-11-12"}, []string{"s0", "s1", "x0", "x1"}},
			"to a day":              {ledger.Filter{To: "2026-11-09"}, []string{"d0", "d1"}},
			"what is nobody's name": {ledger.Filter{Symbol: "' or 1=1 --"}, nil},
		} {
			got, _ := page(t, s, p, c.f)
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
		if got, _ := page(t, s, stranger, ledger.Filter{}); len(got) != 0 {
			t.Errorf("a stranger sees %v", got)
		}
		if _, _, err := s.List(t.Context(), p.ID, ledger.Filter{From: "2026-11-13", To: "2026-11-12"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v of days the wrong way round, want it invalid", err)
		}
		_, _, err := s.List(t.Context(), p.ID, ledger.Filter{From: "yesterday", To: "2026-13-01", Cursor: "x"})
		if f := fault.From(err); f.Kind != fault.Invalid || len(f.Fields) != 3 {
			t.Errorf("got %v, want the three wrong fields named", err)
		}
	})
}

func TestSumsAreOfAllThatAFilterChooses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p, stranger := &ledger.Service{DB: d}, recordingtest.NewPerson(t, d), recordingtest.NewPerson(t, d)
		paid := func(id string, month time.Month, symbol, currency, amount, tax string) broker.Activity {
			return broker.Activity{ID: id, Kind: broker.Dividend, At: time.Date(2026, month, 10, 17, 0, 0, 0, time.UTC), Instrument: recordingtest.Share(symbol),
				Currency: currency, Amount: decimal.RequireFromString(amount), Tax: decimal.RequireFromString(tax)}
		}
		told := []broker.Activity{
			paid("1", 9, "ACME", "USD", "0.1", "0.01"), paid("2", 10, "ACME", "USD", "0.2", "0"), paid("3", 10, "BRK.B", "USD", "7", "1"), paid("4", 10, "ACME", "EUR", "5", "0"),
			{ID: "d", Kind: broker.Deposit, At: recordingtest.Noon(9), Currency: "USD", Amount: decimal.NewFromInt(900), Fee: decimal.NewFromInt(2)},
		}
		recordingtest.Record(t, d, p.Reading(p.Account(t, d), recordingtest.Noon(20), time.Time{}, nil, told...))
		recordingtest.Record(t, d, stranger.Reading(stranger.Account(t, d), recordingtest.Noon(20), time.Time{}, nil, told[3:]...))
		for name, c := range map[string]struct {
			f    ledger.Filter
			by   ledger.Part
			want []string
		}{
			"whole":           {ledger.Filter{}, "", []string{"deposit USD   1 900 2 0", "dividend USD   3 7.3 0 1.01", "dividend EUR   1 5 0 0"}},
			"by symbol":       {ledger.Filter{Kinds: []string{"dividend"}}, ledger.BySymbol, []string{"dividend USD BRK.B  1 7 0 1", "dividend EUR ACME  1 5 0 0", "dividend USD ACME  2 0.3 0 0.01"}},
			"by month":        {ledger.Filter{Symbol: "acme"}, ledger.ByMonth, []string{"dividend USD  2026-09 1 0.1 0 0.01", "dividend EUR  2026-10 1 5 0 0", "dividend USD  2026-10 1 0.2 0 0"}},
			"however limited": {ledger.Filter{Limit: 1, Cursor: "nonsense", From: "2026-11-01"}, "", []string{"deposit USD   1 900 2 0"}},
		} {
			sums, err := s.Sums(t.Context(), p.ID, c.f, c.by)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, one := range sums {
				got = append(got, fmt.Sprintf("%s %s %s %s %d %s %s %s", one.Kind, one.Currency, one.Symbol, one.Month, one.Count, one.Amount, one.Fee, one.Tax))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if _, err := s.Sums(t.Context(), p.ID, ledger.Filter{From: "yesterday"}, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v, want the day named", err)
		}
	})
}
