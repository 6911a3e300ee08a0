// Package trace records how the work of the server divides, as spans that go to a collector by OTLP where there is one.
package trace

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// scope names who makes the spans.
const scope = "github.com/jaspers-ai/jaspers"

// Config of a Tracer.
type Config struct {
	// Send takes an ExportTraceServiceRequest of OTLP to the collector, within ctx.
	Send func(ctx context.Context, request []byte) error
	// Ratio is the part of all traces that is recorded, 0 to 1. Who calls us has no say in it.
	Ratio   float64
	Version string
	Log     *slog.Logger
}

// Tracer begins traces. A nil one begins none.
type Tracer struct{ provider *sdk.TracerProvider }

// batchTime is how long spans wait for others to go with.
const batchTime = time.Second

// New makes a Tracer that sends what it recorded every second, or when there is much of it. What the collector does not
// take in time is lost: nothing waits for it.
func New(cfg Config) *Tracer {
	return &Tracer{sdk.NewTracerProvider(
		sdk.WithBatcher(otlptrace.NewUnstarted(client{cfg}), sdk.WithBatchTimeout(batchTime)),
		sdk.WithSampler(sdk.TraceIDRatioBased(cfg.Ratio)),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "jaspers"), attribute.String("service.version", cfg.Version))),
	)}
}

// Close sends what is left, within ctx.
func (t *Tracer) Close(ctx context.Context) {
	if t != nil {
		_ = t.provider.Shutdown(ctx) // what could not be sent was logged
	}
}

// Kind is how a span that begins on our side came about.
type Kind = trace.SpanKind

// The kinds.
const (
	Server   = trace.SpanKindServer   // somebody asked
	Consumer = trace.SpanKindConsumer // somebody left work for us
	Internal = trace.SpanKindInternal // it was time
)

// Begin begins a piece of work that nothing here is around. Parent is who caused it, as Parent or a traceparent header
// names them; what is none begins a trace of its own.
func (t *Tracer) Begin(ctx context.Context, name string, kind Kind, parent string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	if parent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{parentKey: parent})
	}
	ctx, span := t.provider.Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind))
	return ctx, Span{span}
}

// client is how otlptrace hands over spans. otlptracehttp would do so by itself, with gRPC's 4 MB beside it and past the
// one door through which this server calls others.
type client struct{ Config }

func (client) Start(context.Context) error { return nil }
func (client) Stop(context.Context) error  { return nil }

// UploadTraces sends spans. TracesData has the fields and numbers of ExportTraceServiceRequest, whose package would bring
// gRPC. Nothing is returned, since the SDK would print it past our log.
func (c client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	request, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err == nil {
		err = c.Send(ctx, request)
	}
	if err != nil {
		c.Log.WarnContext(ctx, "traces cannot be sent", "error", err)
	}
	return nil
}
