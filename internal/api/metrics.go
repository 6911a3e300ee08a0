package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// serveMetrics shows the metrics to who has the token, where one is set. They are not under /api, and not in its
// description: they are the operator's.
func (r *router) serveMetrics(mux *http.ServeMux) {
	if r.MetricsToken == "" {
		return
	}
	mux.Handle("GET /metrics", r.limitAddress(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !HasToken(req, r.MetricsToken) {
			r.writeError(w, req, fault.New(fault.Unauthenticated, "send the token of JASPERS_METRICS_TOKEN as a bearer token"))
			return
		}
		r.Metrics.Handler().ServeHTTP(w, req)
	})))
}

// HasToken tells whether a request has a token as its bearer token. It takes as long whatever else is sent.
func HasToken(req *http.Request, token telemetry.Secret) bool {
	scheme, sent, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	got, want := sha256.Sum256([]byte(strings.TrimSpace(sent))), sha256.Sum256([]byte(token))
	return strings.EqualFold(scheme, "bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
