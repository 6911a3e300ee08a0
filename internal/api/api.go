// Package api is the REST interface: routes and their documentation, the envelope, errors, streams and middleware.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/account"
	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/breakdown"
	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/costbasis"
	"github.com/jaspers-ai/jaspers/internal/documents"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/health"
	"github.com/jaspers-ai/jaspers/internal/idempotency"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/limit"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/metrics"
	"github.com/jaspers-ai/jaspers/internal/pastprices"
	"github.com/jaspers-ai/jaspers/internal/performance"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/reconciliation"
	"github.com/jaspers-ai/jaspers/internal/reported"
	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/snapshot"
	"github.com/jaspers-ai/jaspers/internal/syncs"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/trace"
	"github.com/jaspers-ai/jaspers/internal/usage"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Version of the API document; it follows the server's.
const Version = "0.1.0"

// Services are what the routes speak to.
type Services struct {
	Auth        *auth.Service
	Users       *user.Service
	Account     *account.Service
	Connections *connection.Service
	Syncs       *syncs.Service
	Portfolio   *portfolio.Service
	Performance *performance.Service
	Ledger      *ledger.Service
	CostBasis   *costbasis.Service
	Breakdown   *breakdown.Service
	// Reconciliation compares what is held with what transactions come to.
	Reconciliation *reconciliation.Service
	Snapshots      *snapshot.Service
	Market         *market.Service
	PastPrices     *pastprices.Service
	Research       *research.Service
	// Filings knows who filed what, Documents what stands in it, Reported the figures that were tagged in it.
	Filings     *filings.Service
	Documents   *documents.Service
	Reported    *reported.Service
	Chat        *chat.Service
	Audit       *audit.Log
	Usage       *usage.Service
	Idempotency *idempotency.Keys
	Health      *health.Monitor
	// DatabaseGate is shut while the database answers nobody.
	DatabaseGate *health.Gate
	// Ready tells whether the server can work: nil, or what is missing.
	Ready func(context.Context) error
}

// Config of the edge.
type Config struct {
	Log *slog.Logger
	Now func() time.Time
	// HealthAlone leaves only what tells how the server is.
	HealthAlone bool
	// PublicURL is where browsers reach the server; https makes cookies and transport strict.
	PublicURL *url.URL
	// CORSOrigins may call the API from a browser on another origin, exactly as listed.
	CORSOrigins []string
	// TrustedProxies may say in X-Forwarded-For for whom they ask.
	TrustedProxies []netip.Prefix
	// Limiter counts requests against Rates.
	Limiter *limit.Limiter
	Rates   Rates
	// Metrics counts what is asked, and Tracer begins a trace for it; nil for nobody.
	Metrics *metrics.Metrics
	Tracer  *trace.Tracer
	// MetricsToken opens GET /metrics; without it the path is as any other that is not there.
	MetricsToken telemetry.Secret
	// Heartbeat is how often an idle stream says that it is alive; 15 s.
	Heartbeat time.Duration
}

// defaultHeartbeat keeps proxies from closing a quiet stream.
const defaultHeartbeat = 15 * time.Second

// router registers the routes and keeps what their handlers share.
type router struct {
	Services
	Config
	api    huma.API
	routes routes
	limits map[limitName]rule
	// listeners are those who have a stream open.
	listeners *listeners
}

// New makes the handler of everything under /api, with the whole middleware chain around it.
func New(services Services, cfg Config) (http.Handler, error) {
	mux := http.NewServeMux()
	r := newRouter(services, cfg, mux)
	if !cfg.HealthAlone {
		if err := r.serveDocs(mux); err != nil {
			return nil, err
		}
	}
	r.serveMetrics(mux)
	return r.chain(r.jsonErrors())
}

// Document is the API's description as it is kept in openapi.yaml.
func Document() ([]byte, error) {
	doc, err := newRouter(Services{}, Config{}, http.NewServeMux()).api.OpenAPI().YAML()
	return bytes.TrimLeft(doc, "\n"), err
}

func newRouter(services Services, cfg Config, mux *http.ServeMux) *router {
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = defaultHeartbeat
	}
	setGlobals()
	r := &router{Services: services, Config: cfg, routes: routes{mux, http.NewServeMux()}, limits: cfg.Rates.rules(), listeners: newListeners(cfg.Rates)}
	r.api = humago.New(r.routes, humaConfig())
	r.healthRoutes()
	if cfg.HealthAlone {
		return r
	}
	r.authRoutes()
	r.recoveryRoutes()
	r.sessionRoutes()
	r.totpRoutes()
	r.keyRoutes()
	r.settingsRoutes()
	r.accountRoutes()
	r.brokerageRoutes()
	r.portfolioRoutes()
	r.syncRoutes()
	r.allocationRoutes()
	r.reconciliationRoutes()
	r.performanceRoutes()
	r.transactionRoutes()
	r.snapshotRoutes()
	r.stockRoutes()
	r.historyRoutes()
	r.researchRoutes()
	r.filingRoutes()
	r.factRoutes()
	r.chatRoutes()
	r.conversationRoutes()
	r.auditRoutes()
	r.analyticsRoutes()
	documentNulls(r.api.OpenAPI().Components.Schemas)
	return r
}

func humaConfig() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	aliasDecimals(registry)
	cfg := huma.DefaultConfig("Jaspers AI", Version)
	cfg.Info.Description = "An investor's real ledger and the market's research under one analyst. " +
		"Every answer stands in an envelope: success, data and meta, or success, error and meta."
	cfg.Components = &huma.Components{
		Schemas:         registry,
		SecuritySchemes: securitySchemes(),
	}
	cfg.AllowAdditionalPropertiesByDefault = true // unknown properties are dropped, not refused
	cfg.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", "" // we serve these ourselves, without a CDN
	cfg.CreateHooks = nil                                       // no $schema in answers
	return cfg
}

// strictJSON is JSON as huma reads and writes it, less the escaping of HTML, which helps nobody in an API.
var strictJSON = huma.Format{
	Marshal:   huma.DefaultJSONFormat.Marshal,
	Unmarshal: unmarshalStrict,
}

// unmarshalStrict refuses what checkStrict does. It also reads properties by their exact names only: json.Unmarshal would
// take "EMAIL" for "email", past the validation of "email". Bodies are flat, so one level is all there is.
func unmarshalStrict(data []byte, v any) error {
	if err := checkStrict(data); err != nil {
		return err
	}
	body := reflect.ValueOf(v).Elem()
	if body.Kind() != reflect.Struct {
		return json.Unmarshal(data, v)
	}
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(data, &properties); err != nil {
		return err
	}
	for _, field := range reflect.VisibleFields(body.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		raw, sent := properties[name]
		if !sent {
			continue
		}
		if err := json.Unmarshal(raw, body.FieldByIndex(field.Index).Addr().Interface()); err != nil {
			return err
		}
	}
	return nil
}

// Starting answers while the server is still opening its database: it is alive, and not ready. Of cfg it needs Log,
// PublicURL and TrustedProxies.
func Starting(cfg Config) http.Handler {
	r := &router{Config: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health/live", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, envelope[Health]{Success: true, Data: Health{Status: "ok"}})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		r.writeError(w, req, fault.New(fault.Overloaded, "the server is starting; try again in a moment").WithRetryAfter(time.Second))
	})
	return r.correlate(r.secureHeaders(r.bounds(mux)))
}
