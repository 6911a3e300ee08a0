package api

import (
	"context"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// defaultMaxBody is how many bytes a body may have where a route says nothing else.
const defaultMaxBody = 64 << 10

// doc describes a route. It is part of registering one, so no route can be without.
type doc struct {
	id      string // operation id
	tag     string
	summary string
	detail  string
	public  bool       // needs no token
	alone   bool       // works without the database
	scope   auth.Scope // lets API keys in that have it; without one only sessions are
	// idempotent lets clients send an Idempotency-Key: for what creates or costs something.
	idempotent bool
	// guess is what a request under another one's Idempotency-Key is recorded as, where limit counts failures: it may be
	// the same one with another password.
	guess   audit.Action
	limit   limitName    // of its own, beside the general one
	status  int          // of success; 200
	maxBody int64        // bytes; defaultMaxBody
	errors  []fault.Kind // beyond those every route of its kind has
}

type handler[In, Out any] func(ctx context.Context, in *In) (result[Out], error)

func get[In, Out any](r *router, path string, h handler[In, Out], d doc) {
	register(r, http.MethodGet, path, h, d)
}

func post[In, Out any](r *router, path string, h handler[In, Out], d doc) {
	register(r, http.MethodPost, path, h, d)
}

func patch[In, Out any](r *router, path string, h handler[In, Out], d doc) {
	register(r, http.MethodPatch, path, h, d)
}

func put[In, Out any](r *router, path string, h handler[In, Out], d doc) {
	register(r, http.MethodPut, path, h, d)
}

// output is an answer as huma writes it.
type output[T any] struct {
	SetCookie []*http.Cookie `header:"Set-Cookie"`
	Body      envelope[T]
}

func register[In, Out any](r *router, method, path string, h handler[In, Out], d doc) {
	h = limited(r, d.limit, h)
	huma.Register(r.api, operation[In](r, method, path, d), func(ctx context.Context, in *In) (*output[Out], error) {
		res, err := h(ctx, in)
		if err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		res.meta.CorrelationID = correlationID(ctx)
		return &output[Out]{SetCookie: res.cookies, Body: envelope[Out]{Success: true, Data: res.data, Meta: res.meta}}, nil
	})
}

// registerEmpty is for what answers 204: it is done, and there is nothing to say.
func registerEmpty[In any](r *router, method, path string, h func(ctx context.Context, in *In) error, d doc) {
	d.status = http.StatusNoContent
	do := limited(r, d.limit, func(ctx context.Context, in *In) (struct{}, error) { return struct{}{}, h(ctx, in) })
	huma.Register(r.api, operation[In](r, method, path, d), func(ctx context.Context, in *In) (*struct{}, error) {
		if _, err := do(ctx, in); err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		return nil, nil
	})
}

// operation turns a doc into what huma and the API's document know of a route.
func operation[In any](r *router, method, path string, d doc) huma.Operation {
	if d.status == 0 {
		d.status = http.StatusOK
	}
	if d.maxBody == 0 {
		d.maxBody = defaultMaxBody
	}
	_, hasBody := reflect.TypeFor[In]().FieldByName("Body")
	kinds := append([]fault.Kind{fault.Internal, fault.Overloaded, fault.URLTooLong, fault.HeadersTooLarge}, d.errors...)
	if reflect.TypeFor[In]().NumField() > 0 {
		kinds = append(kinds, fault.Invalid)
	}
	op := huma.Operation{
		OperationID: d.id, Method: method, Path: path, Tags: []string{d.tag}, Summary: d.summary, Description: d.detail,
		DefaultStatus: d.status, Extensions: map[string]any{},
	}
	if !d.alone {
		op.Middlewares = huma.Middlewares{r.patience}
	}
	if method != http.MethodGet {
		kinds = append(kinds, fault.Forbidden) // from another site's page
	}
	if hasBody {
		kinds = append(kinds, fault.Malformed, fault.TooLarge, fault.UnsupportedMedia)
		op.MaxBodyBytes = d.maxBody
	}
	if !d.public {
		kinds = append(kinds, r.protect(&op, d.scope)...)
	}
	if d.limit != unlimited {
		kinds = append(kinds, fault.RateLimited)
		op.Middlewares = append(op.Middlewares, r.limitGeneral)
	}
	if reflect.TypeFor[In]().NumField() > 0 {
		op.Middlewares = append(op.Middlewares, r.readable)
	}
	if d.idempotent {
		kinds = append(kinds, idempotencyErrors...)
		op.Parameters = []*huma.Param{keyParameter()}
		op.Middlewares = append(op.Middlewares, r.idempotent(d))
	}
	if limits := r.describeLimits(d, hasBody); len(limits) > 0 {
		op.Extensions["x-limits"] = limits
	}
	op.Responses = errorResponses(r.api.OpenAPI().Components.Schemas, kinds)
	return op
}

// errorResponses documents the errors of a route: for each status the codes that come with it.
func errorResponses(schemas huma.Registry, kinds []fault.Kind) map[string]*huma.Response {
	byStatus := map[int][]string{}
	for _, kind := range kinds {
		if codes := byStatus[kind.Status()]; !slices.Contains(codes, string(kind)) {
			byStatus[kind.Status()] = append(codes, string(kind))
		}
	}
	schema := schemas.Schema(reflect.TypeFor[failure](), true, "Failure")
	responses := map[string]*huma.Response{}
	for status, codes := range byStatus {
		slices.Sort(codes)
		responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status) + ": " + strings.Join(codes, ", "),
			Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}},
			Extensions:  map[string]any{"x-error-codes": codes},
		}
	}
	return responses
}

// ByID is the input of routes on one thing. What is no id names nothing, so it is not found, like everybody else's.
type ByID struct {
	ID string `path:"id" doc:"Its id." example:"01999999-0000-7000-8000-000000000000"`
}

// Resolve is called by huma once the path is read.
func (in *ByID) Resolve(huma.Context) []error {
	if db.IsID(in.ID) {
		return nil
	}
	return []error{fault.New(fault.NotFound, "there is no such thing here")}
}

// Page is the input of lists. Both are exported because huma looks into exported embedded structs only.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"200" doc:"meta.nextCursor of the page before."`
}

// aliasDecimals documents decimals as the JSON numbers they are printed as.
func aliasDecimals(registry huma.Registry) {
	registry.RegisterTypeAlias(reflect.TypeFor[decimal.Decimal](), reflect.TypeFor[float64]())
	registry.RegisterTypeAlias(reflect.TypeFor[decimal.NullDecimal](), reflect.TypeFor[*float64]())
}

// packagePath matches the folders before a type's package in the name of a generic type.
var packagePath = regexp.MustCompile(`[\w.\-]+/`)

// schemaName names a type in the document: its package and its name, since two packages may have a Summary; types of
// this package need no prefix. Envelope[portfolio.Summary] becomes EnvelopePortfolioSummary.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := t.Name()
	if name == "" {
		if t.Kind() == reflect.Slice {
			return schemaName(t.Elem(), hint) + "List"
		}
		return hint
	}
	full := packagePath.ReplaceAllString(t.String(), "")
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(full, func(c rune) bool { return strings.ContainsRune("[].,* ", c) }) {
		if word != "api" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
		if strings.HasPrefix(word, "map") {
			b.WriteString("Of")
		}
	}
	if strings.Contains(full, "[]") {
		b.WriteString("List")
	}
	return b.String()
}
