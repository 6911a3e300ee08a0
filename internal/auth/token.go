package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

const (
	issuer   = "jaspers"
	audience = "jaspers-api"
	// tokenType is the media type of an access token (RFC 9068), so that no other kind of JWT passes for one.
	tokenType = "at+jwt"
	// minSigningKey is as long as the hash, the least RFC 7518 allows for HS256.
	minSigningKey = 32
	// clockSkew is how far the clocks of two replicas may be apart.
	clockSkew = 5 * time.Second
	// maxAccessToken bounds what is parsed at all; ours are under 500 bytes.
	maxAccessToken = 2048
)

// accessTokens signs and verifies access tokens (JWT, HS256).
type accessTokens struct {
	key    []byte
	keyID  string
	header string // the first part of every token of ours
	ttl    time.Duration
	now    func() time.Time
	parser *jwt.Parser
	seen   *otter.Cache[[sha256.Size]byte, seenToken]
}

// seenToken is a token that held: while its time lasts, the same text needs no reading again. Only its hash is kept.
type seenToken struct {
	who         Identity
	from, until time.Time
}

// maxSeen bounds how many tokens are remembered; one takes about 300 bytes.
const maxSeen = 20_000

type accessClaims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
	Type    string `json:"typ"`
}

func newAccessTokens(key []byte, ttl time.Duration, now func() time.Time) (*accessTokens, error) {
	if len(key) < minSigningKey {
		return nil, fmt.Errorf("the key that signs access tokens must have at least %d bytes, it has %d", minSigningKey, len(key))
	}
	keyID := vault.Hash("access token key:" + string(key))[:16]
	seen, err := otter.New(&otter.Options[[sha256.Size]byte, seenToken]{MaximumSize: maxSeen})
	if err != nil {
		return nil, err
	}
	return &accessTokens{
		key:    key,
		keyID:  keyID,
		header: header(keyID),
		ttl:    ttl,
		now:    now,
		seen:   seen,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(now), jwt.WithStrictDecoding()),
	}, nil
}

// header is what says how a token is signed, as the library writes it.
func header(keyID string) string {
	text := fmt.Sprintf(`{"alg":"HS256","kid":%q,"typ":%q}`, keyID, tokenType)
	return base64.RawURLEncoding.EncodeToString([]byte(text)) + "."
}

func (a *accessTokens) sign(who Identity) (string, error) {
	now := a.now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: who.UserID, ID: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(a.ttl)),
		},
		Session: who.SessionID,
		Type:    tokenType,
	})
	token.Header["typ"] = tokenType
	token.Header["kid"] = a.keyID
	return token.SignedString(a.key)
}

// successor is the refresh token that follows another: always the same one, so that parallel refreshes of a browser's
// tabs meet in it, and a stolen copy does not become a chain of its own.
func (a *accessTokens) successor(refresh string) string {
	mac := hmac.New(sha256.New, a.key)
	mac.Write([]byte("the refresh token after " + refresh))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// verify checks everything a token says of itself; whether its session is alive is the caller's question.
func (a *accessTokens) verify(text string) (Identity, error) {
	// Our tokens differ in their claims only, so a header that says anything else needs no reading.
	if len(text) > maxAccessToken || !strings.HasPrefix(text, a.header) {
		return Identity{}, errNoToken(nil)
	}
	hash, now := sha256.Sum256([]byte(text)), a.now()
	if t, ok := a.seen.GetIfPresent(hash); ok && !now.Before(t.from) && now.Before(t.until) {
		return t.who, nil
	}
	var claims accessClaims
	_, err := a.parser.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return a.key, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid) && claims.wasGood():
		return Identity{}, fault.Wrap(fault.TokenExpired, err, "the access token has expired; refresh it")
	case err != nil:
		return Identity{}, errNoToken(err)
	case namesTwice(text):
		return Identity{}, errNoToken(errors.New("a claim is there twice"))
	case claims.Type != tokenType || !db.IsID(claims.Subject) || !db.IsID(claims.Session):
		return Identity{}, errNoToken(errors.New("claims of another kind of token"))
	}
	who := Identity{UserID: claims.Subject, SessionID: claims.Session}
	if claims.IssuedAt != nil && claims.NotBefore == nil {
		a.seen.Set(hash, seenToken{who, claims.IssuedAt.Time, claims.ExpiresAt.Time})
	}
	return who, nil
}

// errNoToken is the one answer to every token that does not hold, so that none of them tells what was wrong.
func errNoToken(err error) error {
	return fault.Wrap(fault.Unauthenticated, err, "sign in first: send a valid access token as Authorization: Bearer")
}

// wasGood tells whether an expired token had a life at all.
func (c *accessClaims) wasGood() bool {
	return c.IssuedAt != nil && c.ExpiresAt != nil && c.ExpiresAt.After(c.IssuedAt.Time)
}

// namesTwice tells whether a token that was verified names a claim twice: readers differ in which of them they take.
func namesTwice(token string) bool {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	in, seen := json.NewDecoder(bytes.NewReader(payload)), map[string]bool{}
	if _, begin := in.Token(); err != nil || begin != nil {
		return true // cannot be: it was parsed
	}
	for in.More() {
		name, err := in.Token()
		text, ok := name.(string)
		var value json.RawMessage
		if err != nil || !ok || seen[text] || in.Decode(&value) != nil {
			return true
		}
		seen[text] = true
	}
	return false
}
