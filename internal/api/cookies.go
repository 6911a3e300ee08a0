package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// The cookies of a sign-in. With https their names have a prefix, for which browsers see to it that nobody else can have
// set them: the access token's is for the whole site, the refresh token's for the routes of accounts alone.
const (
	accessCookie  = "jaspers_access"
	refreshCookie = "jaspers_refresh"
	hostPrefix    = "__Host-"
	securePrefix  = "__Secure-"
	refreshPath   = "/api/auth"
)

// signedIn is a person with their tokens.
type signedIn struct {
	User   user.User    `json:"user"`
	Tokens *auth.Tokens `json:"tokens" doc:"null when they were set as cookies."`
}

type refreshed struct {
	Tokens *auth.Tokens `json:"tokens" doc:"null when they were set as cookies."`
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refreshToken,omitempty" maxLength:"200" doc:"Required, save where a sign-in with cookie has left one there."`
	}

	cookies map[string]string
}

// Resolve is called by huma once the body is read. Which cookie counts depends on how the server is reached: one of the
// other name is not ours.
func (in *refreshInput) Resolve(ctx huma.Context) []error {
	in.cookies = map[string]string{}
	for _, name := range []string{securePrefix + refreshCookie, refreshCookie} {
		if cookie, err := huma.ReadCookie(ctx, name); err == nil {
			in.cookies[name] = cookie.Value
		}
	}
	return nil
}

func (r *router) isSecure() bool { return r.PublicURL.Scheme == "https" }

// cookieName is the name a cookie has on this server.
func (r *router) cookieName(cookie string) string {
	switch {
	case !r.isSecure():
		return cookie
	case cookie == accessCookie:
		return hostPrefix + cookie
	}
	return securePrefix + cookie
}

// handOut answers a sign-in with its tokens: in the body or, when that was asked for, in cookies.
func (r *router) handOut(in auth.SignedIn, asCookies bool, err error) (result[signedIn], error) {
	if err != nil {
		return result[signedIn]{}, err
	}
	if asCookies {
		return result[signedIn]{data: signedIn{User: in.User}, cookies: r.tokenCookies(in.Tokens, auth.RefreshTTL)}, nil
	}
	return answer(signedIn{in.User, &in.Tokens}, nil)
}

// refresh answers where the token came from.
func (r *router) refresh(ctx context.Context, in *refreshInput) (result[refreshed], error) {
	token := cmp.Or(in.Body.RefreshToken, in.cookies[r.cookieName(refreshCookie)])
	if token == "" {
		return result[refreshed]{}, fault.InvalidField("body.refreshToken", "is required")
	}
	tokens, err := r.Auth.Refresh(ctx, token)
	switch {
	case err != nil:
		return result[refreshed]{}, err
	case in.Body.RefreshToken == "":
		return result[refreshed]{cookies: r.tokenCookies(tokens, auth.RefreshTTL)}, nil
	}
	return answer(refreshed{&tokens}, nil)
}

// tokenCookies keep the tokens for as long as the session may rest; a life below zero takes them away. The access token's
// cookie outlives the token, so that the answer is token_expired then.
func (r *router) tokenCookies(t auth.Tokens, life time.Duration) []*http.Cookie {
	cookie := func(name, path, value string) *http.Cookie {
		return &http.Cookie{
			Name: r.cookieName(name), Path: path, Value: value, MaxAge: int(life.Seconds()),
			HttpOnly: true, Secure: r.isSecure(), SameSite: http.SameSiteStrictMode,
		}
	}
	return []*http.Cookie{cookie(accessCookie, "/", t.AccessToken), cookie(refreshCookie, refreshPath, t.RefreshToken)}
}

// postLeaving registers what ends the session it is asked in: its cookies, where it has any, go with it.
func (r *router) postLeaving(path string, leave func(context.Context, auth.Identity) error, d doc) {
	type left struct {
		SetCookie []*http.Cookie `header:"Set-Cookie"`
	}
	d.status = http.StatusNoContent
	do := limited(r, d.limit, func(ctx context.Context, _ *nothing) (nothing, error) { return nothing{}, leave(ctx, identity(ctx)) })
	huma.Register(r.api, operation[nothing](r, http.MethodPost, path, d), func(ctx context.Context, in *nothing) (*left, error) {
		if _, err := do(ctx, in); err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		if !byCookie(ctx) {
			return nil, nil
		}
		return &left{r.tokenCookies(auth.Tokens{}, -time.Second)}, nil
	})
}
