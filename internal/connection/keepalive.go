package connection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// SessionBound lists the brokerages whose sessions end unless they are used, and at which somebody is connected. Those who
// have to be let in anew count: that their session is there again shows only when it is asked for.
func (s *Service) SessionBound(ctx context.Context, q db.Querier) ([]string, error) {
	var bound []string
	for _, p := range s.Providers {
		if _, ok := p.(broker.KeepAlive); !ok {
			continue
		}
		working, waiting, err := linksTo(ctx, q, p.Info().ID)
		if err != nil {
			return nil, err
		}
		if len(working)+len(waiting) > 0 {
			bound = append(bound, p.Info().ID)
		}
	}
	return bound, nil
}

// KeepAlive keeps the session at a brokerage alive, with one call however many are connected there: the gateway is one.
// When it says that the session is gone, all of these need it anew, and their owners see that. Any other trouble passes or
// is met by the next reading, and says nothing of the connections: it is no error here, since the next minute tries again.
//
// When the session is there, it gives the connections that needed it anew and may be read again, since it shows accounts of
// theirs: reading them tells whether they work.
func (s *Service) KeepAlive(ctx context.Context, providerID string) (readable []string, err error) {
	started := s.Now()
	working, waiting, err := linksTo(ctx, s.DB.Read(), providerID)
	if err != nil || len(working)+len(waiting) == 0 {
		return nil, err
	}
	provider, ok := s.provider(providerID)
	session, ok2 := provider.(broker.KeepAlive)
	if !ok || !ok2 { // it was taken off the list in between
		return nil, nil
	}
	one := slices.Concat(working, waiting)[0]
	cause := session.KeepAlive(ctx, broker.Credentials{Environment: one.Environment})
	switch {
	case cause == nil:
		return s.back(ctx, waiting)
	case !fault.Is(cause, fault.ReauthorizationRequired):
		return nil, nil
	}
	for _, link := range working {
		err = errors.Join(err, s.DB.Tx(ctx, func(tx *sql.Tx) error {
			_, err := s.Failed(ctx, tx, link, started, cause)
			return err
		}))
	}
	return nil, err
}

// back gives those of the connections of which the brokerage shows an account. It is asked once for each environment,
// however many are connected there; where it cannot answer, nobody is back yet.
func (s *Service) back(ctx context.Context, waiting []Link) (ids []string, err error) {
	shown := map[broker.Environment][]broker.Account{}
	for _, link := range waiting {
		provider, creds, err := s.Open(link)
		if err != nil {
			continue // no session helps this one
		}
		accounts, asked := shown[link.Environment]
		if !asked {
			if accounts, err = provider.Accounts(ctx, creds); err != nil {
				accounts = nil
			}
			shown[link.Environment] = accounts
		}
		stored, err := storedAccounts(ctx, s.DB.Read(), link.ID)
		if err != nil {
			return nil, err
		}
		if anyOf(stored, accounts) {
			ids = append(ids, link.ID)
		}
	}
	return ids, nil
}

// linksTo are the connections to a brokerage, of anybody's: those that work or may, and those that need their owners first.
func linksTo(ctx context.Context, q db.Querier, providerID string) (working, waiting []Link, err error) {
	rows, err := q.QueryContext(ctx, `select id, user_id, provider, environment, credentials, status from brokerage_connections
		where provider = $1 order by id`, providerID)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (l Link, err error) {
		var status Status
		err = scan(&l.ID, &l.UserID, &l.Provider, &l.Environment, &l.sealed, &status)
		if status == ReauthorizationRequired {
			waiting = append(waiting, l)
		} else {
			working = append(working, l)
		}
		return l, err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list connections to a brokerage: %w", err)
	}
	return working, waiting, nil
}
