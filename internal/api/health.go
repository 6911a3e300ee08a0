package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/health"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Health tells how the server is.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

// PartsHealth tells how something is, and each part of it.
type PartsHealth struct {
	Status health.Status `json:"status" enum:"ok,degraded,down"`
	Parts  []health.Part `json:"parts"`
}

// DatabaseHealth tells how the database is and, where it has one, its replica.
type DatabaseHealth struct {
	health.Part
	Replica *health.Part `json:"replica,omitempty" doc:"Of the copy that is asked for what may be some seconds old; left out where there is none."`
}

// healthRoutes registers what a supervisor asks.
func (r *router) healthRoutes() {
	const tag = "Health"
	get(r, "/api/health/live", func(context.Context, *nothing) (result[Health], error) {
		return answer(Health{"ok"}, nil)
	}, doc{id: "getLiveness", tag: tag, summary: "Whether the process answers", public: true, alone: true, limit: unlimited})

	get(r, "/api/health/ready", func(ctx context.Context, _ *nothing) (result[Health], error) {
		if err := r.Ready(ctx); err != nil {
			return result[Health]{}, fault.Wrap(fault.Overloaded, err, "the server cannot work right now; try again in a moment")
		}
		return answer(Health{"ok"}, nil)
	}, doc{id: "getReadiness", tag: tag, summary: "Whether requests can be served", public: true, alone: true, limit: unlimited, errors: []fault.Kind{fault.Overloaded}})

	getHealth(r, "/api/health", func(all health.Report, _ health.Sight) (PartsHealth, health.Status) {
		return PartsHealth{all.Status, all.Parts}, all.Status
	}, doc{id: "getHealth", tag: tag, summary: "How the server and what it rests on are",
		detail: "Down when the database is, or a full disk that it is on; degraded when any other part is not ok. What is not configured is no part."})
	getHealth(r, "/api/health/database", func(all health.Report, _ health.Sight) (DatabaseHealth, health.Status) {
		database := DatabaseHealth{Part: all.Find(health.DatabaseName)}
		if i := slices.IndexFunc(all.Parts, func(p health.Part) bool { return p.Name == health.ReplicaName }); i >= 0 {
			database.Replica = &all.Parts[i]
		}
		return database, database.Status
	}, doc{id: "getDatabaseHealth", tag: tag, summary: "How the database is", detail: "Status and reason are the database's own, which works without its replica."})
	getHealth(r, "/api/health/external-apis", func(all health.Report, sight health.Sight) (PartsHealth, health.Status) {
		apis := PartsHealth{all.Find(health.ExternalAPIs).Status, all.Upstreams}
		if sight == health.Words { // who is used here is nothing for strangers
			apis.Parts = []health.Part{}
		}
		return apis, apis.Status
	}, doc{id: "getExternalAPIHealth", tag: tag, summary: "How the outside services are that the server asks",
		detail: "Down when all of them are. Which they are is told to people who are signed in."})
}

// healthOutput is a report, whose status is that of the answer.
type healthOutput[T any] struct {
	Status int
	Body   envelope[T]
}

// getHealth registers a report. Whoever asks, it costs a look into memory; who shows a token is told more, where the
// database says at once whose it is.
func getHealth[T any](r *router, path string, tell func(health.Report, health.Sight) (T, health.Status), d doc) {
	d.public, d.alone, d.limit, d.errors = true, true, unlimited, []fault.Kind{fault.Unauthenticated, fault.TokenExpired, fault.RateLimited}
	d.detail += " Strangers are told words, who shows a token or an API key with the scope read also reasons, and admins figures. " +
		"The answer has the status 503, and says the same, when it is down."
	op := operation[nothing](r, http.MethodGet, path, d)
	op.Middlewares = append(op.Middlewares, r.recognise)
	huma.Register(r.api, op, func(ctx context.Context, _ *nothing) (*healthOutput[T], error) {
		sight := sightOf(ctx)
		data, status := tell(r.Health.Report(sight), sight)
		out := &healthOutput[T]{Status: http.StatusOK, Body: envelope[T]{Success: true, Data: data, Meta: Meta{CorrelationID: correlationID(ctx)}}}
		if status == health.Down {
			out.Status = http.StatusServiceUnavailable
		}
		return out, nil
	})
	failed, told := op.Responses["503"], op.Responses["200"]
	failed.Description += "; or the report, when it says down"
	failed.Content = map[string]*huma.MediaType{jsonType: {Schema: &huma.Schema{
		OneOf: []*huma.Schema{told.Content[jsonType].Schema, failed.Content[jsonType].Schema},
	}}}
}

const jsonType = "application/json"

// sightOf is how much the caller is told.
func sightOf(ctx context.Context) health.Sight {
	who, known := ctx.Value(callerKey{}).(caller)
	switch {
	case !known || !who.May(auth.ScopeRead):
		return health.Words
	case who.Role == user.Admin:
		return health.Everything
	}
	return health.Reasons
}

// recogniseTime is how long the database may take to say who is asking.
const recogniseTime = 250 * time.Millisecond

// recognise finds out who is asking where somebody says so, and lets everybody through but those whose token does not hold.
// A database that cannot say whose a token is makes a stranger of its bearer: this is where people ask why.
func (r *router) recognise(ctx huma.Context, next func(huma.Context)) {
	_, err := huma.ReadCookie(ctx, r.cookieName(accessCookie))
	if ctx.Header("Authorization") == "" && err != nil || r.Health.Report(health.Words).Find(health.DatabaseName).Status != health.OK {
		next(ctx)
		return
	}
	bounded, cancel := context.WithTimeout(ctx.Context(), recogniseTime)
	defer cancel()
	who, err := r.findCaller(huma.WithContext(ctx, bounded))
	switch {
	case err == nil:
		visitOf(ctx.Context()).caller = &who.Identity
		r.limitGeneral(huma.WithContext(ctx, context.WithValue(ctx.Context(), callerKey{}, who)), next)
	case fault.KindOf(err).Status() == http.StatusUnauthorized:
		req, w := humago.Unwrap(ctx)
		r.writeError(w, req, r.countAddress(req, err))
	default:
		next(ctx)
	}
}
