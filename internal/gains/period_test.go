package gains

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
)

// inputOf is what reportOf works on, made anew: a period cuts it off.
func inputOf(transactions ...ledger.Transaction) Input {
	in := Input{Accounts: []ledger.Account{{ID: "account", Known: true, CashComplete: true}, {ID: "unread"}}}
	in.Ledger.Transactions = slices.Clone(transactions)
	in.Ledger.Accounts = map[string]lots.Rules{"account": {Complete: true, Reported: map[string]decimal.Decimal{}}}
	in.Ledger.Instruments = map[string]instrument.Instrument{}
	for _, currency := range []string{"EUR", "GBP", "USD"} {
		id := "share " + currency
		in.Ledger.Instruments[id] = instrument.Instrument{ID: id, Symbol: id, Currency: currency, Multiplier: dec("1")}
	}
	return in
}

func ofShare(t ledger.Transaction, currency string) ledger.Transaction {
	t.Instrument = "share " + currency
	return t
}

// life has each kind of gain on the second and the third day, at 1.5 and 2 dollars to the euro.
func life() []ledger.Transaction {
	return []ledger.Transaction{
		happened("in", 0, broker.Deposit, "EUR", "0", "5000", "0", "0"),
		happened("buy", 0, broker.Buy, "EUR", "10", "-1000", "0", "0"),
		happened("sell one", 1, broker.Sell, "EUR", "-1", "149", "1", "0"),
		ofShare(happened("dividend", 1, broker.Dividend, "EUR", "0", "8", "0", "2"), "EUR"),
		happened("interest", 1, broker.Interest, "EUR", "0", "4", "0", "0"),
		happened("sell two", 2, broker.Sell, "EUR", "-4", "500", "0", "0"),
		ofShare(happened("dividend again", 2, broker.Dividend, "EUR", "0", "3", "0", "0"), "EUR"),
		happened("fee", 2, broker.Fee, "EUR", "0", "-3", "0", "0"),
	}
}

func TestAPeriodHasWhatHappenedInItAlone(t *testing.T) {
	for name, c := range map[string]struct {
		first, last calendar.Day
		want        Totals
		realized    string // in euros
	}{
		// 149 at 1.5 less 100 at 1.25; 10 before tax; 4; a fee of a trade.
		"the second day": {days[1], days[1], Totals{Realized: dec("98.5"), Dividends: dec("15"), Interest: dec("6"), TradeFees: dec("1.5"), Taxes: dec("3")}, "49"},
		// 500 at 2 less 400 at 1.25; 3; 3.
		"the third day": {days[2], days[2], Totals{Realized: dec("500"), Dividends: dec("6"), Fees: dec("6")}, "100"},
		"from the second on": {days[1], calendar.Day{}, Totals{
			Realized: dec("598.5"), Dividends: dec("21"), Interest: dec("6"), Fees: dec("6"), TradeFees: dec("1.5"), Taxes: dec("3"),
		}, "149"},
		"the first day": {days[0], days[0], Totals{}, ""},
	} {
		got := between(inputOf(life()...), past(t), c.first, c.last)
		if diff := cmp.Diff(c.want, got.Totals, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got.Base != "USD" || got.Unread != 1 || got.Unrated != 0 {
			t.Errorf("%s: got %+v", name, got)
		}
		if c.realized == "" {
			if len(got.Of) != 0 {
				t.Errorf("%s: got %+v, want nothing of anything", name, got.Of)
			}
			continue
		}
		if len(got.Of) != 1 || got.Of[0].Realized.String() != c.realized || got.Of[0].Symbol != "share EUR" || !got.Of[0].DividendsBase.Decimal.Equal(c.want.Dividends) {
			t.Errorf("%s: got %+v, want %s euros realised", name, got.Of, c.realized)
		}
	}
}

func TestPeriodsAddUpToTheWholeLedger(t *testing.T) {
	whole := Work(inputOf(life()...), past(t))
	all := between(inputOf(life()...), past(t), calendar.Day{}, calendar.Day{})
	sum := Totals{}
	for _, day := range days {
		part := between(inputOf(life()...), past(t), day, day).Totals
		sum.Realized = sum.Realized.Add(part.Realized)
		sum.add(lots.Sums{Dividends: part.Dividends, Interest: part.Interest, Fees: part.Fees, TradeFees: part.TradeFees, Taxes: part.Taxes})
	}
	for name, got := range map[string]Totals{"no bound": all.Totals, "day by day": sum} {
		if diff := cmp.Diff(whole.Totals, got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
			t.Errorf("%s (-whole +got):\n%s", name, diff)
		}
	}
}

func TestWhatHasNoRateIsInNoTotalOfThePeriodInWhichItWas(t *testing.T) {
	transactions := append(life(),
		happened("pounds", 1, broker.Buy, "GBP", "1", "-10", "0", "0"), happened("sold", 2, broker.Sell, "GBP", "-1", "12", "0", "0"),
		happened("of pounds", 2, broker.Interest, "GBP", "0", "1", "0", "0"),
	)
	second := between(inputOf(transactions...), past(t), days[1], days[1])
	third := between(inputOf(transactions...), past(t), days[2], days[2])
	if second.Unrated != 0 || third.Unrated != 2 || !third.Totals.Realized.Equal(dec("500")) {
		t.Errorf("got %d and %d unrated and %s realised, want the sale and the interest of the third day left out", second.Unrated, third.Unrated, third.Totals.Realized)
	}
	if words := third.Words(); len(words) != 2 {
		t.Errorf("got %q, want the account and the sums", words)
	}
}
