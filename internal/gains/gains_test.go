package gains

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/market"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// days are three in a row, on which a euro cost 1.25, 1.5 and 2 dollars.
var days = []calendar.Day{{Year: 2026, Month: 3, Day: 2}, {Year: 2026, Month: 3, Day: 3}, {Year: 2026, Month: 3, Day: 4}}

func past(t *testing.T) exchange.Past {
	t.Helper()
	rates := func(_ context.Context, to string, _ []string, _ calendar.Day) (map[string]market.Rates, []string, error) {
		euro := market.Rates{From: "EUR", To: to, Rate: []float64{1.25, 1.5, 2}}
		for _, d := range days {
			euro.Days = append(euro.Days, d.Number())
		}
		return map[string]market.Rates{"EUR": euro}, nil, nil
	}
	p, err := exchange.LoadPast(t.Context(), rates, "USD", []string{"EUR", "GBP"}, days[0])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// happened is a transaction of the account; what has a quantity is of a share in the currency.
func happened(id string, day int, kind broker.ActivityKind, currency, quantity, amount, fee, tax string) ledger.Transaction {
	t := ledger.Transaction{
		ID: id, AccountID: "account", ExternalID: id, Kind: kind, Day: days[day], At: days[day].At(12, 0), Currency: currency,
		Quantity: dec(quantity), Amount: dec(amount), Fee: dec(fee), Tax: dec(tax),
	}
	if !t.Quantity.IsZero() {
		t.Instrument = "share " + currency
		t.Price = decimal.NewNullDecimal(t.Amount.Add(t.Fee).Div(t.Quantity).Neg())
	}
	return t
}

func reportOf(t *testing.T, held string, transactions ...ledger.Transaction) *Report {
	t.Helper()
	in := Input{
		Accounts: []ledger.Account{{ID: "account", Known: true, CashComplete: true}, {ID: "unread"}},
		Reported: map[lots.Holding]decimal.Decimal{{Account: "account", Instrument: "share EUR"}: dec(held)},
	}
	in.Ledger.Transactions = transactions
	in.Ledger.Accounts = map[string]lots.Rules{"account": {Complete: true}}
	in.Ledger.Instruments = map[string]instrument.Instrument{}
	for _, currency := range []string{"EUR", "GBP"} {
		id := "share " + currency
		in.Ledger.Instruments[id] = instrument.Instrument{ID: id, Symbol: id, Currency: currency, Multiplier: dec("1")}
	}
	return Work(in, past(t))
}

func TestEachAmountIsConvertedAtTheRateOfItsDay(t *testing.T) {
	r := reportOf(t, "6",
		happened("in", 0, broker.Deposit, "EUR", "0", "5000", "0", "0"),
		happened("buy", 0, broker.Buy, "EUR", "10", "-1000", "0", "0"),
		happened("sell", 2, broker.Sell, "EUR", "-4", "500", "0", "0"),
		happened("interest", 1, broker.Interest, "EUR", "0", "8", "0", "2"),
		happened("fee", 2, broker.Fee, "EUR", "0", "-3", "0", "0"),
		happened("tax", 2, broker.Tax, "EUR", "0", "-5", "0", "0"),
	)
	want := Totals{
		Realized: dec("500"),                  // 500 at 2 less 400 at 1.25
		Interest: dec("15"), Taxes: dec("13"), // 10 before tax and 2 of tax at 1.5; 5 at 2
		Fees: dec("6"), Dividends: decimal.Decimal{}, // 3 at 2
	}
	got := r.Totals
	for what, pair := range map[string][2]decimal.Decimal{
		"realized": {want.Realized, got.Realized}, "interest": {want.Interest, got.Interest}, "taxes": {want.Taxes, got.Taxes},
		"fees": {want.Fees, got.Fees}, "dividends": {want.Dividends, got.Dividends},
	} {
		if !pair[0].Equal(pair[1]) {
			t.Errorf("%s: got %s, want %s", what, pair[1], pair[0])
		}
	}
	if cash := r.Cash["account"]["EUR"]; !cash.Sum.Equal(dec("4500")) || cash.Last.ID != "tax" {
		t.Errorf("got %s in cash by %s, want 4500 by the tax", cash.Sum, cash.Last.ID)
	}
	if r.First != days[0] || r.Unread != 1 || r.Unknown != 0 || r.Unrated != 0 {
		t.Errorf("got first day %s, %d unread, %d unknown, %d unrated", r.First, r.Unread, r.Unknown, r.Unrated)
	}
}

func TestWhatHasNoRateIsCountedAndInNoTotal(t *testing.T) {
	r := reportOf(t, "0",
		happened("buy", 0, broker.Buy, "GBP", "10", "-1000", "0", "0"),
		happened("sell", 1, broker.Sell, "GBP", "-10", "1500", "0", "0"),
		happened("interest", 1, broker.Interest, "GBP", "0", "8", "0", "0"),
	)
	if !r.Totals.Realized.IsZero() || !r.Totals.Interest.IsZero() || r.Unrated == 0 {
		t.Errorf("got %+v, %d unrated, want nothing in the totals", r.Totals, r.Unrated)
	}
	if p := r.Position("account", "share GBP"); !p.Realised.Equal(dec("500")) || p.RealisedBase.Valid {
		t.Errorf("got %+v, want 500 pounds and no dollars", p)
	}
}

func TestWhatWasPaidIsKnownOnlyWhereLedgerAndBrokerageAgree(t *testing.T) {
	bought := []ledger.Transaction{
		happened("one", 0, broker.Buy, "EUR", "10", "-1000", "0", "0"), happened("two", 2, broker.Buy, "EUR", "10", "-3000", "0", "0"),
	}
	r := reportOf(t, "20", bought...)
	if rate := r.PaidRate("account", "share EUR", dec("20")); !rate.Valid || !rate.Decimal.Equal(dec("1.8125")) { // (1250 + 6000) / 4000
		t.Errorf("got %v, want the average of both purchases", rate)
	}
	for what, rate := range map[string]decimal.NullDecimal{
		"another quantity":   r.PaidRate("account", "share EUR", dec("19")),
		"another account":    r.PaidRate("other", "share EUR", dec("20")),
		"what is not in it":  r.PaidRate("account", "share GBP", dec("20")),
		"sold and not known": reportOf(t, "5", append(bought, happened("sell", 2, broker.Sell, "EUR", "-30", "900", "0", "0"))...).PaidRate("account", "share EUR", dec("0")),
	} {
		if rate.Valid {
			t.Errorf("%s: got %s, want none", what, rate.Decimal)
		}
	}
}

func TestAnInstrumentIsShownAccountByAccountWithItsOpenLots(t *testing.T) {
	r := reportOf(t, "5",
		happened("buy", 0, broker.Buy, "EUR", "10", "-1010", "10", "0"), happened("sell", 1, broker.Sell, "EUR", "-4", "600", "0", "0"))
	all := r.InLedger("share EUR")
	if len(all) != 1 || len(r.InLedger("share GBP")) != 0 {
		t.Fatalf("got %+v", all)
	}
	l := all[0]
	if l.Agrees || !l.Reported.Equal(dec("5")) || !l.Quantity.Equal(dec("6")) || l.Transactions != 2 || l.Sales != 1 || !l.CostBasis.Equal(dec("606")) {
		t.Errorf("got %+v, want 6 open for 606 where the brokerage says 5", l)
	}
	if len(l.Lots) != 1 || l.Lots[0].TransactionID != "buy" || *l.Lots[0].Day != days[0] || !l.Lots[0].CostBasisBase.Equal(dec("757.5")) {
		t.Errorf("got %+v, want what is left of the purchase", l.Lots)
	}
}
