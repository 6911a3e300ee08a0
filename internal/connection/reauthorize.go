package connection

import (
	"context"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Reauthorize lets us in again at one of the user's connections, by its own method: on a new consent page, with a new API
// key, or by trying the gateway now. An API key is taken for a connection by consent, too, where the brokerage takes them.
//
// What lets us in has to open an account that the connection has: another's is refused, with nothing changed, since what was
// read through the connection would turn into somebody else's. It can be connected as a connection of its own. NotFound
// when it is none of theirs; otherwise errors as Begin's.
func (s *Service) Reauthorize(ctx context.Context, userID, id string, req Request) (Begun, error) {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return Begun{}, err
	}
	provider, ok := s.provider(c.Provider)
	if !ok {
		return Begun{}, fault.New(fault.UpstreamFailed, "this server is not set up for the brokerage any more; ask its operator")
	}
	info := provider.Info()
	method, fields := methodOf(c, info, req)
	if fields = append(keyFields(req), fields...); len(fields) > 0 {
		return Begun{}, invalid(fields...)
	}
	switch method {
	case broker.ByOAuth:
		begun, err := s.beginConsent(ctx, provider, attempt{userID: userID, provider: c.Provider, environment: c.Environment, connectionID: id, by: req.By})
		return Begun{Authorization: &begun}, err
	case broker.ByGateway:
		if !req.Admin {
			return Begun{}, errGateway(info)
		}
	}
	att := attempt{userID: userID, provider: c.Provider, environment: c.Environment, method: method, connectionID: id, by: req.By}
	made, err := s.connectNow(ctx, provider, att, req)
	return Begun{Connection: &made}, err
}

// methodOf is how a connection is renewed: with the key that was sent, else as it was made, else as the brokerage can still be.
func methodOf(c Connection, info broker.Info, req Request) (broker.Method, []fault.Field) {
	if req.APIKey != "" || req.APISecret != "" || !slices.Contains(info.Methods, c.Method) {
		return choose(info, req)
	}
	if c.Method == broker.ByAPIKey {
		return "", missingKey()
	}
	return c.Method, nil
}

// renewable checks, in the caller's transaction, that one of the accounts is the connection's. One of which no
// account is known takes any.
func renewable(ctx context.Context, tx db.Querier, att attempt, accounts []broker.Account) error {
	stored, err := storedAccounts(ctx, tx, att.connectionID)
	if err != nil || len(stored) == 0 {
		return err
	}
	if anyOf(stored, accounts) {
		return nil
	}
	if att.method == broker.ByAPIKey {
		return fault.InvalidField("body.apiKey", "must be a key of this connection's account: it opens another one, which can be connected by itself")
	}
	return fault.New(fault.Conflict, "another account was opened than this connection's, so nothing was changed; "+
		"sign in at the brokerage as its owner, or connect the other account by itself")
}
