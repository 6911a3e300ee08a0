package api

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

const (
	// requestTime is how long the answer to a request that does not stream may take until it has left.
	requestTime = 2 * time.Minute
	// answerTime is how long it may take until there is one: what remains is for sending it.
	answerTime = requestTime - 10*time.Second
)

// patience lets requests through while the database answers. One that is under way when it stops to, or that takes longer
// than answerTime, is given up, and whoever asked is told why. What is streamed goes on: it is bound to the request alone,
// which humago.Unwrap gives.
func (r *router) patience(ctx huma.Context, next func(huma.Context)) {
	inside, leave, err := r.DatabaseGate.Enter(ctx.Context())
	if err != nil {
		req, w := humago.Unwrap(ctx)
		r.writeError(w, req, err)
		return
	}
	defer leave()
	bound, cancel := context.WithTimeoutCause(inside, answerTime, errTooLong)
	defer cancel()
	visitOf(bound).bound = bound
	next(huma.WithContext(ctx, bound))
}

var errTooLong = fault.New(fault.Overloaded, "the request took too long; try again in a moment")

// givenUp is why a request was given up of which err says only that it was.
func givenUp(ctx context.Context, err error) (why *fault.Error, ok bool) {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok || v.bound == nil || v.bound.Err() == nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return nil, false
	}
	return errors.AsType[*fault.Error](context.Cause(v.bound))
}
