package api

import (
	"context"
	"net/http"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

type registerInput struct {
	Body struct {
		Email     string  `json:"email" doc:"An e-mail address; case and blanks around it do not matter."`
		Password  string  `json:"password" doc:"8 characters or more, 72 bytes at most; none of the common ones, nor one that holds the address."`
		FirstName *string `json:"firstName,omitempty" doc:"At most 100 characters."`
		LastName  *string `json:"lastName,omitempty" doc:"At most 100 characters."`
		Cookie    bool    `json:"cookie,omitempty" doc:"As when signing in."`
	}
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password"`
		TOTP     string `json:"totp,omitempty" maxLength:"64" doc:"The code of the authenticator app, or a recovery code, where a second factor is on."`
		Cookie   bool   `json:"cookie,omitempty" doc:"Keep the tokens in cookies that scripts cannot read, and out of the answer."`
	}
}

type changePasswordInput struct {
	Body struct {
		CurrentPassword string `json:"currentPassword"`
		NewPassword     string `json:"newPassword" doc:"As when registering."`
	}
}

type profileInput struct {
	Body struct {
		FirstName *string `json:"firstName,omitempty" maxLength:"100" doc:"An empty name is taken away."`
		LastName  *string `json:"lastName,omitempty" maxLength:"100"`
	}
}

type nothing struct{}

// authRoutes registers accounts and sessions.
func (r *router) authRoutes() {
	const tag = "Accounts"
	post(r, "/api/auth/register", func(ctx context.Context, in *registerInput) (result[signedIn], error) {
		made, err := r.Auth.Register(ctx, auth.Registration{
			Email: in.Body.Email, Password: in.Body.Password, FirstName: in.Body.FirstName, LastName: in.Body.LastName,
		})
		return r.handOut(made, in.Body.Cookie, err)
	}, doc{id: "register", tag: tag, summary: "Open an account and sign in", public: true, limit: signUp, status: http.StatusCreated,
		errors: []fault.Kind{fault.EmailTaken, fault.RegistrationClosed, fault.Overloaded}})

	post(r, "/api/auth/login", func(ctx context.Context, in *loginInput) (result[signedIn], error) {
		made, err := r.Auth.Login(ctx, in.Body.Email, in.Body.Password, in.Body.TOTP)
		return r.handOut(made, in.Body.Cookie, err)
	}, doc{id: "login", tag: tag, summary: "Sign in", public: true, limit: signIn,
		detail: "An unknown address and a wrong password get the same answer. Where a second factor is on, a right password " +
			"without a code gets second_factor_required: ask for the code and send all of it again. With cookie, the tokens " +
			"are set as cookies for pages of this site, and tokens is null.",
		errors: []fault.Kind{
			fault.InvalidCredentials, fault.AccountDisabled, fault.SecondFactorNeeded, fault.InvalidCode, fault.RateLimited, fault.Overloaded, fault.NotFound,
		}})

	post(r, "/api/auth/refresh", r.refresh, doc{id: "refreshTokens", tag: tag, summary: "Trade a refresh token for new tokens", public: true, limit: refresh,
		detail: "Each refresh token works once. Using one again ends its session, save for a few seconds after its first use. " +
			"Without one in the body, that of the cookie is used; the new tokens are set as cookies then, and tokens is null.",
		errors: []fault.Kind{fault.Unauthenticated, fault.TokenReused, fault.NotFound}})

	r.postLeaving("/api/auth/logout", r.Auth.Logout, doc{id: "logout", tag: tag, summary: "End this session",
		detail: "Takes the cookies away when it was they that were shown."})

	registerEmpty(r, http.MethodPost, "/api/auth/change-password", func(ctx context.Context, in *changePasswordInput) error {
		return r.Auth.ChangePassword(ctx, identity(ctx), in.Body.CurrentPassword, in.Body.NewPassword)
	}, doc{id: "changePassword", tag: tag, summary: "Set a new password and end all other sessions", limit: ownSecret,
		errors: []fault.Kind{fault.InvalidCredentials, fault.Conflict, fault.Overloaded}})

	get(r, "/api/auth/me", func(ctx context.Context, _ *nothing) (result[user.User], error) {
		return answer(r.Users.Get(ctx, identity(ctx).UserID))
	}, doc{id: "getMe", tag: tag, summary: "Who am I", errors: []fault.Kind{fault.NotFound}})

	patch(r, "/api/auth/me", func(ctx context.Context, in *profileInput) (result[user.User], error) {
		return answer(r.Users.Update(ctx, identity(ctx).UserID, user.Changes{FirstName: in.Body.FirstName, LastName: in.Body.LastName}))
	}, doc{id: "updateMe", tag: tag, summary: "Change my name", errors: []fault.Kind{fault.NotFound}})
}
