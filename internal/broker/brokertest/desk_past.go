package brokertest

import (
	"context"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

var _ broker.Historian = (*Desk)(nil)

// Tell makes the history what the desk tells of the account from now on, beside what Keep made it report.
func (d *Desk) Tell(accountID string, h broker.History) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.histories == nil {
		d.histories = map[string]broker.History{}
	}
	h.Activities = slices.Clone(h.Activities)
	slices.SortStableFunc(h.Activities, func(a, b broker.Activity) int { return a.At.Compare(b.At) })
	d.histories[accountID] = h
}

// Activities lists what was told of the account. Of one of which nothing was, the history is whole and empty.
func (d *Desk) Activities(ctx context.Context, creds broker.Credentials, account broker.Account, since time.Time) (broker.History, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.allow(ctx, creds); err != nil {
		return broker.History{}, err
	}
	h, told := d.histories[account.ID]
	if !told {
		h.CashComplete = true
	}
	h.Activities = slices.DeleteFunc(slices.Clone(h.Activities), func(a broker.Activity) bool { return a.At.Before(since) })
	return h, nil
}

// Pair makes a new API key with its secret, good in every environment until Revoke. Desks take keys when their Methods say so.
func (d *Desk) Pair() (id, secret string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pairs == nil {
		d.pairs = map[string]string{}
	}
	id, secret = vault.Token(), vault.Token()
	d.pairs[id] = secret
	return id, secret
}

// allow checks what a customer lets us in with: a token, a key pair, or at a desk that is a gateway nothing.
func (d *Desk) allow(ctx context.Context, creds broker.Credentials) error {
	if err := d.fail(ctx); err != nil {
		return err
	}
	byKey := creds.KeyID != "" && d.pairs[creds.KeyID] == creds.KeySecret
	byGateway := slices.Contains(d.Methods, broker.ByGateway) && creds.AccessToken == "" && creds.KeyID == ""
	if !byKey && !byGateway && !d.tokens[creds.AccessToken] {
		return fault.New(fault.ReauthorizationRequired, "the desk no longer accepts this connection; connect it again")
	}
	return nil
}
