package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/account"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

const zipArchive = "application/zip"

type deleteAccountInput struct {
	Body struct {
		Password string `json:"password" doc:"My password once more."`
		TOTP     string `json:"totp,omitempty" maxLength:"64" doc:"A code of the authenticator app or for recovery, where a second factor is on."`
	}
}

// accountRoutes registers how a person takes everything along, and how they leave.
func (r *router) accountRoutes() {
	const tag = "Accounts"
	r.exportRoute(doc{id: "exportAccount", tag: tag, summary: "Everything the server keeps about me",
		detail: "A ZIP archive of JSON files, all of the same moment; README.txt in it says what they are, and what is left out and " +
			"why. An archive that breaks off is not whole.",
		errors: []fault.Kind{fault.RateLimited, fault.Overloaded}})

	registerEmpty(r, http.MethodDelete, "/api/users/me", func(ctx context.Context, in *deleteAccountInput) error {
		return r.Account.Delete(ctx, identity(ctx), in.Body.Password, in.Body.TOTP)
	}, doc{id: "deleteMe", tag: tag, limit: ownSecret, summary: "Delete my account with everything in it",
		detail: "At once and for good: connections with their credentials, holdings, conversations, sessions. Only the audit log keeps " +
			"that there was an account of this id and what was done to it. Conflict says what has to be done first: somebody who can " +
			"administer the installation must be left.",
		errors: []fault.Kind{
			fault.InvalidCredentials, fault.SecondFactorNeeded, fault.InvalidCode, fault.RateLimited, fault.NotFound, fault.Conflict, fault.Overloaded,
		}})
}

// exportRoute registers the one route that answers with a file.
func (r *router) exportRoute(d doc) {
	op := operation[nothing](r, http.MethodGet, "/api/users/export", d)
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		zipArchive: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	begin := limited(r, d.limit, func(ctx context.Context, _ *nothing) (*account.Export, error) {
		return r.Account.Export(ctx, identity(ctx).UserID)
	})
	huma.Register(r.api, op, func(ctx context.Context, in *nothing) (*huma.StreamResponse, error) {
		export, err := begin(ctx, in)
		if err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		return &huma.StreamResponse{Body: func(hctx huma.Context) {
			req, w := humago.Unwrap(hctx)
			w.Header().Set("Content-Type", zipArchive)
			w.Header().Set("Content-Disposition", `attachment; filename="jaspers-export-`+r.Now().UTC().Format(time.DateOnly)+`.zip"`)
			if err := export.Write(req.Context(), patient{w}); err != nil {
				r.Log.WarnContext(req.Context(), "an export broke off", "error", err)
				panic(http.ErrAbortHandler) // so that the client sees that this is not the end
			}
		}}, nil
	})
}

// patient gives a client eventPatience for each piece that is written to it, instead of a time for the whole.
type patient struct{ http.ResponseWriter }

func (p patient) Write(b []byte) (int, error) {
	// A server without deadlines (a test's recorder) has none to set.
	_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(eventPatience))
	return p.ResponseWriter.Write(b)
}
