package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// browserCookie begins the name of the cookie that ties an attempt to connect to the browser that began it. Each attempt
// has its own, so that two tabs do not disturb each other.
const browserCookie = "jaspers_connect_"

const callbackPath = "/api/brokerages/callback"

type connectInput struct {
	Body struct {
		Provider    string             `json:"provider" maxLength:"50" example:"alpaca"`
		Environment broker.Environment `json:"environment,omitempty" maxLength:"20" doc:"live or paper; the provider's first when left out."`
		APIKey      string             `json:"apiKey,omitempty" maxLength:"200" doc:"Of a key that you made at the brokerage; it connects at once. Leave it out to connect on the consent page."`
		APISecret   string             `json:"apiSecret,omitempty" maxLength:"200" doc:"That came with the key. Both are kept sealed and never shown again."`
	}
}

type callbackInput struct {
	State string `query:"state" maxLength:"200"`
	Code  string `query:"code" maxLength:"2000"`
	Error string `query:"error" maxLength:"200" doc:"Set by the brokerage when the person declined."`

	browserSecrets map[bool]string // of the cookie for https (true) and of that for http
}

// Resolve is called by huma once the query is read: the cookies' names depend on it. Which one counts, the route knows.
func (in *callbackInput) Resolve(ctx huma.Context) []error {
	in.browserSecrets = map[bool]string{}
	for _, secure := range []bool{true, false} {
		if cookie, err := huma.ReadCookie(ctx, attemptCookie(in.State, secure)); err == nil {
			in.browserSecrets[secure] = cookie.Value
		}
	}
	return nil
}

// brokerageRoutes registers connections to brokerages.
func (r *router) brokerageRoutes() {
	const tag = "Brokerages"
	get(r, "/api/brokerages", func(ctx context.Context, _ *nothing) (result[[]broker.Info], error) {
		return answer(r.Connections.Brokerages(isAdmin(ctx)), nil)
	}, doc{id: "listBrokerages", tag: tag, scope: auth.ScopeRead, summary: "The brokerages that I can connect, and by which methods"})

	get(r, "/api/brokerages/connections", func(ctx context.Context, _ *nothing) (result[[]connection.Connection], error) {
		return answer(r.Connections.List(ctx, identity(ctx).UserID))
	}, doc{id: "listConnections", tag: tag, scope: auth.ScopeRead, summary: "My connections, newest first"})

	post(r, "/api/brokerages/connect", r.connect, doc{id: "connectBrokerage", tag: tag, scope: auth.ScopeWrite, idempotent: true, summary: "Connect a brokerage, or begin to",
		detail: "With an API key and its secret, or through the operator's gateway, the answer is the connection. Else it is where to consent: " +
			"open authorizationUrl in the same browser, within ten minutes: the cookie that is set here proves at the callback who began.",
		errors: []fault.Kind{fault.Forbidden, fault.NotFound, fault.AuthorizationDenied, fault.ReauthorizationRequired, fault.UpstreamFailed, fault.UpstreamDown, fault.UpstreamTimeout}})

	r.reauthorizeRoute(tag)

	get(r, callbackPath, r.callback, doc{id: "finishConnecting", tag: tag, summary: "Where the brokerage sends the browser back to", public: true,
		errors: []fault.Kind{fault.NotFound, fault.Conflict, fault.InvalidOAuthState, fault.AuthorizationDenied, fault.ReauthorizationRequired, fault.UpstreamFailed, fault.UpstreamDown, fault.UpstreamTimeout}})

	registerEmpty(r, http.MethodDelete, "/api/brokerages/connections/{id}", func(ctx context.Context, in *ByID) error {
		return r.Connections.Delete(ctx, identity(ctx).UserID, in.ID)
	}, doc{id: "deleteConnection", tag: tag, scope: auth.ScopeWrite, summary: "Forget a connection and what was read through it", errors: []fault.Kind{fault.NotFound}})

	get(r, "/api/brokerages/connections/{id}/status", func(ctx context.Context, in *ByID) (result[connection.Connection], error) {
		return answer(r.Connections.Get(ctx, identity(ctx).UserID, in.ID))
	}, doc{id: "getConnectionStatus", tag: tag, scope: auth.ScopeRead, summary: "Whether a connection works, and when it was read last", errors: []fault.Kind{fault.NotFound}})
}

func (r *router) connect(ctx context.Context, in *connectInput) (result[begun], error) {
	return r.begun(r.Connections.Begin(ctx, identity(ctx).UserID, connection.Request{
		Provider: in.Body.Provider, Environment: in.Body.Environment, APIKey: in.Body.APIKey, APISecret: in.Body.APISecret, Admin: isAdmin(ctx),
		By: access(ctx),
	}))
}

// access is what a request came with.
func access(ctx context.Context) connection.Access {
	who := identity(ctx)
	return connection.Access{SessionID: who.SessionID, KeyID: who.KeyID}
}

func (r *router) callback(ctx context.Context, in *callbackInput) (result[connection.Connection], error) {
	made, err := r.Connections.Callback(ctx, connection.Redirect{
		State: in.State, Code: in.Code, Error: in.Error, BrowserSecret: in.browserSecrets[r.isSecure()],
	})
	if err != nil {
		return result[connection.Connection]{}, err
	}
	return result[connection.Connection]{data: made, cookies: []*http.Cookie{r.browserCookie(in.State, "", -1)}}, nil
}

// attemptCookie is the attempt's own; the state is hashed since it comes from anywhere.
func attemptCookie(state string, secure bool) string {
	name := browserCookie + vault.Hash(state)[:16]
	if secure {
		return securePrefix + name
	}
	return name
}

// browserCookie is Lax, not Strict, because the brokerage's page sends the browser back from another site.
func (r *router) browserCookie(state, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: attemptCookie(state, r.isSecure()), Value: value, Path: callbackPath, MaxAge: maxAge,
		HttpOnly: true, Secure: r.isSecure(), SameSite: http.SameSiteLaxMode,
	}
}
