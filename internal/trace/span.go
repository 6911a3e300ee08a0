package trace

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Span is a piece of work on its way. The zero Span records nothing, and costs nothing.
type Span struct{ on trace.Span }

// Start begins a part of the work that ctx is in. Where that is not traced it is ctx and a Span that records nothing. The
// parent may have ended: what goes on after a request belongs to it all the same.
func Start(ctx context.Context, name string) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.SpanContext().IsSampled() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name)
	return ctx, Span{span}
}

// Name calls a span otherwise, now that it is known what it is.
func (s Span) Name(name string) {
	if s.on != nil {
		s.on.SetName(name)
	}
}

// Text notes a name, an id or a status: never what somebody wrote, and never a secret.
func (s Span) Text(key, value string) {
	if s.on != nil && value != "" {
		s.on.SetAttributes(attribute.String(key, value))
	}
}

// Count notes a number of things; no amount of money, and no figure of anybody's.
func (s Span) Count(key string, n int64) {
	if s.on != nil {
		s.on.SetAttributes(attribute.Int64(key, n))
	}
}

// End ends a span; failure is the kind of its error, or empty.
func (s Span) End(failure string) {
	if s.on == nil {
		return
	}
	if failure != "" {
		s.on.SetStatus(codes.Error, failure)
	}
	s.on.End()
}

// IDs are those of the span that ctx is in, in hexadecimal; empty where nothing is traced.
func IDs(ctx context.Context) (traceID, spanID string) {
	of := trace.SpanContextFromContext(ctx)
	if !of.IsSampled() {
		return "", ""
	}
	return of.TraceID().String(), of.SpanID().String()
}

// parentKey is the header in which W3C's Trace Context names the parent of a span.
const parentKey = "traceparent"

// Parent names the span that ctx is in, for whoever goes on with its work; empty where nothing is traced.
func Parent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	if trace.SpanContextFromContext(ctx).IsSampled() {
		propagation.TraceContext{}.Inject(ctx, carrier)
	}
	return carrier[parentKey]
}
