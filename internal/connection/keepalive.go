package connection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// SessionBound lists the brokerages whose sessions end unless they are used, and at which somebody is connected and let in.
func (s *Service) SessionBound(ctx context.Context, q db.Querier) ([]string, error) {
	var bound []string
	for _, p := range s.Providers {
		if _, ok := p.(broker.KeepAlive); !ok {
			continue
		}
		links, err := workingLinks(ctx, q, p.Info().ID)
		if err != nil {
			return nil, err
		}
		if len(links) > 0 {
			bound = append(bound, p.Info().ID)
		}
	}
	return bound, nil
}

// KeepAlive keeps the session at a brokerage alive, with one call however many are connected there: the gateway is one.
// When it says that the session is gone, all of these need it anew, and their owners see that. Any other trouble passes or
// is met by the next reading, and says nothing of the connections: it is no error here, since the next minute tries again.
func (s *Service) KeepAlive(ctx context.Context, providerID string) error {
	started := s.Now()
	links, err := workingLinks(ctx, s.DB.Read(), providerID)
	if err != nil || len(links) == 0 {
		return err
	}
	provider, ok := s.provider(providerID)
	session, ok2 := provider.(broker.KeepAlive)
	if !ok || !ok2 { // it was taken off the list in between
		return nil
	}
	cause := session.KeepAlive(ctx, broker.Credentials{Environment: links[0].Environment})
	if !fault.Is(cause, fault.ReauthorizationRequired) {
		return nil
	}
	for _, link := range links {
		err = errors.Join(err, s.DB.Tx(ctx, func(tx *sql.Tx) error {
			_, err := s.Failed(ctx, tx, link, started, cause)
			return err
		}))
	}
	return err
}

// workingLinks are the connections at a brokerage, of anybody's, that do not need their owners first.
func workingLinks(ctx context.Context, q db.Querier, providerID string) ([]Link, error) {
	rows, err := q.QueryContext(ctx, `select id, user_id, provider, environment, credentials from brokerage_connections
		where provider = $1 and status <> $2 order by id`, providerID, ReauthorizationRequired)
	links, err := db.Collect(rows, err, func(scan func(...any) error) (l Link, err error) {
		return l, scan(&l.ID, &l.UserID, &l.Provider, &l.Environment, &l.sealed)
	})
	if err != nil {
		return nil, fmt.Errorf("list connections of a brokerage: %w", err)
	}
	return links, nil
}
