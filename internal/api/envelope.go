package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// envelope is the form of every successful answer.
type envelope[T any] struct {
	Success bool `json:"success" enum:"true"`
	Data    T    `json:"data"`
	Meta    Meta `json:"meta"`
}

// failure is the form of every error.
type failure struct {
	Success bool          `json:"success" enum:"false"`
	Error   failureDetail `json:"error"`
	Meta    Meta          `json:"meta"`
}

type failureDetail struct {
	Code    fault.Kind    `json:"code" doc:"Stable; programs decide by it."`
	Message string        `json:"message" doc:"What to do, for a person."`
	Fields  []fault.Field `json:"fields,omitempty" doc:"Every wrong field, without its value."`
}

// Meta is what is to be said about an answer.
type Meta struct {
	CorrelationID string   `json:"correlationId,omitempty" doc:"Leads to the log lines of this request."`
	Warnings      []string `json:"warnings,omitempty" doc:"What is stale, missing or left out of the data, in words."`
	NextCursor    string   `json:"nextCursor,omitempty" doc:"Asks for the next page; missing on the last one."`
	Unknown       []string `json:"unknown,omitempty" doc:"Symbols no source knows."`
}

// result is what a handler answers.
type result[T any] struct {
	data    T
	meta    Meta
	cookies []*http.Cookie
	// lasting says that data is nobody's own and never changes, so that it may be kept by who asked.
	lasting bool
}

// answer is a result of which nothing needs to be said.
func answer[T any](data T, err error) (result[T], error) {
	return result[T]{data: data}, err
}

// newFailure is the body of an error as a client sees it, and as it is recorded of the request.
func newFailure(ctx context.Context, f *fault.Error) failure {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		v.failure = f.Kind
	}
	return failure{
		Error: failureDetail{Code: f.Kind, Message: f.Message, Fields: f.Fields},
		Meta:  Meta{CorrelationID: correlationID(ctx)},
	}
}

// writeJSON writes a body that needs no negotiation. What cannot be sent any more is nobody's to report to.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// writeError answers with an error outside of huma's handlers, and logs it where it is ours.
func (r *router) writeError(w http.ResponseWriter, req *http.Request, err error) {
	writeFault(w, req, r.report(req.Context(), err))
}

// writeFault answers with an error that was logged already.
func writeFault(w http.ResponseWriter, req *http.Request, f *fault.Error) {
	for name, values := range errorHeaders(f) {
		w.Header()[name] = values
	}
	writeJSON(w, f.Kind.Status(), newFailure(req.Context(), f))
}

// unavailableFor is after how long it makes sense to ask again what the database could not do.
const unavailableFor = 5 * time.Second

// report finds the fault in err; what is ours or an upstream's goes to the log, here and nowhere else.
func (r *router) report(ctx context.Context, err error) *fault.Error {
	if db.IsForeignKeyViolation(err) { // between the look and the write, by another request
		err = fault.Wrap(fault.NotFound, err, "what this belongs to was deleted meanwhile")
	}
	f, unsure := givenUp(ctx, err)
	if !unsure {
		f = fault.From(err)
		unsure = f.Kind == fault.Internal // for all that is known
	}
	if v, ok := ctx.Value(visitKey{}).(*visit); ok && unsure {
		v.unsure = true
	}
	if f.Kind == fault.Internal && db.IsUnavailable(err) {
		f = fault.Wrap(fault.Overloaded, err, "the database cannot do this right now; try again in a moment").WithRetryAfter(unavailableFor)
	}
	switch {
	case f.Kind == fault.Internal:
		r.Log.ErrorContext(ctx, "request failed", "error", err)
	case f.Kind.Status() >= http.StatusInternalServerError:
		r.Log.WarnContext(ctx, "request failed", "error", err)
	}
	if f.Kind == fault.Internal { // whatever its text says
		f = ours()
	}
	return f
}

// ours is all that anybody is told of a mistake of ours.
func ours() *fault.Error {
	return fault.New(fault.Internal, "something went wrong on our side; the correlation id leads to it in the log")
}

// statusError is a failure on its way through huma, which wants to know the status and the headers.
type statusError struct {
	body   failure
	status int
	header http.Header
}

func (e *statusError) Error() string                { return string(e.body.Error.Code) }
func (e *statusError) GetStatus() int               { return e.status }
func (e *statusError) GetHeaders() http.Header      { return e.header }
func (e *statusError) MarshalJSON() ([]byte, error) { return json.Marshal(e.body) }

func newStatusError(ctx context.Context, f *fault.Error) *statusError {
	return &statusError{body: newFailure(ctx, f), status: f.Kind.Status(), header: errorHeaders(f)}
}

// faultAmong finds the first fault in what huma collected while it read a request.
func faultAmong(errs []error) (*fault.Error, bool) {
	for _, err := range errs {
		if f, ok := errors.AsType[*fault.Error](err); ok {
			return f, true
		}
	}
	return nil, false
}
