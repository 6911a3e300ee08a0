// Package costbasis says how each account's sales consume lots: by which method, and which lots a person chose for a sale.
package costbasis

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Service takes people's choices about lots. Every field is required.
type Service struct {
	DB    *db.DB
	Audit *audit.Log
	Now   func() time.Time
}

// methods are all that an account may have.
var methods = []user.CostBasis{user.FIFO, user.LIFO, user.HIFO, user.Average, user.Specific}

// AccountMethod is how an account's sales consume lots.
type AccountMethod struct {
	ID              string          `json:"id" format:"uuid"`
	ConnectionID    string          `json:"connectionId" format:"uuid"`
	Account         string          `json:"account" doc:"The brokerage's account number"`
	CostBasisMethod *user.CostBasis `json:"costBasisMethod" enum:"fifo,lifo,hifo,average,specific" doc:"Null is the one of my settings"`
	Effective       user.CostBasis  `json:"effectiveCostBasisMethod" enum:"fifo,lifo,hifo,average,specific"`
}

// SetMethod has an account's sales consume lots in another way, all of them, the past ones too; nil is the way of the
// person's settings, and unless it is sent nothing changes. NotFound when the account is none of theirs in that connection.
func (s *Service) SetMethod(ctx context.Context, userID, connectionID, accountID string, sent bool, method *string) (AccountMethod, error) {
	var after AccountMethod
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		before, err := findMethod(ctx, tx, userID, connectionID, accountID)
		if err != nil {
			return err
		}
		if method != nil && !slices.Contains(methods, user.CostBasis(*method)) {
			return fault.InvalidField("body.costBasisMethod", "must be fifo, lifo, hifo, average, specific or null")
		}
		if after = before; !sent || equal(before.CostBasisMethod, (*user.CostBasis)(method)) {
			return nil
		}
		if err := storeMethod(ctx, tx, accountID, method); err != nil {
			return err
		}
		if after, err = findMethod(ctx, tx, userID, connectionID, accountID); err != nil {
			return err
		}
		if err := s.Audit.Record(ctx, tx, audit.Event{Action: audit.ChangeCostBasis, UserID: userID, Target: accountID}); err != nil {
			return err
		}
		return markFrom(ctx, tx, userID, accountID, s.Now())
	})
	return after, err
}

func equal(a, b *user.CostBasis) bool { return a == b || a != nil && b != nil && *a == *b }

// Read loads what the lots of all of a person's accounts are worked out from, with the methods that hold. It has no
// rates; Base, Rate and Until are the caller's.
func Read(ctx context.Context, q db.Querier, userID string) (in lots.Input, err error) {
	if in.Transactions, err = ledger.Load(ctx, q, userID); err != nil {
		return in, err
	}
	if in.Splits, err = instrument.SplitsHeld(ctx, q, userID); err != nil {
		return in, err
	}
	if in.Instruments, err = instrument.Held(ctx, q, userID); err != nil {
		return in, err
	}
	if in.Chosen, err = ledger.ChosenLots(ctx, q, userID); err != nil {
		return in, err
	}
	in.Accounts, err = rules(ctx, q, userID)
	return in, err
}

// rules are those of all of a person's accounts. What an account reports counts where each of its positions is known
// to be of an instrument of ours.
func rules(ctx context.Context, q db.Querier, userID string) (map[string]lots.Rules, error) {
	accounts, err := ledger.Accounts(ctx, q, userID)
	if err != nil {
		return nil, err
	}
	chosen, err := defaultMethod(ctx, q, userID)
	if err != nil {
		return nil, err
	}
	reported, err := reportedQuantities(ctx, q, userID)
	if err != nil {
		return nil, err
	}
	all := make(map[string]lots.Rules, len(accounts))
	for _, a := range accounts {
		r := lots.Rules{Method: cmp.Or(user.CostBasis(a.Method), chosen), Complete: a.Known, Reported: map[string]decimal.Decimal{}}
		for _, p := range reported[a.ID] {
			if p.instrument == "" {
				r.Reported = nil
				break
			}
			r.Reported[p.instrument] = r.Reported[p.instrument].Add(p.quantity)
		}
		all[a.ID] = r
	}
	return all, nil
}

type reportedQuantity struct {
	account, instrument string
	quantity            decimal.Decimal
}

func reportedQuantities(ctx context.Context, q db.Querier, userID string) (map[string][]reportedQuantity, error) {
	rows, err := q.QueryContext(ctx, "select account_id, instrument, quantity from portfolio_holdings where user_id = $1", userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (r reportedQuantity, err error) {
		var id sql.NullString
		err = scan(&r.account, &id, &r.quantity)
		r.instrument = id.String
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("list reported positions: %w", err)
	}
	byAccount := map[string][]reportedQuantity{}
	for _, r := range all {
		byAccount[r.account] = append(byAccount[r.account], r)
	}
	return byAccount, nil
}

// defaultMethod is the person's choice for accounts that have none of their own.
func defaultMethod(ctx context.Context, q db.Querier, userID string) (user.CostBasis, error) {
	var chosen sql.NullString
	err := q.QueryRowContext(ctx, "select cost_basis_method from user_settings where user_id = $1", userID).Scan(&chosen)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the cost basis method: %w", err)
	}
	return user.CostBasis(cmp.Or(chosen.String, string(user.FIFO))), nil
}

var errNoAccount = fault.New(fault.NotFound, "no such account in that connection")

func findMethod(ctx context.Context, q db.Querier, userID, connectionID, accountID string) (m AccountMethod, err error) {
	if !db.IsID(connectionID) || !db.IsID(accountID) {
		return m, errNoAccount
	}
	if m.Effective, err = defaultMethod(ctx, q, userID); err != nil {
		return m, err
	}
	var own sql.NullString
	err = q.QueryRowContext(ctx, `select a.id, a.connection_id, a.number, a.cost_basis_method from brokerage_accounts a
		join brokerage_connections c on c.id = a.connection_id where a.id = $1 and c.id = $2 and c.user_id = $3`,
		accountID, connectionID, userID).Scan(&m.ID, &m.ConnectionID, &m.Account, &own)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errNoAccount
	}
	if err != nil {
		return m, fmt.Errorf("find account: %w", err)
	}
	if own.Valid {
		m.CostBasisMethod, m.Effective = new(user.CostBasis(own.String)), user.CostBasis(own.String)
	}
	return m, nil
}

func storeMethod(ctx context.Context, tx db.Querier, accountID string, method *string) error {
	_, err := tx.ExecContext(ctx, "update brokerage_accounts set cost_basis_method = $2 where id = $1", accountID, method)
	if err != nil {
		return fmt.Errorf("store the cost basis method: %w", err)
	}
	return nil
}
