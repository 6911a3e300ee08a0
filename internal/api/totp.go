package api

import (
	"context"
	"net/http"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/secondfactor"
)

type passwordInput struct {
	Body struct {
		Password string `json:"password" doc:"The current one."`
	}
}

type codeInput struct {
	Body struct {
		Code string `json:"code" maxLength:"64" doc:"The six digits that the authenticator app shows."`
	}
}

type passwordAndCodeInput struct {
	Body struct {
		Password string `json:"password" doc:"The current one."`
		TOTP     string `json:"totp" maxLength:"64" doc:"The code of the authenticator app, or a recovery code."`
	}
}

// totpRoutes registers the second factor.
func (r *router) totpRoutes() {
	const tag = "Second factor"
	codeErrors := []fault.Kind{fault.InvalidCode, fault.RateLimited, fault.Conflict}
	bothErrors := append([]fault.Kind{fault.InvalidCredentials, fault.SecondFactorNeeded, fault.Overloaded}, codeErrors...)
	get(r, "/api/auth/totp", func(ctx context.Context, _ *nothing) (result[secondfactor.Status], error) {
		return answer(r.Auth.SecondFactor(ctx, identity(ctx)))
	}, doc{id: "getSecondFactor", tag: tag, summary: "Whether I am asked for a code at sign-in"})

	post(r, "/api/auth/totp/enrol", func(ctx context.Context, in *passwordInput) (result[secondfactor.Enrolment], error) {
		return answer(r.Auth.EnrolTOTP(ctx, identity(ctx), in.Body.Password))
	}, doc{id: "enrolSecondFactor", tag: tag, limit: ownSecret, summary: "Make a secret for my authenticator app",
		detail: "It counts once a code of it was confirmed; asking again makes another.",
		errors: []fault.Kind{fault.InvalidCredentials, fault.Conflict, fault.Overloaded}})

	post(r, "/api/auth/totp/confirm", func(ctx context.Context, in *codeInput) (result[secondfactor.RecoveryCodes], error) {
		return answer(r.Auth.ConfirmTOTP(ctx, identity(ctx), in.Body.Code))
	}, doc{id: "confirmSecondFactor", tag: tag, limit: ownSecret, summary: "Turn the second factor on",
		detail: "From then on a code is asked for at sign-in, as totp. Keep the recovery codes: each opens the account once, without the app.",
		errors: codeErrors})

	registerEmpty(r, http.MethodPost, "/api/auth/totp/disable", func(ctx context.Context, in *passwordAndCodeInput) error {
		return r.Auth.DisableTOTP(ctx, identity(ctx), in.Body.Password, in.Body.TOTP)
	}, doc{id: "disableSecondFactor", tag: tag, limit: ownSecret, summary: "Turn the second factor off", errors: bothErrors})

	post(r, "/api/auth/totp/recovery-codes", func(ctx context.Context, in *passwordAndCodeInput) (result[secondfactor.RecoveryCodes], error) {
		return answer(r.Auth.NewRecoveryCodes(ctx, identity(ctx), in.Body.Password, in.Body.TOTP))
	}, doc{id: "renewRecoveryCodes", tag: tag, limit: ownSecret, summary: "Make ten new recovery codes", detail: "The old ones are worthless then.", errors: bothErrors})
}
