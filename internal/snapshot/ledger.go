package snapshot

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// booking is what the ledger has of a day.
type booking struct {
	kind       broker.ActivityKind
	currency   string
	amount     decimal.Decimal
	instrument bool // whether it is about one
}

// addLedger puts in what the ledger tells of the day; what it does not tell is null with a reason.
func (s *Service) addLedger(ctx context.Context, userID string, shot *Snapshot) error {
	shot.Income, shot.NetFlows = nil, nil // a snapshot that is carried on has another day's
	day, err := calendar.ParseDay(shot.Day)
	if err != nil {
		return err
	}
	accounts, err := ledger.Accounts(ctx, s.DB.Read(), userID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if !a.Known || !a.CashComplete {
			shot.Reasons = append(shot.Reasons, "Income and flows are unknown: not every brokerage tells of all that moves cash.")
			return nil
		}
	}
	bookings, err := bookingsOf(ctx, s.DB.Read(), userID, day)
	if err != nil {
		return err
	}
	income, flows, why := dayOf(bookings, shot.BaseCurrency)
	shot.Income, shot.NetFlows = income, flows
	shot.Reasons = append(shot.Reasons, why...)
	return nil
}

// dayOf adds up a day's income and flows in the base currency. A sum that some of it cannot be added to is nil, with the
// reason. Cash that moves between the person's own accounts nets to nothing.
func dayOf(bookings []booking, base string) (income, flows *decimal.Decimal, reasons []string) {
	income, flows = new(decimal.Decimal), new(decimal.Decimal)
	for _, b := range bookings {
		var sum **decimal.Decimal
		var name string
		switch b.kind {
		case broker.Dividend, broker.Interest:
			sum, name = &income, "Income is"
		case broker.Deposit, broker.Withdrawal, broker.TransferIn, broker.TransferOut, broker.DeliveryIn, broker.DeliveryOut:
			sum, name = &flows, "Flows are"
		default:
			continue
		}
		moved := sum == &flows && b.instrument
		switch {
		case *sum == nil:
		case moved:
			*sum, reasons = nil, append(reasons, name+" unknown: instruments came in or went out, whose value no brokerage tells.")
		case b.currency != base:
			*sum, reasons = nil, append(reasons, name+" unknown: some are in "+b.currency+".")
		default:
			added := (*sum).Add(b.amount)
			*sum = &added
		}
	}
	return income, flows, reasons
}
