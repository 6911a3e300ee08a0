package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// setGlobals sets, once, what can only be set for the whole process: how huma words errors, that lists are never null,
// that names of properties are exact, and that decimals are JSON numbers.
var setGlobals = sync.OnceFunc(func() {
	decimal.MarshalJSONWithoutQuotes = true
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return newStatusError(ctx.Context(), requestFault(status, msg, errs))
	}
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return newStatusError(context.Background(), requestFault(status, msg, errs))
	}
})

// requestFault says in our words what huma found wrong with a request. No value that was sent is repeated.
func requestFault(status int, msg string, errs []error) *fault.Error {
	if f, ok := faultAmong(errs); ok {
		return f
	}
	switch status {
	case http.StatusBadRequest:
		if msg == "request body is required" {
			return fault.New(fault.Malformed, "this request needs a JSON body")
		}
		return fault.New(fault.Malformed, "the body must be JSON in UTF-8 that names no property twice")
	case http.StatusRequestEntityTooLarge:
		return fault.New(fault.TooLarge, "the body is larger than this route takes")
	case http.StatusUnsupportedMediaType:
		return fault.New(fault.UnsupportedMedia, "send the body as application/json")
	case http.StatusNotAcceptable:
		return fault.New(fault.NotAcceptable, "this route answers application/json")
	case http.StatusRequestTimeout:
		return fault.New(fault.Malformed, "the body came too slowly")
	case http.StatusInternalServerError:
		if msg == "cannot read request body" { // the connection broke, or what came over it was no HTTP
			return fault.New(fault.Malformed, "the body broke off; send the request again")
		}
	case http.StatusUnprocessableEntity:
		return &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: wrongFields(errs)}
	}
	return fault.New(fault.Internal, "%s", msg)
}

// wrongFields lists what failed validation: where and why, each once.
func wrongFields(errs []error) []fault.Field {
	var fields []fault.Field
	seen := map[fault.Field]bool{}
	for _, err := range errs {
		f := fault.Field{Path: "request", Message: "is wrong"}
		if d, ok := err.(huma.ErrorDetailer); ok { // huma's own list, never wrapped
			detail := d.ErrorDetail()
			f = fault.Field{Path: detail.Location, Message: withoutValue(detail.Message)}
		}
		if name, ok := missingProperty(f.Message); ok {
			f = fault.Field{Path: f.Path + "." + name, Message: "is required"}
		}
		if !seen[f] {
			seen[f] = true
			fields = append(fields, f)
		}
	}
	return fields
}

// missingProperty finds the name in huma's words for a required property, which it reports of the object around it.
func missingProperty(message string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(message, "expected required property ")
	name, whole := strings.CutSuffix(rest, " to be present")
	return name, ok && whole
}

// withoutValue keeps the part of a validation message that speaks of the rule. Parsers put what they could not read
// behind a colon.
func withoutValue(message string) string {
	if strings.HasPrefix(message, "json: ") || strings.HasPrefix(message, "invalid character") {
		return "has the wrong type or is out of range"
	}
	rule, _, _ := strings.Cut(message, ": ")
	return rule
}

// errorHeaders are what an error says outside of its body.
func errorHeaders(f *fault.Error) http.Header {
	h := http.Header{}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	if f.Kind.Status() == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}
