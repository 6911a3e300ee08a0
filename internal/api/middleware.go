package api

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

const (
	// maxAnyBody bounds bodies before any route is known.
	maxAnyBody = 1 << 20
	// minGzip is the size from which compressing pays.
	minGzip = 1024
)

// chain puts the middleware around the routes, outermost first: gzip → correlation and log → recover → secure headers →
// CORS → cross-origin protection → bounds → routes. Authentication and rate limits belong to each route's registration.
func (r *router) chain(routes http.Handler) (http.Handler, error) {
	h := r.bounds(routes)
	protection := http.NewCrossOriginProtection()
	for _, origin := range r.CORSOrigins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.writeError(w, req, fault.New(fault.Forbidden, "this request came from another site"))
	}))
	h = protection.Handler(h)
	if len(r.CORSOrigins) > 0 {
		h = cors.New(cors.Options{
			AllowedOrigins: r.CORSOrigins, AllowCredentials: true, MaxAge: 600,
			AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
			AllowedHeaders: []string{"Authorization", "Content-Type", "Last-Event-ID", correlationHeader, keyHeader},
			ExposedHeaders: []string{correlationHeader, "Retry-After", replayedHeader, policyHeader, stateHeader},
		}).Handler(h)
	}
	h = r.correlate(r.recover(r.secureHeaders(h)))
	return gzip(h)
}

// gzip compresses answers, but never looks at a stream: it would hold back the first event.
func gzip(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minGzip))
	if err != nil {
		return nil, err
	}
	zipped := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if wantsStream(req.Header.Get("Accept")) || strings.HasSuffix(req.URL.Path, streamPath) {
			next.ServeHTTP(w, req)
			return
		}
		zipped.ServeHTTP(w, req)
	}), nil
}

// recover turns a panic into a 500 and a log line; the process lives on.
func (r *router) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p) // net/http's own way to drop a connection
			}
			r.Log.ErrorContext(visitOf(req.Context()).within(req.Context()), "panic", "error", fault.Recovered("the handler", p), "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status == 0 {
				writeFault(w, req, ours())
			}
		}()
		next.ServeHTTP(w, req)
	})
}

// correlationHeader is written as net/http keeps it; any case is taken.
const correlationHeader = "X-Correlation-Id"

// saneCorrelation is what a caller's own id may look like.
var saneCorrelation = regexp.MustCompile(`^[A-Za-z0-9._\-]{1,64}$`)

// correlate gives each request an id that ties its answer and its log lines together, and tells the log, the metrics and
// its trace how it went.
func (r *router) correlate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		id := req.Header.Get(correlationHeader)
		if !saneCorrelation.MatchString(id) {
			id = db.NewID()
		}
		w.Header().Set(correlationHeader, id)
		ctx, client := r.withVisit(w, req)
		ctx, span := r.Tracer.Begin(telemetry.WithCorrelation(ctx, id), "request", trace.Server, req.Header.Get("Traceparent"))
		req = req.WithContext(ctx)
		rec, body := &recorder{ResponseWriter: w}, &counted{ReadCloser: req.Body}
		if req.Body != http.NoBody {
			req.Body = body
		}
		start := time.Now()
		next.ServeHTTP(rec, req)
		took, v := time.Since(start), visitOf(ctx)
		r.Metrics.Request(v.route, req.Method, rec.status, took)
		v.describeTo(span, id, req.Method, rec.status)
		r.Log.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("method", req.Method), slog.String("path", req.URL.Path),
			slog.String("client", client), slog.String("by", v.who()), slog.Int("status", rec.status), slog.String("failure", string(v.failure)),
			slog.Int64("received", body.bytes), slog.Int64("bytes", rec.bytes), slog.Int64("ms", took.Milliseconds()))
	})
}

// describeTo ends the span of a request with what it turned out to be. Only what is not the client's doing is a failure.
func (v *visit) describeTo(span trace.Span, correlation, method string, status int) {
	if v.route != "" {
		span.Name(method + " " + v.route)
	}
	span.Text("correlation_id", correlation)
	span.Text("route", v.route)
	span.Text("failure", string(v.failure))
	span.Count("status", int64(status))
	failure := ""
	if status >= http.StatusInternalServerError {
		failure = string(v.failure)
	}
	span.End(failure)
}

func correlationID(ctx context.Context) string { return telemetry.Correlation(ctx) }

// counted notes how much of a body was read.
type counted struct {
	io.ReadCloser
	bytes int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.bytes += int64(n)
	return n, err
}

// recorder notes status and size. It can flush and be unwrapped: a stream must not wait in it.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Flush sends what was written so far.
func (w *recorder) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// secureHeaders sets what every answer says to a browser. The docs page loosens the content policy for itself. All answers
// share the values: whoever sets or adds one makes a new list.
func (r *router) secureHeaders(next http.Handler) http.Handler {
	safe := http.Header{
		"X-Content-Type-Options":       {"nosniff"},
		"Content-Security-Policy":      {"default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		"Referrer-Policy":              {"no-referrer"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Cache-Control":                {"no-store"},
	}
	if r.PublicURL.Scheme == "https" {
		safe["Strict-Transport-Security"] = []string{"max-age=31536000; includeSubDomains"}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		maps.Copy(w.Header(), safe)
		next.ServeHTTP(w, req)
	})
}

// bounds refuses what is too large to be meant, and bounds what a request may take: its body, and the time until its
// answer is accepted.
func (r *router) bounds(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := tooLargeHead(req); err != nil {
			r.writeError(w, req, err)
			return
		}
		if len(req.TransferEncoding) > 0 { // a length beside the chunks was ignored: what follows may not be a request
			w.Header().Set("Connection", "close")
		}
		if req.Body != http.NoBody {
			req.Body = http.MaxBytesReader(w, req.Body, maxAnyBody)
		}
		// A stream moves the deadline with each event. A server without deadlines (a test's recorder) has none to set.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(requestTime))
		next.ServeHTTP(w, req)
	})
}

// jsonErrors answers in the envelope what ServeMux would answer in plain text: 404, 405 with Allow, and for a path with
// dots or doubled slashes, which it would redirect, 404.
func (r *router) jsonErrors() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h, pattern := r.routes.Handler(req)
		if asked := req.URL.EscapedPath(); pattern != "" && path.Clean(asked) == asked {
			_, visitOf(req.Context()).route, _ = strings.Cut(pattern, " ")
			r.routes.ServeHTTP(w, req)
			return
		}
		if err := r.countAddress(req, nil); err != nil {
			r.writeError(w, req, err)
			return
		}
		probe := &probe{header: http.Header{}}
		h.ServeHTTP(probe, req)
		if probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", probe.header.Get("Allow"))
			r.writeError(w, req, fault.New(fault.MethodNotAllowed, "this path does not take that method; see the Allow header"))
			return
		}
		r.writeError(w, req, fault.New(fault.NotFound, "there is no such path; the API is described at /api/docs"))
	})
}

// probe listens to what ServeMux would have said.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) WriteHeader(status int)      { p.status = status }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }

// wantsStream tells whether a client asked for an event stream.
func wantsStream(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(kind), eventStream) {
			return true
		}
	}
	return false
}
