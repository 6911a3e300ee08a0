package connection

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Link is a connection as the one who reads the brokerage sees it.
type Link struct {
	ID          string
	UserID      string
	Provider    string
	Environment broker.Environment
	sealed      string // the credentials; they also tell whether the connection was renewed since
}

// Link finds a connection of any user, for work done in nobody's request. NotFound when it is gone.
func (s *Service) Link(ctx context.Context, id string) (Link, error) {
	link, found, err := findLink(ctx, s.DB.Read(), id)
	if err == nil && !found {
		return Link{}, errNotFound()
	}
	return link, err
}

// Open gives what it takes to read the brokerage. ReauthorizationRequired when the stored credentials do not open,
// UpstreamFailed when this server does not offer the brokerage any more.
func (s *Service) Open(link Link) (broker.Provider, broker.Credentials, error) {
	provider, ok := s.provider(link.Provider)
	if !ok {
		return nil, broker.Credentials{}, fault.New(fault.UpstreamFailed,
			"this server is not set up for the brokerage any more; ask its operator")
	}
	var creds broker.Credentials
	plain, err := s.Keys.Open(link.sealed, credentialsColumn().Place(link.ID, link.UserID))
	if err == nil {
		err = json.Unmarshal(plain, &creds)
	}
	if err != nil {
		return nil, broker.Credentials{}, fault.Wrap(fault.ReauthorizationRequired, err,
			"the stored credentials cannot be opened; connect %s again", provider.Info().Name)
	}
	return provider, creds, nil
}

// Synced records that what the brokerage said at asOf is now stored, in the caller's transaction. It holds the
// connection until that ends and reports false, changing nothing, when the connection is gone or something newer was
// stored meanwhile: then the caller must not store anything.
func (s *Service) Synced(ctx context.Context, tx db.Querier, link Link, asOf time.Time) (bool, error) {
	before, err := hold(ctx, tx, link.ID)
	if err != nil {
		return false, err
	}
	newest, err := markSynced(ctx, tx, link.ID, db.Time(asOf), db.Time(s.Now()))
	if err != nil || !newest {
		return false, err
	}
	return true, s.recordSync(ctx, tx, link, before, nil)
}

// Failed records why reading the brokerage failed, for its owner to see. It reports false, changing nothing, when the
// failure says nothing about the connection as it is now: it is gone, was renewed, or was read since by a later start.
func (s *Service) Failed(ctx context.Context, tx db.Querier, link Link, started time.Time, cause error) (bool, error) {
	before, err := hold(ctx, tx, link.ID)
	if err != nil {
		return false, err
	}
	f := fault.From(cause)
	problem := Problem{Code: f.Kind, Message: f.Message, At: db.Time(s.Now())}
	recorded, err := markFailed(ctx, tx, link, statusAfter(cause), problem, db.Time(started))
	if err != nil || !recorded {
		return false, err
	}
	return true, s.recordSync(ctx, tx, link, before, cause)
}

// Due lists the connections that the periodic sync reads: all but those that need their owners.
func (s *Service) Due(ctx context.Context, q db.Querier) ([]string, error) {
	return due(ctx, q)
}

// Behind lists those of them whose last read failed, or that were not read since the time.
func (s *Service) Behind(ctx context.Context, q db.Querier, since time.Time) ([]string, error) {
	return behind(ctx, q, db.Time(since))
}
