// Package reading asks a brokerage for everything it says of a connection's accounts, and stores it.
package reading

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Account is one account, as the brokerage reported it.
type Account struct {
	broker.Account
	Positions []broker.Position
	// History is what happened in it lately, nil where the brokerage does not say. Problem is then why, for the account's
	// owner, where it could have said.
	History *broker.History
	Problem string
}

const (
	// readTimeout bounds how long one brokerage may take for the accounts and positions of one connection.
	readTimeout = 30 * time.Second
	// historyTimeout bounds how long it may take for their past, which is long the first time: what Alpaca's adapter reads at
	// most, 100,000 activities, are 1,000 pages, and an account may be asked for 170 of them a minute.
	historyTimeout = 8 * time.Minute
	// maxReadings bounds how often positions are read until nothing is traded meanwhile.
	maxReadings = 3
	// overlap is what is read again of the past: brokerages tell of some things days later, and correct others.
	overlap = 10 * 24 * time.Hour
)

// Read reads the accounts of a connection, what they hold and what happened in them. Positions without their past are
// still an answer, and say why; the past alone is none. Errors as of broker.Provider, and of connection.Service.Open.
func Read(ctx context.Context, q db.Querier, connections *connection.Service, link connection.Link, now func() time.Time) ([]Account, error) {
	provider, creds, err := connections.Open(link)
	if err != nil {
		return nil, err
	}
	accounts, asOf, err := readAccounts(ctx, provider, creds, now)
	if err != nil {
		return nil, err
	}
	historian, ok := provider.(broker.Historian)
	if !ok {
		return accounts, nil
	}
	known, err := lastRead(ctx, q, link.ID)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, historyTimeout)
	defer cancel()
	for i := range accounts {
		accounts[i].readHistory(bounded, historian, creds, known[accounts[i].ID], asOf)
	}
	return accounts, ctx.Err() // who is told to stop has read nothing
}

// readAccounts reads the accounts and what they hold, and tells when. Brokerages answer these one after the other: money
// that became shares in between would count twice, or not at all. So the cash must be the same before and after the
// positions, else both are read again; of an account that never rests the last reading is taken.
func readAccounts(ctx context.Context, provider broker.Provider, creds broker.Credentials, now func() time.Time) ([]Account, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	accounts, err := provider.Accounts(ctx, creds)
	if err != nil {
		return nil, time.Time{}, err
	}
	for try := 1; ; try++ {
		asOf := now()
		read, err := readPositions(ctx, provider, creds, accounts)
		if err != nil {
			return nil, time.Time{}, err
		}
		after, err := provider.Accounts(ctx, creds)
		if err != nil {
			return nil, time.Time{}, err
		}
		if try == maxReadings || slices.EqualFunc(accounts, after, sameCash) {
			return read, asOf, nil
		}
		accounts = after
	}
}

func readPositions(ctx context.Context, provider broker.Provider, creds broker.Credentials, accounts []broker.Account) ([]Account, error) {
	all := make([]Account, 0, len(accounts))
	for _, a := range accounts {
		positions, err := provider.Positions(ctx, creds, a)
		if err != nil {
			return nil, err
		}
		all = append(all, Account{Account: a, Positions: positions})
	}
	return all, nil
}

func sameCash(a, b broker.Account) bool {
	return a.ID == b.ID && a.Cash.Valid == b.Cash.Valid && a.Cash.Decimal.Equal(b.Cash.Decimal) &&
		maps.EqualFunc(a.CashIn, b.CashIn, decimal.Decimal.Equal)
}

// readHistory reads what happened since the account's history was read last. What happened after the positions were is
// left for the next reading, so that the two belong together.
func (a *Account) readHistory(ctx context.Context, historian broker.Historian, creds broker.Credentials, last, asOf time.Time) {
	since := time.Time{}
	if !last.IsZero() {
		since = last.Add(-overlap)
	}
	history, err := historian.Activities(ctx, creds, a.Account, since)
	if err != nil {
		a.Problem = fault.From(err).Message
		return
	}
	history.Activities = slices.DeleteFunc(slices.Clone(history.Activities), func(one broker.Activity) bool { return one.At.After(asOf) })
	a.History = &history
}

// cash is the account's cash by currency; nil when the brokerage does not say.
func (a *Account) cash() map[string]decimal.Decimal {
	if a.CashIn != nil || !a.Cash.Valid {
		return a.CashIn
	}
	return map[string]decimal.Decimal{a.Currency: a.Cash.Decimal}
}
