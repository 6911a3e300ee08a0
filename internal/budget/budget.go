// Package budget keeps what language models may cost in a month: each call is paid for before it is made, and settled by what it took.
package budget

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Amount is what models take, or may take.
type Amount struct {
	USD    decimal.Decimal `json:"usd"` // US dollars, exact
	Tokens int64           `json:"tokens"`
}

// Add is the sum of two amounts.
func (a Amount) Add(b Amount) Amount { return Amount{a.USD.Add(b.USD), a.Tokens + b.Tokens} }

// Most is the larger of two amounts, part by part.
func (a Amount) Most(b Amount) Amount {
	return Amount{decimal.Max(a.USD, b.USD), max(a.Tokens, b.Tokens)}
}

// less is what is left of a without b.
func (a Amount) less(b Amount) Amount { return Amount{a.USD.Sub(b.USD), a.Tokens - b.Tokens} }

// within tells whether an amount keeps to a limit, of which a zero part limits nothing.
func (a Amount) within(limit Amount) bool {
	return (limit.USD.IsZero() || a.USD.LessThanOrEqual(limit.USD)) && (limit.Tokens == 0 || a.Tokens <= limit.Tokens)
}

// Limits are what a month may take. A zero part limits nothing.
type Limits struct {
	Installation Amount // of everybody together
	Person       Amount // of each
}

// Service keeps budgets. Its fields are required. Any number of processes may share a database: they keep one budget.
type Service struct {
	DB     *db.DB
	Now    func() time.Time
	Log    *slog.Logger
	Limits Limits
}

// Use is what was taken of a budget.
type Use struct {
	Spent    Amount `json:"spent"`    // settled
	Reserved Amount `json:"reserved"` // of calls that have not come back
	Limit    Amount `json:"limit"`    // a zero part limits nothing
}

// with is whether there is room for an amount more.
func (u Use) with(more Amount) bool { return u.Spent.Add(u.Reserved).Add(more).within(u.Limit) }

// soon is whether there is room when what is reserved turns out to cost nothing.
func (u Use) soon(more Amount) bool { return u.Spent.Add(more).within(u.Limit) }

// Month is what a month took so far.
type Month struct {
	Begins       time.Time `json:"begins"` // UTC
	Ends         time.Time `json:"ends"`   // when everything begins anew
	Person       Use       `json:"person"`
	Installation Use       `json:"installation"`
}

// key is the month in the tables: months are those of UTC, by which vendors make their bills, so that ours can be held
// against theirs.
func key(at time.Time) string { return at.UTC().Format("2006-01") }

func monthOf(at time.Time) Month {
	at = at.UTC()
	begins := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	return Month{Begins: begins, Ends: begins.AddDate(0, 1, 0)}
}

// Spent is what this month took so far, of a person, unless userID is empty, and of everybody.
func (s *Service) Spent(ctx context.Context, userID string) (Month, error) {
	now := s.Now()
	return s.month(ctx, s.DB.Read(), userID, now)
}

// Gone tells whether nothing is left of the limit.
func (u Use) Gone() bool {
	taken := u.Spent.Add(u.Reserved)
	return u.Limit.USD.IsPositive() && taken.USD.GreaterThanOrEqual(u.Limit.USD) || u.Limit.Tokens > 0 && taken.Tokens >= u.Limit.Tokens
}

func (s *Service) month(ctx context.Context, q db.Querier, userID string, at time.Time) (Month, error) {
	m := monthOf(at)
	m.Installation.Limit, m.Person.Limit = s.Limits.Installation, s.Limits.Person
	var err error
	if m.Installation.Spent, err = installationSpent(ctx, q, key(at)); err != nil {
		return m, err
	}
	if userID != "" {
		if m.Person.Spent, err = personSpent(ctx, q, userID, key(at)); err != nil {
			return m, err
		}
	}
	m.Person.Reserved, m.Installation.Reserved, err = reserved(ctx, q, userID, key(at))
	return m, err
}

// Reservation is a call of a model that is paid for. Settle it exactly once, however the call ended.
type Reservation struct {
	Upper   Amount // what was reserved
	service *Service
	row     reservation
}

// Reserve takes what a call can cost at most out of the budgets of this month, before it is made. It is BudgetSpent where
// that is more than what is left, with words that say who can change that and when the month ends. What is taken together
// never goes above a limit, however many ask at once, save by what a call took beyond its upper bound.
func (s *Service) Reserve(ctx context.Context, userID string, upper Amount) (*Reservation, error) {
	now := db.Time(s.Now())
	r := &Reservation{upper, s, reservation{id: db.NewID(), userID: userID, month: key(now), upper: upper, at: now}}
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := lockMonth(ctx, tx, r.row.month); err != nil {
			return err
		}
		m, err := s.month(ctx, tx, userID, now)
		if err != nil {
			return err
		}
		if err := m.refusal(upper, now); err != nil {
			return err
		}
		return insertReservation(ctx, tx, r.row)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// refusal is why there is no room for an amount.
func (m Month) refusal(upper Amount, now time.Time) error {
	use, whose, setting := m.Installation, "the budget that this server's operator set for all its users together", "JASPERS_BUDGET_USD or JASPERS_BUDGET_TOKENS"
	switch {
	case !m.Installation.with(upper):
	case !m.Person.with(upper):
		use, whose, setting = m.Person, "your budget for the language model", "JASPERS_BUDGET_PERSON_USD or JASPERS_BUDGET_PERSON_TOKENS"
	default:
		return nil
	}
	if use.soon(upper) {
		return fault.New(fault.BudgetSpent, "what is left of %s for this month is reserved for answers that are being written; try again when they are done", whose).
			WithRetryAfter(answerTime)
	}
	return fault.New(fault.BudgetSpent, "%s is spent for this month; it begins anew on %s at 00:00 UTC, and the operator can raise it (%s)",
		whose, m.Ends.Format("2 January 2006"), setting).WithRetryAfter(m.Ends.Sub(now))
}

// answerTime is about how long an answer reserves more than it takes.
const answerTime = 30 * time.Second

// settleTime is what storing may take of a call whose asker is gone.
const settleTime = 5 * time.Second

// Settle puts what a call really took in the place of what was reserved, in the month in which that was. It does so when
// ctx has ended, too. What cannot be stored stays reserved, which is never less, and is logged.
func (r *Reservation) Settle(ctx context.Context, actual Amount) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	err := r.service.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := lockMonth(ctx, tx, r.row.month); err != nil {
			return err
		}
		return settle(ctx, tx, r.row, actual)
	})
	if err != nil {
		r.service.Log.ErrorContext(ctx, "settle what an answer took of the budget", "error", err)
	}
}

// settle counts what a reservation took. One that Tidy took away was counted as spent: there the difference is.
func settle(ctx context.Context, tx *sql.Tx, r reservation, actual Amount) error {
	stands, err := deleteReservation(ctx, tx, r.id)
	if err != nil {
		return err
	}
	if !stands {
		actual = actual.less(r.upper)
	}
	return addSpent(ctx, tx, r, actual)
}

// keptFor is how long a reservation may stand open: far longer than an answer takes. Whoever made it is dead by then.
const keptFor = 10 * time.Minute

// Tidy is a period's work: what was reserved by processes that died counts as spent, since nobody knows what it took.
func (s *Service) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	left, err := selectLeft(ctx, tx, db.Time(slot.Add(-keptFor)))
	if err != nil {
		return err
	}
	for _, r := range left {
		if err := lockMonth(ctx, tx, r.month); err != nil {
			return err
		}
		stands, err := deleteReservation(ctx, tx, r.id)
		if err == nil && stands {
			err = addSpent(ctx, tx, r, r.upper)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
