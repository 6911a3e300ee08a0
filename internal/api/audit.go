package api

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// withCaller tells the audit log who is behind a request.
func withCaller(ctx context.Context, who auth.Identity) context.Context {
	o := audit.OriginOf(ctx)
	o.Actor, o.ActorID, o.For = audit.Person, who.UserID, who.UserID
	if who.KeyID != "" {
		o.Actor, o.ActorID = audit.APIKey, who.KeyID
	}
	return audit.WithOrigin(ctx, o)
}

type auditInput struct {
	Page
	Whose
	Action  string        `query:"action" maxLength:"60" pattern:"^[a-z_]+(\\.[a-z_]*)?$" doc:"An action or, ending in a dot, all that begin with it." example:"account."`
	Outcome audit.Outcome `query:"outcome" enum:"success,failure"`
	From    time.Time     `query:"from" doc:"At this time or later."`
	To      time.Time     `query:"to" doc:"Before this time."`
}

// auditRoutes registers the audit log.
func (r *router) auditRoutes() {
	get(r, "/api/audit/logs", func(ctx context.Context, in *auditInput) (result[[]audit.Entry], error) {
		filter, err := in.filter(identity(ctx))
		if err != nil {
			return result[[]audit.Entry]{}, err
		}
		entries, next, err := r.Audit.List(ctx, filter)
		return result[[]audit.Entry]{data: entries, meta: Meta{NextCursor: next}}, err
	}, doc{id: "listAuditLogs", tag: "Audit", scope: auth.ScopeAdmin, summary: "Who did what, when and from where, newest first",
		detail: "What was done to my account, unless an admin asks for somebody else's or everybody's.",
		errors: []fault.Kind{fault.Forbidden}})
}

// filter is what the caller may see of what they ask for.
func (in *auditInput) filter(who auth.Identity) (audit.Filter, error) {
	userID, err := in.of(who)
	f := audit.Filter{
		UserID: userID, Viewer: who.UserID, Action: in.Action, Outcome: in.Outcome, From: in.From, To: in.To,
		Limit: in.Limit, Cursor: in.Cursor,
	}
	if who.Role == user.Admin {
		f.Viewer = ""
	}
	return f, err
}

// Whose is the input of what admins may ask about others. It is exported because huma looks into exported embedded structs
// only.
type Whose struct {
	All    bool   `query:"all" doc:"Everybody's, for admins."`
	UserID string `query:"userId" pattern:"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" doc:"Of one person, for admins." example:"01999999-0000-7000-8000-000000000000"`
}

// of is the person who is asked about: the caller where nothing is said, and empty for everybody.
func (in *Whose) of(who auth.Identity) (string, error) {
	if who.Role != user.Admin && (in.All || in.UserID != "" && in.UserID != who.UserID) {
		return "", fault.New(fault.Forbidden, "only an admin may read what others did; leave out all and userId")
	}
	if !in.All && in.UserID == "" {
		return who.UserID, nil
	}
	return in.UserID, nil
}
