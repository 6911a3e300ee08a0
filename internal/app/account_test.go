package app_test

import (
	"maps"
	"net/http"
	"time"
)

// login is a session as it is listed.
type login struct {
	ID                               string
	CreatedAt, LastUsedAt, ExpiresAt time.Time
	Address, UserAgent               *string
	Current                          bool
}

// key is an API key, with the key itself when it was made just now.
type key struct {
	ID, Name, Key        string
	Scopes               []string
	CreatedAt, ExpiresAt time.Time
	LastUsedAt           *time.Time
}

// newKey makes an API key with the person's password.
func (p *person) newKey(body map[string]any) key {
	p.t.Helper()
	body = maps.Clone(body)
	body["password"] = p.password
	k := data[key](p.post("/auth/api-keys", body).status(http.StatusCreated))
	p.keepSecret(k.Key)
	return k
}
