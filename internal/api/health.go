package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Health tells how the server is.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

// healthRoutes registers what a supervisor asks.
func (r *router) healthRoutes() {
	const tag = "Health"
	get(r, "/api/health/live", func(context.Context, *nothing) (result[Health], error) {
		return answer(Health{"ok"}, nil)
	}, doc{id: "getLiveness", tag: tag, summary: "Whether the process answers", public: true, limit: unlimited})

	get(r, "/api/health/ready", func(ctx context.Context, _ *nothing) (result[Health], error) {
		if err := r.Ready(ctx); err != nil {
			return result[Health]{}, fault.Wrap(fault.Overloaded, err, "the server cannot work right now; try again in a moment")
		}
		return answer(Health{"ok"}, nil)
	}, doc{id: "getReadiness", tag: tag, summary: "Whether requests can be served", public: true, limit: unlimited, errors: []fault.Kind{fault.Overloaded}})
}
