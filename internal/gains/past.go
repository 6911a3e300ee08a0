package gains

import (
	"context"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Until is the report of what had happened by the end of a day, in the units of the day. It is worked out each time.
func (s *Service) Until(ctx context.Context, userID string, settings user.Settings, day calendar.Day) (*Report, error) {
	in, err := read(ctx, s.DB.Read(), userID)
	if err != nil {
		return nil, err
	}
	past, err := exchange.LoadPast(ctx, s.Rates, settings.BaseCurrency, in.currencies(), in.first())
	if err != nil {
		return nil, err
	}
	in.cutOff(day)
	return Work(in, past), nil
}

// cutOff takes away what happened after a day. What brokerages say is held now becomes what they would have said then:
// as far from what the transactions come to as now. What was cut off before can be cut off further.
func (in *Input) cutOff(day calendar.Day) {
	l := &in.Ledger
	now := lots.Quantities(l.Transactions, l.Splits, l.Until)
	l.Transactions = slices.DeleteFunc(l.Transactions, func(t ledger.Transaction) bool { return day.Before(t.Day) })
	l.Until = day
	then := lots.Quantities(l.Transactions, l.Splits, day)
	for account, rules := range l.Accounts {
		for instrument, held := range rules.Reported {
			key := lots.Holding{Account: account, Instrument: instrument}
			rules.Reported[instrument] = held.Sub(now[key]).Add(then[key])
		}
	}
}
