package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

type createKeyInput struct{ Body keyRequest }

// keyRequest has no rules but types: auth has the others, so that all wrong fields come in one answer.
type keyRequest struct {
	Name          string       `json:"name" doc:"What it is for; 1 to 100 characters."`
	Scopes        []auth.Scope `json:"scopes" enum:"read,write,chat,admin" doc:"What it opens, one or more; admin is for admins."`
	ExpiresAt     *time.Time   `json:"expiresAt,omitempty" doc:"Within 366 days; 90 days from now when neither is given."`
	ExpiresInDays *int         `json:"expiresInDays,omitempty" doc:"In place of expiresAt; 1 to 366."`
	Password      string       `json:"password" doc:"The current one: a key outlives the session."`
}

// TransformSchema leaves the list of scopes in the document, and has nothing else look at it.
func (keyRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	scope := s.Properties["scopes"].Items
	scope.Extensions, scope.Enum = map[string]any{"enum": scope.Enum}, nil
	return s
}

// keyRoutes registers API keys.
func (r *router) keyRoutes() {
	const tag = "API keys"
	get(r, "/api/auth/api-keys", func(ctx context.Context, in *Page) (result[[]auth.APIKey], error) {
		keys, next, err := r.Auth.Keys(ctx, identity(ctx), in.Limit, in.Cursor)
		return result[[]auth.APIKey]{data: keys, meta: Meta{NextCursor: next}}, err
	}, doc{id: "listAPIKeys", tag: tag, summary: "My API keys, newest first",
		detail: "Without the keys themselves. Those that expired are listed for a month more."})

	post(r, "/api/auth/api-keys", func(ctx context.Context, in *createKeyInput) (result[auth.CreatedKey], error) {
		return answer(r.Auth.CreateKey(ctx, identity(ctx), auth.KeyRequest(in.Body)))
	}, doc{id: "createAPIKey", tag: tag, idempotent: true, guess: audit.CreateAPIKey, limit: ownSecret, summary: "Make an API key", status: http.StatusCreated,
		detail: "Sent like an access token, it opens the routes of its scopes until it expires. At most 20 are alive at a time.",
		errors: []fault.Kind{fault.InvalidCredentials, fault.Conflict, fault.Overloaded}})

	registerEmpty(r, http.MethodDelete, "/api/auth/api-keys/{id}", func(ctx context.Context, in *ByID) error {
		return r.Auth.RevokeKey(ctx, identity(ctx), in.ID)
	}, doc{id: "revokeAPIKey", tag: tag, summary: "Revoke an API key", errors: []fault.Kind{fault.NotFound}})
}
