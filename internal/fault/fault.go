// Package fault gives every error a kind that all edges understand: a stable code, a status, and words that are safe to show.
package fault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind is what went wrong, as clients see it in error.code. Kinds are part of the API: they are added, never renamed.
type Kind string

// The kinds, grouped by who has to act.
const (
	// The caller sent something that cannot be used.
	Malformed        Kind = "malformed_request"
	Invalid          Kind = "validation_failed"
	NotFound         Kind = "not_found"
	UnknownSymbol    Kind = "unknown_symbol"
	MethodNotAllowed Kind = "method_not_allowed"
	NotAcceptable    Kind = "not_acceptable"
	Conflict         Kind = "conflict"
	// IdempotencyReused is an Idempotency-Key that was sent with another request before.
	IdempotencyReused Kind = "idempotency_key_reused"
	TooLarge          Kind = "payload_too_large"
	UnsupportedMedia  Kind = "unsupported_media_type"
	RateLimited       Kind = "rate_limited"
	URLTooLong        Kind = "url_too_long"
	HeadersTooLarge   Kind = "headers_too_large"

	// The caller is not, or no longer, who they have to be.
	Unauthenticated    Kind = "unauthenticated"
	InvalidCredentials Kind = "invalid_credentials"
	TokenExpired       Kind = "token_expired"
	TokenReused        Kind = "refresh_token_reused"
	Forbidden          Kind = "forbidden"
	EmailTaken         Kind = "email_taken"
	AccountDisabled    Kind = "account_disabled"
	RegistrationClosed Kind = "registration_closed"
	SecondFactorNeeded Kind = "second_factor_required"
	InvalidCode        Kind = "invalid_code"
	LinkExpired        Kind = "invalid_or_expired_link"
	InsufficientScope  Kind = "insufficient_scope"

	// A brokerage connection needs its owner.
	InvalidOAuthState       Kind = "invalid_oauth_state"
	AuthorizationDenied     Kind = "authorization_denied"
	ReauthorizationRequired Kind = "reauthorization_required"

	// Somebody else's service, or a part of ours, cannot answer now.
	UpstreamFailed     Kind = "upstream_failed"
	UpstreamDown       Kind = "upstream_unavailable"
	UpstreamTimeout    Kind = "upstream_timeout"
	ModelNotConfigured Kind = "model_not_configured"
	MailNotConfigured  Kind = "mail_not_configured"
	// NotOffered is what no source that is configured has, or not on the plan it is used with.
	NotOffered Kind = "not_offered"
	// FilingsNotConfigured says that the User-Agent is missing which the SEC wants.
	FilingsNotConfigured Kind = "filings_not_configured"
	// FilingTooLarge is a document beyond what is read of one.
	FilingTooLarge Kind = "filing_too_large"
	Overloaded     Kind = "overloaded"
	// BudgetSpent says that a language model took all that it may in a month.
	BudgetSpent Kind = "budget_spent"

	// The caller went away before the answer.
	Canceled Kind = "canceled"
	// A bug of ours: the only kind whose cause is never shown.
	Internal Kind = "internal_error"
)

// StatusClientClosed is the status logged when the caller left; it is never seen by anyone.
const StatusClientClosed = 499

// statuses is the one table from kind to HTTP status.
var statuses = map[Kind]int{
	Malformed:         http.StatusBadRequest,
	Invalid:           http.StatusUnprocessableEntity,
	NotFound:          http.StatusNotFound,
	UnknownSymbol:     http.StatusNotFound,
	MethodNotAllowed:  http.StatusMethodNotAllowed,
	NotAcceptable:     http.StatusNotAcceptable,
	Conflict:          http.StatusConflict,
	IdempotencyReused: http.StatusUnprocessableEntity,
	TooLarge:          http.StatusRequestEntityTooLarge,
	UnsupportedMedia:  http.StatusUnsupportedMediaType,
	RateLimited:       http.StatusTooManyRequests,
	URLTooLong:        http.StatusRequestURITooLong,
	HeadersTooLarge:   http.StatusRequestHeaderFieldsTooLarge,

	Unauthenticated:    http.StatusUnauthorized,
	InvalidCredentials: http.StatusUnauthorized,
	TokenExpired:       http.StatusUnauthorized,
	TokenReused:        http.StatusUnauthorized,
	Forbidden:          http.StatusForbidden,
	EmailTaken:         http.StatusConflict,
	AccountDisabled:    http.StatusForbidden,
	RegistrationClosed: http.StatusForbidden,
	SecondFactorNeeded: http.StatusUnauthorized,
	InvalidCode:        http.StatusUnauthorized,
	LinkExpired:        http.StatusBadRequest,
	InsufficientScope:  http.StatusForbidden,

	InvalidOAuthState:       http.StatusBadRequest,
	AuthorizationDenied:     http.StatusForbidden,
	ReauthorizationRequired: http.StatusConflict,

	UpstreamFailed:     http.StatusBadGateway,
	UpstreamDown:       http.StatusServiceUnavailable,
	UpstreamTimeout:    http.StatusGatewayTimeout,
	ModelNotConfigured: http.StatusServiceUnavailable,
	MailNotConfigured:  http.StatusServiceUnavailable,
	Overloaded:         http.StatusServiceUnavailable,
	BudgetSpent:        http.StatusServiceUnavailable,

	NotOffered:           http.StatusServiceUnavailable,
	FilingsNotConfigured: http.StatusServiceUnavailable,
	FilingTooLarge:       http.StatusBadGateway,

	Canceled: StatusClientClosed,
	Internal: http.StatusInternalServerError,
}

// Status is the HTTP status of a kind; an unknown kind is an internal error.
func (k Kind) Status() int {
	if status, ok := statuses[k]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Field names one wrong input: Path as the client wrote it ("body.email"), Message without the value.
type Field struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Error is an error with a kind. Message may be shown to anyone; the cause is for the log only.
type Error struct {
	Kind       Kind
	Message    string
	Fields     []Field
	RetryAfter time.Duration // how long to wait before trying again; 0 when nobody knows
	cause      error
}

// New makes an error where the trouble is known. The message must hold no secret and no value the caller sent.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap gives err a kind and a message that is safe to show; err itself goes to the log only.
func Wrap(kind Kind, err error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), cause: err}
}

// InvalidField is the Invalid error of a single field.
func InvalidField(path, message string) *Error {
	return &Error{Kind: Invalid, Message: "the request has wrong fields", Fields: []Field{{path, message}}}
}

// WithRetryAfter says when trying again makes sense.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

func (e *Error) Error() string {
	text := string(e.Kind) + ": " + e.Message
	for _, f := range e.Fields {
		text += "; " + f.Path + ": " + f.Message
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// From finds the fault in err. What has none is an internal error, save for a caller who left or a deadline that passed.
func From(err error) *Error {
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Wrap(Canceled, err, "the request was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return Wrap(UpstreamTimeout, err, "the request took too long; try again")
	}
	return Wrap(Internal, err, "internal error")
}

// KindOf is the kind of err, Internal when it has none.
func KindOf(err error) Kind { return From(err).Kind }

// Is tells whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && From(err).Kind == kind }

// NameOf is the kind of err as records have it, and empty where there is no error.
func NameOf(err error) string {
	if err == nil {
		return ""
	}
	return string(KindOf(err))
}
