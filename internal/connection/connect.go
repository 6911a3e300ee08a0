package connection

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// AuthorizationLifetime is how long a customer may take on the brokerage's consent page.
const AuthorizationLifetime = 10 * time.Minute

// Authorization is an attempt to connect that has begun: the browser goes to URL and comes back with State.
type Authorization struct {
	URL   string `json:"authorizationUrl"`
	State string `json:"state"`
	// BrowserSecret belongs into an HttpOnly cookie of the browser that began, and nowhere else. The attempt can only
	// be finished by who presents it, so that nobody can make another person finish their attempt.
	BrowserSecret string `json:"-"`
}

// Connect begins to connect a brokerage by its consent page, which has to be given before the session or key ends in which it
// is asked for. An empty environment means the first one it has. Invalid, with the field, when there is no such brokerage or
// environment.
func (s *Service) Connect(ctx context.Context, userID, providerID string, env broker.Environment, by Access) (Authorization, error) {
	provider, ok := s.provider(providerID)
	if !ok {
		return Authorization{}, fault.InvalidField("body.provider", "must be one of the brokerages on offer")
	}
	info := provider.Info()
	if !slices.Contains(info.Methods, broker.ByOAuth) {
		return Authorization{}, fault.InvalidField("body.provider", "must be a brokerage that connects by its own consent page")
	}
	if env == "" {
		env = info.Environments[0]
	}
	if !slices.Contains(info.Environments, env) {
		return Authorization{}, fault.InvalidField("body.environment", "must be an environment this brokerage has")
	}
	return s.beginConsent(ctx, provider, attempt{userID: userID, provider: providerID, environment: env, by: by})
}

// beginConsent stores the attempt and gives where the browser goes.
func (s *Service) beginConsent(ctx context.Context, provider broker.Provider, att attempt) (Authorization, error) {
	page, ok := provider.(broker.OAuth)
	if !ok {
		return Authorization{}, fault.InvalidField("body.provider", "must be a brokerage that connects by its own consent page")
	}
	started := Authorization{State: vault.Token(), BrowserSecret: vault.Token()}
	verifier := vault.Token() // 43 unreserved characters: the shortest verifier PKCE allows, with 256 random bits
	now := db.Time(s.Now())
	att.stateHash, att.browserHash = vault.Hash(started.State), vault.Hash(started.BrowserSecret)
	att.codeVerifier = s.Keys.Seal([]byte(verifier), verifierColumn().Place(att.stateHash, att.userID))
	att.createdAt, att.expiresAt = now, now.Add(AuthorizationLifetime)
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.Audit.Record(ctx, tx, audit.Event{
			Action: audit.BeginConnect, UserID: att.userID, Target: att.connectionID,
			Details: map[string]string{"provider": att.provider, "environment": string(att.environment)},
		}); err != nil {
			return err
		}
		return beginAttempt(ctx, tx, att)
	})
	if err != nil {
		return Authorization{}, err
	}
	started.URL = page.AuthorizeURL(broker.AuthorizeRequest{
		Environment: att.environment, State: started.State, CodeVerifier: verifier, RedirectURL: s.RedirectURL,
	})
	return started, nil
}

// Redirect is what a browser brings back from the consent page. All of it may have been made up by anyone.
type Redirect struct {
	State         string
	Code          string
	Error         string // the OAuth error word, empty when the customer consented
	BrowserSecret string // from the cookie
}

// Callback finishes an attempt and gives the connection it made, or the one it renewed when the user had already
// connected the same brokerage account. An attempt can be finished once, whatever comes of it.
//
// InvalidOAuthState when there is no such attempt in this browser now, AuthorizationDenied when the customer or the
// brokerage said no, and what the brokerage's Provider says when it cannot be asked.
func (s *Service) Callback(ctx context.Context, back Redirect) (Connection, error) {
	att, err := s.finishAttempt(ctx, back)
	if err != nil {
		return Connection{}, err
	}
	ctx = audit.ByPerson(ctx, att.userID)
	made, err := s.exchange(ctx, att, back)
	if err != nil {
		return Connection{}, s.refused(ctx, att, err)
	}
	return made, nil
}

// exchange trades the code for credentials, sees what they open, and stores them.
func (s *Service) exchange(ctx context.Context, att attempt, back Redirect) (Connection, error) {
	provider, _ := s.provider(att.provider)
	page, ok := provider.(broker.OAuth)
	if !ok { // it was taken off the list in between
		return Connection{}, fault.New(fault.NotFound, "this brokerage is no longer on offer")
	}
	if err := denied(provider.Info().Name, back); err != nil {
		return Connection{}, err
	}
	verifier, err := s.Keys.Open(att.codeVerifier, verifierColumn().Place(att.stateHash, att.userID))
	if err != nil {
		return Connection{}, fmt.Errorf("open the code verifier: %w", err)
	}
	creds, err := page.Exchange(ctx, back.Code, broker.AuthorizeRequest{
		Environment: att.environment, State: back.State, CodeVerifier: string(verifier), RedirectURL: s.RedirectURL,
	})
	if err != nil {
		return Connection{}, err
	}
	asOf := db.Time(s.Now())
	accounts, err := provider.Accounts(ctx, creds)
	if err != nil {
		return Connection{}, err
	}
	if len(accounts) == 0 {
		return Connection{}, fault.New(fault.AuthorizationDenied, "the authorization opens no account; connect again and choose one")
	}
	return s.connect(ctx, att, creds, accounts, asOf)
}

// finishAttempt takes the attempt away, so that of many callbacks with one state a single one goes on. It stays away
// also when the browser is the wrong one: a state that others know is spent.
func (s *Service) finishAttempt(ctx context.Context, back Redirect) (attempt, error) {
	var att attempt
	var refusal error
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		taken, found, err := takeAttempt(ctx, tx, vault.Hash(back.State))
		if err != nil {
			return err
		}
		presented := []byte(vault.Hash(back.BrowserSecret))
		sameBrowser := subtle.ConstantTimeCompare(presented, []byte(taken.browserHash)) == 1
		standing, err := stands(ctx, tx, taken, db.Time(s.Now()))
		if err != nil {
			return err
		}
		if att = taken; found && sameBrowser && standing && s.Now().Before(taken.expiresAt) {
			return nil
		}
		refusal = errOver()
		if !found { // anybody can make up states
			return nil
		}
		return s.recordRefusal(ctx, tx, att, refusal)
	})
	return att, errors.Join(err, refusal)
}

// errOver is the error of an attempt that cannot be finished.
func errOver() error {
	return fault.New(fault.InvalidOAuthState, "this attempt to connect is not, or no longer, valid here; "+
		"start connecting again and finish in the same browser within ten minutes, without signing out")
}

// denied is the error of a redirect without a code. The brokerage's own words are not repeated: anyone may have written them.
func denied(name string, back Redirect) error {
	switch {
	case back.Error == "access_denied":
		return fault.New(fault.AuthorizationDenied, "access was not granted at %s; start connecting again if that was not meant", name)
	case back.Error != "" || back.Code == "":
		return fault.New(fault.UpstreamFailed, "%s could not finish the authorization; start connecting again", name)
	}
	return nil
}

// connect stores the credentials, in the user's connection to one of the accounts if there is one. Two connections to
// the same account would count everything in it twice.
func (s *Service) connect(ctx context.Context, att attempt, creds broker.Credentials, accounts []broker.Account, asOf time.Time) (Connection, error) {
	var made Connection
	err := s.DB.Tx(ctx, func(tx *sql.Tx) error {
		there, err := lockUser(ctx, tx, att.userID)
		if err != nil {
			return err
		}
		if !there {
			return fault.New(fault.NotFound, "this user is no longer here")
		}
		// Once more: they may have signed out everywhere while the brokerage was asked.
		if standing, err := stands(ctx, tx, att, db.Time(s.Now())); err != nil {
			return err
		} else if !standing {
			return errOver()
		}
		id, action, err := s.storeCredentials(ctx, tx, att, creds, accounts, asOf)
		if err != nil {
			return err
		}
		if err := s.Audit.Record(ctx, tx, audit.Event{
			Action: action, UserID: att.userID, Target: id,
			Details: map[string]string{"provider": att.provider, "environment": string(att.environment), "method": string(att.method)},
		}); err != nil {
			return err
		}
		if err := s.OnConnected(ctx, tx, id); err != nil {
			return err
		}
		made, err = s.get(ctx, tx, att.userID, id)
		return err
	})
	return made, err
}

// storeCredentials renews or makes the connection, and tells which. A renewed one keeps its accounts until they are read together with
// their positions: new cash beside old shares would be a sum that never was.
func (s *Service) storeCredentials(ctx context.Context, tx db.Querier, att attempt, creds broker.Credentials, accounts []broker.Account, asOf time.Time) (string, audit.Action, error) {
	id, found, err := s.toRenew(ctx, tx, att, accounts)
	if err != nil {
		return "", "", err
	}
	if !found {
		id = db.NewID()
	}
	sealed, err := s.seal(creds, id, att.userID)
	if err != nil {
		return "", "", err
	}
	if found {
		return id, audit.Reauthorize, renew(ctx, tx, id, att.method, sealed, asOf)
	}
	if err := insert(ctx, tx, id, att, sealed, asOf); err != nil {
		return "", "", err
	}
	_, err = StoreAccounts(ctx, tx, id, accounts, asOf)
	return id, audit.Connect, err
}

// toRenew finds the connection that an attempt renews, if it is none that makes a new one: the one it was begun for, which
// may be gone by now, else one to the same account.
func (s *Service) toRenew(ctx context.Context, tx db.Querier, att attempt, accounts []broker.Account) (id string, found bool, err error) {
	if att.connectionID == "" {
		return findByAccounts(ctx, tx, att, accounts)
	}
	if _, err := s.get(ctx, tx, att.userID, att.connectionID); err != nil {
		return "", false, err
	}
	return att.connectionID, true, renewable(ctx, tx, att, accounts)
}

func (s *Service) seal(creds broker.Credentials, id, userID string) (string, error) {
	plain, err := json.Marshal(creds)
	if err != nil {
		return "", err
	}
	return s.Keys.Seal(plain, credentialsColumn().Place(id, userID)), nil
}

func verifierColumn() vault.Column {
	return vault.Column{Table: "brokerage_authorizations", Column: "code_verifier", Row: "state_hash", User: "user_id"}
}

func credentialsColumn() vault.Column {
	return vault.Column{Table: "brokerage_connections", Column: "credentials", Row: "id", User: "user_id"}
}

// SealedColumns are those in which this package keeps sealed values.
func SealedColumns() []vault.Column { return []vault.Column{verifierColumn(), credentialsColumn()} }
