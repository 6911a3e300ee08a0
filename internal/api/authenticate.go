package api

import (
	"context"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// The security schemes, by their names in the document.
const (
	bearer    = "bearer"
	apiKey    = "apiKey"
	cookieKey = "cookie"
)

func securitySchemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		bearer: {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access token of a sign-in."},
		apiKey: {Type: "http", Scheme: "bearer", Description: "An API key (jsp_…), sent like an access token. It opens the routes of its " +
			"scopes: read, write, chat, admin."},
		cookieKey: {Type: "apiKey", In: "cookie", Name: hostPrefix + accessCookie, Description: "The access token of a sign-in with cookie. " +
			"Where the server is reached by plain http the name is " + accessCookie + ". An Authorization header goes before it."},
	}
}

// protect makes an operation ask who it is for, and tells the errors that come with that.
func (r *router) protect(op *huma.Operation, scope auth.Scope) []fault.Kind {
	op.Security = []map[string][]string{{bearer: {}}, {cookieKey: {}}}
	op.Middlewares = append(op.Middlewares, r.authenticate(scope))
	if scope != "" {
		op.Security = append(op.Security, map[string][]string{apiKey: {string(scope)}})
		op.Description = strings.TrimLeft(op.Description+" API keys need the scope "+string(scope)+".", " ")
		if op.Extensions == nil {
			op.Extensions = map[string]any{}
		}
		op.Extensions["x-scope"] = string(scope)
	}
	kinds := []fault.Kind{fault.Unauthenticated, fault.TokenExpired, fault.InsufficientScope}
	if op.Method != http.MethodGet {
		// What looks like another site's form; and what it belongs to, or the account, was deleted meanwhile.
		kinds = append(kinds, fault.UnsupportedMedia, fault.NotFound)
	}
	return kinds
}

type callerKey struct{}

// caller is who is asking, and whether a cookie says so: that the browser sends by itself.
type caller struct {
	auth.Identity
	byCookie bool
}

// authenticate lets a request through when its bearer token or its cookie holds, and opens the scope. It tells the
// handler who is asking, and the audit log.
func (r *router) authenticate(scope auth.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		who, err := r.findCaller(ctx)
		if err == nil {
			visitOf(ctx.Context()).caller = &who.Identity
		}
		if err == nil && !who.May(scope) {
			err = fault.New(fault.InsufficientScope, "this API key does not open this route; its scopes are chosen when it is made, and accounts are for sessions")
		}
		if err != nil {
			req, w := humago.Unwrap(ctx)
			r.writeError(w, req, r.countAddress(req, err))
			return
		}
		next(huma.WithContext(ctx, context.WithValue(withCaller(ctx.Context(), who.Identity), callerKey{}, who)))
	}
}

// findCaller asks the Authorization header where there is one, and only without it the cookie.
func (r *router) findCaller(ctx huma.Context) (caller, error) {
	if header := onlyHeader(ctx, "Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "bearer") {
			token = ""
		}
		token = strings.TrimSpace(token)
		check := r.Auth.Authenticate
		if strings.HasPrefix(token, auth.KeyPrefix) {
			check = r.Auth.AuthenticateKey
		}
		who, err := check(ctx.Context(), token)
		return caller{Identity: who}, err
	}
	token := ""
	if cookie, err := huma.ReadCookie(ctx, r.cookieName(accessCookie)); err == nil {
		token = cookie.Value
	}
	who, err := r.Auth.Authenticate(ctx.Context(), token)
	if err == nil && ctx.Method() != http.MethodGet && ctx.Method() != http.MethodHead && !isJSON(ctx.Header("Content-Type")) {
		err = fault.New(fault.UnsupportedMedia, "send the body as application/json")
	}
	return caller{who, true}, err
}

// isJSON tells whether a request has a body of JSON, or none: a form of another site's page is neither.
func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return contentType == "" || err == nil && kind == "application/json"
}

// identity is who is asking. It panics on a route that is registered as public: that is a bug of ours.
func identity(ctx context.Context) auth.Identity {
	return ctx.Value(callerKey{}).(caller).Identity
}

// byCookie tells whether it is a cookie that says who is asking.
func byCookie(ctx context.Context) bool { return ctx.Value(callerKey{}).(caller).byCookie }
