package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/snapshot"
)

// snapshotsInput asks for a part of the snapshots. A cursor is a day here.
type snapshotsInput struct {
	From string `query:"from" maxLength:"10" doc:"The first day, YYYY-MM-DD in New York." example:"2026-11-01"`
	To   string `query:"to" maxLength:"10" doc:"The last day, included."`
	Page
}

// snapshotRoutes registers what portfolios were worth at each close.
func (r *router) snapshotRoutes() {
	get(r, "/api/portfolio/snapshots", func(ctx context.Context, in *snapshotsInput) (result[[]snapshot.Snapshot], error) {
		all, next, err := r.Snapshots.List(ctx, identity(ctx).UserID,
			snapshot.Range{From: in.From, To: in.To, Limit: in.Limit, Cursor: in.Cursor})
		return result[[]snapshot.Snapshot]{data: all, meta: Meta{NextCursor: next}}, err
	}, doc{id: "listSnapshots", tag: "Portfolio", scope: auth.ScopeRead, summary: "What my portfolio was worth at each close of New York, newest first",
		detail: "One for each trading day since the first connection, taken half an hour after the bell or, where a brokerage has to be waited for, within the next. " +
			"A day that was missed is made up for, and late; basis says what it shows instead."})
}
