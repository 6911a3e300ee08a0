package pastprices_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
)

func bourse() *past {
	p := newPast()
	p.currency = map[string]string{"EURUSD=X": "USD", "USDJPY=X": "JPY", "CHFSEK=X": "SEK"}
	return p
}

func TestRatesAreStraightTurnedOverOrAcrossTheDollar(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, _ *past) {
		e := bourse()
		s := serviceOf(t, d, e, e.Now)
		get := func(to string, from ...string) (map[string]market.Rates, []string) {
			t.Helper()
			rates, warnings, err := s.Rates(t.Context(), to, from, day("2026-11-02"))
			if err != nil {
				t.Fatal(err)
			}
			return rates, warnings
		}
		dollars, warnings := get("USD", "EUR", "JPY", "USD", "EUR")
		wantNoWarnings(t, warnings)
		euros, _ := get("EUR", "USD", "JPY")
		yen, _ := get("JPY", "EUR")
		if len(dollars) != 2 || len(euros) != 2 || len(yen) != 1 {
			t.Fatalf("got %d, %d and %d rates", len(dollars), len(euros), len(yen))
		}
		for i, day := range dollars["EUR"].Days {
			price := float64(10 + day%7)
			for name, pair := range map[string][2]float64{
				"EUR in USD": {dollars["EUR"].Rate[i], price}, "JPY in USD": {dollars["JPY"].Rate[i], 1 / price}, "USD in EUR": {euros["USD"].Rate[i], 1 / price},
				"JPY in EUR": {euros["JPY"].Rate[i], 1 / price / price}, "EUR in JPY": {yen["EUR"].Rate[i], price * price},
			} {
				if diff := cmp.Diff(pair[1], pair[0], cmpopts.EquateApprox(1e-12, 0)); diff != "" {
					t.Errorf("%s on %s: %s", name, calendar.DayNumbered(day), diff)
				}
			}
		}
		if r := yen["EUR"]; r.From != "EUR" || r.To != "JPY" || r.Source != "past" || !r.AsOf.Equal(evening) || len(r.Days) != 15 {
			t.Errorf("got %s to %s of %s as of %s, %d days", r.From, r.To, r.Source, r.AsOf, len(r.Days))
		}
		e.questions()
		get("JPY", "EUR", "USD")
		wantAsked(t, e)
	})
}

func TestARateThatIsMissingIsMissing(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, _ *past) {
		e := bourse()
		s := serviceOf(t, d, e, e.Now)
		rates, warnings, err := s.Rates(t.Context(), "EUR", []string{"GBP", "CHF", "EUR", "USD"}, day("2026-11-02"))
		want := []string{"There are no rates of exchange from CHF to EUR.", "There are no rates of exchange from GBP to EUR."}
		if err != nil || len(rates) != 1 || rates["USD"].From != "USD" {
			t.Errorf("got %v, %v", rates, err)
		}
		if diff := cmp.Diff(want, warnings); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		for _, code := range []string{"GBp", "usd", "", "EURO", "GBX "} {
			if _, _, err := s.Rates(t.Context(), "EUR", []string{code}, day("2026-11-02")); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: got %v", code, err)
			}
		}
		e.set(func() { e.currency["USDCHF=X"], e.down = "CHF", fault.New(fault.UpstreamDown, "down") })
		e.set(func() { e.now = e.now.AddDate(0, 0, 2) })
		_, warnings, err = s.Rates(t.Context(), "USD", []string{"CHF"}, day("2026-11-02"))
		if err != nil || len(warnings) < 2 {
			t.Errorf("while the source is down: got %q, %v", warnings, err)
		}
	})
}

func TestThePastAsUsersSeeIt(t *testing.T) {
	onEngines(t, func(t *testing.T, d *db.DB, p *past) {
		p.splits["AAPL"] = []market.Split{{Day: day("2026-11-17"), From: decimal.NewFromInt(1), To: decimal.NewFromInt(2)}}
		p.paid["AAPL"] = []market.Dividend{{Day: day("2026-11-18"), Amount: decimal.RequireFromString("0.26")}, {Day: day("2026-02-09"), Amount: decimal.NewFromInt(1)}}
		s := process(t, d, p)
		got, warnings, err := s.History(t.Context(), query("aapl", "2026-11-16", "2026-11-18", pastprices.ForSplits))
		want := pastprices.Past{
			Symbol: "AAPL", Currency: "USD", Interval: "1d", Adjustment: pastprices.ForSplits, Source: "past", AsOf: evening,
			Bars:      []pastprices.PastBar{{Day: day("2026-11-16")}, {Day: day("2026-11-17")}, {Day: day("2026-11-18")}},
			Splits:    []pastprices.PastSplit{{day("2026-11-17"), decimal.NewFromInt(1), decimal.NewFromInt(2)}},
			Dividends: []pastprices.PastDividend{{day("2026-11-18"), decimal.RequireFromString("0.26")}},
		}
		for i, b := range want.Bars {
			want.Bars[i].LastDay = b.Day
			want.Bars[i].Close = decimal.NewFromInt32(10 + b.Day.Number()%7)
		}
		want.Bars[0].Close = want.Bars[0].Close.Div(decimal.NewFromInt(2))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		wantNoWarnings(t, warnings)
		adjusted, _, err := s.History(t.Context(), query("AAPL", "2026-11-18", "2026-11-18", pastprices.ForTotal))
		if err != nil || !adjusted.Adjusted || !adjusted.Bars[0].Close.Equal(want.Bars[2].Close.Shift(-1)) {
			t.Errorf("adjusted: got %v, %v", adjusted, err)
		}
		if _, _, err := s.History(t.Context(), query("a b", "2026-11-18", "2026-11-18", pastprices.ForTotal)); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v", err)
		}
		if _, _, err := s.History(t.Context(), query("NOSUCH", "2026-11-18", "2026-11-18", pastprices.ForTotal)); !fault.Is(err, fault.UnknownSymbol) {
			t.Errorf("got %v", err)
		}
		p.set(func() { p.down = fault.New(fault.UpstreamDown, "down"); p.now = p.now.AddDate(0, 0, 3) })
		if _, _, err := s.History(t.Context(), query("VOD.L", "2026-11-18", "2026-11-18", pastprices.ForTotal)); !fault.Is(err, fault.UpstreamDown) {
			t.Errorf("got %v", err)
		}
		if got, warnings, err = s.History(t.Context(), query("AAPL", "2026-11-18", "2026-11-23", pastprices.ForSplits)); err != nil || !got.Stale || len(warnings) != 1 {
			t.Errorf("got %v, %q, %v, want it as it was", got, warnings, err)
		}
	})
}
