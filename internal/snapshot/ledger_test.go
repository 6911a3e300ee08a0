package snapshot

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

func text(d *decimal.Decimal) string {
	if d == nil {
		return "-"
	}
	return d.String()
}

func TestADaysIncomeAndFlowsAreKnownWholeOrNotAtAll(t *testing.T) {
	book := func(kind broker.ActivityKind, currency, amount string) booking {
		return booking{kind: kind, currency: currency, amount: decimal.RequireFromString(amount)}
	}
	delivery := book(broker.DeliveryIn, "USD", "0")
	delivery.instrument = true
	for name, c := range map[string]struct {
		bookings      []booking
		income, flows string
		reasons       int
	}{
		"a quiet day":                         {nil, "0", "0", 0},
		"trades and fees are neither":         {[]booking{book(broker.Buy, "USD", "-5"), book(broker.Fee, "USD", "-1")}, "0", "0", 0},
		"interest that is paid":               {[]booking{book(broker.Dividend, "USD", "1.25"), book(broker.Interest, "USD", "-0.5")}, "0.75", "0", 0},
		"in and out":                          {[]booking{book(broker.Deposit, "USD", "100"), book(broker.Withdrawal, "USD", "-40")}, "0", "60", 0},
		"between two accounts of one's own":   {[]booking{book(broker.TransferOut, "USD", "-9"), book(broker.TransferIn, "USD", "9")}, "0", "0", 0},
		"a deposit in another currency":       {[]booking{book(broker.Deposit, "EUR", "1"), book(broker.Deposit, "EUR", "1"), book(broker.Dividend, "USD", "2")}, "2", "-", 1},
		"shares that came from somewhere":     {[]booking{book(broker.Deposit, "USD", "1"), delivery, book(broker.Deposit, "USD", "1")}, "0", "-", 1},
		"a dividend in shares is no movement": {[]booking{{kind: broker.Dividend, currency: "USD", amount: decimal.NewFromInt(3), instrument: true}}, "3", "0", 0},
	} {
		income, flows, reasons := dayOf(c.bookings, "USD")
		if text(income) != c.income || text(flows) != c.flows || len(reasons) != c.reasons {
			t.Errorf("%s: got income %s, flows %s, %v", name, text(income), text(flows), reasons)
		}
	}
}
