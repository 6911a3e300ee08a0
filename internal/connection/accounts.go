package connection

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// StoreAccounts stores the accounts that the brokerage reported, in the caller's transaction. It gives our ids by the
// brokerage's. An account that is no longer reported stays with everything that is known of it, as missing: one list that
// leaves it out is no word that it was closed, and only its owner deletes what happened in it.
//
// ReauthorizationRequired, with nothing stored, when a connection with accounts is shown none of them: somebody else is
// signed in at the gateway, say, and what they own is not this connection's.
func StoreAccounts(ctx context.Context, tx db.Querier, connectionID string, accounts []broker.Account, asOf time.Time) (map[string]string, error) {
	stored, err := storedAccounts(ctx, tx, connectionID)
	if err != nil {
		return nil, err
	}
	if len(stored) > 0 && !anyOf(stored, accounts) {
		return nil, errOtherAccounts()
	}
	ids := make(map[string]string, len(accounts))
	for _, a := range accounts {
		if ids[a.ID], err = upsertAccount(ctx, tx, connectionID, a, db.Time(asOf)); err != nil {
			return nil, err
		}
	}
	for _, externalID := range stored {
		if _, there := ids[externalID]; there {
			continue
		}
		_, err := tx.ExecContext(ctx, `update brokerage_accounts set missing_since = coalesce(missing_since, $3)
			where connection_id = $1 and external_id = $2`, connectionID, externalID, db.Time(asOf))
		if err != nil {
			return nil, fmt.Errorf("mark missing account: %w", err)
		}
	}
	return ids, nil
}

// anyOf tells whether one of the accounts is among those of the brokerage's ids.
func anyOf(externalIDs []string, accounts []broker.Account) bool {
	return slices.ContainsFunc(accounts, func(a broker.Account) bool { return slices.Contains(externalIDs, a.ID) })
}

func errOtherAccounts() *fault.Error {
	return fault.New(fault.ReauthorizationRequired, "the brokerage shows none of this connection's accounts, so nothing was read: "+
		"another account is signed in, at the gateway where there is one; sign in there as before, or connect the other account by itself")
}

func storedAccounts(ctx context.Context, q db.Querier, connectionID string) ([]string, error) {
	rows, err := q.QueryContext(ctx, "select external_id from brokerage_accounts where connection_id = $1", connectionID)
	ids, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return ids, nil
}

func upsertAccount(ctx context.Context, tx db.Querier, connectionID string, a broker.Account, asOf time.Time) (id string, err error) {
	var cashIn any
	if a.CashIn != nil {
		text, err := json.Marshal(a.CashIn)
		if err != nil {
			return "", fmt.Errorf("store account: %w", err)
		}
		cashIn = string(text)
	}
	row := tx.QueryRowContext(ctx, `insert into brokerage_accounts
		(id, connection_id, external_id, number, status, currency, cash, cash_in, as_of)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (connection_id, external_id) do update set number = excluded.number, status = excluded.status,
			currency = excluded.currency, cash = excluded.cash, cash_in = excluded.cash_in, as_of = excluded.as_of, missing_since = null
		returning id`,
		db.NewID(), connectionID, a.ID, a.Number, a.Status, a.Currency, a.Cash, cashIn, asOf)
	if err := row.Scan(&id); err != nil {
		return "", fmt.Errorf("store account: %w", err)
	}
	return id, nil
}
