// Package auth lets people sign up and in, and tells from a token who is asking.
package auth

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/passwords"
	"github.com/jaspers-ai/jaspers/internal/secondfactor"
	"github.com/jaspers-ai/jaspers/internal/user"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Service signs people up and in. Make it with New.
type Service struct {
	db        *db.DB
	now       func() time.Time
	log       *slog.Logger
	audit     *audit.Log
	factors   *secondfactor.Service
	passwords *passwords.Hasher
	access    *accessTokens
	mails     *mailer
	closed    bool // to registrations
	uses      chan keyUse
}

// Config of a Service. Zero durations and costs take the defaults named.
type Config struct {
	DB  *db.DB
	Now func() time.Time
	Log *slog.Logger
	// SigningKey signs access tokens (HMAC-SHA-256): 32 bytes or more.
	SigningKey []byte
	// AccessTTL is the life of an access token; 15 minutes.
	AccessTTL time.Duration
	// Audit records what is done to accounts, in the transaction that does it.
	Audit *audit.Log
	// Keys seal the secrets of second factors.
	Keys *vault.Keyring
	// BcryptCost is the work of a password hash; 10. Passwords hashed with less are hashed again at sign-in.
	BcryptCost int
	// RegistrationClosed leaves it to the operator to add people.
	RegistrationClosed bool
	// Mails that accounts need; the zero value sends none.
	Mails MailConfig
}

const (
	defaultAccessTTL  = 15 * time.Minute
	defaultBcryptCost = 10
	// RefreshTTL is how long a refresh token may lie unused.
	RefreshTTL = 7 * 24 * time.Hour
	// sessionTTL ends every session, however often it was refreshed.
	sessionTTL = 30 * 24 * time.Hour
	// reuseGrace is how long a used refresh token is still answered: its first answer may have been lost on the way, and
	// tabs of one browser refresh at once.
	reuseGrace = 20 * time.Second
	// maxSuccessors is how often tokens may be traded within the grace: many times what any client does.
	maxSuccessors = 100
)

// New makes the service; it refuses a signing key that is too short.
func New(cfg Config) (*Service, error) {
	if cfg.AccessTTL == 0 {
		cfg.AccessTTL = defaultAccessTTL
	}
	if cfg.BcryptCost == 0 {
		cfg.BcryptCost = defaultBcryptCost
	}
	access, err := newAccessTokens(cfg.SigningKey, cfg.AccessTTL, cfg.Now)
	if err != nil {
		return nil, err
	}
	hasher, err := passwords.New(cfg.BcryptCost)
	if err != nil {
		return nil, err
	}
	mails, err := newMailer(cfg.Mails, cfg.Log)
	if err != nil {
		return nil, err
	}
	if cfg.Keys == nil {
		return nil, errors.New("the secrets of second factors need a keyring")
	}
	return &Service{
		db: cfg.DB, now: cfg.Now, log: cfg.Log, audit: cfg.Audit, factors: &secondfactor.Service{Keys: cfg.Keys, Audit: cfg.Audit, Now: cfg.Now}, passwords: hasher, access: access,
		mails: mails, closed: cfg.RegistrationClosed, uses: make(chan keyUse, maxKeyUses),
	}, nil
}

// Tokens are what a sign-in or refresh hands out.
type Tokens struct {
	AccessToken  string `json:"accessToken" doc:"Sent as Authorization: Bearer with each request."`
	RefreshToken string `json:"refreshToken" doc:"Good for one refresh; keep the one that comes back."`
	ExpiresIn    int    `json:"expiresIn" doc:"Seconds until the access token ends."`
}

// SignedIn is a person with their tokens.
type SignedIn struct {
	User   user.User `json:"user"`
	Tokens Tokens    `json:"tokens"`
}

// Registration is what somebody signs up with.
type Registration struct {
	Email     string
	Password  string
	FirstName *string
	LastName  *string
}

// Identity is who is asking: a person in one of their sessions, or one of their API keys. Role is what they may do here:
// a key without the admin scope is no admin, whoever made it.
type Identity struct {
	UserID    string
	SessionID string // empty for a key
	KeyID     string // empty in a session
	Role      user.Role
	scopes    string // of a key, as they are stored
}

// String is who is asking as the log has it: an id, and what it is of.
func (i Identity) String() string {
	if i.KeyID != "" {
		return "key " + i.KeyID
	}
	return "user " + i.UserID
}

// Register adds a person, signs them in, and has them asked by mail to verify their address. Wrong fields are an Invalid
// that names them all; a known address is an EmailTaken; RegistrationClosed where only the operator adds people.
func (s *Service) Register(ctx context.Context, r Registration) (SignedIn, error) {
	if s.closed {
		return SignedIn{}, errRegistrationClosed()
	}
	email, ok := user.CanonicalEmail(r.Email)
	var wrong []fault.Field
	if !ok {
		wrong = append(wrong, fault.Field{Path: "body.email", Message: "must be an e-mail address"})
	}
	if complaint := passwords.Weakness(r.Password, email); complaint != "" {
		wrong = append(wrong, fault.Field{Path: "body.password", Message: complaint})
	}
	for path, name := range map[string]*string{"body.firstName": r.FirstName, "body.lastName": r.LastName} {
		if complaint := user.CheckName(name); complaint != "" {
			wrong = append(wrong, fault.Field{Path: path, Message: complaint})
		}
	}
	if wrong != nil {
		slices.SortFunc(wrong, func(a, b fault.Field) int { return strings.Compare(a.Path, b.Path) })
		return SignedIn{}, &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: wrong}
	}
	hash, err := s.passwords.Hash(ctx, r.Password)
	if err != nil {
		return SignedIn{}, err
	}
	now := db.Time(s.now())
	in := SignedIn{User: user.User{
		ID: db.NewID(), Email: email, FirstName: user.Name(r.FirstName), LastName: user.Name(r.LastName),
		CreatedAt: now, UpdatedAt: now, LastLoginAt: &now,
	}}
	err = s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if in.User, err = user.Insert(ctx, tx, in.User, hash); err != nil {
			return err
		}
		if in.Tokens, err = s.openSession(ctx, tx, in.User.ID, now); err != nil {
			return err
		}
		if err := s.mailLink(ctx, tx, in.User.ID, in.User.Email, verifyEmail, db.NewID(), now); err != nil {
			return err
		}
		return s.audit.Record(audit.ByPerson(ctx, in.User.ID), tx, audit.Event{Action: audit.Register, UserID: in.User.ID})
	})
	return in, err
}

// Login signs a person in. An unknown address and a wrong password are the same InvalidCredentials and cost the same time.
// Only after a right password it tells of more: that the account is an AccountDisabled, or that a second factor is on,
// of which code is to be one: SecondFactorNeeded when it is empty, InvalidCode when it is wrong, RateLimited after too many.
func (s *Service) Login(ctx context.Context, address, password, code string) (SignedIn, error) {
	known, newHash, err := s.checkSignIn(ctx, address, password)
	if err != nil {
		return SignedIn{}, err
	}
	now := db.Time(s.now())
	var in SignedIn
	err = s.attempt(ctx, audit.Event{Action: audit.Login, UserID: known.userID}, func(ctx context.Context, tx *sql.Tx) (*fault.Error, error) {
		if refusal, err := refuseDisabled(ctx, tx, known.userID); refusal != nil || err != nil {
			return refusal, err
		}
		f, err := lockFactor(ctx, tx, known.userID)
		if err != nil {
			return nil, err
		}
		if refusal, err := s.factors.Check(ctx, tx, f, code); refusal != nil || err != nil {
			return refusal, err
		}
		// Only if the password was not changed meanwhile: its old value must not open a session any more.
		if in.User, err = markLogin(ctx, tx, known, newHash, now); err != nil {
			return nil, err
		}
		in.Tokens, err = s.openSession(ctx, tx, known.userID, now)
		return nil, err
	})
	if fault.Is(err, fault.Unauthenticated) { // the account was deleted a moment ago
		err = passwords.ErrWrong()
	}
	if err != nil {
		return SignedIn{}, err
	}
	return in, nil
}

// checkSignIn finds whose address and password these are, and hashes the password again where that is due. What it
// refuses is recorded.
func (s *Service) checkSignIn(ctx context.Context, address, password string) (known credentials, newHash string, err error) {
	if err := passwords.CheckLength(password, "body.password"); err != nil {
		return known, "", err
	}
	if email, ok := user.CanonicalEmail(address); ok { // what is no address is nobody's
		if known, err = findCredentials(ctx, s.db.Read(), email); err != nil {
			return known, "", err
		}
	}
	failed := audit.Event{Action: audit.Login, UserID: known.userID}
	err = s.passwords.Check(ctx, known.passwordHash, password)
	switch {
	case fault.Is(err, fault.InvalidCredentials):
		return known, "", s.Refuse(ctx, failed, fault.From(err))
	case err != nil:
		return known, "", err
	}
	if s.passwords.IsOutdated(known.passwordHash) {
		newHash, err = s.passwords.Hash(ctx, password)
	}
	return known, newHash, err
}

// ChangePassword sets a new password, ends every other session of the person, and has them told by mail. A second factor
// stays as it is, and needs no code here: whoever has a session and the password still cannot sign in without one.
func (s *Service) ChangePassword(ctx context.Context, who Identity, current, replacement string) error {
	if err := s.checkReplacement(ctx, who, current, replacement); err != nil {
		return err
	}
	changed := audit.Event{Action: audit.ChangePassword, UserID: who.UserID}
	known, err := s.checkPassword(ctx, who, current, "body.currentPassword", changed)
	if err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, replacement)
	if err != nil {
		return err
	}
	now := db.Time(s.now())
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := replaceHash(ctx, tx, known, hash, now); err != nil {
			return err
		}
		if err := endOtherSessions(ctx, tx, who, now); err != nil {
			return err
		}
		if err := s.passwordChanged(ctx, tx, who.UserID, now); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, changed)
	})
}

// checkReplacement refuses a new password that is none. It comes before the old one is compared: what is wrong with the
// new one must not tell whether the old one was right.
func (s *Service) checkReplacement(ctx context.Context, who Identity, current, replacement string) error {
	known, err := findCredentialsByID(ctx, s.db.Read(), who.UserID)
	if err != nil {
		return err
	}
	complaint := passwords.Weakness(replacement, known.email)
	if complaint == "" && replacement == current {
		complaint = "must differ from the current password"
	}
	if complaint != "" {
		return fault.InvalidField("body.newPassword", complaint)
	}
	return nil
}

// Authenticate tells who holds an access token: TokenExpired when its time is over, Unauthenticated for everything else
// that does not hold. The session row decides, so a revoked token is dead at once on every replica.
func (s *Service) Authenticate(ctx context.Context, token string) (Identity, error) {
	who, err := s.access.verify(token)
	if err != nil {
		return Identity{}, err
	}
	role, alive, err := findSession(s.db.Lookup(ctx), s.db.Read(), who, db.Time(s.now()))
	if err != nil {
		return Identity{}, err
	}
	if !alive {
		return Identity{}, fault.New(fault.Unauthenticated, "this session has ended; sign in again")
	}
	who.Role = role
	return who, nil
}

// Refresh trades a refresh token for new tokens. One that was used before ends its session (TokenReused), since either
// the holder or a thief is using a copy; only within the grace after its first use it gets the token that has come of it
// by now and was not used. So nobody is handed one that would end the session.
func (s *Service) Refresh(ctx context.Context, token string) (Tokens, error) {
	now := db.Time(s.now())
	hash := vault.Hash(token)
	var tokens Tokens
	var reused bool
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		t, err := useRefreshToken(ctx, tx, hash, now)
		if err != nil {
			return err
		}
		who := Identity{UserID: t.userID, SessionID: t.sessionID}
		next, err := s.next(ctx, tx, token, t.usedAt, now)
		if err != nil {
			return err
		}
		if reused = next == ""; reused {
			return s.endReused(ctx, tx, who, now)
		}
		tokens, err = s.issue(ctx, tx, who, next, now, t.sessionExpiresAt)
		return err
	})
	if err == nil && reused {
		s.log.WarnContext(ctx, "a refresh token was used twice; its session was ended")
		return Tokens{}, fault.New(fault.TokenReused, "this refresh token was used before, so its session was ended; sign in again")
	}
	return tokens, err
}

// next is the refresh token that one is answered with which was used at a time, or never: its successor, or within the
// grace the end of the chain that it began; none when it comes too late.
func (s *Service) next(ctx context.Context, tx db.Querier, token string, usedAt *time.Time, now time.Time) (string, error) {
	next := s.access.successor(token)
	if usedAt == nil {
		return next, nil
	}
	if now.Sub(*usedAt) > reuseGrace {
		return "", nil
	}
	for range maxSuccessors {
		used, err := isUsed(ctx, tx, vault.Hash(next))
		if err != nil || !used {
			return next, err
		}
		next = s.access.successor(next)
	}
	return "", nil
}

// endReused ends a session of which a refresh token came back.
func (s *Service) endReused(ctx context.Context, tx db.Querier, who Identity, now time.Time) error {
	ended, err := endSession(ctx, tx, who, endedByReuse, now)
	if err != nil || !ended {
		return err
	}
	return s.audit.Record(audit.ByPerson(ctx, ""), tx, audit.Event{
		Action: audit.ReuseRefresh, Outcome: audit.Failure, UserID: who.UserID, Target: who.SessionID,
	})
}

// Tidy is a period's work: it deletes what is left of sessions and API keys that ended a month ago, and wrong codes that
// count no more.
func (s *Service) Tidy(ctx context.Context, tx *sql.Tx, slot time.Time) error {
	if err := deleteKeysBefore(ctx, tx, slot.Add(-sessionTTL)); err != nil {
		return err
	}
	if err := secondfactor.ForgetFailures(ctx, tx, slot); err != nil {
		return err
	}
	return deleteSessionsBefore(ctx, tx, slot.Add(-sessionTTL))
}

func (s *Service) openSession(ctx context.Context, tx db.Querier, userID string, now time.Time) (Tokens, error) {
	who := Identity{UserID: userID, SessionID: db.NewID()}
	expires := now.Add(sessionTTL)
	if err := insertSession(ctx, tx, who, audit.OriginOf(ctx), now, expires); err != nil {
		return Tokens{}, err
	}
	return s.issue(ctx, tx, who, vault.Token(), now, expires)
}

// issue makes the next tokens of a session, with the given refresh token.
func (s *Service) issue(ctx context.Context, tx db.Querier, who Identity, refresh string, now, sessionExpires time.Time) (Tokens, error) {
	expires := now.Add(RefreshTTL)
	if expires.After(sessionExpires) {
		expires = sessionExpires
	}
	if err := insertRefreshToken(ctx, tx, vault.Hash(refresh), who.SessionID, now, expires); err != nil {
		return Tokens{}, err
	}
	access, err := s.access.sign(who)
	return Tokens{AccessToken: access, RefreshToken: refresh, ExpiresIn: int(s.access.ttl.Seconds())}, err
}
