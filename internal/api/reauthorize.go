package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

type reauthorizeInput struct {
	ByID
	Body struct {
		APIKey    string `json:"apiKey,omitempty" maxLength:"200" doc:"Of a new key for the connection's account; leave it out to consent again, or to try a gateway."`
		APISecret string `json:"apiSecret,omitempty" maxLength:"200" doc:"That came with the key."`
	}
}

// begun is a connection, or where to consent to it.
type begun struct{ connection.Begun }

// Schema says that it is one of the two; huma calls it.
func (begun) Schema(registry huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		registry.Schema(reflect.TypeFor[connection.Authorization](), true, ""),
		registry.Schema(reflect.TypeFor[connection.Connection](), true, ""),
	}}
}

// MarshalJSON prints the one that there is.
func (b begun) MarshalJSON() ([]byte, error) {
	if b.Authorization != nil {
		return json.Marshal(b.Authorization)
	}
	return json.Marshal(b.Connection)
}

func (r *router) reauthorizeRoute(tag string) {
	post(r, "/api/brokerages/connections/{id}/reauthorize", func(ctx context.Context, in *reauthorizeInput) (result[begun], error) {
		return r.begun(r.Connections.Reauthorize(ctx, identity(ctx).UserID, in.ID, connection.Request{
			APIKey: in.Body.APIKey, APISecret: in.Body.APISecret, Admin: isAdmin(ctx), By: access(ctx),
		}))
	}, doc{id: "reauthorizeConnection", tag: tag, scope: auth.ScopeWrite, idempotent: true, summary: "Let the server in again at a brokerage",
		detail: "By the connection's reauthorizeBy: its consent page, where to begin the answer says; a new API key; or the gateway, which is tried at once. " +
			"Only the account that the connection has will do: another one is refused, and changes nothing.",
		errors: []fault.Kind{fault.Forbidden, fault.NotFound, fault.Conflict, fault.AuthorizationDenied, fault.ReauthorizationRequired, fault.UpstreamFailed, fault.UpstreamDown, fault.UpstreamTimeout}})
}

// begun answers with what was begun, and ties a consent to the browser that asked.
func (r *router) begun(b connection.Begun, err error) (result[begun], error) {
	if err != nil {
		return result[begun]{}, err
	}
	res := result[begun]{data: begun{b}}
	if a := b.Authorization; a != nil {
		res.cookies = []*http.Cookie{r.browserCookie(a.State, a.BrowserSecret, int(connection.AuthorizationLifetime.Seconds()))}
	}
	return res, nil
}

// isAdmin tells whether who asks may do what is the operator's.
func isAdmin(ctx context.Context) bool { return identity(ctx).Role == user.Admin }
