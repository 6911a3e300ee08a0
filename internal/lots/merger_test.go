package lots_test

import (
	"testing"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
)

func TestAMergerCarriesTheCost(t *testing.T) {
	all := []ledger.Transaction{
		happened("a", broker.Buy, 2, 10, "10", "5"), happened("b", broker.Buy, 3, 10, "10", "9"),
		with(happened("got", broker.Merger, 5, 0, "5", ""), func(t *ledger.Transaction) { t.Instrument = "Y" }), happened("given", broker.Merger, 5, 0, "-20", ""),
	}
	book := lots.Work(lots.Input{Transactions: all})
	wantTold(t, book, "A", "X", "realised 0, given reorganised 20")
	wantTold(t, book, "A", "Y", "a 2.5@50, b 2.5@90, realised 0, got reorganised 5")
	cash := []ledger.Transaction{all[0], with(happened("paid", broker.Merger, 5, 0, "-10", ""), func(t *ledger.Transaction) { t.Amount = dec("80") })}
	wantTold(t, lots.Work(lots.Input{Transactions: cash}), "A", "X", "realised 30")
}

func TestCashFromAMergerIsTakenOffTheCostAndGainedBeyondIt(t *testing.T) {
	for name, c := range map[string]struct{ given, got, x, y string }{
		"less than it cost":     {"60", "0", "realised 0, given reorganised 20", "a 2.5@20, b 2.5@60, realised 0, got reorganised 5"},
		"told of what was got":  {"0", "60", "realised 0, given reorganised 20", "a 2.5@20, b 2.5@60, realised 0, got reorganised 5"},
		"more than one lot did": {"120", "0", "realised 10, given reorganised 20", "a 2.5@0, b 2.5@30, realised 0, got reorganised 5"},
		"more than all cost":    {"200", "0", "realised 60, given reorganised 20", "a 2.5@0, b 2.5@0, realised 0, got reorganised 5"},
		"paid in addition":      {"-20", "0", "realised 0, given reorganised 20", "a 2.5@60, b 2.5@100, realised 0, got reorganised 5"},
	} {
		t.Run(name, func(t *testing.T) {
			all := []ledger.Transaction{
				happened("a", broker.Buy, 2, 10, "10", "5"), happened("b", broker.Buy, 3, 10, "10", "9"),
				with(happened("given", broker.Merger, 5, 0, "-20", ""), func(t *ledger.Transaction) { t.Amount = dec(c.given) }),
				with(happened("got", broker.Merger, 5, 0, "5", ""), func(t *ledger.Transaction) { t.Instrument, t.Amount = "Y", dec(c.got) }),
			}
			for _, base := range []string{"", "USD", "EUR"} {
				book := lots.Work(lots.Input{Transactions: all, Base: base, Rate: inEuros})
				wantTold(t, book, "A", "X", c.x)
				wantTold(t, book, "A", "Y", c.y)
				x, y := book.Position("A", "X"), book.Position("A", "Y")
				spent := y.CostBase.Decimal.Sub(x.RealisedBase.Decimal).Sub(y.RealisedBase.Decimal)
				cash := dec(c.given).Add(dec(c.got))
				if want := dec("140").Sub(cash); base == "USD" && !spent.Equal(want) {
					t.Errorf("costs less gains are %s, want %s", spent, want)
				}
				if want := dec("50").Mul(dec("0.82")).Add(dec("90").Mul(dec("0.83"))).Sub(cash.Mul(dec("0.85"))); base == "EUR" && !spent.Equal(want) {
					t.Errorf("in euros costs less gains are %s, want %s", spent, want)
				}
			}
		})
	}
}

func TestCashForWhatIsNotKnownToHaveBeenHeldIsGained(t *testing.T) {
	given := happened("given", broker.Merger, 5, 0, "-20", "")
	got := with(happened("got", broker.Merger, 5, 0, "5", ""), func(t *ledger.Transaction) { t.Instrument, t.Amount = "Y", dec("60") })
	book := lots.Work(lots.Input{Transactions: []ledger.Transaction{given, got}})
	wantTold(t, book, "A", "X", "realised 0, given incomplete_history 20, given reorganised 20")
	wantTold(t, book, "A", "Y", "got 5@0, realised 60, got reorganised 5, got cost_unknown 5")
	given.Amount, got.Amount = got.Amount, given.Amount
	book = lots.Work(lots.Input{Transactions: []ledger.Transaction{given, got}})
	wantTold(t, book, "A", "X", "realised 60, given incomplete_history 20, given reorganised 20")
	wantTold(t, book, "A", "Y", "got 5@0, realised 0, got reorganised 5, got cost_unknown 5")
}

func TestAShortIsCarriedThroughAMerger(t *testing.T) {
	y := func(t *ledger.Transaction) { t.Instrument = "Y" }
	short := happened("short", broker.Sell, 2, 10, "-10", "100")
	old := happened("old", broker.Merger, 5, 0, "10", "")
	next := with(happened("new", broker.Merger, 5, 0, "-5", ""), y)
	held, gone := with(happened("z", broker.Buy, 2, 10, "3", "7"), func(t *ledger.Transaction) { t.Instrument = "Z" }),
		with(happened("gone", broker.Merger, 5, 0, "-3", ""), func(t *ledger.Transaction) { t.Instrument = "Z" })
	cover := with(happened("c", broker.Buy, 6, 10, "5", "150"), y)
	for name, c := range map[string]struct {
		all  []ledger.Transaction
		x, y string
	}{
		"of one thing for another": {[]ledger.Transaction{short, old, next}, "realised 0, old reorganised 10", "short -5@-1000, realised 0, new reorganised 5"},
		"and covered":              {[]ledger.Transaction{short, old, next, cover}, "realised 0, old reorganised 10", "realised 250, new reorganised 5"},
		"that takes cash": {[]ledger.Transaction{short, with(old, func(t *ledger.Transaction) { t.Amount = dec("-300") }), next},
			"realised 0, old reorganised 10", "short -5@-700, realised 0, new reorganised 5"},
		"for cash alone": {[]ledger.Transaction{short, with(old, func(t *ledger.Transaction) { t.Amount = dec("-800") })}, "realised 200, old reorganised 10", ""},
		"beside one of what is held": {[]ledger.Transaction{short, old, next, held, gone, with(happened("w", broker.Merger, 5, 0, "6", ""), func(t *ledger.Transaction) { t.Instrument = "W" })},
			"realised 0, old reorganised 10", "short -5@-1000, realised 0, new reorganised 5"},
		"beside what is paid for": {[]ledger.Transaction{short, old, next, held, with(gone, func(t *ledger.Transaction) { t.Amount = dec("30") })},
			"realised 0, old reorganised 10", "short -5@-1000, realised 0, new reorganised 5"},
		"of what was sold short, and is got": {[]ledger.Transaction{short, with(happened("b", broker.Buy, 3, 10, "20", "40"), y), with(happened("given", broker.Merger, 5, 0, "-20", ""), y), old},
			"realised 200, old reorganised 10", "realised 0, given reorganised 20"},
	} {
		t.Run(name, func(t *testing.T) {
			book := lots.Work(lots.Input{Transactions: c.all, Accounts: map[string]lots.Rules{"A": {Complete: true}}})
			wantTold(t, book, "A", "X", c.x)
			if c.y != "" {
				wantTold(t, book, "A", "Y", c.y)
			}
			if p := book.Position("A", "X"); !p.Quantity.IsZero() || !p.Missing.IsZero() {
				t.Errorf("got %s held and %s missing of what was given up", p.Quantity, p.Missing)
			}
			switch name {
			case "beside one of what is held":
				wantTold(t, book, "A", "Z", "realised 0, gone reorganised 3")
				wantTold(t, book, "A", "W", "z 6@21, realised 0, w reorganised 6")
			case "beside what is paid for":
				wantTold(t, book, "A", "Z", "realised 9")
			}
		})
	}
}
