package api

import (
	"context"
	"net/http"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// sessionRoutes registers where somebody is signed in.
func (r *router) sessionRoutes() {
	const tag = "Accounts"
	get(r, "/api/auth/sessions", func(ctx context.Context, in *Page) (result[[]auth.Session], error) {
		sessions, next, err := r.Auth.Sessions(ctx, identity(ctx), in.Limit, in.Cursor)
		return result[[]auth.Session]{data: sessions, meta: Meta{NextCursor: next}}, err
	}, doc{id: "listLogins", tag: tag, summary: "Where I am signed in, newest first"})

	registerEmpty(r, http.MethodDelete, "/api/auth/sessions/{id}", func(ctx context.Context, in *ByID) error {
		return r.Auth.EndSession(ctx, identity(ctx), in.ID)
	}, doc{id: "endLogin", tag: tag, summary: "End one of my sessions", errors: []fault.Kind{fault.NotFound}})

	r.postLeaving("/api/auth/logout-all", r.Auth.LogoutAll, doc{id: "logoutAll", tag: tag, summary: "End all my sessions, this one too",
		detail: "API keys live on. Takes the cookies away when it was they that were shown."})
}
