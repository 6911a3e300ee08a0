package portfolio

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

var noon = time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC) // a Monday, 12:00 in New York

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// known reads "" as unknown.
func known(s string) decimal.NullDecimal {
	if s == "" {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(dec(s))
}

// text writes unknown as "-".
func text(d *decimal.Decimal) string {
	if d == nil {
		return "-"
	}
	return d.String()
}

// line is a dollar position with everything known.
func line(account, symbol, quantity, cost, price, previousClose, value string) held {
	return held{
		Position: broker.Position{
			Instrument: broker.Instrument{
				InstrumentID: symbol, Symbol: symbol, AssetClass: broker.Equity, Currency: "USD", Multiplier: dec("1"),
			},
			Quantity: dec(quantity), CostBasis: known(cost),
			Price: known(price), PreviousClose: known(previousClose), MarketValue: known(value), AsOf: noon,
		},
		connectionID: "connection of " + account, provider: "alpaca", account: account, accountID: account, today: true,
	}
}

// figuresOf lays a holding out for comparison: quantity, average, cost, price, value, gain, %, day change, %.
func figuresOf(h Holding) string {
	return strings.Join([]string{h.Quantity.String(), text(h.AverageCost), text(h.CostBasis), text(h.Price), text(h.MarketValue),
		text(h.UnrealizedPnl), text(h.UnrealizedPnlPercent), text(h.DayChange), text(h.DayChangePercent)}, " ")
}

func with(l held, change func(*held)) held {
	change(&l)
	return l
}

func TestARowAddsUpItsSources(t *testing.T) {
	option := func(l *held) { l.AssetClass, l.Multiplier = broker.Option, dec("100") }
	for name, c := range map[string]struct {
		lines []held
		want  string
	}{
		"one long position": {
			[]held{line("A", "AAPL", "7", "1796.18", "273.5", "273.47", "1914.5")},
			"7 256.597142857143 1796.18 273.5 1914.5 118.32 6.587313 0.21 0.01097",
		},
		"two long positions": {
			[]held{line("A", "X", "10", "1000", "110", "105", "1100"), line("B", "X", "30", "3300", "110", "105", "3300")},
			"40 107.5 4300 110 4400 100 2.325581 200 4.761905",
		},
		"a short position gains as the price falls": {
			[]held{line("A", "XLK", "-24", "-1984.56", "83.81", "88.91", "-2011.44")},
			"-24 82.69 -1984.56 83.81 -2011.44 -26.88 -1.354456 122.4 5.736138",
		},
		"long and short net": {
			[]held{line("A", "X", "10", "1000", "110", "100", "1100"), line("B", "X", "-4", "-480", "110", "100", "-440")},
			"6 86.666666666667 520 110 660 140 26.923077 60 10",
		},
		"long and short cancel out": {
			[]held{line("A", "X", "5", "500", "110", "100", "550"), line("B", "X", "-5", "-500", "110", "100", "-550")},
			"0 - 0 110 0 0 - 0 -",
		},
		"an option counts its contract size": {
			[]held{with(line("A", "PTON240126C00000500", "2", "900", "4.7", "4.5", "940"), option)},
			"2 4.5 900 4.7 940 40 4.444444 40 4.444444",
		},
		"an unknown market value is not zero": {
			[]held{line("A", "X", "10", "1000", "110", "105", "1100"), line("B", "X", "30", "3300", "", "", "")},
			"40 107.5 4300 110 - - - - -",
		},
		"an unknown cost basis is not zero": {
			[]held{line("A", "X", "10", "", "110", "105", "1100")},
			"10 - - 110 1100 - - 50 4.761905",
		},
		"a price of another day has no day change": {
			[]held{with(line("A", "X", "10", "1000", "110", "105", "1100"), func(l *held) { l.today = false })},
			"10 100 1000 110 1100 100 10 - -",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rows := merge(c.lines)
			if len(rows) != 1 || len(rows[0].Sources) != len(c.lines) {
				t.Fatalf("got %d rows, want 1 with %d sources", len(rows), len(c.lines))
			}
			if got := figuresOf(rows[0]); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestOneInstrumentIsSameClassSymbolAndCurrency(t *testing.T) {
	a := line("A", "X", "1", "1", "1", "1", "1")
	for name, c := range map[string]struct {
		change func(*held)
		rows   int
	}{
		"another account":  {func(l *held) { l.accountID = "B" }, 1},
		"another id of it": {func(l *held) { l.InstrumentID = "other" }, 1},
		"another class":    {func(l *held) { l.AssetClass = broker.Crypto }, 2},
		"another symbol":   {func(l *held) { l.Symbol = "Y" }, 2},
		"another currency": {func(l *held) { l.Currency = "EUR" }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if got := len(merge([]held{a, with(a, c.change)})); got != c.rows {
				t.Errorf("got %d rows, want %d", got, c.rows)
			}
		})
	}
}

func TestARowIsAsFreshAsItsOldestSourceAndPricedByItsNewest(t *testing.T) {
	old := with(line("A", "X", "1", "90", "100", "99", "100"), func(l *held) {
		l.AsOf, l.stale, l.Name = noon.Add(-time.Hour), true, "X Incorporated"
	})
	rows := merge([]held{line("B", "X", "1", "90", "101", "99", "101"), old})
	got := fmt.Sprint(rows[0].AsOf, rows[0].Stale, text(rows[0].Price), rows[0].Name, rows[0].Sources[0].Stale, rows[0].Sources[1].Stale)
	if want := fmt.Sprint(noon.Add(-time.Hour), true, "101", "X Incorporated", true, false); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRowsComeByMarketValueAndUnknownOnesLast(t *testing.T) {
	rows := merge([]held{
		line("A", "SHORT", "-1", "-5", "5", "5", "-5"), line("A", "UNKNOWN", "1", "5", "", "", ""),
		line("A", "SMALL", "1", "5", "5", "5", "5"), line("A", "EVEN", "1", "5", "5", "5", "5"), line("A", "LARGE", "1", "5", "9", "9", "9"),
	})
	var got []string
	for _, r := range rows {
		got = append(got, r.Symbol)
	}
	if diff := cmp.Diff([]string{"LARGE", "EVEN", "SMALL", "SHORT", "UNKNOWN"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// money draws amounts of up to nine decimals, below zero too.
func money(t *rapid.T, label string) decimal.Decimal {
	units := rapid.Int64Range(-1e15, 1e15).Draw(t, label)
	return decimal.New(units, -rapid.Int32Range(0, 9).Draw(t, label+" digits"))
}

func lines(t *rapid.T) []held {
	maybe := func(label string) decimal.NullDecimal {
		return decimal.NullDecimal{Decimal: money(t, label), Valid: rapid.IntRange(0, 9).Draw(t, label+" known") > 0}
	}
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) held {
		return held{
			Position: broker.Position{
				Instrument: broker.Instrument{
					InstrumentID: rapid.StringMatching(`[a-z]{4}`).Draw(t, "instrument"),
					Symbol:       rapid.SampledFrom([]string{"A", "B", "BRK.B"}).Draw(t, "symbol"),
					AssetClass:   rapid.SampledFrom([]broker.AssetClass{broker.Equity, broker.Option}).Draw(t, "class"),
					Currency:     rapid.SampledFrom([]string{"USD", "USD", "EUR"}).Draw(t, "currency"),
					Multiplier:   decimal.New(1, rapid.SampledFrom([]int32{0, 2}).Draw(t, "multiplier")),
				},
				Quantity:  money(t, "quantity"),
				CostBasis: maybe("cost"), Price: maybe("price"), PreviousClose: maybe("close"), MarketValue: maybe("value"),
				AsOf: noon.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "age")) * time.Hour),
			},
			provider: "alpaca", accountID: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "account"),
			stale: rapid.Bool().Draw(t, "stale"), today: rapid.Bool().Draw(t, "today"),
		}
	}), 0, 12, func(l held) string { return l.accountID + l.InstrumentID }).Draw(t, "lines")
}

func TestSourcesAddUpToRowsToTheLastDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := lines(t)
		sources := 0
		for _, row := range merge(all) {
			sources += len(row.Sources)
			quantity, value, cost := decimal.Zero, decimal.NewNullDecimal(decimal.Zero), decimal.NewNullDecimal(decimal.Zero)
			for _, s := range row.Sources {
				quantity = quantity.Add(s.Quantity)
				value = plus(value, s.MarketValue)
				cost = plus(cost, s.CostBasis)
			}
			if !quantity.Equal(row.Quantity) || text(pointer(value)) != text(row.MarketValue) || text(pointer(cost)) != text(row.CostBasis) {
				t.Fatalf("got %s, sources add up to %s, %s, %s", figuresOf(row), quantity, text(pointer(cost)), text(pointer(value)))
			}
			if row.UnrealizedPnl != nil && !row.UnrealizedPnl.Equal(row.MarketValue.Sub(*row.CostBasis)) {
				t.Fatalf("got gain %s of %s", row.UnrealizedPnl, figuresOf(row))
			}
		}
		if sources != len(all) {
			t.Fatalf("got %d sources of %d positions", sources, len(all))
		}
	})
}

func plus(total decimal.NullDecimal, part *decimal.Decimal) decimal.NullDecimal {
	if !total.Valid || part == nil {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(total.Decimal.Add(*part))
}

func TestTheOrderOfPositionsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := lines(t)
		shuffled := rapid.Permutation(slices.Clone(all)).Draw(t, "shuffled")
		want, got := merge(all), merge(shuffled)
		allocate(want, dec("10"))
		allocate(got, dec("10"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-one order +another\n%s", diff)
		}
	})
}

func TestAllocationIsOfWhatTheTotalCounts(t *testing.T) {
	rows := merge([]held{
		line("A", "THIRD", "1", "1", "1", "1", "1"), line("A", "OTHER", "1", "1", "1", "1", "1"),
		line("A", "EURO", "1", "1", "1", "1", "1000"), line("B", "HALF", "1", "1", "", "", ""), line("A", "NONE", "1", "1", "", "", ""),
		line("A", "HALF", "1", "1", "0.5", "0.5", "0.5"),
	})
	for i := range rows {
		if rows[i].Symbol == "EURO" {
			rows[i].Currency = "EUR"
		}
	}
	allocate(rows, dec("0.5"))
	got := map[string]string{}
	for _, r := range rows {
		got[r.Symbol] = text(r.AllocationPercent)
	}
	// Thirds do not divide: what is left goes to the first of equal remainders.
	want := map[string]string{"OTHER": "33.33", "THIRD": "33.33", "EURO": "-", "HALF": "16.67", "NONE": "-"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestASymbolIsFoundInItsCommonSpellings(t *testing.T) {
	var held []Holding
	for _, symbol := range []string{"BFB", "BF.B", "BRK.B", "BTC/USD", "PTON240126C00000500"} {
		held = append(held, Holding{Symbol: symbol})
	}
	for asked, want := range map[string]string{
		"BRK.B": "BRK.B", "brk-b": "BRK.B", "brkb": "BRK.B", "BTC/USD": "BTC/USD", "BTC-USD": "BTC/USD", "btcusd": "BTC/USD",
		"BF.B": "BF.B", "bfb": "BFB", "PTON  240126C00000500": "PTON240126C00000500", "": "", "BRK": "", "*": "",
	} {
		h, ok := findSymbol(held, asked)
		if h.Symbol != want || ok != (want != "") {
			t.Errorf("%q: got %q, want %q", asked, h.Symbol, want)
		}
	}
}
