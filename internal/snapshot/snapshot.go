// Package snapshot keeps what people's portfolios were worth at each close of New York.
package snapshot

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
)

// Service takes snapshots and shows them. Every field but History is required.
type Service struct {
	DB        *db.DB
	Portfolio *portfolio.Service
	Jobs      *job.Queue
	Now       func() time.Time
	// History works out from the ledger what a portfolio was worth at the close of a day that was missed; false where
	// the ledger does not reach that far. Without it such days show the last values that were known.
	History func(ctx context.Context, userID string, day calendar.Day) (portfolio.Standing, bool, error)
}

// Status tells how good a snapshot is.
type Status string

// The statuses. Late ones are so whatever else could be said of them.
const (
	Confirmed Status = "confirmed" // every account was read after the close, and nothing is left out
	Partial   Status = "partial"   // something is older than the close, or left out
	Late      Status = "late"      // taken when the evening of the close was over
)

// Basis is what the figures of a snapshot are from.
type Basis string

// The bases.
const (
	FromReading Basis = "reading" // what the brokerages said last
	FromBefore  Basis = "carried" // the snapshot before it, since what the brokerages say now is of a later day
	FromHistory Basis = "history" // worked out from the ledger and the prices of the day
)

// Snapshot is a portfolio at the close of a trading day, in BaseCurrency. Figures that are not known are null.
type Snapshot struct {
	Day            string                    `json:"day" format:"date" doc:"In New York"`
	BaseCurrency   string                    `json:"baseCurrency"`
	TotalValue     *decimal.Decimal          `json:"totalValue" doc:"Of all accounts, with the last known values of stale ones, as far as they are known: the reasons say what is left out. Null where nothing is known"`
	Cash           *decimal.Decimal          `json:"cash" doc:"Null as totalValue is"`
	MarketValue    *decimal.Decimal          `json:"marketValue" doc:"Null as totalValue is"`
	ConfirmedValue *decimal.Decimal          `json:"confirmedValue" doc:"Of the accounts that were read after the close; null as totalValue is"`
	CostBasis      *decimal.Decimal          `json:"costBasis"`
	UnrealizedPnl  *decimal.Decimal          `json:"unrealizedPnl"`
	RealizedPnl    *decimal.Decimal          `json:"realizedPnl" doc:"Of all sales since the ledger begins, after fees, as far as they were known by then; null where no transactions were read"`
	Income         *decimal.Decimal          `json:"income" doc:"Dividends and interest of the day, as far as they were booked by then; null where the ledger does not tell"`
	NetFlows       *decimal.Decimal          `json:"netFlows" doc:"What came in from outside on the day, less what went out, as far as it was booked by then; null where the ledger does not tell"`
	Accounts       []portfolio.AccountTotals `json:"accounts"`
	Status         Status                    `json:"status" enum:"confirmed,partial,late"`
	Basis          Basis                     `json:"basis" enum:"reading,carried,history" doc:"What the figures are from: the last reading, the snapshot before, or the ledger"`
	Reasons        []string                  `json:"reasons" doc:"Why it is not confirmed, and what is left out, in words"`
	AsOf           time.Time                 `json:"asOf" doc:"When the account read longest ago was read"`
	ClosedAt       time.Time                 `json:"closedAt" doc:"The closing bell"`
	TakenAt        time.Time                 `json:"takenAt"`
}

// Range asks for a part of a person's snapshots. From and To are days, both included; empty means without end.
type Range struct {
	From, To string
	Limit    int
	Cursor   string
}

// List gives the user's snapshots, the newest day first; next is the cursor of the page after this one, empty on the last.
func (s *Service) List(ctx context.Context, userID string, r Range) (all []Snapshot, next string, err error) {
	if err := r.check(); err != nil {
		return nil, "", err
	}
	all, err = list(ctx, s.DB.Read(), userID, r)
	if err == nil && len(all) > r.Limit {
		all = all[:r.Limit]
		next = all[r.Limit-1].Day
	}
	return all, next, err
}

func (r Range) check() error {
	var wrong []fault.Field
	for _, f := range []struct{ name, value string }{{"from", r.From}, {"to", r.To}} {
		if _, err := calendar.ParseDay(f.value); err != nil && f.value != "" {
			wrong = append(wrong, fault.Field{Path: "query." + f.name, Message: "must be a day of the form YYYY-MM-DD"})
		}
	}
	if _, err := calendar.ParseDay(r.Cursor); err != nil && r.Cursor != "" {
		wrong = append(wrong, fault.Field{Path: "query.cursor", Message: "is not a cursor of this list; begin again without one"})
	}
	if len(wrong) == 0 && r.From != "" && r.To != "" && r.To < r.From {
		wrong = append(wrong, fault.Field{Path: "query.to", Message: "must not be before from"})
	}
	if len(wrong) == 0 {
		return nil
	}
	f := fault.New(fault.Invalid, "the request has wrong fields")
	f.Fields = wrong
	return f
}
