// Package connection is a user's link to a brokerage: how it is made, what opens it, and whether it works.
package connection

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Service connects users with brokerages. Every field is required, save one.
type Service struct {
	DB   *db.DB
	Keys *vault.Keyring
	// Audit records what is done to connections, in the transaction that does it.
	Audit *audit.Log
	// Providers are the brokerages on offer, in the order they are shown.
	Providers []broker.Provider
	// RedirectURL is where every brokerage sends browsers back to; it is registered with each of them.
	RedirectURL string
	// OnConnected is called in the transaction that makes or renews a connection, to have it read for the first time.
	OnConnected func(ctx context.Context, tx *sql.Tx, connectionID string) error
	// OnReauthorizationRequired is called in the transaction that finds that a connection needs its owner, to have them told;
	// nil where nobody is.
	OnReauthorizationRequired func(ctx context.Context, tx db.Querier, c Refused) error
	Now                       func() time.Time
}

// Refused is a connection that the brokerage lets in no more, and since when.
type Refused struct {
	ID, UserID   string
	ProviderName string
	At           time.Time
}

// Status tells whether a connection works.
type Status string

// The statuses. Only a connection that needs its owner is left out of the periodic syncs.
const (
	Active                  Status = "active"
	Failing                 Status = "error" // the last read failed; it is tried again by itself
	ReauthorizationRequired Status = "reauthorization_required"
)

// Connection is a user's link to a brokerage as its owner sees it.
type Connection struct {
	ID            string             `json:"id"`
	UserID        string             `json:"-"`
	Provider      string             `json:"provider"`
	ProviderName  string             `json:"providerName"`
	Environment   broker.Environment `json:"environment"`
	Method        broker.Method      `json:"method" enum:"oauth,api_key,gateway" doc:"How it was let in."`
	ReauthorizeBy broker.Method      `json:"reauthorizeBy" enum:"oauth,api_key,gateway" doc:"What its reauthorize route takes when status is reauthorization_required: a new consent, a new key pair, or nothing but to be called."`
	Accounts      []string           `json:"accounts" doc:"The brokerage's account numbers, also of those that it lists no more"`
	Status        Status             `json:"status" enum:"active,error,reauthorization_required"`
	CreatedAt     time.Time          `json:"createdAt"`
	LastSyncAt    *time.Time         `json:"lastSyncAt" doc:"When its positions were last read; null before the first time"`
	Error         *Problem           `json:"error" doc:"Why the last read failed; null when it did not"`
}

// Problem is why a connection could not be read.
type Problem struct {
	Code    fault.Kind `json:"code"`
	Message string     `json:"message"`
	At      time.Time  `json:"at"`
}

// Brokerages lists what can be connected, with the methods that the person can use: gateways are for admins.
func (s *Service) Brokerages(admin bool) []broker.Info {
	infos := make([]broker.Info, 0, len(s.Providers))
	for _, p := range s.Providers {
		info := p.Info()
		info.Methods = slices.DeleteFunc(slices.Clone(info.Methods), func(m broker.Method) bool { return m == broker.ByGateway && !admin })
		if len(info.Methods) > 0 {
			infos = append(infos, info)
		}
	}
	return infos
}

// List gives the user's connections, newest first.
func (s *Service) List(ctx context.Context, userID string) ([]Connection, error) {
	all, err := list(ctx, s.DB.Read(), userID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		s.complete(&all[i])
	}
	return all, nil
}

// Get gives one of the user's connections. NotFound when it is none of theirs.
func (s *Service) Get(ctx context.Context, userID, id string) (Connection, error) {
	return s.get(ctx, s.DB.Read(), userID, id)
}

func (s *Service) get(ctx context.Context, q db.Querier, userID, id string) (Connection, error) {
	if !db.IsID(id) {
		return Connection{}, errNotFound()
	}
	c, found, err := find(ctx, q, userID, id)
	if err != nil {
		return Connection{}, err
	}
	if !found {
		return Connection{}, errNotFound()
	}
	s.complete(&c)
	return c, nil
}

// complete adds what the brokerage on offer says: its name, and how it can be let in again.
func (s *Service) complete(c *Connection) {
	c.ProviderName, c.ReauthorizeBy = c.Provider, c.Method
	p, ok := s.provider(c.Provider)
	if !ok {
		return
	}
	info := p.Info()
	c.ProviderName = info.Name
	if !slices.Contains(info.Methods, c.Method) {
		c.ReauthorizeBy = info.Methods[0]
	}
}

// Delete forgets one of the user's connections with its credentials, accounts and holdings. NotFound when it is none of
// theirs. The brokerage is not told: those we know offer apps no way to give a token back, only its owner can withdraw it.
func (s *Service) Delete(ctx context.Context, userID, id string) error {
	if !db.IsID(id) {
		return errNotFound()
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		deleted, err := remove(ctx, tx, userID, id)
		if err == nil && !deleted {
			return errNotFound()
		}
		if err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, audit.Event{Action: audit.Disconnect, UserID: userID, Target: id})
	})
}

func (s *Service) provider(id string) (broker.Provider, bool) {
	for _, p := range s.Providers {
		if p.Info().ID == id {
			return p, true
		}
	}
	return nil, false
}

// ProviderName is how people know a brokerage; one that is no longer on offer keeps its id.
func (s *Service) ProviderName(id string) string {
	if p, ok := s.provider(id); ok {
		return p.Info().Name
	}
	return id
}

func errNotFound() error { return fault.New(fault.NotFound, "there is no such connection") }
