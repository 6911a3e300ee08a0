package returns

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func on(date string) int32 {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return int32(t.Unix() / 86400)
}

func near(got Figure, want, within float64) bool {
	return got.Known() && math.Abs(got.Value-want) <= within
}

// spreadsheet is the example in the manual of Excel's XIRR, whose result it gives as 0.373362535.
func spreadsheet() []Flow {
	return []Flow{
		{on("2008-01-01"), -10000}, {on("2008-03-01"), 2750}, {on("2008-10-30"), 4250},
		{on("2009-02-15"), 3250}, {on("2009-04-01"), 2750},
	}
}

func TestXIRRIsTheSpreadsheets(t *testing.T) {
	got := XIRR(spreadsheet())
	if !near(got.Annual, 0.373362535, 5e-9) || !got.Unique {
		t.Errorf("got %+v, want 0.373362535, the only root", got)
	}
	var turned []Flow
	for _, f := range spreadsheet() {
		turned = append(turned, Flow{f.Day, -f.Amount})
	}
	slices.Reverse(turned)
	if again := XIRR(turned); again.Annual != got.Annual {
		t.Errorf("signs and order turned round: got %+v, want %+v", again.Annual, got.Annual)
	}
}

func TestSeveralRatesAreAllFoundAndSaidToBeSeveral(t *testing.T) {
	for _, test := range []struct {
		name     string
		flows    []Flow
		roots    []float64
		headline float64
	}{
		// The amounts are the coefficients of (y-1.1)(y-1.3), of (y-1)(y-1.05) and so on, in y = 1+r.
		{"10 and 30 %", []Flow{{0, -1000}, {365, 2400}, {730, -1430}}, []float64{0.1, 0.3}, 0.1},
		{"0 and 5 %, a zero at a round place", []Flow{{0, -100}, {365, 205}, {730, -105}}, []float64{0, 0.05}, 0.05},
		{"touching zero at 10 %", []Flow{{0, -100}, {365, 220}, {730, -121}}, []float64{0.1}, 0.1},
		{"two close by", []Flow{{0, -1e6}, {365, 2.21e6}, {730, -1.221e6}}, []float64{0.10, 0.11}, 0.1},
	} {
		got := XIRR(test.flows)
		if len(got.Roots) != len(test.roots) || got.Unique != (len(test.roots) == 1) || !near(got.Annual, test.headline, 1e-9) {
			t.Errorf("%s: got %+v, want %v, of which %g", test.name, got, test.roots, test.headline)
			continue
		}
		for i, root := range test.roots {
			if math.Abs(got.Roots[i]-root) > 1e-9 {
				t.Errorf("%s: got %v, want %v", test.name, got.Roots, test.roots)
			}
		}
	}
}

func TestWhatHasNoRateSaysWhy(t *testing.T) {
	for _, test := range []struct {
		name  string
		flows []Flow
		want  Figure
	}{
		{"none", nil, Figure{Status: Invalid, Reason: FewerThanTwo}},
		{"one", []Flow{{0, -1}}, Figure{Status: Invalid, Reason: FewerThanTwo}},
		{"zeros", []Flow{{0, 0}, {5, 0}}, Figure{Status: Invalid, Reason: FewerThanTwo}},
		{"one way", []Flow{{0, -1}, {5, -1}, {9, 0}}, Figure{Status: Invalid, Reason: SameSign}},
		{"one day", []Flow{{3, -1}, {3, 2}}, Figure{Status: Invalid, Reason: SameDay}},
		{"one way once days are summed", []Flow{{3, -1}, {3, 2}, {9, 1}}, Figure{Status: Invalid, Reason: SameSign}},
		{"no number", []Flow{{0, -1}, {5, math.Inf(1)}}, Figure{Status: Invalid, Reason: NotFinite}},
		{"never zero", []Flow{{0, 100}, {365, -100}, {730, 100}}, Figure{Status: NoRoot, Reason: NoZero}},
		{"sixfold in a day", []Flow{{0, -1000}, {1, 6000}}, Figure{Status: NoRoot, Reason: Unrepresentable}},
	} {
		if got := XIRR(test.flows); got.Annual != test.want || len(got.Roots) > 0 {
			t.Errorf("%s: got %+v, want %+v", test.name, got.Annual, test.want)
		}
	}
}

func TestAPeriodHasItsReturnWhereTheYearHasNone(t *testing.T) {
	got := MoneyWeighted(Flow{0, 1000}, nil, Flow{5, 765})
	if got.Annual.Reason != "" || !near(got.Period, -0.235, 1e-12) {
		t.Errorf("a loss in five days: got %+v", got)
	}
	if got = MoneyWeighted(Flow{0, 1000}, nil, Flow{1, 2000}); got.Annual.Reason != Unrepresentable || !near(got.Period, 1, 1e-12) {
		t.Errorf("double in a day: got %+v, want +100 %% in the period and no annual rate", got)
	}
}

func TestMoneyThatOnlyGrewAtARateHasThatRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(-0.9, 5).Draw(t, "rate")
		var flows []Flow
		last, worth := int32(0), 0.0
		for range rapid.IntRange(1, 30).Draw(t, "deposits") {
			day := last + rapid.Int32Range(0, 400).Draw(t, "days")
			worth *= math.Pow(1+rate, float64(day-last)/365)
			amount := rapid.Float64Range(1, 10_000).Draw(t, "amount")
			flows, worth, last = append(flows, Flow{day, amount}), worth+amount, day
		}
		last += rapid.Int32Range(30, 400).Draw(t, "days to the end")
		worth *= math.Pow(1+rate, float64(last-flows[len(flows)-1].Day)/365)
		got := MoneyWeighted(flows[0], flows[1:], Flow{last, worth})
		if !near(got.Annual, rate, 1e-7*(1+rate)) || !got.Unique {
			t.Fatalf("got %+v, want %g", got, rate)
		}
	})
}

// FuzzXIRR finds flows that make it panic, give a rate that solves nothing, or miss a change of sign at a coarser step.
func FuzzXIRR(f *testing.F) {
	f.Add([]byte{})
	for _, flows := range [][]Flow{spreadsheet(), {{0, -100}, {365, 205}, {730, -105}}, {{0, 1000}, {1, -6000}}} {
		var seed []byte
		for _, flow := range flows {
			seed = binary.BigEndian.AppendUint16(seed, uint16(flow.Day%4000))
			seed = binary.BigEndian.AppendUint32(seed, uint32(int32(flow.Amount*100)))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var flows []Flow
		for ; len(text) >= 6 && len(flows) < 200; text = text[6:] {
			day := binary.BigEndian.Uint16(text)
			amount := int32(binary.BigEndian.Uint32(text[2:]))
			flows = append(flows, Flow{int32(day), float64(amount) / 100})
		}
		checkRoots(t, flows, XIRR(flows))
	})
}

func checkRoots(t *testing.T, flows []Flow, got Rate) {
	if got.Annual.Known() == (len(got.Roots) == 0) || got.Annual.Known() && got.Unique != (len(got.Roots) == 1) {
		t.Fatalf("got %+v: a rate is one of its roots", got)
	}
	if !slices.IsSorted(got.Roots) || got.Annual.Known() && !slices.Contains(got.Roots, got.Annual.Value) {
		t.Fatalf("got %+v: roots in order, the rate among them", got)
	}
	terms, why := merge(timed(flows, Actual365))
	if (why != "") != (got.Annual.Status == Invalid) {
		t.Fatalf("got %+v of flows that are %q", got, why)
	}
	if why != "" {
		return
	}
	e := equation{terms: terms, span: terms[len(terms)-1].Years}
	for _, root := range got.Roots {
		x, of := math.Log1p(root), e
		if x < 0 {
			of = e.fromLast()
		}
		// What a root may be off by: the rounding of the sum, and of 1+r where that is next to 0.
		value, slope, magnitude := of.at(x)
		if limit := 1e-11*magnitude + math.Abs(slope)*1e-15/(1+root); math.Abs(value) > limit {
			t.Fatalf("got root %v of %v: the sum is %g of %g", root, flows, value, magnitude)
		}
	}
	if e.signChanges() < len(got.Roots) {
		t.Fatalf("got roots %v of %d changes of sign", got.Roots, e.signChanges())
	}
	if odd := (terms[0].Amount < 0) != (terms[len(terms)-1].Amount < 0); odd && len(got.Roots) == 0 && got.Annual.Reason != Unrepresentable {
		beyond := func(x float64) bool {
			of := e
			if x < 0 {
				of = e.fromLast()
			}
			v, _, _ := of.at(x)
			return (v < 0) == (terms[0].Amount < 0)
		}
		if beyond(highest) != beyond(lowest) {
			t.Fatalf("got no root of %v, whose sum changes its sign", flows)
		}
	}
}

// threeThousand are flows of a saver over twelve years: purchases, some sales, and what it came to. With sales the sign
// changes often.
func threeThousand(sales bool) []Flow {
	flows := []Flow{{0, 10_000}}
	for i := range int32(2998) {
		amount := 100 + float64(i%7)*13
		if sales && i%5 == 0 {
			amount = -amount * 1.5
		}
		flows = append(flows, Flow{i*4/3 + 1, amount})
	}
	return append(flows, Flow{4500, -600_000})
}

func BenchmarkXIRR3000FlowsOneChangeOfSign(b *testing.B) {
	flows := threeThousand(false)
	for b.Loop() {
		XIRR(flows)
	}
}

func BenchmarkXIRR3000FlowsManyChangesOfSign(b *testing.B) {
	flows := threeThousand(true)
	for b.Loop() {
		XIRR(flows)
	}
}
