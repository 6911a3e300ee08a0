package portfolio

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// load reads the user's connections with their accounts and positions. It is one statement, so that a sync which
// commits meanwhile is seen whole or not at all.
func load(ctx context.Context, q db.Querier, userID string) ([]link, error) {
	rows, err := q.QueryContext(ctx, `
		select c.id, c.provider, c.environment, c.status, c.error_message, c.last_sync_at,
			a.id, a.number, a.currency, a.cash, a.cash_in, a.history_problem, a.missing_since,
			h.instrument, h.instrument_id, h.symbol, h.name, h.asset_class, h.exchange, h.currency, h.quantity, h.multiplier,
			h.average_cost, h.cost_basis, h.price, h.previous_close, h.market_value, h.as_of
		from brokerage_connections c
		left join brokerage_accounts a on a.connection_id = c.id
		left join portfolio_holdings h on h.account_id = a.id and h.user_id = c.user_id
		where c.user_id = $1
		order by c.created_at, c.id, a.number, a.id, h.symbol, h.id`, userID)
	all, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("load portfolio: %w", err)
	}
	var links []link
	for _, r := range all {
		links = r.addTo(links)
	}
	return links, nil
}

// row is a connection, an account of it if there is one, and a position in that if there is one.
type row struct {
	link     link
	account  *account
	position *position
}

func scanRow(scan func(...any) error) (row, error) {
	var r row
	var problem sql.NullString
	var syncedAt, asOf, missingSince sql.NullTime
	var accountID, number, accountCurrency, cashIn, historyProblem sql.NullString
	var identity, instrument, symbol, name, class, exchange, currency sql.NullString
	var cash, quantity, multiplier decimal.NullDecimal
	var a account
	var p position
	err := scan(&r.link.id, &r.link.provider, &r.link.environment, &r.link.status, &problem, &syncedAt,
		&accountID, &number, &accountCurrency, &cash, &cashIn, &historyProblem, &missingSince,
		&identity, &instrument, &symbol, &name, &class, &exchange, &currency, &quantity, &multiplier,
		&p.AverageCost, &p.CostBasis, &p.Price, &p.PreviousClose, &p.MarketValue, &asOf)
	r.link.problem = problem.String
	if syncedAt.Valid {
		r.link.syncedAt = new(syncedAt.Time.UTC())
	}
	if err == nil && accountID.Valid {
		a.id, a.number, a.historyProblem, a.missingSince = accountID.String, number.String, historyProblem.String, missingSince.Time.UTC()
		a.cash, err = cashOf(accountCurrency.String, cash, cashIn)
		r.account = &a
	}
	if instrument.Valid {
		p.identity = identity.String
		p.InstrumentID, p.Symbol, p.Name = instrument.String, symbol.String, name.String
		p.AssetClass, p.Exchange, p.Currency = broker.AssetClass(class.String), exchange.String, currency.String
		p.Quantity, p.Multiplier, p.AsOf = quantity.Decimal, multiplier.Decimal, asOf.Time.UTC()
		r.position = &p
	}
	return r, err
}

// cashOf is an account's cash by currency; nil when the brokerage does not say.
func cashOf(currency string, cash decimal.NullDecimal, byCurrency sql.NullString) (all map[string]decimal.Decimal, err error) {
	if byCurrency.Valid {
		return all, json.Unmarshal([]byte(byCurrency.String), &all)
	}
	if !cash.Valid {
		return nil, nil
	}
	return map[string]decimal.Decimal{currency: cash.Decimal}, nil
}

// addTo puts the row where it belongs; rows of one connection, and in it of one account, follow each other.
func (r row) addTo(links []link) []link {
	if len(links) == 0 || links[len(links)-1].id != r.link.id {
		links = append(links, r.link)
	}
	if r.account == nil {
		return links
	}
	l := &links[len(links)-1]
	if a := r.account; !a.missingSince.IsZero() {
		if len(l.missing) == 0 || l.missing[len(l.missing)-1].id != a.id {
			l.missing = append(l.missing, *a)
		}
		return links
	}
	if len(l.accounts) == 0 || l.accounts[len(l.accounts)-1].id != r.account.id {
		l.accounts = append(l.accounts, *r.account)
	}
	if r.position != nil {
		a := &l.accounts[len(l.accounts)-1]
		a.positions = append(a.positions, *r.position)
	}
	return links
}

// version is what a person's view depends on save for rates of exchange and the clock: what they chose, the ledger, and
// what was last stored of each connection, and why one could not be read. It costs one indexed statement.
func version(ctx context.Context, q db.Querier, userID string) (string, error) {
	rows, err := q.QueryContext(ctx, `
		select coalesce(s.base_currency, ''), coalesce(s.cost_basis_method, ''),
			(select coalesce(max(version), 0) from ledger_changes where user_id = $1),
			c.id, c.revision, c.status, c.last_sync_at, c.error_at, c.error_message, a.id, a.cost_basis_method, a.history_problem, a.missing_since
		from users u
		left join user_settings s on s.user_id = u.id
		left join brokerage_connections c on c.user_id = u.id
		left join brokerage_accounts a on a.connection_id = c.id
		where u.id = $1 order by c.id, a.id`, userID)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (string, error) {
		var currency, method string
		var ledger int64
		var revision sql.NullInt64
		var id, status, problem, account, accountMethod, historyProblem sql.NullString
		var synced, failed, missing sql.NullTime
		err := scan(&currency, &method, &ledger, &id, &revision, &status, &synced, &failed, &problem, &account, &accountMethod, &historyProblem, &missing)
		return fmt.Sprintf("%q %q %d %q %d %q %d %d %q %q %q %q %d", currency, method, ledger, id.String, revision.Int64, status.String,
			synced.Time.UnixMicro(), failed.Time.UnixMicro(), problem.String, account.String, accountMethod.String, historyProblem.String, missing.Time.UnixMicro()), err
	})
	if err != nil {
		return "", fmt.Errorf("read the portfolio's version: %w", err)
	}
	return strings.Join(all, "\n"), nil
}
