package api

import (
	"context"
	"net/http"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/syncs"
)

// syncing says that a portfolio is being read.
type syncing struct {
	Status      string `json:"status" enum:"queued"`
	Connections int    `json:"connections" doc:"How many of them will be read."`
	SyncID      string `json:"syncId" doc:"By which the sync can be followed."`
}

// queued says that one connection is being read.
type queued struct {
	Status string `json:"status" enum:"queued" doc:"The status route of the connection tells when it is done."`
	SyncID string `json:"syncId" doc:"By which the sync can be followed."`
}

// syncRoutes registers how brokerages are read again, and how that is followed.
func (r *router) syncRoutes() {
	const tag = "Portfolio"
	post(r, "/api/portfolio/sync", func(ctx context.Context, _ *nothing) (result[syncing], error) {
		id, n, err := r.Syncs.SyncAll(ctx, identity(ctx).UserID)
		return answer(syncing{"queued", n, id}, err)
	}, doc{id: "syncPortfolio", tag: tag, scope: auth.ScopeWrite, idempotent: true, summary: "Read all my brokerages again soon", status: http.StatusAccepted,
		detail: "What is being read already is not read twice: the sync follows that."})

	post(r, "/api/brokerages/connections/{id}/sync", func(ctx context.Context, in *ByID) (result[queued], error) {
		id, err := r.Syncs.SyncNow(ctx, identity(ctx).UserID, in.ID)
		return answer(queued{"queued", id}, err)
	}, doc{id: "syncConnection", tag: "Brokerages", scope: auth.ScopeWrite, idempotent: true, summary: "Read a brokerage again soon", status: http.StatusAccepted,
		detail: "Asking while a sync is waiting or under way changes nothing: the answer's sync follows that.", errors: []fault.Kind{fault.NotFound}})

	get(r, "/api/portfolio/syncs", func(ctx context.Context, in *Page) (result[[]syncs.Sync], error) {
		all, next, err := r.Syncs.Syncs(ctx, identity(ctx).UserID, in.Limit, in.Cursor)
		return result[[]syncs.Sync]{data: all, meta: Meta{NextCursor: next}}, err
	}, doc{id: "listSyncs", tag: tag, scope: auth.ScopeRead, summary: "The syncs I asked for in the last week, newest first"})

	get(r, "/api/portfolio/syncs/{id}", func(ctx context.Context, in *ByID) (result[syncs.Sync], error) {
		return answer(r.Syncs.SyncOf(ctx, identity(ctx).UserID, in.ID))
	}, doc{id: "getSync", tag: tag, scope: auth.ScopeRead, summary: "How far a sync is, connection by connection", errors: []fault.Kind{fault.NotFound},
		detail: "Ask every second or so until finishedAt is there. A connection whose try failed is queued again, with the error, until its last try."})
}
