// Package audit keeps who did what and when, so that nothing of it can be changed or left out unseen.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// Action names what was done: the thing and the verb.
type Action string

// The actions. What a person does to their account, what the server does by itself, and what an operator does to both.
const (
	Register            Action = "account.register"
	Login               Action = "account.login"
	Logout              Action = "account.logout"
	LogoutAll           Action = "account.logout_all"
	EndSession          Action = "account.session_end"
	ReuseRefresh        Action = "account.refresh_token_reused"
	ChangePassword      Action = "account.password_change"
	RequestReset        Action = "account.password_reset_request"
	ResetPassword       Action = "account.password_reset"
	RequestVerification Action = "account.email_verify_request"
	VerifyEmail         Action = "account.email_verify"
	EnableTOTP          Action = "account.totp_enable"
	DisableTOTP         Action = "account.totp_disable"
	UseRecoveryCode     Action = "account.recovery_code_use"
	NewRecoveryCodes    Action = "account.recovery_codes_new"
	CreateAPIKey        Action = "account.api_key_create"
	RevokeAPIKey        Action = "account.api_key_revoke"
	ChangeProfile       Action = "account.profile_change"
	ChangeSettings      Action = "account.settings_change"
	Export              Action = "account.export"
	DeleteAccount       Action = "account.delete"

	BeginConnect        Action = "brokerage.connect_begin"
	Connect             Action = "brokerage.connect"
	Reauthorize         Action = "brokerage.reauthorize"
	Disconnect          Action = "brokerage.disconnect"
	RequestSync         Action = "brokerage.sync_request"
	Sync                Action = "brokerage.sync"
	RequireReauthorize  Action = "brokerage.reauthorization_required"
	ChangeCostBasis     Action = "portfolio.cost_basis_change"
	ChooseLots          Action = "portfolio.lots_choose"
	CreateChatSession   Action = "chat.session_create"
	DeleteChatSession   Action = "chat.session_delete"
	AddUser             Action = "admin.user_add"
	DisableUser         Action = "admin.user_disable"
	EnableUser          Action = "admin.user_enable"
	MakeAdmin           Action = "admin.user_make_admin"
	RemoveTOTP          Action = "admin.totp_remove"
	OperatorSetPassword Action = "admin.password_reset"
	RotateKeys          Action = "admin.keys_rotate"
)

// Outcome is how it went.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
)

// Actor is what kind of caller did it.
type Actor string

// The actors. An operator is somebody with a shell on the server's machine.
const (
	Person   Actor = "user"
	APIKey   Actor = "api_key"
	System   Actor = "system"
	Operator Actor = "operator"
)

// Event is one thing that was done. Nothing in it may be a secret.
type Event struct {
	Action  Action
	Outcome Outcome           // Success when empty
	UserID  string            // whose account it is about; empty where nobody's is known
	Target  string            // the id of what was acted on, where that is not the account itself
	Details map[string]string // a few words that matter later, such as a provider or the kind of an error
}

// Origin is where a request came from and who is behind it.
type Origin struct {
	Actor     Actor  // System when empty
	ActorID   string // the person's or the key's
	For       string // the person for whom it is done, whoever does it; empty where it is for all
	Address   string // of the client
	UserAgent string
}

type originKey struct{}

// WithOrigin says for everything that is recorded under ctx where it came from.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	o.Address, o.UserAgent = line(o.Address), line(o.UserAgent)
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf is what WithOrigin said last; the system itself where it said nothing.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	if o.Actor == "" {
		o.Actor = System
	}
	return o
}

// ByPerson says for what is recorded under ctx that a person did it, where who it was shows only in the doing.
func ByPerson(ctx context.Context, userID string) context.Context {
	o := OriginOf(ctx)
	if o.Actor != System {
		return ctx
	}
	o.Actor, o.ActorID, o.For = Person, userID, userID
	return WithOrigin(ctx, o)
}

// For says of what is done under ctx that it is for a person, such as the reading of their brokerage.
func For(ctx context.Context, userID string) context.Context {
	o := OriginOf(ctx)
	o.For = userID
	return WithOrigin(ctx, o)
}

// Log records events, seals them into a chain, and proves that the chain is whole. Make it with New.
type Log struct {
	db  *db.DB
	now func() time.Time
	key []byte
}

// minKey is the least length of the key in bytes: that of its hash.
const minKey = 32

// New makes a log whose rows are proven with key, of 32 bytes or more.
func New(database *db.DB, now func() time.Time, key []byte) (*Log, error) {
	if len(key) < minKey {
		return nil, errors.New("the key of the audit log must have at least 32 bytes")
	}
	return &Log{db: database, now: now, key: key}, nil
}

// Record writes an event in the transaction of what it records, so that neither is there without the other. It only
// inserts: no two transactions wait for each other because of it. Run gives the row its place in the chain later.
func (l *Log) Record(ctx context.Context, tx db.Querier, e Event) error {
	r, err := l.row(ctx, e)
	if err != nil {
		return err
	}
	if err := insert(ctx, tx, r); err != nil {
		return fmt.Errorf("record %s: %w", e.Action, err)
	}
	return nil
}

// row is the event as it is stored, with its proofs.
func (l *Log) row(ctx context.Context, e Event) (row, error) {
	if e.Outcome == "" {
		e.Outcome = Success
	}
	if e.Details == nil {
		e.Details = map[string]string{}
	}
	details, err := json.Marshal(e.Details) // never null: that is what erasing leaves
	if err != nil {
		return row{}, err
	}
	o := OriginOf(ctx)
	r := row{
		ID: db.NewID(), At: db.Time(l.now()), Action: e.Action, Outcome: e.Outcome, UserID: optional(e.UserID),
		Actor: o.Actor, ActorID: optional(o.ActorID), Target: optional(line(e.Target)), CorrelationID: line(telemetry.Correlation(ctx)),
		Address: optional(line(o.Address)), UserAgent: optional(line(o.UserAgent)), Details: optional(string(details)),
	}
	r.PersonalMAC = l.personalMAC(r)
	r.MAC = l.rowMAC(r)
	return r, nil
}
