package exchange_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/market"
)

func day(d int) calendar.Day { return calendar.Day{Year: 2026, Month: 11, Day: d} }

func TestWhatHasNoRateIsMissingAndNeverOne(t *testing.T) {
	asked := make(chan string, 10)
	source := func(_ context.Context, from, to string) (market.Rate, error) {
		asked <- from + to
		switch from {
		case "EUR":
			return market.Rate{From: from, To: to, Rate: decimal.RequireFromString("1.25"), Day: day(20)}, nil
		case "CHF":
			return market.Rate{From: from, To: to, Rate: decimal.RequireFromString("1.1"), Day: day(10), Stale: true}, nil
		case "ZAR":
			return market.Rate{From: from, To: to}, nil // a source that says zero
		}
		return market.Rate{}, errors.New("no such rate")
	}
	currencies := []string{"EUR", "USD", "XXX", "EUR", "ZAR", "", "CHF"}
	table, err := exchange.Load(t.Context(), source, "USD", currencies)
	if err != nil || len(asked) != 4 {
		t.Fatalf("asked %d times: %v, want each other currency once", len(asked), err)
	}
	for currency, want := range map[string]string{"EUR": "12.5", "USD": "10", "CHF": "11", "XXX": "", "ZAR": "", "JPY": ""} {
		got, ok := table.Convert(currency, decimal.NewFromInt(10))
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%s: got %s, %t, want %s", currency, got, ok, want)
		}
		if table.Has(currency) != ok || table.Fresh(currency) != (ok && currency != "CHF") {
			t.Errorf("%s: got has %t, fresh %t", currency, table.Has(currency), table.Fresh(currency))
		}
	}
	want := []string{
		"What is in CHF counts at a rate of 2026-11-10: its source could not be asked again.",
		"The totals leave out what is in XXX: there is no exchange rate to USD.",
		"The totals leave out what is in ZAR: there is no exchange rate to USD.",
	}
	if diff := cmp.Diff(want, table.Warnings(currencies)); diff != "" {
		t.Errorf("warnings: -want +got\n%s", diff)
	}
	if rates := table.Rates(); len(rates) != 2 || rates[0].From != "CHF" || rates[1].Day != day(20) {
		t.Errorf("got %+v", rates)
	}
}

func TestWhoLeavesIsToldSoAndGetsNoTable(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := exchange.Load(ctx, func(ctx context.Context, _, _ string) (market.Rate, error) {
		cancel()
		<-ctx.Done()
		return market.Rate{}, ctx.Err()
	}, "USD", []string{"EUR"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAPastDayHasTheLastRateBeforeItForSomeDays(t *testing.T) {
	past, err := exchange.LoadPast(t.Context(), func(_ context.Context, to string, from []string, first calendar.Day) (map[string]market.Rates, []string, error) {
		if diff := cmp.Diff([]string{"EUR"}, from); diff != "" || !first.Before(day(1)) {
			t.Errorf("asked for %v from %s", from, first)
		}
		return map[string]market.Rates{"EUR": {From: "EUR", To: to, Days: []int32{day(5).Number(), day(6).Number()}, Rate: []float64{1.1, 1.2}}}, nil, nil
	}, "USD", []string{"USD", "EUR", "USDT"}, day(1))
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range map[int]string{4: "", 5: "11", 6: "12", 8: "12", 16: "12", 17: ""} {
		got, ok := past.Convert("EUR", decimal.NewFromInt(10), day(d))
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("the %dth: got %s, %t, want %s", d, got, ok, want)
		}
	}
	if got, ok := past.Convert("XXX", decimal.Zero, day(5)); !ok || !got.IsZero() {
		t.Errorf("got %s, %t: nothing is nothing in every currency", got, ok)
	}
}
