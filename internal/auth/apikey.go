package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/passwords"
	"github.com/jaspers-ai/jaspers/internal/user"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Scope is a part of the API that an API key opens. What is in no scope, such as the account itself, is for sessions.
type Scope string

// The scopes.
const (
	ScopeRead  Scope = "read"  // portfolio, brokerages and market, as they are
	ScopeWrite Scope = "write" // connecting, reading again and disconnecting brokerages
	ScopeChat  Scope = "chat"  // conversations; the analyst in them reads the portfolio
	ScopeAdmin Scope = "admin" // what only an admin sees
)

// scopes lists all of them in the order they are stored in.
var scopes = []Scope{ScopeRead, ScopeWrite, ScopeChat, ScopeAdmin}

const (
	// KeyPrefix begins every API key, so that we, and those who search for lost secrets, know one.
	KeyPrefix = "jsp_"
	// keyLength is that of the prefix and a vault.Token.
	keyLength = len(KeyPrefix) + 43
	// maxKeys may be alive of one person at a time.
	maxKeys = 20
	// defaultKeyDays is how long a key lives that says nothing else, maxKeyDays how long any may.
	defaultKeyDays = 90
	maxKeyDays     = 366
	maxKeyName     = 100
)

// APIKey is a key without the key itself, which is known to its holder only.
type APIKey struct {
	ID         string     `json:"id" format:"uuid"`
	Name       string     `json:"name"`
	Scopes     []Scope    `json:"scopes" enum:"read,write,chat,admin"`
	CreatedAt  time.Time  `json:"createdAt"`
	ExpiresAt  time.Time  `json:"expiresAt"`
	LastUsedAt *time.Time `json:"lastUsedAt" doc:"To the minute; null when it was never used."`
}

// CreatedKey is a new key, this once with the key itself.
type CreatedKey struct {
	APIKey
	Key string `json:"key" doc:"Sent as Authorization: Bearer. It is not shown again."`
}

// KeyRequest is what a new key is to be. Without an end it lives for 90 days.
type KeyRequest struct {
	Name          string
	Scopes        []Scope
	ExpiresAt     *time.Time
	ExpiresInDays *int
	Password      string // of who asks: a session alone must not become something that outlives it
}

// May tells whether who asks is let through to a scope: in a session always, with a key to what it was made for.
func (i Identity) May(scope Scope) bool {
	return i.KeyID == "" || scope != "" && slices.Contains(splitScopes(i.scopes), scope)
}

// CreateKey makes an API key. Wrong fields are an Invalid that names them all, a wrong password is InvalidCredentials,
// the admin scope for who is no admin Forbidden, and more than 20 living keys a Conflict, as is an account that is changed
// meanwhile.
func (s *Service) CreateKey(ctx context.Context, who Identity, r KeyRequest) (CreatedKey, error) {
	now := db.Time(s.now())
	key, err := r.key(now)
	if err != nil {
		return CreatedKey{}, err
	}
	e := audit.Event{Action: audit.CreateAPIKey, UserID: who.UserID, Target: key.ID}
	known, err := s.checkPassword(ctx, who, r.Password, "body.password", e)
	if err != nil {
		return CreatedKey{}, err
	}
	if slices.Contains(key.Scopes, ScopeAdmin) && who.Role != user.Admin {
		return CreatedKey{}, s.Refuse(ctx, e, fault.New(fault.Forbidden, "only an admin can make a key with the admin scope"))
	}
	made := CreatedKey{APIKey: key, Key: KeyPrefix + vault.Token()}
	e.Details = map[string]string{"scopes": joinScopes(key.Scopes)}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := lockUnchanged(ctx, tx, known); err != nil { // one after the other, so that the count holds
			return err
		}
		if n, err := countKeys(ctx, tx, who.UserID, now); err != nil {
			return err
		} else if n >= maxKeys {
			return fault.New(fault.Conflict, "you have %d API keys already; revoke one first", maxKeys)
		}
		if err := insertKey(ctx, tx, who.UserID, made); err != nil {
			return err
		}
		if err := s.notify(ctx, tx, who.UserID, keyMade, now); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, e)
	})
	if err != nil {
		return CreatedKey{}, err
	}
	return made, nil
}

// key is the key that is asked for, or an Invalid that names every field that is wrong, the password's among them.
func (r KeyRequest) key(now time.Time) (APIKey, error) {
	key := APIKey{ID: db.NewID(), Name: strings.TrimSpace(r.Name), CreatedAt: now, ExpiresAt: r.end(now)}
	var wrong []fault.Field
	complain := func(path, message string) { wrong = append(wrong, fault.Field{Path: path, Message: message}) }
	switch last := now.AddDate(0, 0, maxKeyDays); {
	case r.ExpiresAt != nil && r.ExpiresInDays != nil:
		complain("body.expiresAt", "cannot stand beside expiresInDays; send one of them")
	case r.ExpiresAt != nil && (!r.ExpiresAt.After(now) || r.ExpiresAt.After(last)):
		complain("body.expiresAt", "must be in the future, and within 366 days")
	}
	if r.ExpiresInDays != nil && (*r.ExpiresInDays < 1 || *r.ExpiresInDays > maxKeyDays) {
		complain("body.expiresInDays", "must be between 1 and 366")
	}
	if key.Name == "" || utf8.RuneCountInString(key.Name) > maxKeyName || strings.ContainsFunc(key.Name, unicode.IsControl) {
		complain("body.name", "must have 1 to 100 characters, none of them a control character")
	}
	if len(r.Password) > passwords.MaxBytes {
		complain("body.password", passwords.TooLong)
	}
	if len(r.Scopes) == 0 || len(r.Scopes) > len(scopes) {
		complain("body.scopes", "must name one to four scopes")
	}
	for i, scope := range r.Scopes[:min(len(r.Scopes), len(scopes))] {
		if !slices.Contains(scopes, scope) {
			complain(fmt.Sprintf("body.scopes[%d]", i), "must be read, write, chat or admin")
		}
	}
	if wrong != nil {
		return key, &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: wrong}
	}
	for _, scope := range scopes {
		if slices.Contains(r.Scopes, scope) {
			key.Scopes = append(key.Scopes, scope)
		}
	}
	return key, nil
}

// end is when the key that is asked for is to expire, if that is allowed.
func (r KeyRequest) end(now time.Time) time.Time {
	switch {
	case r.ExpiresAt != nil:
		return db.Time(*r.ExpiresAt)
	case r.ExpiresInDays != nil:
		return now.AddDate(0, 0, *r.ExpiresInDays)
	}
	return now.AddDate(0, 0, defaultKeyDays)
}

// Keys returns a page of who's keys, the newest first and those that expired within the last month too, and the cursor
// of the next page, which is empty on the last.
func (s *Service) Keys(ctx context.Context, who Identity, limit int, cursor string) ([]APIKey, string, error) {
	before, err := db.Before(cursor)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.db.Read().QueryContext(ctx, `
		select id, name, scopes, created_at, expires_at, last_used_at from api_keys
		where user_id = $1 and id < $2 order by id desc limit $3`, who.UserID, before, limit+1)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (k APIKey, err error) {
		var scopes string
		err = scan(&k.ID, &k.Name, &scopes, &k.CreatedAt, &k.ExpiresAt, &k.LastUsedAt)
		k.Scopes = splitScopes(scopes)
		return k, err
	})
	if err != nil || len(all) <= limit {
		return all, "", err
	}
	return all[:limit], all[limit-1].ID, nil
}

// RevokeKey deletes one of who's keys, which is dead from then on; NotFound when there is none of that id.
func (s *Service) RevokeKey(ctx context.Context, who Identity, id string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `delete from api_keys where id = $1 and user_id = $2`, id, who.UserID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return fault.New(fault.NotFound, "there is no such thing here")
		}
		return s.audit.Record(ctx, tx, audit.Event{Action: audit.RevokeAPIKey, UserID: who.UserID, Target: id})
	})
}

// revokeKeys deletes all of a person's API keys, and records each as revoked by whoever ctx says.
func (s *Service) revokeKeys(ctx context.Context, tx db.Querier, userID string) error {
	rows, err := tx.QueryContext(ctx, `delete from api_keys where user_id = $1 returning id`, userID)
	ids, err := db.Collect(rows, err, func(scan func(...any) error) (id string, err error) {
		err = scan(&id)
		return id, err
	})
	if err != nil {
		return err
	}
	slices.Sort(ids) // the oldest first
	for _, id := range ids {
		if err := s.audit.Record(ctx, tx, audit.Event{Action: audit.RevokeAPIKey, UserID: userID, Target: id}); err != nil {
			return err
		}
	}
	return nil
}

// AuthenticateKey tells whose API key it is: Unauthenticated for one that is unknown, expired, revoked, or of a disabled
// person. The row is asked each time, so a revoked key is dead at once on every replica.
func (s *Service) AuthenticateKey(ctx context.Context, key string) (Identity, error) {
	if len(key) != keyLength || !strings.HasPrefix(key, KeyPrefix) {
		return Identity{}, errNoToken(nil)
	}
	now := db.Time(s.now())
	var who Identity
	var lastUsed *time.Time
	err := s.db.Read().QueryRowContext(ctx, `
		select k.id, k.user_id, k.scopes, k.last_used_at, u.role from api_keys k join users u on u.id = k.user_id
		where k.key_hash = $1 and k.expires_at > $2 and u.disabled_at is null`, vault.Hash(key), now).
		Scan(&who.KeyID, &who.UserID, &who.scopes, &lastUsed, &who.Role)
	if errors.Is(err, sql.ErrNoRows) {
		return Identity{}, errNoToken(err)
	}
	if err != nil {
		return Identity{}, err
	}
	who.limitToScopes()
	s.noteUse(who.KeyID, lastUsed, now)
	return who, nil
}

// limitToScopes makes the admin scope and the role of an admin one: without either there is neither.
func (i *Identity) limitToScopes() {
	granted := splitScopes(i.scopes)
	if i.Role == user.Admin && slices.Contains(granted, ScopeAdmin) {
		return
	}
	i.Role = user.Member
	i.scopes = joinScopes(slices.DeleteFunc(granted, func(s Scope) bool { return s == ScopeAdmin }))
}

func joinScopes(scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, scope := range scopes {
		words[i] = string(scope)
	}
	return strings.Join(words, " ")
}

func splitScopes(text string) []Scope {
	var all []Scope
	for word := range strings.FieldsSeq(text) {
		all = append(all, Scope(word))
	}
	return all
}

func countKeys(ctx context.Context, q db.Querier, userID string, now time.Time) (n int, err error) {
	err = q.QueryRowContext(ctx, `select count(*) from api_keys where user_id = $1 and expires_at > $2`, userID, now).Scan(&n)
	return n, err
}

func insertKey(ctx context.Context, tx db.Querier, userID string, k CreatedKey) error {
	_, err := tx.ExecContext(ctx, `
		insert into api_keys (id, user_id, name, key_hash, scopes, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		k.ID, userID, k.Name, vault.Hash(k.Key), joinScopes(k.Scopes), k.CreatedAt, k.ExpiresAt)
	return err
}

// deleteKeysBefore forgets keys that expired before the time.
func deleteKeysBefore(ctx context.Context, tx db.Querier, before time.Time) error {
	_, err := tx.ExecContext(ctx, `delete from api_keys where expires_at < $1`, before)
	return err
}
