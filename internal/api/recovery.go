package api

import (
	"context"
	"net/http"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

type forgotPasswordInput struct {
	Body struct {
		Email string `json:"email" maxLength:"254"`
	}
}

type resetPasswordInput struct {
	Body struct {
		Token       string `json:"token" doc:"From the link in the mail."`
		NewPassword string `json:"newPassword" doc:"As when registering."`
	}
}

type verifyEmailInput struct {
	Body struct {
		Token string `json:"token" doc:"From the link in the mail."`
	}
}

// accepted says what will happen.
type accepted struct {
	Message string `json:"message" doc:"What to expect, for a person."`
}

// recoveryRoutes registers what is done by mail.
func (r *router) recoveryRoutes() {
	const tag = "Accounts"
	post(r, "/api/auth/forgot-password", func(ctx context.Context, in *forgotPasswordInput) (result[accepted], error) {
		err := r.Auth.ForgotPassword(ctx, in.Body.Email)
		return answer(accepted{"if this address has an account here, a mail is on its way to it"}, err)
	}, doc{id: "forgotPassword", tag: tag, summary: "Have a link sent with which to set a new password", public: true, limit: sendMail, status: http.StatusAccepted,
		detail: "The answer is the same whether the address has an account or not. A link is good once, for an hour; an account gets at most three an hour."})

	registerEmpty(r, http.MethodPost, "/api/auth/reset-password", func(ctx context.Context, in *resetPasswordInput) error {
		return r.Auth.ResetPassword(ctx, in.Body.Token, in.Body.NewPassword)
	}, doc{id: "resetPassword", tag: tag, summary: "Set a new password with the link from a mail", public: true, limit: oneUse,
		detail: "Ends every session and API key and opens none: sign in with the new password. A link that was used, is too old or never was gets one answer.",
		errors: []fault.Kind{fault.LinkExpired, fault.Overloaded}})

	registerEmpty(r, http.MethodPost, "/api/auth/verify-email", func(ctx context.Context, in *verifyEmailInput) error {
		return r.Auth.VerifyEmail(ctx, in.Body.Token)
	}, doc{id: "verifyEmail", tag: tag, summary: "Show with the link from a mail that mail reaches me", public: true, limit: oneUse,
		detail: "A link is good once, for 24 hours.",
		errors: []fault.Kind{fault.LinkExpired}})

	post(r, "/api/auth/verify-email/resend", func(ctx context.Context, _ *nothing) (result[accepted], error) {
		err := r.Auth.ResendVerification(ctx, identity(ctx))
		return answer(accepted{"a mail is on its way to your address"}, err)
	}, doc{id: "resendVerification", tag: tag, summary: "Have the mail sent again that verifies my address", status: http.StatusAccepted,
		errors: []fault.Kind{fault.Conflict, fault.RateLimited, fault.MailNotConfigured}})
}
