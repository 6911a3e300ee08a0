package sim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// lateYear is after everything that people do of their own accord.
var lateYear = time.Date(2026, 12, 16, 16, 0, 0, 0, time.UTC)

func TestEverythingHappensToDrew(t *testing.T) {
	w, _ := worldAt(lateYear)
	n := map[ActivityType]int{}
	var late, partial, reverse, tax bool
	for _, a := range w.Activities("drew", Live) {
		n[a.Type]++
		late = late || !a.Day.Before(mustDay("2023-01-01")) && a.Time.Sub(a.Day.At(0, 0)) > 6*24*time.Hour
		partial = partial || a.Left.IsPositive()
		reverse = reverse || a.SubType == "RSPLIT" && a.Quantity.Equal(dec("-1350"))
		tax = tax || a.Type == ActivityWithheld && a.NetAmount.IsNegative()
	}
	for _, want := range []ActivityType{
		ActivityFill, ActivityDeposit, ActivityDividend, ActivitySplit, ActivityWithdrawal, ActivityInterest, ActivityFee, ActivityCryptoFee,
		ActivityWithheld, ActivityDelivery, ActivityTransfer, ActivityExpiry, ActivityAssignment, ActivityExercise, ActivityOptionTrade,
	} {
		if n[want] == 0 {
			t.Errorf("got no %s", want)
		}
	}
	if !late || !partial || !reverse || !tax {
		t.Errorf("late %v, in parts %v, ten shares into one %v, withheld %v; want all", late, partial, reverse, tax)
	}
	var options, shorts int
	for _, p := range w.Positions("drew", Live) {
		if p.Instrument.Kind == Option {
			options++
		}
		if p.Quantity.IsNegative() {
			shorts++
		}
	}
	if options == 0 || shorts == 0 {
		t.Errorf("got %d options and %d shorts, want some", options, shorts)
	}
}

func TestAReverseSplitLeavesTheValue(t *testing.T) {
	w, clock := worldAt(time.Date(2025, 8, 29, 20, 0, 0, 0, time.UTC))
	before := positionOf(t, w, "drew", Live, "LCID")
	clock.Set(time.Date(2025, 9, 2, 13, 30, 0, 0, time.UTC))
	after := positionOf(t, w, "drew", Live, "LCID")
	equal(t, "quantity", after.Quantity.Mul(dec("10")), before.Quantity)
	equal(t, "cost basis", after.CostBasis, before.CostBasis)
	if got := after.PreviousClose.Sub(before.Price.Mul(dec("10"))).Abs(); got.GreaterThan(dec("0.1")) {
		t.Errorf("previous close: got %s, want ten times %s", after.PreviousClose, before.Price)
	}
}

// TestAThousandAccountsAddUp: whatever people trade, cash is the sum of what moved it, and positions of what moved them.
func TestAThousandAccountsAddUp(t *testing.T) {
	seeds := uint64(1000)
	if testing.Short() {
		seeds = 50
	}
	w, clock := worldAt(mustDay("2024-03-04").At(12, 0)) // its prices are worked out once
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 1)) // #nosec G404 -- to be repeatable
		drew := &account{customer: fmt.Sprint("r", seed), env: Live, id: fmt.Sprint("r", seed), abroad: random.IntN(2) == 0, entries: w.drews()}
		w.mu.Lock()
		w.accounts = append(w.accounts[:min(len(w.accounts), 8)], drew)
		w.mu.Unlock()
		at := mustDay("2024-03-04")
		for range 1 + random.IntN(12) {
			at = nextSession(at.AddDays(1 + random.IntN(80)))
			clock.Set(at.At(10+random.IntN(5), random.IntN(60)))
			symbol := []string{"NVDA", "META", "KO", "LCID", "BTC/USD", "XOM", "MSFT", "BND"}[random.IntN(8)]
			quantity := decimal.New(random.Int64N(4_000_000)-2_000_000, -4)
			if quantity.IsZero() {
				quantity = dec("1")
			}
			if err := w.Trade(drew.customer, Live, symbol, quantity, decimal.Zero); err != nil {
				t.Fatal(err)
			}
		}
		clock.Set(at.AddDays(random.IntN(400)).At(16, 30))
		addsUp(t, w, drew.customer)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func addsUp(t *testing.T, w *World, customer string) {
	t.Helper()
	cash, held := decimal.Zero, map[string]decimal.Decimal{}
	ids := map[string]bool{}
	for _, a := range w.Activities(customer, Live) {
		cash = cash.Add(a.NetAmount)
		ids[a.ID] = true
		if a.Type != ActivityDividend && a.Type != ActivityWithheld && a.Symbol != "" {
			held[a.Symbol] = held[a.Symbol].Add(a.Quantity)
		}
	}
	equal(t, "cash", w.Cash(customer, Live), cash)
	for _, p := range w.Positions(customer, Live) {
		equal(t, p.Instrument.Symbol, p.Quantity, held[p.Instrument.Symbol])
		delete(held, p.Instrument.Symbol)
	}
	for _, symbol := range slices.Sorted(maps.Keys(held)) {
		equal(t, symbol+", no longer held", held[symbol], decimal.Zero)
	}
	if len(ids) != len(w.Activities(customer, Live)) {
		t.Error("two activities have one id")
	}
}
