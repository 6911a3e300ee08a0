package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

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
	ttl    time.Duration
	now    func() time.Time
	parser *jwt.Parser
}

type accessClaims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
	Type    string `json:"typ"`
}

func newAccessTokens(key []byte, ttl time.Duration, now func() time.Time) (*accessTokens, error) {
	if len(key) < minSigningKey {
		return nil, fmt.Errorf("the key that signs access tokens must have at least %d bytes, it has %d", minSigningKey, len(key))
	}
	return &accessTokens{
		key:   key,
		keyID: vault.Hash("access token key:" + string(key))[:16],
		ttl:   ttl,
		now:   now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(now), jwt.WithStrictDecoding()),
	}, nil
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
	if len(text) > maxAccessToken {
		return Identity{}, errNoToken(nil)
	}
	var claims accessClaims
	_, err := a.parser.ParseWithClaims(text, &claims, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != a.keyID || t.Header["typ"] != tokenType {
			return nil, errors.New("not a token of ours")
		}
		return a.key, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Identity{}, fault.Wrap(fault.TokenExpired, err, "the access token has expired; refresh it")
	case err != nil:
		return Identity{}, errNoToken(err)
	case claims.Type != tokenType || !db.IsID(claims.Subject) || !db.IsID(claims.Session):
		return Identity{}, errNoToken(errors.New("claims of another kind of token"))
	}
	return Identity{UserID: claims.Subject, SessionID: claims.Session}, nil
}

// errNoToken is the one answer to every token that does not hold, so that none of them tells what was wrong.
func errNoToken(err error) error {
	return fault.Wrap(fault.Unauthenticated, err, "sign in first: send a valid access token as Authorization: Bearer")
}
